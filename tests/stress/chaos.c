/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "chaos.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

struct chaos {
    const struct chaos_plan *plan;
    struct chaos_worker *workers;
    unsigned count;
    uint64_t random;
    uint64_t kills, stops;
    bool failed;
};

struct chaos_stats *chaos_stats_create(unsigned count)
{
    void *mem = mmap(NULL, count * sizeof(struct chaos_stats), PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return mem == MAP_FAILED ? NULL : mem;
}

uint64_t chaos_length_ns(unsigned default_s, unsigned parts)
{
    const char *text = getenv("ESPELHO_STRESS_S");
    const unsigned long total_s = text ? strtoul(text, NULL, 10) : 0;
    return total_s ? total_s * NS_PER_S / parts : default_s * NS_PER_S;
}

static void start(struct chaos *c, struct chaos_worker *w)
{
    w->seed = chaos_random(&c->random);
    w->continue_at_ns = 0;
    w->seen_at_ns = clock_ns();
    w->seen_steps = atomic_load(&w->stats->steps);
    fflush(NULL);
    w->pid = fork();
    if (w->pid != 0) {
        if (w->pid < 0) {
            fprintf(stderr, "fork failed: %d\n", errno);
            c->failed = true;
        }
        return;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that is killed leaves nothing running */
    w->run(w);
    _exit(3);
}

static void kill_worker(struct chaos_worker *w)
{
    if (w->pid <= 0)
        return;
    kill(w->pid, SIGKILL);
    waitpid(w->pid, NULL, 0);
    w->pid = 0;
}

static void end_stops(struct chaos *c, uint64_t now_ns)
{
    for (unsigned i = 0; i < c->count; i++) {
        struct chaos_worker *w = &c->workers[i];
        if (w->continue_at_ns == 0 || now_ns < w->continue_at_ns)
            continue;
        kill(w->pid, SIGCONT);
        w->continue_at_ns = 0;
        w->seen_at_ns = clock_ns();
    }
}

static void act(struct chaos *c, uint64_t now_ns)
{
    struct chaos_worker *w = &c->workers[chaos_random(&c->random) % c->count];
    if (w->continue_at_ns)
        return;
    if (chaos_random(&c->random) % 2) {
        kill_worker(w);
        start(c, w);
        c->kills++;
        return;
    }
    kill(w->pid, SIGSTOP);
    w->continue_at_ns = now_ns + 1 + chaos_random(&c->random) % c->plan->longest_stop_ns;
    c->stops++;
}

static void fail(struct chaos *c, const struct chaos_worker *w, const char *what)
{
    fprintf(stderr, "%s: %s (steps %" PRIu64 ", good %" PRIu64 ")\n", w->name, what,
            atomic_load(&w->stats->steps), atomic_load(&w->stats->good));
    c->failed = true;
}

/* Nobody hangs, nobody ended by itself, nothing is torn. */
static void look(struct chaos *c, uint64_t now_ns)
{
    for (unsigned i = 0; i < c->count; i++) {
        struct chaos_worker *w = &c->workers[i];
        const uint64_t steps = atomic_load(&w->stats->steps);
        int status;
        if (w->pid > 0 && waitpid(w->pid, &status, WNOHANG) == w->pid) {
            w->pid = 0;
            fprintf(stderr, "%s ended: status 0x%x\n", w->name, (unsigned)status);
            fail(c, w, "crashed");
        }
        if (atomic_load(&w->stats->torn))
            fail(c, w, "a torn message");
        if (steps != w->seen_steps || w->continue_at_ns) {
            w->seen_steps = steps;
            w->seen_at_ns = now_ns;
        } else if (now_ns > w->seen_at_ns + c->plan->hang_limit_ns) {
            fail(c, w, "hangs");
        }
    }
}

static void storm(struct chaos *c, uint64_t until_ns)
{
    uint64_t now_ns;
    while (!c->failed && (now_ns = clock_ns()) < until_ns) {
        end_stops(c, now_ns);
        act(c, now_ns);
        look(c, now_ns);
        clock_sleep_until_ns(now_ns + chaos_random(&c->random) % (2 * c->plan->mean_pause_ns));
    }
    end_stops(c, UINT64_MAX - 1);
}

static bool all_made_progress(const struct chaos *c, const uint64_t *from)
{
    for (unsigned i = 0; i < c->count; i++) {
        if (atomic_load(&c->workers[i].stats->good) < from[i] + c->plan->calm_good)
            return false;
    }
    return true;
}

/* Everybody runs: within the limit, everybody gets messages through again. */
static uint64_t calm(struct chaos *c)
{
    uint64_t from[CHAOS_MAX_WORKERS];
    const uint64_t start_ns = clock_ns();
    for (unsigned i = 0; i < c->count; i++)
        from[i] = atomic_load(&c->workers[i].stats->good);
    while (!c->failed && !all_made_progress(c, from)) {
        const uint64_t now_ns = clock_ns();
        look(c, now_ns);
        if (now_ns - start_ns > c->plan->calm_limit_ns) {
            for (unsigned i = 0; i < c->count; i++) {
                if (atomic_load(&c->workers[i].stats->good) < from[i] + c->plan->calm_good)
                    fail(c, &c->workers[i], "did not recover");
            }
        }
        clock_sleep_until_ns(now_ns + NS_PER_MS);
    }
    return clock_ns() - start_ns;
}

static void print_stats(const struct chaos *c, uint64_t longest_calm_ns)
{
    fprintf(stderr, "%" PRIu64 " kills, %" PRIu64 " stops; slowest recovery %" PRIu64 " ms\n",
            c->kills, c->stops, longest_calm_ns / NS_PER_MS);
    for (unsigned i = 0; i < c->count; i++) {
        const struct chaos_worker *w = &c->workers[i];
        fprintf(stderr,
                "  %-12s good %9" PRIu64 "  discarded %6" PRIu64 "  evicted %6" PRIu64
                "  sessions %6" PRIu64 "  longest call %6" PRIu64 " us\n",
                w->name, atomic_load(&w->stats->good), atomic_load(&w->stats->discarded),
                atomic_load(&w->stats->evictions), atomic_load(&w->stats->restarts),
                atomic_load(&w->stats->longest_call_ns) / NS_PER_US);
    }
}

bool chaos_run(const struct chaos_plan *plan, struct chaos_worker *workers, unsigned count,
               uint32_t seed)
{
    struct chaos c = { .plan = plan, .workers = workers, .count = count, .random = seed };
    const uint64_t end_ns = clock_ns() + plan->length_ns;
    uint64_t longest_calm_ns = 0;
    for (unsigned i = 0; i < count && !c.failed; i++)
        start(&c, &workers[i]);
    while (!c.failed && clock_ns() < end_ns) {
        const uint64_t until_ns = clock_ns() + plan->calm_every_ns;
        storm(&c, until_ns < end_ns ? until_ns : end_ns);
        const uint64_t took_ns = calm(&c);
        if (took_ns > longest_calm_ns)
            longest_calm_ns = took_ns;
    }
    for (unsigned i = 0; i < count; i++)
        kill_worker(&workers[i]);
    print_stats(&c, longest_calm_ns);
    return !c.failed;
}
