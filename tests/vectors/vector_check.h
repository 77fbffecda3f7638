/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/vectors/vector_check.h - checks that are made with every golden image. */
#ifndef ESPELHO_TESTS_VECTOR_CHECK_H
#define ESPELHO_TESTS_VECTOR_CHECK_H

/* Skips the case when none is named. */
const char *vector_name(void);

#endif
