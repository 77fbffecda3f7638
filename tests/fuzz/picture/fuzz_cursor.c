/* SPDX-License-Identifier: GPL-2.0-or-later
 * The cursor channel's messages, a script as in fuzz_display.c, up to the updates that viewers
 * take. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "source/spice/pointer.h"

static void on_pointer(void *ctx, const struct spice_cursor_state *state)
{
    struct pointer *p = ctx;
    struct cursor_update u;
    pointer_set(p, state);
    if (!pointer_take(p, &u) || !u.has_shape)
        return;
    if (cursor_shape_fault(&u.shape) ||
        (uint64_t)u.shape.pitch_bytes * cursor_shape_rows(&u.shape) > u.shape.data_bytes)
        abort();
    cursor_shape_fini(&u.shape);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pointer pointer;
    struct spice_cursor *c;
    pointer_init(&pointer);
    const struct spice_cursor_listener listener = { .on_pointer = on_pointer, .ctx = &pointer };
    if (spice_cursor_create(&listener, &c) < 0)
        return 0;
    while (size >= 4) {
        const uint16_t type = (uint16_t)(data[0] | data[1] << 8);
        size_t bytes = data[2] | (size_t)data[3] << 8;
        const char *why;
        bytes = bytes < size - 4 ? bytes : size - 4;
        uint8_t *body = malloc(bytes ? bytes : 1);
        if (!body)
            break;
        memcpy(body, data + 4, bytes);
        (void)!spice_cursor_message(c, type, body, bytes, &why);
        free(body);
        data += 4 + bytes;
        size -= 4 + bytes;
    }
    spice_cursor_destroy(c);
    pointer_fini(&pointer);
    return 0;
}
