/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/doctor/report.h - what the checks found, in the order of the user's road.
 *
 * Ownership: the report owns its texts; struct check is static. Threads: any one thread. */
#ifndef ESPELHO_DOCTOR_REPORT_H
#define ESPELHO_DOCTOR_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "doctor/check.h"

struct finding {
    const struct check *check;
    enum verdict verdict;
    char *subject; /* or NULL */
    char *found;   /* one sentence; "" if the check does not apply and said nothing */
    char *fix;     /* lines, or NULL */
};

struct findings {
    const struct check *check; /* the one that runs now */
    struct finding *items;     /* owned */
    size_t count, capacity;
    bool no_memory;
};

struct doctor_report {
    struct findings findings;
    size_t counts[VERDICT_FAILURE + 1];
    char *heading; /* which machine, which VM; translated */
};

/* Runs one check; what it found is added. A check that says nothing gets one finding that it does
 * not apply. -ENOMEM. */
int findings_run(struct findings *f, const struct check *check,
                 const struct doctor_facts *facts) MUST_CHECK;
void findings_free(struct findings *f);

/* doctor_run() over tables of the caller's, for the tests. */
int doctor_run_tables(const struct check_table *const *tables, size_t count,
                      const struct doctor_facts *facts, const char *only,
                      struct doctor_report **out) MUST_CHECK;

/* All checks in order; NULL behind the last. */
const struct check *doctor_check_at(size_t index);
const struct check *doctor_check_find(const char *id);
const char *verdict_id(enum verdict verdict);         /* "failure", for machines */
const char *verdict_text(enum verdict verdict);       /* translated */
const char *check_group_id(enum check_group group);   /* "cpu" */
const char *check_group_text(enum check_group group); /* translated */
/* Where our page tells more about a check. Into `url`, always terminated. */
void doctor_page(const char *id, char *url, size_t url_bytes);

#endif
