/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/doctor/doctor.h - runs the checks and prints what they found. (collect.h makes
 * trees of machines; vm_find.h finds the VM.)
 *
 * Threads: main thread, before others exist. Everything is read through a root (machine/root.h);
 * only the probes of the live session go beyond it. */
#ifndef ESPELHO_DOCTOR_DOCTOR_H
#define ESPELHO_DOCTOR_DOCTOR_H

#include <stdbool.h>
#include <stdio.h>

#include "doctor/check.h"

/* What only a running session can tell; each entry may be NULL. Given by client/commands, so that
 * doctor needs neither display nor render. Heap texts. */
struct doctor_wayland { /* what the compositor offers */
    char compositor[64];
    char interfaces[128][64];
    size_t interface_count;
};
struct doctor_guest { /* the live region, read by a viewer's client of our own */
    char host_version[64], capture[64], os[64];
    uint32_t width_px, height_px;
    bool hdr, truncated;
    uint64_t frame_age_ms, needed_mib, len_mib;
};
struct doctor_probes {
    int (*wayland)(void *ctx, struct doctor_wayland *out);
    /* Heap text: the GL renderer's name; whether a dma-buf could really be imported. */
    int (*egl)(void *ctx, char **renderer, bool *import_works, char **problem);
    /* Heap text in *problem, translated, if it cannot be read. */
    int (*guest)(void *ctx, const char *region_path, struct doctor_guest *out, char **problem);
    bool (*pipewire)(void *ctx);
    void *ctx;
};

struct doctor_report;
/* Runs all checks, or the one named `only`. 0; -ENOENT: no such id; -ENOMEM. */
int doctor_run(const struct doctor_facts *facts, const char *only,
               struct doctor_report **out) MUST_CHECK;
void doctor_report_free(struct doctor_report *report); /* NULL is fine */
enum verdict doctor_worst(const struct doctor_report *report);
void doctor_print_table(const struct doctor_report *report, FILE *to, bool colour, bool all);
int doctor_print_json(const struct doctor_report *report, FILE *to) MUST_CHECK;

bool doctor_knows(const char *id);
/* `--explain ID`: title, why, and the page; -ENOENT with nothing printed if there is none. */
int doctor_explain(const char *id, FILE *to) MUST_CHECK;

#endif
