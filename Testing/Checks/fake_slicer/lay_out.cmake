# cmake -DROOT= -DINSTALL_DIR= -DREPORT= -DSlicer_DIR= -P lay_out.cmake: runs the CMakeLists.txt of
# an extension without a compiler. Script mode lacks these two commands.
macro(project name)
  set(PROJECT_NAME ${name})
endmacro()

function(add_subdirectory folder)
  set(CMAKE_CURRENT_SOURCE_DIR "${CMAKE_CURRENT_SOURCE_DIR}/${folder}")
  include("${CMAKE_CURRENT_SOURCE_DIR}/CMakeLists.txt")
endfunction()

set(BUILD_TESTING ON)
set(CMAKE_CURRENT_SOURCE_DIR "${ROOT}")
include("${ROOT}/CMakeLists.txt")
