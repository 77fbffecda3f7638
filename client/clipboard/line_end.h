/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/clipboard/line_end.h - line ends of a text that comes in pieces. Lone CRs and pairs that
 * are right already stay as they are. No state besides the struct, any thread. */
#ifndef ESPELHO_CLIPBOARD_LINE_END_H
#define ESPELHO_CLIPBOARD_LINE_END_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum line_end_mode {
    LINE_END_KEEP,
    LINE_END_TO_LF,   /* CR LF becomes LF */
    LINE_END_TO_CRLF, /* LF without a CR before it becomes CR LF */
};

struct line_end {
    enum line_end_mode mode;
    bool after_cr; /* TO_LF: a CR is held back; TO_CRLF: the last byte was one */
};

#define LINE_END_OUT_BYTES(in_bytes) (2 * (in_bytes) + 1) /* `out` needs at most so much */

/* Bytes written to `out`. */
size_t line_end_convert(struct line_end *state, const uint8_t *in, size_t count, uint8_t *out);
/* The text is over: at most one byte. */
size_t line_end_finish(struct line_end *state, uint8_t *out);

#endif
