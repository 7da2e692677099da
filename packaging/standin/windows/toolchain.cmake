# clang-cl and lld-link on Linux, with the headers and import libraries of
# MinGW-w64 in place of Microsoft's.  The file "make" makes the directory
# STANDIN, which CMake is called with.

set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR AMD64)
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES STANDIN)
set(CMAKE_TRY_COMPILE_CONFIGURATION Release)

set(CMAKE_C_COMPILER "${STANDIN}/bin/clang-cl")
set(CMAKE_C_COMPILER_TARGET x86_64-pc-windows-msvc)
set(CMAKE_LINKER lld-link)
set(CMAKE_AR llvm-lib)
set(CMAKE_MT llvm-mt)
set(CMAKE_RC_COMPILER llvm-rc)
set(CMAKE_C_FLAGS_INIT "/GS- /clang:-fgnuc-version=4.2.1 -D_UCRT \
-I${CMAKE_CURRENT_LIST_DIR}/include /imsvc /usr/share/mingw-w64/include \
/FI${CMAKE_CURRENT_LIST_DIR}/headers.h \
-Wno-builtin-macro-redefined")
set(link "/manifest:no /libpath:${STANDIN}/lib")
set(CMAKE_EXE_LINKER_FLAGS_INIT "${link}")
set(CMAKE_SHARED_LINKER_FLAGS_INIT "${link}")
set(CMAKE_C_STANDARD_LIBRARIES kernel32.lib CACHE STRING "")
