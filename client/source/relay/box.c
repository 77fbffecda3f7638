/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/relay/box.h"

void box_restart(struct box *b, struct kvmfr_client *client)
{
    *b = (struct box){ .client = client, .hold = -1 };
}

uint32_t box_look(struct box *b)
{
    const uint64_t before = b->seen;
    b->seen = kvmfr_client_newest(b->client);
    if (b->seen == before || b->seen == 0)
        return 0;
    const uint32_t step = (uint32_t)(b->seen >> 32) - (uint32_t)(before >> 32);
    return before != 0 && step > 0 && step <= UINT32_MAX / 2 ? step : 1;
}

bool box_changed(const struct box *b)
{
    return kvmfr_client_newest(b->client) != b->seen;
}

static int free_word(const struct box *b)
{
    for (int i = 0; i < KVMFR_HOLDS; i++) {
        if (b->token[i] == 0)
            return i;
    }
    return -1;
}

enum kvmfr_read box_take(struct box *b, struct frame_view *out)
{
    const int word = free_word(b);
    if (word < 0)
        return KVMFR_READ_EMPTY;
    const enum kvmfr_read r = kvmfr_client_hold_newest(b->client, (uint32_t)word, out, &b->taken);
    b->hold = r == KVMFR_READ_OK ? word : -1;
    return r;
}

bool box_intact(const struct box *b, const struct frame_view *view)
{
    return b->hold >= 0 && kvmfr_client_still_holds(b->client, (uint32_t)b->hold, b->taken, view);
}

void box_give_back(struct box *b)
{
    if (b->hold >= 0)
        kvmfr_client_let_go(b->client, (uint32_t)b->hold);
    b->hold = -1;
}

void box_keep(struct box *b, uint32_t token)
{
    b->token[b->hold] = token;
    b->hold = -1;
}

bool box_release(struct box *b, uint32_t token)
{
    for (uint32_t i = 0; i < KVMFR_HOLDS && token != 0; i++) {
        if (b->token[i] != token)
            continue;
        b->token[i] = 0;
        kvmfr_client_let_go(b->client, i);
        return true;
    }
    return false;
}
