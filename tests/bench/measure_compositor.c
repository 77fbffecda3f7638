/* SPDX-License-Identifier: GPL-2.0-or-later
 * measure_compositor SOCKET LOG WIDTHxHEIGHT REFRESH_HZ EPOCH_NS [keys]
 *
 * Listens on SOCKET in XDG_RUNTIME_DIR, measures until its client leaves (or SIGTERM), then prints
 * "name value" lines about the frames that the benchmark marked in the log (publog.h). Times are in
 * us. With `keys` there is a keyboard, which types what stdin says (mc_seat.c). */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/thread.h"
#include "measure_compositor.h"

/* ---- what is noted ---- */

static bool is_picture(const struct mc *mc, const uint8_t *pixels, uint32_t width, uint32_t height,
                       uint32_t *tag)
{
    return width == mc->log->width_px && height == mc->log->height_px &&
           rowtag_read(pixels, &mc->log->area, tag);
}

/* How many frames newer than `tag` were complete a millisecond before now: the viewer had time to
 * notice those. */
static uint32_t newer_ready(const struct mc *mc, uint32_t tag, uint64_t now_ns)
{
    uint32_t newer = 0;
    const uint32_t posted = atomic_load(&mc->log->posted);
    for (uint32_t n = tag + 1; n < posted && n < PUBLOG_FRAMES; n++) {
        const uint64_t done_ns = atomic_load(&mc->log->done_ns[n]);
        if (done_ns != 0 && done_ns + NS_PER_MS < now_ns)
            newer++;
    }
    return newer;
}

void mc_note_commit(struct mc *mc, const uint8_t *pixels, uint32_t stride, uint32_t width,
                    uint32_t height)
{
    const uint64_t now_ns = clock_ns();
    uint32_t tag;
    if (!is_picture(mc, pixels, width, height, &tag) || tag >= PUBLOG_FRAMES)
        return;
    if (mc->picture_commits++ == 0)
        atomic_store(&mc->log->first_commit_ns, now_ns);
    mc->duplicates += mc->last_tag == tag + 1;
    mc->backwards += mc->last_tag > tag + 1;
    mc->last_tag = tag + 1;
    atomic_store(&mc->log->newest_commit, tag + 1);
    if (mc->commit_ns[tag] == 0)
        mc->commit_ns[tag] = now_ns;
    if (!rowtag_whole(pixels, stride, &mc->log->area, tag))
        mc->torn++;
    if (newer_ready(mc, tag, now_ns) > 1) /* one may have come while this was copied */
        mc->stale++;
}

void mc_note_shown(struct mc *mc, const uint8_t *pixels, uint32_t stride, uint32_t width,
                   uint32_t height, uint64_t now_ns)
{
    uint32_t tag;
    if (!is_picture(mc, pixels, width, height, &tag) || tag >= PUBLOG_FRAMES)
        return;
    /* Again: a client must not touch a buffer that it has committed. */
    if (!rowtag_whole(pixels, stride, &mc->log->area, tag))
        mc->torn++;
    if (mc->shown_ns[tag] == 0)
        mc->shown_ns[tag] = now_ns;
}

/* ---- results ---- */

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Quantiles of to[n] - from[n] over the marked frames that have both. */
static void print_delay(const struct mc *mc, const char *name, const _Atomic uint64_t *from_ns,
                        const uint64_t *to_ns, uint32_t first, uint32_t end)
{
    static double late_us[PUBLOG_FRAMES];
    uint32_t count = 0;
    (void)mc;
    for (uint32_t n = first; n < end; n++) {
        const uint64_t from = atomic_load(&from_ns[n]);
        if (from != 0 && to_ns[n] != 0)
            late_us[count++] = ((double)to_ns[n] - (double)from) / 1e3;
    }
    qsort(late_us, count, sizeof(late_us[0]), by_value);
    const uint32_t last = count ? count - 1 : 0;
    printf("%s_median %.1f\n%s_p95 %.1f\n%s_max %.1f\n", name, late_us[last / 2], name,
           late_us[(uint32_t)(last * 0.95)], name, late_us[last]);
}

/* A frame that was not shown although nobody was at fault: the producer, the blank or the
 * benchmark's own waiter was late by more than an eighth of a period around it. The machine was
 * elsewhere; the viewer's threads will have met the same. */
static bool disturbed(const struct mc *mc, uint32_t tag)
{
    const struct publog *log = mc->log;
    const uint64_t period_ns = (uint64_t)(1e9 / mc->refresh_hz), late_ns = period_ns / 8;
    for (uint32_t n = tag ? tag - 1 : 0; n <= tag + 1 && n < PUBLOG_FRAMES; n++) {
        const uint64_t post_ns = atomic_load(&log->post_ns[n]),
                       heard_ns = atomic_load(&log->heard_ns[n]);
        if (post_ns != 0 && (post_ns > atomic_load(&log->due_ns[n]) + late_ns || heard_ns == 0 ||
                             heard_ns > post_ns + late_ns))
            return true;
    }
    const uint64_t post_ns = atomic_load(&log->post_ns[tag]);
    for (uint32_t i = 0; i < mc->late_count && i < MC_LATE_BLANKS; i++) {
        if (mc->late_ns[i] + period_ns > post_ns && mc->late_ns[i] < post_ns + 2 * period_ns)
            return true;
    }
    return false;
}

static void print_results(const struct mc *mc)
{
    const struct publog *log = mc->log;
    const uint32_t first = atomic_load(&log->first), end = atomic_load(&log->end);
    uint32_t shown = 0, committed = 0, excused = 0;
    for (uint32_t n = first; n < end; n++) {
        shown += mc->shown_ns[n] != 0;
        excused += mc->shown_ns[n] == 0 && disturbed(mc, n);
        committed += mc->commit_ns[n] != 0;
    }
    printf("frames %" PRIu32 "\ncommitted %" PRIu32 "\nshown %" PRIu32 "\nskipped %" PRIu32
           "\nexcused %" PRIu32 "\n",
           end - first, committed, shown, end - first - shown, excused);
    printf("torn %" PRIu32 "\nduplicates %" PRIu32 "\nbackwards %" PRIu32 "\nstale %" PRIu32
           "\ncommits %" PRIu32 "\npicture_commits %" PRIu32 "\n",
           mc->torn, mc->duplicates, mc->backwards, mc->stale, mc->commits, mc->picture_commits);
    print_delay(mc, "post_to_commit", log->post_ns, mc->commit_ns, first, end);
    print_delay(mc, "done_to_commit", log->done_ns, mc->commit_ns, first, end);
    print_delay(mc, "post_to_shown", log->post_ns, mc->shown_ns, first, end);
}

/* ---- the display ---- */

/* Blanks come at epoch + k / refresh; a blank that we slept through is skipped, as on a real
 * output. */
static void arm_vblank(struct mc *mc, uint64_t now_ns)
{
    const double period_ns = 1e9 / mc->refresh_hz;
    mc->vblank_count = (uint64_t)((double)(now_ns - mc->epoch_ns) / period_ns) + 1;
    const uint64_t at_ns = mc->epoch_ns + (uint64_t)((double)mc->vblank_count * period_ns);
    const struct itimerspec spec = { .it_value = { .tv_sec = (time_t)(at_ns / NS_PER_S),
                                                   .tv_nsec = (long)(at_ns % NS_PER_S) } };
    timerfd_settime(mc->vblank_fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

static int on_vblank(int fd, uint32_t mask, void *data)
{
    struct mc *mc = data;
    uint64_t expired;
    (void)mask;
    if (read(fd, &expired, sizeof(expired)) == sizeof(expired)) {
        const uint64_t now_ns = clock_ns();
        const double period_ns = 1e9 / mc->refresh_hz;
        if (now_ns > mc->epoch_ns + (uint64_t)(((double)mc->vblank_count + 0.125) * period_ns))
            mc->late_ns[mc->late_count++ % MC_LATE_BLANKS] = now_ns;
        mc_surfaces_latch(mc, now_ns);
        wl_display_flush_clients(mc->display);
        arm_vblank(mc, now_ns);
    }
    return 0;
}

static struct mc *the_mc; /* libwayland's client listeners have no context of ours */

static void on_client_gone(struct wl_listener *listener, void *data)
{
    (void)data;
    wl_list_remove(&listener->link);
    free(listener);
    if (--the_mc->clients == 0)
        wl_display_terminate(the_mc->display);
}

static void on_client(struct wl_listener *listener, void *data)
{
    struct wl_listener *gone = calloc(1, sizeof(*gone));
    (void)listener;
    if (!gone)
        abort();
    gone->notify = on_client_gone;
    wl_client_add_destroy_listener(data, gone);
    the_mc->clients++;
    atomic_store(&the_mc->log->connected_ns, clock_ns());
}

static int on_term(int signo, void *data)
{
    (void)signo;
    wl_display_terminate(data);
    return 0;
}

static int set_up(struct mc *mc, const char *socket, bool keys)
{
    struct wl_event_loop *loop = wl_display_get_event_loop(mc->display);
    static struct wl_listener created = { .notify = on_client };
    wl_display_add_client_created_listener(mc->display, &created);
    mc->vblank_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (mc->vblank_fd < 0 || !mc_surface_globals(mc) || !mc_shell_globals(mc) ||
        (keys && !mc_seat_globals(mc)))
        return -1;
    mc->vblank_timer = wl_event_loop_add_fd(loop, mc->vblank_fd, WL_EVENT_READABLE, on_vblank, mc);
    wl_event_loop_add_signal(loop, SIGTERM, on_term, mc->display);
    arm_vblank(mc, clock_ns());
    return wl_display_add_socket(mc->display, socket);
}

int main(int argc, char **argv)
{
    static struct mc mc;
    const bool keys = argc == 7 && strcmp(argv[6], "keys") == 0;
    if ((argc != 6 && !keys) ||
        sscanf(argv[3], "%" SCNu32 "x%" SCNu32, &mc.width, &mc.height) != 2) {
        fprintf(stderr, "usage: measure_compositor SOCKET LOG WIDTHxHEIGHT REFRESH_HZ EPOCH_NS "
                        "[keys]\n");
        return 2;
    }
    const int err = publog_map(argv[2], false, &mc.log);
    if (err < 0) {
        fprintf(stderr, "measure_compositor: %s: %s\n", argv[2], strerror(-err));
        return 2;
    }
    mc.refresh_hz = strtod(argv[4], NULL);
    mc.epoch_ns = strtoull(argv[5], NULL, 10);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    prctl(PR_SET_TIMERSLACK, 1UL);
    (void)!thread_run_when_woken(THREAD_EVENTS);
    the_mc = &mc;
    mc.display = wl_display_create();
    if (!mc.display || set_up(&mc, argv[1], keys) < 0) {
        fprintf(stderr, "measure_compositor: cannot listen on %s\n", argv[1]);
        return 2;
    }
    wl_display_run(mc.display);
    wl_display_destroy_clients(mc.display);
    wl_display_destroy(mc.display);
    print_results(&mc);
    close(mc.vblank_fd);
    publog_unmap(mc.log);
    return 0;
}
