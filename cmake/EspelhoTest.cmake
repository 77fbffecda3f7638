# SPDX-License-Identifier: GPL-2.0-or-later
# espelho_test_program(NAME SOURCES ... [LIBS ...]): a C test program using tests/test.h. Each TEST(name) in it becomes
# one ctest case "NAME.name" (found by `NAME --list` after the build), so that a failing case is named.
# Options: LABELS ..., TIMEOUT s, SERIAL (does not run beside other tests), ENVIRONMENT ...
function(espelho_test_program name)
    cmake_parse_arguments(A "SERIAL" "TIMEOUT" "SOURCES;LIBS;LABELS;ENVIRONMENT" ${ARGN})
    add_executable(${name} ${A_SOURCES} ${CMAKE_SOURCE_DIR}/tests/test.c)
    target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests ${CMAKE_SOURCE_DIR}/common
                               ${CMAKE_SOURCE_DIR}/client)
    target_compile_definitions(${name} PRIVATE TEST_SOURCE_DIR="${CMAKE_SOURCE_DIR}/tests")
    target_link_libraries(${name} PRIVATE ${A_LIBS} espelho_base espelho_compile)
    if(NOT A_TIMEOUT)
        set(A_TIMEOUT 60)
    endif()
    if(NOT A_LABELS)
        set(A_LABELS unit)
    endif()
    # One ctest case per TEST(name): the names are read from the sources when CMake configures.
    foreach(src ${A_SOURCES})
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${src})
        file(STRINGS ${src} lines REGEX "^TEST\\([a-z0-9_]+\\)")
        foreach(line ${lines})
            string(REGEX REPLACE "^TEST\\(([a-z0-9_]+)\\).*" "\\1" case "${line}")
            add_test(NAME ${name}.${case} COMMAND ${name} ${case})
            set_tests_properties(${name}.${case} PROPERTIES TIMEOUT ${A_TIMEOUT} LABELS "${A_LABELS}"
                                 SKIP_RETURN_CODE 77)
            if(A_SERIAL)
                set_tests_properties(${name}.${case} PROPERTIES RUN_SERIAL ON)
            endif()
            if(A_ENVIRONMENT)
                set_tests_properties(${name}.${case} PROPERTIES ENVIRONMENT "${A_ENVIRONMENT}")
            endif()
        endforeach()
    endforeach()
endfunction()

# espelho_fuzz_target(NAME SOURCES ... LIBS ... [CORPUS dir] [RUNS n]): libFuzzer target when ESPELHO_FUZZ, run for a
# fixed number of iterations under ctest label "fuzz", from a copy of the seeds in CORPUS. Without ESPELHO_FUZZ nothing is built.
function(espelho_fuzz_target name)
    cmake_parse_arguments(A "" "CORPUS;RUNS;MAX_LEN" "SOURCES;LIBS" ${ARGN})
    if(NOT ESPELHO_FUZZ)
        return()
    endif()
    if(NOT A_RUNS)
        set(A_RUNS 200000)
    endif()
    if(NOT A_MAX_LEN)
        set(A_MAX_LEN 65536)
    endif()
    add_executable(${name} ${A_SOURCES})
    target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests ${CMAKE_SOURCE_DIR}/common
                               ${CMAKE_SOURCE_DIR}/client)
    target_link_libraries(${name} PRIVATE ${A_LIBS} espelho_compile)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    # libFuzzer writes what it finds into the first folder it is given: never into the sources.
    cmake_path(IS_PREFIX CMAKE_BINARY_DIR "${A_CORPUS}" built)
    if(A_CORPUS AND NOT built)
        file(GLOB seeds CONFIGURE_DEPENDS ${A_CORPUS}/*)
        set(A_CORPUS ${CMAKE_CURRENT_BINARY_DIR}/${name}.corpus)
        file(COPY ${seeds} DESTINATION ${A_CORPUS})
    endif()
    add_test(NAME ${name} COMMAND ${name} -runs=${A_RUNS} -max_len=${A_MAX_LEN} -seed=1 -print_final_stats=1 ${A_CORPUS})
    set_tests_properties(${name} PROPERTIES TIMEOUT 600 LABELS fuzz)
endfunction()
