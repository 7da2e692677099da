# There is no place to fetch tarballs from yet.  Until then the tarball is put by
# hand into vcpkg's directory of downloads.  Afterwards vcpkg_download_distfile()
# returns ARCHIVE.
set(ARCHIVE "${DOWNLOADS}/libmio-${VERSION}.tar.xz")

vcpkg_extract_source_archive(SOURCE_PATH ARCHIVE "${ARCHIVE}")
vcpkg_cmake_configure(
    SOURCE_PATH "${SOURCE_PATH}/packaging/windows"
    OPTIONS -DMIO_CMAKE_DIR=share/libmio
)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup()
vcpkg_fixup_pkgconfig()
vcpkg_copy_pdbs()
file(REMOVE_RECURSE
    "${CURRENT_PACKAGES_DIR}/debug/include"
    "${CURRENT_PACKAGES_DIR}/debug/share"
)

# Programs that do not use CMake do not define MIO_STATIC.
if(VCPKG_LIBRARY_LINKAGE STREQUAL "static")
    vcpkg_replace_string("${CURRENT_PACKAGES_DIR}/include/mio.h"
        "!defined(MIO_STATIC)" "0")
endif()

file(INSTALL "${CMAKE_CURRENT_LIST_DIR}/usage"
    DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/COPYING")
