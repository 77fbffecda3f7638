/* SPDX-License-Identifier: GPL-2.0-or-later
 * What a server can say before it is trusted with anything: link reply, key, framing in both forms
 * and any cuts, sub-messages, certificate subjects, names. */
#include <stdlib.h>
#include <string.h>

#include "spice/framing.h"
#include "spice/link.h"
#include "spice/problem.h"
#include "spice/subject.h"
#include "spice/ticket.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_link(const uint8_t *data, size_t size)
{
    struct link_reply reply;
    size_t body_bytes;
    const char *why;
    if (size < LINK_HEADER_BYTES || link_reply_size(data, &body_bytes, &why) < 0)
        return;
    const size_t left = size - LINK_HEADER_BYTES;
    const size_t n = body_bytes < left ? body_bytes : left;
    uint8_t *body = malloc(n + 1), ticket[TICKET_BYTES];
    if (!body)
        abort();
    memcpy(body, data + LINK_HEADER_BYTES, n);
    if (link_reply_parse(body, n, &reply, &why) == 0)
        (void)!ticket_make(reply.key, "hunter2", ticket);
    free(body);
}

static void fuzz_key(const uint8_t *data, size_t size)
{
    uint8_t key[TICKET_KEY_BYTES] = { 0 }, ticket[TICKET_BYTES];
    memcpy(key, data, size < sizeof(key) ? size : sizeof(key));
    (void)!ticket_make(key, "", ticket);
}

static void look_at(const struct framing_message *m)
{
    struct framing_message subs[FRAMING_MAX_SUB_MESSAGES];
    volatile uint8_t sum = 0;
    const int count = framing_sub_messages(m->body, m->body_bytes, m->sub_list, subs);
    for (int i = 0; i < count; i++)
        for (size_t at = 0; at < subs[i].body_bytes; at++)
            sum = (uint8_t)(sum + subs[i].body[at]);
}

static void fuzz_framing(const uint8_t *data, size_t size, bool mini, size_t step_bytes)
{
    struct framing f;
    struct framing_message m;
    if (framing_init(&f) < 0)
        abort();
    f.mini = mini;
    f.max_body_bytes = 100000;
    int found = 0;
    for (size_t at = 0; at < size && found >= 0;) {
        size_t room_bytes, n = size - at < step_bytes ? size - at : step_bytes;
        uint8_t *room = framing_room(&f, &room_bytes);
        n = n < room_bytes ? n : room_bytes;
        if (n == 0)
            abort();
        memcpy(room, data + at, n);
        framing_filled(&f, n);
        at += n;
        while ((found = framing_next(&f, &m)) == 1)
            look_at(&m);
    }
    framing_fini(&f);
}

static void fuzz_texts(const uint8_t *data, size_t size)
{
    char wanted[200], out[40];
    const size_t half = size / 2, n = half < sizeof(wanted) - 1 ? half : sizeof(wanted) - 1;
    memcpy(wanted, data, n);
    wanted[n] = '\0';
    const struct subject_part parts[] = {
        { "2.5.4.3", (const char *)data + half, (size - half) / 2 },
        { "2.5.4.6", (const char *)data + half + (size - half) / 2,
          size - half - (size - half) / 2 },
    };
    (void)subject_matches(wanted, parts, 2);
    spice_text_clean(out, sizeof(out), data, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const uint8_t what = data[0];
    const size_t step_bytes = data[1] ? data[1] * 8u - 7 : 1 << 20;
    data += 2;
    size -= 2;
    switch (what & 7) {
    case 0:
        fuzz_link(data, size);
        break;
    case 1:
        fuzz_key(data, size);
        break;
    case 2:
    case 3:
        fuzz_framing(data, size, true, step_bytes);
        break;
    case 4:
    case 5:
        fuzz_framing(data, size, false, step_bytes);
        break;
    default:
        fuzz_texts(data, size);
    }
    return 0;
}
