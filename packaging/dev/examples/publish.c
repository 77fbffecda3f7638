/* SPDX-License-Identifier: GPL-2.0-or-later
 * publish REGION SECONDS: a host program in a page: a moving test card at 60 Hz into shared memory,
 * for any viewer. REGION: a file, /dev/kvmfrN, or unix:SOCKET of an ivshmem server.
 *
 *   cc -std=gnu17 publish.c $(pkg-config --cflags --libs espelho) -o publish */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "kvmfr/host.h"
#include "shm/region.h"
#include "testcard/testcard.h"

enum { HZ = 60 };

/* A host looks after its session every 10 ms, and publishes when somebody is there. */
static int publish(struct kvmfr_host *host, struct testcard *card, uint64_t until_ns)
{
    uint32_t serial = 0;
    uint64_t next_frame_ns = clock_ns();
    for (uint64_t now_ns; (now_ns = clock_ns()) < until_ns;) {
        if (kvmfr_host_tick(host, now_ns / NS_PER_MS, NULL) < 0)
            return 1;
        if (now_ns >= next_frame_ns && kvmfr_host_wanted(host)) {
            if (testcard_publish(card, host, serial, now_ns / NS_PER_MS) == 0)
                serial++; /* else all buffers are being read: the next one is newer */
            next_frame_ns = now_ns + NS_PER_S / HZ;
        }
        const uint64_t tick_ns = now_ns + 10 * NS_PER_MS;
        clock_sleep_until_ns(next_frame_ns > now_ns && next_frame_ns < tick_ns ? next_frame_ns
                                                                               : tick_ns);
    }
    printf("%u frames\n", serial);
    return 0;
}

int main(int argc, char **argv)
{
    const struct testcard_config picture = { .format = FRAME_FORMAT_BGRA,
                                             .width_px = 640,
                                             .height_px = 360,
                                             .damage = TESTCARD_DAMAGE_PARTIAL,
                                             .hz = HZ };
    struct shm_region *region;
    struct shm_problem problem;
    struct kvmfr_host *host;
    struct testcard *card;
    if (argc != 3) {
        fputs("usage: publish REGION SECONDS\n", stderr);
        return 2;
    }
    if (shm_region_open(argv[1], &region, &problem) < 0) {
        fprintf(stderr, "%s\n%s\n", problem.message, problem.advice);
        return 1;
    }
    const struct kvmfr_host_config config = { .session = { .host_version = "example" },
                                              .now_ms = clock_ms(),
                                              .extension = true,
                                              .doorbell = region->doorbell };
    if (kvmfr_host_create(region->mem, region->len_bytes, &config, &host) < 0 ||
        testcard_create(&picture, &card) < 0) {
        fputs("the region is too small, or there is no memory\n", stderr);
        return 1;
    }
    const int status = publish(host, card, clock_ns() + strtoul(argv[2], NULL, 10) * NS_PER_S);
    testcard_destroy(card);
    kvmfr_host_destroy(host);
    shm_region_close(region);
    return status;
}
