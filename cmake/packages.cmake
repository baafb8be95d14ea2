# What slotway stands on, all of it from the distribution's packages.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(HIREDIS REQUIRED IMPORTED_TARGET hiredis)
pkg_check_modules(MICROHTTPD REQUIRED IMPORTED_TARGET libmicrohttpd)
pkg_check_modules(OPENSSL REQUIRED IMPORTED_TARGET openssl>=3.0)
if(SLOTWAY_JEMALLOC)
    pkg_check_modules(JEMALLOC REQUIRED IMPORTED_TARGET jemalloc)
    # Nobody names jemalloc: it takes malloc's place. A linker that keeps only what is named (or
    # that looks before LTO has made calls of malloc) would leave it out without a word.
    set_property(TARGET PkgConfig::JEMALLOC PROPERTY INTERFACE_LINK_LIBRARIES
        "-Wl,--push-state,--no-as-needed,${JEMALLOC_LINK_LIBRARIES},--pop-state")
else()
    # Sanitizers bring an allocator of their own.
    add_library(PkgConfig::JEMALLOC INTERFACE IMPORTED)
endif()

# libev ships no pkg-config file.
find_path(LIBEV_INCLUDE ev.h REQUIRED)
find_library(LIBEV_LIBRARY ev REQUIRED)
add_library(LIBEV::LIBEV INTERFACE IMPORTED)
target_include_directories(LIBEV::LIBEV SYSTEM INTERFACE ${LIBEV_INCLUDE})
target_link_libraries(LIBEV::LIBEV INTERFACE ${LIBEV_LIBRARY})
