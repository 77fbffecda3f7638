/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/stress/chaos.h - worker processes that are stopped, continued and killed at random points,
 * and started again. A worker reports progress in shared memory; one that stays silent although it
 * runs has hung. */
#ifndef ESPELHO_TESTS_STRESS_CHAOS_H
#define ESPELHO_TESTS_STRESS_CHAOS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { CHAOS_MAX_WORKERS = 16 };

/* In memory shared by all processes; outlives the workers. */
struct chaos_stats {
    _Atomic uint64_t steps;     /* raised with every turn of the worker's loop */
    _Atomic uint64_t good;      /* messages posted, or read and found whole */
    _Atomic uint64_t discarded; /* read, then found to be evicted (T10) */
    _Atomic uint64_t restarts;  /* sessions started, by either side */
    _Atomic uint64_t evictions;
    _Atomic uint64_t longest_call_ns;
    _Atomic uint32_t torn; /* must stay 0 */
};

struct chaos_worker {
    const char *name;
    void (*run)(struct chaos_worker *self); /* in a process of its own; never returns */
    void *arg;
    uint32_t seed; /* another one for every start */
    struct chaos_stats *stats;
    /* Of the chaos only. */
    pid_t pid;
    uint64_t continue_at_ns; /* 0: not stopped */
    uint64_t seen_steps, seen_at_ns;
};

struct chaos_plan {
    uint64_t length_ns;
    uint64_t calm_every_ns; /* then everybody runs undisturbed until all have made progress */
    uint64_t calm_limit_ns; /* the longest this may take */
    uint64_t calm_good;     /* progress: this many more good messages each */
    uint64_t hang_limit_ns; /* silence of a worker that runs */
    uint64_t mean_pause_ns; /* between two acts */
    uint64_t longest_stop_ns;
};

/* Zeroed memory for `count` stats, shared with all children. */
struct chaos_stats *chaos_stats_create(unsigned count);
/* Runs the plan. False: something hung, tore or did not recover; printed to stderr. All workers are
 * dead afterwards. */
bool chaos_run(const struct chaos_plan *plan, struct chaos_worker *workers, unsigned count,
               uint32_t seed);

/* Small random source, one per worker. */
static inline uint32_t chaos_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33);
}

/* Remembers the longest call. */
static inline void chaos_note_call(struct chaos_stats *stats, uint64_t took_ns)
{
    if (took_ns > atomic_load_explicit(&stats->longest_call_ns, memory_order_relaxed))
        atomic_store_explicit(&stats->longest_call_ns, took_ns, memory_order_relaxed);
}

/* Seconds from the environment variable ESPELHO_STRESS_S, divided between `parts` tests; else
 * `default_s`. */
uint64_t chaos_length_ns(unsigned default_s, unsigned parts);

#endif
