# SPDX-License-Identifier: GPL-2.0-or-later
# Flags every one of our targets gets: espelho_library() and espelho_executable() link espelho_compile.
add_library(espelho_compile INTERFACE)
target_compile_options(espelho_compile INTERFACE
    -Wall -Wextra -Wconversion -Wshadow -Wvla -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes
    -Wpointer-arith -Wundef -fno-strict-aliasing -fvisibility=hidden
    -fmacro-prefix-map=${CMAKE_SOURCE_DIR}/=) # the same program from whatever folder
if(ESPELHO_WERROR)
    target_compile_options(espelho_compile INTERFACE -Werror)
endif()
if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
    target_compile_definitions(espelho_compile INTERFACE _GNU_SOURCE)
    target_compile_options(espelho_compile INTERFACE -fstack-protector-strong)
    if(CMAKE_BUILD_TYPE MATCHES "Rel" AND NOT ESPELHO_SANITIZE)
        target_compile_options(espelho_compile INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
    endif()
    target_link_options(espelho_compile INTERFACE -Wl,-z,relro,-z,now)
else()
    target_compile_definitions(espelho_compile INTERFACE WIN32_LEAN_AND_MEAN _WIN32_WINNT=0x0A00
                               NTDDI_VERSION=0x0A000006 UNICODE _UNICODE
                               __USE_MINGW_ANSI_STDIO=1)
endif()
if(ESPELHO_SANITIZE STREQUAL "address")
    set(_san -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
elseif(ESPELHO_SANITIZE STREQUAL "thread")
    set(_san -fsanitize=thread -fno-omit-frame-pointer)
elseif(ESPELHO_SANITIZE)
    message(FATAL_ERROR "ESPELHO_SANITIZE: address or thread, not '${ESPELHO_SANITIZE}'")
endif()
if(ESPELHO_FUZZ)
    list(APPEND _san -fsanitize=fuzzer-no-link)
endif()
if(_san)
    target_compile_options(espelho_compile INTERFACE ${_san})
    target_link_options(espelho_compile INTERFACE ${_san})
endif()
find_package(Threads REQUIRED)

# espelho_library(NAME SOURCES ... [LIBS ...]): a static library; its headers are found from common/ and its own side.
function(espelho_library name)
    cmake_parse_arguments(A "" "" "SOURCES;LIBS" ${ARGN})
    add_library(${name} STATIC ${A_SOURCES})
    target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR}/common)
    if(CMAKE_CURRENT_SOURCE_DIR MATCHES "^${CMAKE_SOURCE_DIR}/client")
        target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR}/client)
    elseif(CMAKE_CURRENT_SOURCE_DIR MATCHES "^${CMAKE_SOURCE_DIR}/host-win")
        target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR}/host-win)
    endif()
    target_link_libraries(${name} PUBLIC ${A_LIBS} Threads::Threads PRIVATE espelho_compile)
endfunction()
