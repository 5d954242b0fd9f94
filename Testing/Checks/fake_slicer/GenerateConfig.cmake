# Slicer takes the extension's description from these variables.
foreach(name HOMEPAGE CATEGORY CONTRIBUTORS DESCRIPTION ICONURL SCREENSHOTURLS DEPENDS LICENSE_FILE README_FILE)
  file(APPEND "${REPORT}" "extension|${name}|${EXTENSION_${name}}\n")
endforeach()
file(APPEND "${REPORT}" "extension|NAME|${PROJECT_NAME}\n")
