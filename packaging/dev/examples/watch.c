/* SPDX-License-Identifier: GPL-2.0-or-later
 * watch REGION SECONDS: a viewer in a page: finishes each frame and says what came. Nothing of a
 * frame is believed that kvmfr/frame.h has not checked.
 *
 *   cc -std=gnu17 watch.c $(pkg-config --cflags --libs espelho) -o watch */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "kvmfr/client.h"
#include "shm/region.h"

struct seen {
    uint32_t frames, width_px, height_px;
};

static void read_frames(struct kvmfr_client *client, struct seen *seen)
{
    struct frame_view view;
    while (kvmfr_client_peek_frame(client, &view) == KVMFR_READ_OK) {
        seen->frames++;
        seen->width_px = view.width_px;
        seen->height_px = view.height_px;
        if (kvmfr_client_finish_frame(client) != KVMFR_READ_OK)
            return; /* the next step tells why */
    }
}

int main(int argc, char **argv)
{
    struct shm_region *region;
    struct shm_problem problem;
    struct kvmfr_client *client;
    struct seen seen = { 0 };
    if (argc != 3) {
        fputs("usage: watch REGION SECONDS\n", stderr);
        return 2;
    }
    if (shm_region_open(argv[1], &region, &problem) < 0) {
        fprintf(stderr, "%s\n%s\n", problem.message, problem.advice);
        return 1;
    }
    if (kvmfr_client_create(region, (struct lgmp_random){ 0 }, &client) < 0) {
        fputs("no memory\n", stderr);
        return 1;
    }
    const uint64_t until_ns = clock_ns() + strtoul(argv[2], NULL, 10) * NS_PER_S;
    while (clock_ns() < until_ns) {
        if (kvmfr_client_step(client, clock_ms()) == KVMFR_STATE_CONNECTED)
            read_frames(client, &seen);
        clock_sleep_until_ns(clock_ns() + 2 * NS_PER_MS);
    }
    printf("%u frames, the last one %ux%u\n", seen.frames, seen.width_px, seen.height_px);
    kvmfr_client_destroy(client);
    shm_region_close(region);
    return seen.frames > 0 ? 0 : 1;
}
