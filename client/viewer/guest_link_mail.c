/* SPDX-License-Identifier: GPL-2.0-or-later
 * What the two threads tell each other: bodies are in guest_mail.h. */
#define LOG_MODULE "input"

#include "viewer/guest_link_internal.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"

/* ---- news for the render thread ---- */

void guest_link_tell(struct guest_link *l, enum guest_news kind, const void *body, size_t bytes)
{
    const int err = mailbox_post(l->news, kind, body, bytes);
    if (err < 0)
        log_every(1000, LOG_LEVEL_ERROR, "a message to the window is lost: %s", err_str(err));
}

void guest_link_tell_bool(struct guest_link *l, enum guest_news kind, bool value)
{
    guest_link_tell(l, kind, &value, sizeof(value));
}

void guest_link_tell_text(struct guest_link *l, enum guest_news kind, const char *text)
{
    guest_link_tell(l, kind, text, strlen(text) + 1);
}

void guest_link_on_news(void *ctx, uint32_t kind, const void *body, size_t body_bytes)
{
    (void)body_bytes;
    struct guest_link *l = ctx;
    const struct guest_link_listener *to = &l->listener;
    const char *text = body;
    const struct guest_point *point = body;
    switch ((enum guest_news)kind) {
    case GUEST_NEWS_STATUS:
        to->on_status(to->ctx, body);
        break;
    case GUEST_NEWS_INFO:
        to->on_info(to->ctx, body);
        break;
    case GUEST_NEWS_LOST:
        to->on_lost(to->ctx);
        break;
    case GUEST_NEWS_ACTION:
        to->on_action(to->ctx, *(const enum input_action *)body);
        break;
    case GUEST_NEWS_HELP:
        to->on_help(to->ctx, text[0] ? text : NULL);
        break;
    case GUEST_NEWS_NOTICE:
        to->on_notice(to->ctx, text);
        break;
    case GUEST_NEWS_PROGRESS:
        to->on_progress(to->ctx, text[0] ? text : NULL);
        break;
    case GUEST_NEWS_CAPTURE:
        to->on_capture(to->ctx, *(const bool *)body);
        break;
    case GUEST_NEWS_CURSOR_DRAWN:
        to->on_cursor_drawn(to->ctx, *(const bool *)body);
        break;
    case GUEST_NEWS_PLACE_POINTER:
        to->on_place_pointer(to->ctx, point->x, point->y);
        break;
    case GUEST_NEWS_ABSOLUTE:
        to->on_absolute(to->ctx, *(const bool *)body);
        break;
    case GUEST_NEWS_MIC_REQUEST:
        to->on_mic_request(to->ctx);
        break;
    case GUEST_NEWS_MIC_ACTIVE:
        to->on_mic_active(to->ctx, *(const bool *)body);
        break;
    case GUEST_NEWS_NONE:
        break;
    }
}

/* ---- orders of the render thread ---- */

static void take_cursor(struct guest_link *l, const struct guest_cursor *c)
{
    const struct input_cursor cursor = {
        .visible = c->visible,
        .inverts = c->inverts,
        .argb = c->has_pixels ? c->argb : NULL,
        .width_px = c->width_px,
        .height_px = c->height_px,
        .hot_x_px = c->hot_x_px,
        .hot_y_px = c->hot_y_px,
    };
    input_set_guest_cursor(l->input, &cursor);
}

static void take_password(struct guest_link *l, const char *password)
{
    const int err = l->session ? spice_session_set_password(l->session, password) : 0;
    if (err < 0)
        log_err("take the password: %s", err_str(err));
}

void guest_link_on_order(void *ctx, uint32_t kind, const void *body, size_t body_bytes)
{
    (void)body_bytes;
    struct guest_link *l = ctx;
    const struct guest_geometry *geometry = body;
    const struct guest_point *point = body;
    const char *text = body;
    switch ((enum guest_order)kind) {
    case GUEST_ORDER_GEOMETRY:
        input_set_geometry(l->input, &geometry->geometry, geometry->scale_120,
                           geometry->user_rotation);
        break;
    case GUEST_ORDER_POSITION_SPACE:
        input_set_position_space(l->input, (uint32_t)point->x, (uint32_t)point->y);
        break;
    case GUEST_ORDER_CURSOR:
        take_cursor(l, body);
        break;
    case GUEST_ORDER_CURSOR_POSITION:
        input_set_guest_cursor_position(l->input, point->x, point->y);
        break;
    case GUEST_ORDER_BLOCKED:
        input_set_blocked(l->input, text[0] ? text : NULL);
        break;
    case GUEST_ORDER_CAN_PLACE:
        l->can_place = *(const bool *)body;
        break;
    case GUEST_ORDER_PASSWORD:
        take_password(l, text);
        break;
    case GUEST_ORDER_MIC:
        if (l->audio)
            guest_audio_set_mic(l->audio, *(const bool *)body, true);
        break;
    case GUEST_ORDER_WINDOW_SIZE:
        if (l->exchange)
            exchange_set_resolution(l->exchange, (uint32_t)point->x, (uint32_t)point->y);
        break;
    case GUEST_ORDER_NONE:
        break;
    }
}

/* ---- from the render thread ---- */

static void order(struct guest_link *l, enum guest_order kind, const void *body, size_t bytes)
{
    const int err = mailbox_post(l->orders, kind, body, bytes);
    if (err < 0)
        log_every(1000, LOG_LEVEL_ERROR, "a message to the input thread is lost: %s", err_str(err));
}

static void order_point(struct guest_link *l, enum guest_order kind, int32_t x, int32_t y)
{
    const struct guest_point point = { x, y };
    order(l, kind, &point, sizeof(point));
}

void guest_link_set_geometry(struct guest_link *l, const struct geometry *geometry,
                             uint32_t scale_120, enum frame_rotation user_rotation)
{
    const struct guest_geometry g = { *geometry, scale_120, user_rotation };
    order(l, GUEST_ORDER_GEOMETRY, &g, sizeof(g));
}

void guest_link_set_position_space(struct guest_link *l, uint32_t width_px, uint32_t height_px)
{
    order_point(l, GUEST_ORDER_POSITION_SPACE, (int32_t)width_px, (int32_t)height_px);
}

void guest_link_set_cursor(struct guest_link *l, const struct cursor_image *image, int32_t hot_x_px,
                           int32_t hot_y_px, bool visible)
{
    const size_t pixels_bytes =
        image ? (size_t)image->width_px * image->height_px * sizeof(uint32_t) : 0;
    struct guest_cursor *c = malloc(sizeof(*c) + pixels_bytes);
    if (!c)
        return; /* the shape before stays */
    *c = (struct guest_cursor){ .visible = visible, .hot_x_px = hot_x_px, .hot_y_px = hot_y_px };
    if (image) {
        c->inverts = image->xor_rgb != NULL;
        c->has_pixels = true;
        c->width_px = image->width_px;
        c->height_px = image->height_px;
        memcpy(c->argb, image->argb, pixels_bytes);
    }
    order(l, GUEST_ORDER_CURSOR, c, sizeof(*c) + pixels_bytes);
    free(c);
}

void guest_link_set_cursor_position(struct guest_link *l, int32_t hot_x_px, int32_t hot_y_px)
{
    order_point(l, GUEST_ORDER_CURSOR_POSITION, hot_x_px, hot_y_px);
}

void guest_link_set_blocked(struct guest_link *l, const char *reason)
{
    const char *text = reason ? reason : "";
    order(l, GUEST_ORDER_BLOCKED, text, strlen(text) + 1);
}

void guest_link_set_can_place_pointer(struct guest_link *l, bool can)
{
    order(l, GUEST_ORDER_CAN_PLACE, &can, sizeof(can));
}

void guest_link_set_password(struct guest_link *l, const char *password)
{
    order(l, GUEST_ORDER_PASSWORD, password, strlen(password) + 1);
}

void guest_link_allow_mic(struct guest_link *l, bool allow)
{
    order(l, GUEST_ORDER_MIC, &allow, sizeof(allow));
}

void guest_link_set_window_size(struct guest_link *l, uint32_t width_px, uint32_t height_px)
{
    order_point(l, GUEST_ORDER_WINDOW_SIZE, (int32_t)width_px, (int32_t)height_px);
}

bool guest_link_audio_stats(struct guest_link *l, struct guest_audio_stats *out)
{
    struct guest_audio *audio = atomic_load(&l->audio);
    if (audio)
        guest_audio_stats(audio, out);
    return audio != NULL;
}
