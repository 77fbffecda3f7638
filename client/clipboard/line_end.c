/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "clipboard/line_end.h"

#include <string.h>

static size_t to_lf(struct line_end *s, const uint8_t *in, size_t count, uint8_t *out)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        if (s->after_cr && in[i] != '\n')
            out[n++] = '\r';
        s->after_cr = in[i] == '\r';
        if (!s->after_cr)
            out[n++] = in[i];
    }
    return n;
}

static size_t to_crlf(struct line_end *s, const uint8_t *in, size_t count, uint8_t *out)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        if (in[i] == '\n' && !s->after_cr)
            out[n++] = '\r';
        out[n++] = in[i];
        s->after_cr = in[i] == '\r';
    }
    return n;
}

size_t line_end_convert(struct line_end *s, const uint8_t *in, size_t count, uint8_t *out)
{
    if (s->mode == LINE_END_TO_LF)
        return to_lf(s, in, count, out);
    if (s->mode == LINE_END_TO_CRLF)
        return to_crlf(s, in, count, out);
    if (count > 0)
        memcpy(out, in, count);
    return count;
}

size_t line_end_finish(struct line_end *s, uint8_t *out)
{
    const bool held = s->mode == LINE_END_TO_LF && s->after_cr;
    s->after_cr = false;
    if (held)
        out[0] = '\r';
    return held;
}
