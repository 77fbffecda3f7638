/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spice/framing.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "spice/reader.h"

int framing_init(struct framing *f)
{
    *f = (struct framing){ .buffer = malloc(FRAMING_BUFFER_BYTES) };
    return f->buffer ? 0 : -ENOMEM;
}

static void free_body(struct framing *f)
{
    free(f->body.bytes);
    memset(&f->body, 0, sizeof(f->body));
}

void framing_fini(struct framing *f)
{
    free_body(f);
    free(f->buffer);
    f->buffer = NULL;
}

uint8_t *framing_room(struct framing *f, size_t *bytes)
{
    if (f->body.bytes && f->body.have < f->body.need) {
        *bytes = f->body.need - f->body.have;
        return f->body.bytes + f->body.have;
    }
    if (f->at > 0) {
        memmove(f->buffer, f->buffer + f->at, f->end - f->at);
        f->end -= f->at;
        f->at = 0;
    }
    *bytes = FRAMING_BUFFER_BYTES - f->end;
    return f->buffer + f->end;
}

void framing_filled(struct framing *f, size_t bytes)
{
    if (f->body.bytes && f->body.have < f->body.need)
        f->body.have += bytes;
    else
        f->end += bytes;
}

const uint8_t *framing_take(struct framing *f, size_t count)
{
    if (f->end - f->at < count)
        return NULL;
    const uint8_t *p = f->buffer + f->at;
    f->at += count;
    return p;
}

static void read_header(const struct framing *f, struct framing_message *out)
{
    const uint8_t *p = f->buffer + f->at;
    struct spice_reader r = spice_reader_of(p, f->end - f->at);
    if (!f->mini)
        (void)spice_read_u64(&r); /* the serial: nothing of ours waits for one */
    out->type = spice_read_u16(&r);
    out->body_bytes = spice_read_u32(&r);
    out->sub_list = f->mini ? 0 : spice_read_u32(&r);
}

/* A body that does not fit the buffer: what is there moves, the rest is read behind it. */
static int begin_body(struct framing *f, const struct framing_message *m)
{
    f->body.bytes = malloc(m->body_bytes);
    if (!f->body.bytes)
        return -ENOMEM;
    f->body.need = m->body_bytes;
    f->body.have = f->end - f->at;
    f->body.type = m->type;
    f->body.sub_list = m->sub_list;
    assert(f->body.have < f->body.need);
    memcpy(f->body.bytes, f->buffer + f->at, f->body.have);
    f->at = f->end = 0;
    return 0;
}

int framing_next(struct framing *f, struct framing_message *out)
{
    if (f->body.bytes && f->body.need == 0)
        free_body(f); /* handed out by the last call */
    if (f->body.bytes) {
        if (f->body.have < f->body.need)
            return 0;
        *out = (struct framing_message){ .type = f->body.type,
                                         .sub_list = f->body.sub_list,
                                         .body = f->body.bytes,
                                         .body_bytes = f->body.have };
        f->body.have = f->body.need = 0;
        return 1;
    }
    const size_t header_bytes = f->mini ? FRAMING_MINI_HEADER_BYTES : FRAMING_FULL_HEADER_BYTES;
    if (f->end - f->at < header_bytes)
        return 0;
    read_header(f, out);
    if (out->body_bytes > f->max_body_bytes)
        return -EMSGSIZE;
    const size_t have_bytes = f->end - f->at - header_bytes;
    if (out->body_bytes <= have_bytes) {
        out->body = f->buffer + f->at + header_bytes;
        f->at += header_bytes + out->body_bytes;
        return 1;
    }
    if (out->body_bytes + header_bytes <= FRAMING_BUFFER_BYTES)
        return 0;
    f->at += header_bytes;
    return begin_body(f, out);
}

int framing_sub_messages(const uint8_t *body, size_t body_bytes, size_t offset,
                         struct framing_message *out)
{
    if (offset > body_bytes)
        return -EPROTO;
    struct spice_reader list = spice_reader_of(body + offset, body_bytes - offset);
    const uint16_t count = spice_read_u16(&list);
    if (list.bad || count > FRAMING_MAX_SUB_MESSAGES)
        return -EPROTO;
    for (unsigned i = 0; i < count; i++) {
        const uint32_t at = spice_read_u32(&list);
        if (list.bad || at > body_bytes)
            return -EPROTO;
        struct spice_reader sub = spice_reader_of(body + at, body_bytes - at);
        out[i] = (struct framing_message){ .type = spice_read_u16(&sub) };
        out[i].body_bytes = spice_read_u32(&sub);
        out[i].body = spice_read_bytes(&sub, out[i].body_bytes);
        if (sub.bad)
            return -EPROTO;
    }
    return count;
}
