# SPDX-License-Identifier: GPL-2.0-or-later
# espelho_wayland_protocols(NAME REQUIRED path... OPTIONAL path...): a static library NAME with the glue that
# wayland-scanner makes of the installed wayland-protocols. `path` is relative to its data directory, without ".xml".
# For each protocol that is there, PUBLIC ESPELHO_HAVE_<FILE_NAME> is defined; a missing REQUIRED one is an error, a
# missing OPTIONAL one (newer than the build machine) is left out, and the code using it with it.
find_package(PkgConfig REQUIRED)
pkg_check_modules(WAYLAND_CLIENT REQUIRED IMPORTED_TARGET wayland-client)
pkg_get_variable(WAYLAND_PROTOCOLS_DIR wayland-protocols pkgdatadir)
pkg_get_variable(WAYLAND_SCANNER wayland-scanner wayland_scanner)
if(NOT WAYLAND_PROTOCOLS_DIR OR NOT WAYLAND_SCANNER)
    message(FATAL_ERROR "wayland-protocols or wayland-scanner is missing (Debian: wayland-protocols libwayland-dev)")
endif()

# What must be made before clang-tidy can read the sources: the headers that are written by programs.
if(NOT TARGET generated)
    add_custom_target(generated)
endif()
function(espelho_generated name) # files of this directory
    add_custom_target(${name}_headers DEPENDS ${ARGN})
    add_dependencies(generated ${name}_headers)
endfunction()

function(_espelho_wayland_protocol target path)
    set(xml ${WAYLAND_PROTOCOLS_DIR}/${path}.xml)
    get_filename_component(name ${path} NAME)
    set(header ${CMAKE_CURRENT_BINARY_DIR}/protocols/${name}-client-protocol.h)
    set(source ${CMAKE_CURRENT_BINARY_DIR}/protocols/${name}-protocol.c)
    add_custom_command(OUTPUT ${header} COMMAND ${WAYLAND_SCANNER} client-header ${xml} ${header}
                       DEPENDS ${xml} VERBATIM)
    add_custom_command(OUTPUT ${source} COMMAND ${WAYLAND_SCANNER} private-code ${xml} ${source}
                       DEPENDS ${xml} VERBATIM)
    target_sources(${target} PRIVATE ${header} ${source})
    espelho_generated(${target}_${name} ${header})
    string(TOUPPER ${name} macro)
    string(REGEX REPLACE "[^A-Z0-9]" "_" macro ${macro})
    target_compile_definitions(${target} PUBLIC ESPELHO_HAVE_${macro})
endfunction()

function(espelho_wayland_protocols target)
    cmake_parse_arguments(A "" "" "REQUIRED;OPTIONAL" ${ARGN})
    file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/protocols)
    add_library(${target} STATIC)
    target_include_directories(${target} SYSTEM PUBLIC ${CMAKE_CURRENT_BINARY_DIR}/protocols)
    target_link_libraries(${target} PUBLIC PkgConfig::WAYLAND_CLIENT)
    foreach(path ${A_REQUIRED})
        if(NOT EXISTS ${WAYLAND_PROTOCOLS_DIR}/${path}.xml)
            message(FATAL_ERROR "wayland-protocols lacks ${path}.xml")
        endif()
        _espelho_wayland_protocol(${target} ${path})
    endforeach()
    foreach(path ${A_OPTIONAL})
        if(EXISTS ${WAYLAND_PROTOCOLS_DIR}/${path}.xml)
            _espelho_wayland_protocol(${target} ${path})
        else()
            message(STATUS "wayland-protocols lacks ${path}: built without it")
        endif()
    endforeach()
endfunction()
