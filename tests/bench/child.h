/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/bench/child.h - the other programs of a benchmark. A failure ends the benchmark with
 * status 2. One thread. */
#ifndef ESPELHO_BENCH_CHILD_H
#define ESPELHO_BENCH_CHILD_H

#include <sys/types.h>

/* Starts argv[0], a path; NULL ends the list. The descriptors (borrowed) become its stdin and
 * stdout; -1: ours. */
pid_t child_spawn(const char *const *argv, int stdin_fd, int stdout_fd);
/* Asks politely, waits five seconds, then insists. The exit status, or -1. */
int child_end(pid_t pid);

#endif
