/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "egl"

#include "render/egl/gl_cursor.h"

#include <stdlib.h>

#include "base/log.h"
#include "render/egl/gl_picture.h"

void gl_cursor_init(struct gl_cursor *c, const struct gl_api *gl)
{
    *c = (struct gl_cursor){ .gl = gl };
}

static void drop_textures(struct gl_cursor *c)
{
    if (c->argb)
        c->gl->DeleteTextures(1, &c->argb);
    if (c->xor_rgb)
        c->gl->DeleteTextures(1, &c->xor_rgb);
    c->argb = c->xor_rgb = 0;
    c->width_px = c->height_px = 0;
}

void gl_cursor_fini(struct gl_cursor *c)
{
    if (c->gl)
        drop_textures(c);
    *c = (struct gl_cursor){ 0 };
}

/* One plane, 0xAARRGGBB, as bytes R G B A. */
static GLuint create_plane(const struct gl_cursor *c, const struct cursor_image *image,
                           const uint32_t *plane)
{
    const size_t count = (size_t)image->width_px * image->height_px;
    uint8_t *bytes = malloc(count * 4);
    if (!bytes)
        return 0;
    for (size_t i = 0; i < count; i++) {
        bytes[4 * i] = (uint8_t)(plane[i] >> 16);
        bytes[4 * i + 1] = (uint8_t)(plane[i] >> 8);
        bytes[4 * i + 2] = (uint8_t)plane[i];
        bytes[4 * i + 3] = (uint8_t)(plane[i] >> 24);
    }
    const GLuint id = gl_texture_create(c->gl, GL_RGBA, image->width_px, image->height_px, bytes);
    free(bytes);
    return id;
}

bool gl_cursor_set_image(struct gl_cursor *c, const struct cursor_image *image)
{
    drop_textures(c);
    c->gl->ActiveTexture(GL_TEXTURE0 + GL_UNIT_CURSOR_ARGB);
    c->argb = create_plane(c, image, image->argb);
    if (c->argb && image->xor_rgb) {
        c->gl->ActiveTexture(GL_TEXTURE0 + GL_UNIT_CURSOR_XOR);
        c->xor_rgb = create_plane(c, image, image->xor_rgb);
    }
    if (!c->argb || (image->xor_rgb && !c->xor_rgb)) {
        log_err("no graphics memory for a cursor of %ux%u", image->width_px, image->height_px);
        drop_textures(c);
        return false;
    }
    c->width_px = image->width_px;
    c->height_px = image->height_px;
    return true;
}

void gl_cursor_bind(const struct gl_cursor *c, bool linear)
{
    c->gl->ActiveTexture(GL_TEXTURE0 + GL_UNIT_CURSOR_ARGB);
    c->gl->BindTexture(GL_TEXTURE_2D, c->argb);
    c->gl->TexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, linear ? GL_LINEAR : GL_NEAREST);
    c->gl->TexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, linear ? GL_LINEAR : GL_NEAREST);
    c->gl->ActiveTexture(GL_TEXTURE0 + GL_UNIT_CURSOR_XOR);
    c->gl->BindTexture(GL_TEXTURE_2D, c->xor_rgb);
}
