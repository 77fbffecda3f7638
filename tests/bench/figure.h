/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/bench/figure.h - figures with limits, judged so that a noisy machine fails nothing that is
 * sound.
 *
 * The rule: a benchmark measures all its figures in one round and then asks bench_again(). Rounds
 * are repeated, at most BENCH_ROUNDS, while some figure does not pass. Times and ratios are those
 * of the best round: whatever else the machine does makes a round worse, never better, so the best
 * one is nearest to what the program does; what became slower is slower in every round. Counts
 * (figure_count) are judged by their median; counts that noise cannot change (torn frames, wake-ups
 * of an idle screen) by the worst round (figure_hard). Notes are printed as medians. Timed figures
 * are ratios of two things measured in the same round, or bounds with a wide margin.
 * Output: one line per figure, "name measured limit ok|FAIL". Exit status 1 if one fails. One
 * thread. */
#ifndef ESPELHO_BENCH_FIGURE_H
#define ESPELHO_BENCH_FIGURE_H

#include <stdbool.h>

enum { BENCH_ROUNDS = 5 };

/* `limit` is an upper bound. The text is kept by reference. */
void figure_at_most(const char *name, double measured, double limit, const char *unit);
void figure_at_least(const char *name, double measured, double limit, const char *unit);
/* An upper bound for the median of the rounds. */
void figure_count(const char *name, double measured, double limit, const char *unit);
/* An upper bound that no round may break. */
void figure_hard(const char *name, double measured, double limit, const char *unit);
/* Printed for the reader, not judged. */
void figure_note(const char *name, double measured, const char *unit);
/* Ends a round; true: measure another one. */
bool bench_again(void);
/* Prints the table; the exit status of the program. */
int bench_result(void);

#endif
