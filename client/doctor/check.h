/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/doctor/check.h - a check of `espelho doctor`: data, and a function that looks.
 *
 * Each group of the user's road has one file with its table (doctor/check_iommu.c has
 * check_iommu_table ...); doctor.c lists the tables. A check looks at the facts in struct
 * doctor_facts (and at files through facts->root), never at the machine itself, never changes
 * anything, and reports one finding or several (one per GPU, say). A check that reports nothing
 * does not apply.
 *
 * Rules: what needs root and is not readable is VERDICT_SKIPPED with what would be needed, never
 * guessed. A failure or warning has a fix that a person can follow to the letter. Texts are given
 * translated (base/text.h). Ids are stable, "group.what" ("iommu.gpu_alone"); docs have a section
 * per id. Threads: any one thread. */
#ifndef ESPELHO_DOCTOR_CHECK_H
#define ESPELHO_DOCTOR_CHECK_H

#include "base/macros.h"
#include "machine/machine.h"
#include "vm/vm.h"

struct doctor_probes; /* doctor.h */

/* What the user's client.ini says; NULL entries: nothing. */
struct doctor_viewer {
    const char *domain, *memory; /* app.domain, app.shmFile */
    const char *problem;         /* why it cannot be read, with its place */
};

enum verdict {
    VERDICT_NONE,
    VERDICT_OK,
    VERDICT_NOT_APPLICABLE,
    VERDICT_SKIPPED,
    VERDICT_WARNING,
    VERDICT_FAILURE
};

enum check_group {
    CHECK_CPU, /* CPU and firmware */
    CHECK_IOMMU,
    CHECK_GPU,
    CHECK_KVM, /* KVM and libvirt */
    CHECK_DOMAIN,
    CHECK_MEMORY, /* shared memory */
    CHECK_KVMFR,  /* kvmfr, udmabuf, ivshmem server */
    CHECK_SESSION,
    CHECK_GUEST,
    CHECK_GROUPS
};

/* What checks look at. Constant while they run. */
struct doctor_facts {
    struct root *root;
    const struct machine *machine;
    const struct vm *vm;    /* NULL: no VM was named or found */
    const char *vm_problem; /* why not, translated; or NULL */
    /* What the checks of the live session may ask for; all NULL in a saved tree. */
    const struct doctor_probes *probes;
    const struct doctor_viewer *viewer; /* NULL in a saved tree: people's folders are not in it */
};

/* Where findings go. */
struct findings;
/* `subject`: what it is about ("0000:03:00.0 NVIDIA ..."), or NULL. `found`: one sentence of what
 * was seen. `fix`: lines to follow, or NULL; both translated. All three are copied. */
void finding_add(struct findings *f, enum verdict verdict, const char *subject, const char *found,
                 const char *fix);
/* The same with a printf text for `found`. */
void finding_addf(struct findings *f, enum verdict verdict, const char *subject, const char *fix,
                  const char *found_fmt, ...) PRINTF_LIKE(5, 6);

struct check {
    const char *id;
    enum check_group group;
    const char *title; /* N_(): what it looks at, some words */
    const char *why;   /* N_(): why it matters, one sentence */
    void (*run)(const struct doctor_facts *facts, struct findings *out);
};
struct check_table {
    const struct check *checks;
    size_t count;
};
extern const struct check_table check_cpu_table, check_iommu_table, check_gpu_table,
    check_kvm_table, check_domain_table, check_memory_table, check_kvmfr_table, check_session_table,
    check_guest_table;

#endif
