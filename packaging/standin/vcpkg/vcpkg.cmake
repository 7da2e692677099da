# A stand-in for vcpkg, to build a port without it.  It has the functions that
# the port of libmio calls, as the documentation of vcpkg describes them.
#
#	cmake -DPORT_DIR=DIRECTORY -DDOWNLOADS=DIRECTORY -DWORK=DIRECTORY
#	    -DVCPKG_LIBRARY_LINKAGE=dynamic|static -DTOOLCHAIN=FILE
#	    [-DSTANDIN=DIRECTORY] -P packaging/standin/vcpkg/vcpkg.cmake
#
# leaves the package in WORK/package.  TOOLCHAIN is a file for CMake.

cmake_minimum_required(VERSION 3.19)

file(READ "${PORT_DIR}/vcpkg.json" manifest)
string(JSON PORT GET "${manifest}" name)
string(JSON VERSION GET "${manifest}" version)
string(JSON license GET "${manifest}" license)
string(JSON description GET "${manifest}" description)
if(NOT PORT MATCHES "^[a-z0-9]+(-[a-z0-9]+)*$")
	message(FATAL_ERROR "vcpkg.json: the name is ${PORT}")
endif()
if(NOT VERSION MATCHES "^[0-9]+(\\.[0-9]+)*$")
	message(FATAL_ERROR "vcpkg.json: the version is ${VERSION}")
endif()
if(description MATCHES "\\.$")
	message(FATAL_ERROR "vcpkg.json: the description ends with a period")
endif()
string(JSON count LENGTH "${manifest}" dependencies)
math(EXPR last "${count} - 1")
foreach(i RANGE ${last})
	string(JSON dependency GET "${manifest}" dependencies ${i} name)
	string(JSON host GET "${manifest}" dependencies ${i} host)
	if(NOT host)
		message(FATAL_ERROR "vcpkg.json: ${dependency} is a tool")
	endif()
	list(APPEND tools ${dependency})
endforeach()

set(CURRENT_BUILDTREES_DIR "${WORK}/build")
set(CURRENT_PACKAGES_DIR "${WORK}/package")

# needs TOOL: the manifest lists the port that has the calling function.
macro(needs tool)
	if(NOT "${tool}" IN_LIST tools)
		message(FATAL_ERROR "vcpkg.json does not depend on ${tool}")
	endif()
endmacro()

function(vcpkg_extract_source_archive variable)
	cmake_parse_arguments(PARSE_ARGV 1 arg "" "ARCHIVE" "")
	file(ARCHIVE_EXTRACT INPUT "${arg_ARCHIVE}"
	    DESTINATION "${CURRENT_BUILDTREES_DIR}/src")
	file(GLOB source "${CURRENT_BUILDTREES_DIR}/src/*")
	set(${variable} "${source}" PARENT_SCOPE)
endfunction()

function(run)
	execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

function(vcpkg_cmake_configure)
	cmake_parse_arguments(PARSE_ARGV 0 arg "" "SOURCE_PATH" "OPTIONS")
	needs(vcpkg-cmake)
	set(shared OFF)
	if(VCPKG_LIBRARY_LINKAGE STREQUAL "dynamic")
		set(shared ON)
	endif()
	run("${CMAKE_COMMAND}" -G Ninja -S "${arg_SOURCE_PATH}"
	    -B "${CURRENT_BUILDTREES_DIR}/obj" -DCMAKE_BUILD_TYPE=Release
	    "-DCMAKE_TOOLCHAIN_FILE=${TOOLCHAIN}" "-DSTANDIN=${STANDIN}"
	    -DBUILD_SHARED_LIBS=${shared} ${arg_OPTIONS}
	    "-DCMAKE_INSTALL_PREFIX=${CURRENT_PACKAGES_DIR}")
endfunction()

function(vcpkg_cmake_install)
	needs(vcpkg-cmake)
	run("${CMAKE_COMMAND}" --build "${CURRENT_BUILDTREES_DIR}/obj"
	    --target install)
endfunction()

function(vcpkg_cmake_config_fixup)
	needs(vcpkg-cmake-config)
	set(config "share/${PORT}/${PORT}-config.cmake")
	if(NOT EXISTS "${CURRENT_PACKAGES_DIR}/${config}")
		message(FATAL_ERROR "the package has no ${config}")
	endif()
endfunction()

function(vcpkg_fixup_pkgconfig)
	file(READ "${CURRENT_PACKAGES_DIR}/lib/pkgconfig/libmio.pc" text)
	if(text MATCHES "${CURRENT_PACKAGES_DIR}")
		message(FATAL_ERROR "libmio.pc has absolute names")
	endif()
endfunction()

function(vcpkg_copy_pdbs)
endfunction()

function(vcpkg_replace_string file old new)
	file(READ "${file}" text)
	string(REPLACE "${old}" "${new}" replaced "${text}")
	if(text STREQUAL replaced)
		message(FATAL_ERROR "${file} has no ${old}")
	endif()
	file(WRITE "${file}" "${replaced}")
endfunction()

function(vcpkg_install_copyright)
	cmake_parse_arguments(PARSE_ARGV 0 arg "" "" "FILE_LIST")
	file(INSTALL ${arg_FILE_LIST}
	    DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
	file(RENAME "${CURRENT_PACKAGES_DIR}/share/${PORT}/COPYING"
	    "${CURRENT_PACKAGES_DIR}/share/${PORT}/copyright")
endfunction()

file(REMOVE_RECURSE "${CURRENT_BUILDTREES_DIR}" "${CURRENT_PACKAGES_DIR}")
include("${PORT_DIR}/portfile.cmake")
foreach(file include/mio.h share/${PORT}/copyright share/${PORT}/usage)
	if(NOT EXISTS "${CURRENT_PACKAGES_DIR}/${file}")
		message(FATAL_ERROR "the package has no ${file}")
	endif()
endforeach()
