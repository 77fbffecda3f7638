/* SPDX-License-Identifier: GPL-2.0-or-later
 * The display channel's messages: a script of (type, size, body), as a hostile server would send.
 * The state lives through the script: surfaces, kept images, streams. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <spice/enums.h>

#include "spice/display.h"

static void on_damage(void *ctx, const struct spice_rect *r)
{
    struct spice_display **d = ctx;
    const struct spice_pixmap *p = spice_display_primary(*d);
    if (!p || r->left < 0 || r->top < 0 || r->left >= r->right || r->top >= r->bottom ||
        r->right > (int32_t)p->width_px || r->bottom > (int32_t)p->height_px)
        abort();
}

static void send(struct spice_display *d, uint16_t type, const uint8_t *from, size_t bytes)
{
    uint8_t *body = malloc(bytes ? bytes : 1); /* of just the size */
    const char *why = NULL;
    if (!body)
        return;
    memcpy(body, from, bytes);
    /* Large surfaces are slow to fuzz, and no other code. */
    const bool create = type == SPICE_MSG_DISPLAY_SURFACE_CREATE || type == SPICE_MSG_DISPLAY_MODE;
    const size_t size_at = type == SPICE_MSG_DISPLAY_MODE ? 0 : 4;
    if (create && bytes >= size_at + 8)
        body[size_at + 1] = body[size_at + 2] = body[size_at + 5] = body[size_at + 6] = 0;
    (void)!spice_display_message(d, type, body, bytes, &why);
    free(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t primary[20] = {
        [4] = 64, [8] = 48, [12] = SPICE_SURFACE_FMT_32_xRGB, [16] = SPICE_SURFACE_FLAGS_PRIMARY
    };
    struct spice_display *d;
    const struct spice_display_listener listener = { .on_damage = on_damage, .ctx = &d };
    if (spice_display_create(&listener, &d) < 0)
        return 0;
    send(d, SPICE_MSG_DISPLAY_SURFACE_CREATE, primary, sizeof(primary));
    while (size >= 4) {
        const uint16_t type = (uint16_t)(data[0] | data[1] << 8);
        size_t bytes = data[2] | (size_t)data[3] << 8;
        data += 4;
        size -= 4;
        bytes = bytes < size ? bytes : size;
        send(d, type, data, bytes);
        data += bytes;
        size -= bytes;
    }
    spice_display_destroy(d);
    return 0;
}
