/* SPDX-License-Identifier: GPL-2.0-or-later
 * Video inside the display. We offer no codec, but a server may take MJPEG for granted. Frames are
 * shown when they come. */
#include <errno.h>
#include <stdlib.h>

#include <spice/enums.h>

#include "base/text.h"
#include "spice/display_private.h"

static struct stream *find(struct spice_display *d, uint32_t id)
{
    return id < STREAMS_MAX && d->streams[id].open ? &d->streams[id] : NULL;
}

static void close_stream(struct stream *s)
{
    clip_fini(&s->clip);
    *s = (struct stream){ 0 };
}

void display_close_streams(struct spice_display *d)
{
    for (uint32_t i = 0; i < STREAMS_MAX; i++)
        close_stream(&d->streams[i]);
}

static int on_create(struct spice_display *d, struct message *m)
{
    struct stream s = { .open = true, .surface_id = spice_read_u32(&m->r) };
    const uint32_t id = spice_read_u32(&m->r);
    s.top_down = spice_read_u8(&m->r) & SPICE_STREAM_FLAGS_TOP_DOWN;
    s.codec = spice_read_u8(&m->r);
    (void)spice_read_u64(&m->r); /* time stamp */
    s.width_px = spice_read_u32(&m->r);
    s.height_px = spice_read_u32(&m->r);
    (void)spice_read_u64(&m->r); /* size before the server made it smaller */
    s.box = display_read_rect(&m->r);
    const int err = display_read_clip(m, &s.clip);
    if (err < 0)
        return err;
    if (id >= STREAMS_MAX) {
        clip_fini(&s.clip);
        return message_bad(m, _("too many video streams"));
    }
    close_stream(&d->streams[id]);
    d->streams[id] = s;
    return 0;
}

static void flip(struct spice_pixmap *p)
{
    for (uint32_t y = 0; y < p->height_px / 2; y++) {
        uint32_t *a = spice_pixmap_row(p, y), *b = spice_pixmap_row(p, p->height_px - 1 - y);
        for (uint32_t x = 0; x < p->width_px; x++) {
            const uint32_t swap = a[x];
            a[x] = b[x];
            b[x] = swap;
        }
    }
}

static void paint_picture(struct spice_pixmap *dst, const struct spice_rect *part, const void *op)
{
    canvas_copy(dst, part, op, (struct canvas_rop){ .op = CANVAS_PUT });
}

static int show(struct spice_display *d, struct message *m, struct stream *s,
                const struct spice_rect *box, const uint8_t *data, size_t data_bytes)
{
    struct surface *surface = display_find_surface(d, s->surface_id);
    struct spice_pixmap *picture;
    if (!surface)
        return 0;
    if (s->codec != SPICE_VIDEO_CODEC_TYPE_MJPEG)
        return message_missing(m, _("video in another codec than MJPEG"));
    int err = spice_image_decode_jpeg(data, data_bytes, &picture, &m->why);
    if (err < 0) /* one frame less */
        return err == -EPROTO ? message_missing(m, m->why) : err;
    if (!s->top_down)
        flip(picture);
    const struct canvas_source src = { .pixmap = picture,
                                       .area = spice_rect_of_pixmap(picture),
                                       .box = *box };
    err = display_paint(d, m, surface, box, &s->clip, paint_picture, &src);
    spice_pixmap_unref(picture);
    return err;
}

static int on_data(struct spice_display *d, struct message *m, bool sized)
{
    struct stream *s = find(d, spice_read_u32(&m->r));
    (void)spice_read_u32(&m->r); /* when to show it */
    struct spice_rect box = s ? s->box : (struct spice_rect){ 0 };
    if (sized) {
        (void)spice_read_u64(&m->r); /* width and height of this frame */
        box = display_read_rect(&m->r);
    }
    const uint32_t data_bytes = spice_read_u32(&m->r);
    const uint8_t *data = spice_read_bytes(&m->r, data_bytes);
    if (!data)
        return message_bad(m, _("a frame of a video stream ends early"));
    return s ? show(d, m, s, &box, data, data_bytes) : 0;
}

static int on_clip(struct spice_display *d, struct message *m)
{
    struct stream *s = find(d, spice_read_u32(&m->r));
    struct clip clip;
    const int err = display_read_clip(m, &clip);
    if (err < 0)
        return err;
    if (!s) {
        clip_fini(&clip);
        return 0;
    }
    clip_fini(&s->clip);
    s->clip = clip;
    return 0;
}

static int on_destroy(struct spice_display *d, struct message *m)
{
    struct stream *s = find(d, spice_read_u32(&m->r));
    if (m->r.bad)
        return message_bad(m, _("the message about a stream's end ends early"));
    if (s)
        close_stream(s);
    return 0;
}

int display_stream(struct spice_display *d, uint16_t type, struct message *m)
{
    switch (type) {
    case SPICE_MSG_DISPLAY_STREAM_CREATE:
        return on_create(d, m);
    case SPICE_MSG_DISPLAY_STREAM_DATA:
        return on_data(d, m, false);
    case SPICE_MSG_DISPLAY_STREAM_DATA_SIZED:
        return on_data(d, m, true);
    case SPICE_MSG_DISPLAY_STREAM_CLIP:
        return on_clip(d, m);
    case SPICE_MSG_DISPLAY_STREAM_DESTROY:
        return on_destroy(d, m);
    default:
        display_close_streams(d);
        return 0;
    }
}
