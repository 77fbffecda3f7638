/* SPDX-License-Identifier: GPL-2.0-or-later
 * bench_producer SHM_FILE LOG WIDTHxHEIGHT HZ full|pointer|small|static EPOCH_NS PHASE
 * pointer: full frames while the pointer moves at 250 Hz
 *
 * A guest for the benchmarks: row-tagged BGRA frames at EPOCH + (k + PHASE) / HZ through the real
 * host side of common/, until SIGTERM. Frames are published only while somebody is subscribed. Its
 * times go into the log (publog.h). */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "kvmfr/host.h"
#include "publog.h"
#include "shm/region.h"
#include "testcard/testcard.h"

enum { BAND_BYTES = 1 << 20, SMALL_PX = 64 };

struct producer {
    struct kvmfr_host *host;
    struct publog *log;
    uint8_t *image; /* what the guest's screen shows */
    uint32_t pitch_bytes;
    bool small, still, pointer;
};

static volatile sig_atomic_t stopping;

static void on_term(int signo)
{
    (void)signo;
    stopping = 1;
}

/* Timer and pointer thread in one. */
static void *tick(void *ctx)
{
    struct producer *p = ctx;
    const uint64_t step_ms = p->pointer ? 4 : 10;
    for (int32_t n = 0; !stopping; n++) {
        const struct cursor_shape *shape = n == 0 ? testcard_cursor(CURSOR_COLOUR) : NULL;
        if (kvmfr_host_tick(p->host, clock_ms(), NULL) < 0)
            break;
        if (p->pointer &&
            kvmfr_host_pointer(p->host, 100 + n % 500, 200, true, shape, clock_ms()) == -EINVAL)
            break;
        kvmfr_host_pointer_repeat(p->host, clock_ms());
        clock_sleep_until_ns(clock_ns() + step_ms * NS_PER_MS);
    }
    return NULL;
}

/* Copies what the buffer lacks; raises the write pointer per band, as a host does that copies in
 * pieces. */
static void copy_frame(struct producer *p, const struct kvmfr_frame_writer *w)
{
    const bool whole = !p->small || w->age == 0;
    const uint32_t rows = whole ? p->log->height_px : p->log->area.rows;
    const size_t row_bytes = (whole ? p->log->width_px : p->log->area.width_px) * 4;
    const uint32_t band = whole ? BAND_BYTES / p->pitch_bytes : rows;
    for (uint32_t y = 0; y < rows; y += band) {
        const uint32_t count = y + band <= rows ? band : rows - y;
        kvmfr_copy_rows(w->pixels + (size_t)y * w->pitch_bytes, w->pitch_bytes,
                        p->image + (size_t)y * p->pitch_bytes, p->pitch_bytes, row_bytes, count);
        kvmfr_host_raise_rows(p->host, w, y + count);
    }
}

static int publish(struct producer *p, uint32_t tag, uint64_t due_ns)
{
    struct publog *log = p->log;
    const struct frame_rect box = { 0, 0, SMALL_PX, SMALL_PX };
    const struct kvmfr_frame_desc desc = { .format = FRAME_FORMAT_BGRA,
                                           .width_px = log->width_px,
                                           .height_px = log->height_px,
                                           .damage_count = p->small ? 1 : 0,
                                           .damage = &box };
    struct kvmfr_frame_writer w;
    rowtag_write(p->image, p->pitch_bytes, &log->area, tag);
    const uint64_t now_ns = clock_ns();
    const int err = kvmfr_host_begin_frame(p->host, &desc, now_ns / NS_PER_MS, &w);
    if (err < 0)
        return err;
    const uint64_t posted_ns = clock_ns();
    atomic_store(&log->due_ns[tag], due_ns);
    atomic_store(&log->post_ns[tag], posted_ns);
    atomic_store(&log->posted, tag + 1);
    copy_frame(p, &w);
    kvmfr_host_end_frame(p->host, &w);
    const uint64_t done_ns = clock_ns();
    atomic_store(&log->done_ns[tag], done_ns);
    atomic_fetch_add(&log->copy_ns, done_ns - posted_ns);
    return 0;
}

static void run(struct producer *p, double hz, uint64_t epoch_ns, double phase)
{
    uint32_t tag = 0;
    const double period_ns = 1e9 / hz;
    uint64_t k = (uint64_t)((double)(clock_ns() - epoch_ns) / period_ns) + 1;
    while (!stopping && tag < PUBLOG_FRAMES) {
        const uint64_t due_ns = epoch_ns + (uint64_t)(((double)k++ + phase) * period_ns);
        clock_sleep_until_ns(due_ns);
        if (!kvmfr_host_wanted(p->host))
            continue;
        if (p->still && tag > 0) {
            kvmfr_host_repeat_frame(p->host, clock_ms());
            continue;
        }
        const int err = publish(p, tag, due_ns);
        if (err == 0)
            tag++;
        else if (err == -EAGAIN)
            atomic_fetch_add(&p->log->blocked, 1);
        else
            break;
    }
}

static int set_up(struct producer *p, char **argv, const struct shm_region *region)
{
    struct publog *log = p->log;
    if (sscanf(argv[3], "%" SCNu32 "x%" SCNu32, &log->width_px, &log->height_px) != 2 ||
        log->width_px < SMALL_PX || log->height_px < SMALL_PX || log->width_px > BAND_BYTES / 4)
        return -EINVAL;
    p->small = strcmp(argv[5], "small") == 0;
    p->still = strcmp(argv[5], "static") == 0;
    p->pointer = strcmp(argv[5], "pointer") == 0;
    log->area = p->small ? (struct rowtag_area){ SMALL_PX, SMALL_PX }
                         : (struct rowtag_area){ log->width_px, log->height_px };
    p->pitch_bytes = log->width_px * 4;
    p->image =
        aligned_alloc(4096, ((size_t)p->pitch_bytes * log->height_px + 4095) & ~(size_t)4095);
    if (!p->image)
        return -ENOMEM;
    for (size_t i = 0; i < (size_t)p->pitch_bytes * log->height_px; i++)
        p->image[i] = (uint8_t)(i * 7 + i / p->pitch_bytes);
    const struct kvmfr_host_config config = {
        .session = { .host_version = "bench", .has_vm = true, .capture = "bench" },
        .now_ms = clock_ms()
    };
    return kvmfr_host_create(region->mem, region->len_bytes, &config, &p->host);
}

int main(int argc, char **argv)
{
    struct producer p = { 0 };
    struct shm_region *region = NULL;
    pthread_t timer;
    if (argc != 8) {
        fprintf(stderr,
                "usage: bench_producer SHM_FILE LOG WIDTHxHEIGHT HZ full|pointer|small|static "
                "EPOCH_NS PHASE\n");
        return 2;
    }
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    prctl(PR_SET_TIMERSLACK, 1UL);
    sigaction(SIGTERM, &(struct sigaction){ .sa_handler = on_term }, NULL);
    int err = publog_map(argv[2], false, &p.log);
    if (err == 0)
        err = shm_region_open(argv[1], &region, NULL);
    if (err == 0) {
        /* A guest's memory was touched long before a viewer came. */
        madvise(region->mem, region->len_bytes, MADV_POPULATE_WRITE);
        err = set_up(&p, argv, region);
    }
    if (err == 0)
        err = -pthread_create(&timer, NULL, tick, &p);
    if (err < 0) {
        fprintf(stderr, "bench_producer: %s\n", strerror(-err));
        return 2;
    }
    run(&p, strtod(argv[4], NULL), strtoull(argv[6], NULL, 10), strtod(argv[7], NULL));
    stopping = 1;
    pthread_join(timer, NULL);
    kvmfr_host_destroy(p.host);
    shm_region_close(region);
    publog_unmap(p.log);
    free(p.image);
    return 0;
}
