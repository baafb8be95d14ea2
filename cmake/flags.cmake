# Warnings, hardening and sanitizers: one interface library that every target links.
option(SLOTWAY_TESTS "build the tests" ON)
option(SLOTWAY_BENCH "build the load generator and the micro benchmarks" ON)
option(SLOTWAY_JEMALLOC "link jemalloc" ON)
option(SLOTWAY_FUZZ "build the libFuzzer targets (clang)" OFF)
set(SLOTWAY_SANITIZE "" CACHE STRING "sanitizers, e.g. address,undefined or thread")

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set_property(GLOBAL PROPERTY USE_FOLDERS ON)

# For the whole folder, so that what a test adds for itself (-Wno-conversion) comes behind and holds.
add_compile_options(
    -Wall -Wextra -Wshadow -Wconversion -Wundef -Werror -Wstrict-prototypes -Wmissing-prototypes
    # A log line without pairs has an empty format.
    -Wno-format-zero-length
    # CHECK(!"why we are never here") is meant.
    $<$<C_COMPILER_ID:Clang>:-Wno-string-conversion>)

add_library(slotway_flags INTERFACE)
target_compile_definitions(slotway_flags INTERFACE
    _GNU_SOURCE SLOTWAY_VERSION="${PROJECT_VERSION}"
    # libev's four-compatibility layer breaks strict aliasing rules; we need none of it.
    EV_COMPAT3=0)
target_compile_options(slotway_flags INTERFACE
    -fno-strict-aliasing -g
    # A crash's backtrace is made from unwind tables; without frame pointers a request costs less.
    $<$<NOT:$<CONFIG:Release>>:-fno-omit-frame-pointer>)

if(SLOTWAY_SANITIZE)
    target_compile_options(slotway_flags INTERFACE
        -fsanitize=${SLOTWAY_SANITIZE} -fno-sanitize-recover=all)
    target_link_options(slotway_flags INTERFACE -fsanitize=${SLOTWAY_SANITIZE})
endif()
if(SLOTWAY_FUZZ)
    target_compile_options(slotway_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT SLOTWAY_SANITIZE)
    include(CheckIPOSupported)
    check_ipo_supported(RESULT slotway_ipo LANGUAGES C)
    set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ${slotway_ipo})
    target_compile_options(slotway_flags INTERFACE
        -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE)
    target_link_options(slotway_flags INTERFACE -pie -Wl,-z,relro,-z,now,-z,noexecstack)
endif()
