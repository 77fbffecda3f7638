/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/client/frame/golden.h - bytes of the golden images, and SHA-256 as their expectation files
 * have it. */
#ifndef ESPELHO_TESTS_GOLDEN_H
#define ESPELHO_TESTS_GOLDEN_H

#include <stddef.h>
#include <stdint.h>

/* `len_bytes` of tests/vectors/NAME.bin.gz from `offset_bytes` on. */
void golden_read(const char *name, size_t offset_bytes, void *out, size_t len_bytes);
/* Fails the test unless the SHA-256 of `bytes` is `hex`. */
void golden_check_sha256(const void *bytes, size_t len_bytes, const char *hex, const char *what);

#endif
