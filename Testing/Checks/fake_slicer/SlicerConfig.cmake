# What find_package(Slicer) finds in tests: as much of Slicer's build as our CMakeLists.txt call.
# Names as in Slicer's own SlicerConfig.cmake, UseSlicer.cmake and SlicerMacroBuildScriptedModule.cmake.
set(Slicer_USE_FILE "${CMAKE_CURRENT_LIST_DIR}/UseSlicer.cmake")
set(Slicer_EXTENSION_GENERATE_CONFIG "${CMAKE_CURRENT_LIST_DIR}/GenerateConfig.cmake")
set(Slicer_EXTENSION_CPACK "${CMAKE_CURRENT_LIST_DIR}/CPack.cmake")
