file(APPEND "${REPORT}" "extension|PACKED|yes\n")
