/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/test.h - the smallest test frame that serves us: TEST(name) { CHECK(...); }
 * Each TEST is one ctest case (the CMake side reads the names, which start in column 0). A failed
 * CHECK ends the case with status 1, SKIP ends it with 77. CHECK prints file, line and the values.
 */
#ifndef ESPELHO_TEST_H
#define ESPELHO_TEST_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"

struct test_case {
    const char *name;
    void (*run)(void);
    struct test_case *next;
};
void test_register(struct test_case *t);
_Noreturn void test_fail(const char *file, int line, const char *fmt, ...) PRINTF_LIKE(3, 4);
_Noreturn void test_skip(const char *fmt, ...) PRINTF_LIKE(1, 2);

#define TEST(name_)                                                                                \
    static void test_##name_(void);                                                                \
    __attribute__((constructor)) static void test_reg_##name_(void)                                \
    {                                                                                              \
        static struct test_case t = { .name = #name_, .run = test_##name_ };                       \
        test_register(&t);                                                                         \
    }                                                                                              \
    static void test_##name_(void)

#define CHECK(cond)                                                                                \
    do {                                                                                           \
        if (!(cond))                                                                               \
            test_fail(__FILE__, __LINE__, "CHECK(%s)", #cond);                                     \
    } while (0)
#define CHECK_MSG(cond, ...)                                                                       \
    do {                                                                                           \
        if (!(cond))                                                                               \
            test_fail(__FILE__, __LINE__, __VA_ARGS__);                                            \
    } while (0)
#define CHECK_INT(got, want)                                                                       \
    do {                                                                                           \
        const long long got_ = (long long)(got), want_ = (long long)(want);                        \
        if (got_ != want_)                                                                         \
            test_fail(__FILE__, __LINE__, "%s is %lld, expected %lld", #got, got_, want_);         \
    } while (0)
#define CHECK_STR(got, want)                                                                       \
    do {                                                                                           \
        const char *got_ = (got), *want_ = (want);                                                 \
        if (!got_ || strcmp(got_, want_) != 0)                                                     \
            test_fail(__FILE__, __LINE__, "%s is \"%s\", expected \"%s\"", #got,                   \
                      got_ ? got_ : "(null)", want_);                                              \
    } while (0)
#define SKIP(...) test_skip(__VA_ARGS__)

#endif
