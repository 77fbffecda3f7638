/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/base/utf16.h - between UTF-8, which is ours, and UTF-16, which is that of Windows and of
 * some protocols. Pure, any thread.
 *
 * Texts end at a zero unit. Input may be anything: what is no character (broken or overlong
 * sequences, lone surrogates) becomes U+FFFD. On Windows `uint16_t` is `wchar_t`. */
#ifndef ESPELHO_BASE_UTF16_H
#define ESPELHO_BASE_UTF16_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

/* Both write at most `out_*` with the terminator (at least 1), and leave out whole what does not
 * fit: 0, or -ENAMETOOLONG when something was left out. */
int utf16_from_utf8(const char *text, uint16_t *out, size_t out_units);
int utf16_to_utf8(const uint16_t *text, char *out, size_t out_bytes);
/* The same of at most `units` units, which need not end with a zero. */
int utf16_span_to_utf8(const uint16_t *text, size_t units, char *out, size_t out_bytes);

/* One character of `text`, which is not empty: its code point, or U+FFFD. *used: its length. */
uint32_t utf8_next(const char *text, size_t *used_bytes);

#endif
