/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor/doctor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "doctor/report.h"
#include "doctor/wording.h"

/* In the order of the user's road. */
static const struct check_table *const tables[] = {
    &check_cpu_table,   &check_iommu_table,   &check_gpu_table,
    &check_kvm_table,   &check_domain_table,  &check_memory_table,
    &check_kvmfr_table, &check_session_table, &check_guest_table,
};

static const struct {
    const char *id, *text;
} groups[CHECK_GROUPS] = {
    [CHECK_CPU] = { "cpu", N_("CPU and firmware") },
    [CHECK_IOMMU] = { "iommu", N_("IOMMU groups") },
    [CHECK_GPU] = { "gpu", N_("Graphics cards") },
    [CHECK_KVM] = { "kvm", N_("KVM and libvirt") },
    [CHECK_DOMAIN] = { "domain", N_("The virtual machine") },
    [CHECK_MEMORY] = { "memory", N_("Shared memory") },
    [CHECK_KVMFR] = { "kvmfr", N_("Kernel module, udmabuf, ivshmem server") },
    [CHECK_SESSION] = { "session", N_("Your desktop") },
    [CHECK_GUEST] = { "guest", N_("The host program in Windows") },
};
static const struct {
    const char *id, *text;
} verdicts[] = {
    [VERDICT_NONE] = { "none", "" },
    [VERDICT_OK] = { "ok", N_("ok") },
    [VERDICT_NOT_APPLICABLE] = { "not_applicable", N_("n/a") },
    [VERDICT_SKIPPED] = { "skipped", N_("skipped") },
    [VERDICT_WARNING] = { "warning", N_("warning") },
    [VERDICT_FAILURE] = { "failure", N_("FAILURE") },
};

const char *check_group_id(enum check_group group)
{
    return groups[group].id;
}

const char *check_group_text(enum check_group group)
{
    return _(groups[group].text);
}

const char *verdict_id(enum verdict verdict)
{
    return verdicts[verdict].id;
}

const char *verdict_text(enum verdict verdict)
{
    return verdicts[verdict].text[0] ? _(verdicts[verdict].text)
                                     : ""; /* "" is the catalogue's head */
}

const struct check *doctor_check_at(size_t index)
{
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        if (index < tables[i]->count)
            return &tables[i]->checks[index];
        index -= tables[i]->count;
    }
    return NULL;
}

const struct check *doctor_check_find(const char *id)
{
    const struct check *check;
    for (size_t i = 0; (check = doctor_check_at(i)); i++) {
        if (strcmp(check->id, id) == 0)
            return check;
    }
    return NULL;
}

bool doctor_knows(const char *id)
{
    return doctor_check_find(id) != NULL;
}

/* Without a VM nothing of its definition can be looked at: said once, not by every check. */
static bool lacks_vm(const struct check *check, const struct doctor_facts *facts)
{
    return check->group == CHECK_DOMAIN && !facts->vm;
}

/* What a machine needs for making one, and how the road goes on. Heap text or NULL. */
static char *no_vm_fix(const struct machine *m)
{
    autofree char *install = fix_install(m, "virt-manager ovmf swtpm");
    return install ? wording(_("If there is none yet, make one in virt-manager, with UEFI (OVMF) "
                               "and a TPM; the page quick-start.md shows how:\n%s"),
                             install)
                   : NULL;
}

/* Nothing can be shown in a window yet: a warning, so that "all in order" is not said. */
static void tell_no_vm(struct findings *f, const struct doctor_facts *facts)
{
    autofree char *fix = facts->machine ? no_vm_fix(facts->machine) : NULL;
    finding_add(f, VERDICT_WARNING, NULL,
                facts->vm_problem ? facts->vm_problem : _("There is no VM to look at."), fix);
}

static int run_check(struct doctor_report *report, const struct check *check,
                     const struct doctor_facts *facts, bool *told)
{
    struct findings *f = &report->findings;
    if (!lacks_vm(check, facts))
        return findings_run(f, check, facts);
    f->check = check;
    if (*told)
        finding_add(f, VERDICT_NOT_APPLICABLE, NULL, "", NULL);
    else
        tell_no_vm(f, facts);
    *told = true;
    return f->no_memory ? -ENOMEM : 0;
}

static int run_table(struct doctor_report *report, const struct check_table *table,
                     const struct doctor_facts *facts, const char *only, size_t *ran)
{
    bool told = false;
    for (size_t i = 0; i < table->count; i++) {
        const struct check *check = &table->checks[i];
        if (only && strcmp(only, check->id) != 0)
            continue;
        const int err = run_check(report, check, facts, &told);
        if (err < 0)
            return err;
        ++*ran;
    }
    return 0;
}

static void count(struct doctor_report *report)
{
    for (size_t i = 0; i < report->findings.count; i++)
        report->counts[report->findings.items[i].verdict]++;
}

/* Which machine and which VM, a line each. */
static char *heading_of(const struct doctor_facts *facts)
{
    char *text = NULL;
    size_t len_bytes = 0;
    FILE *to = open_memstream(&text, &len_bytes);
    if (!to)
        return NULL;
    const struct machine *m = facts->machine;
    if (m && m->distro.name[0])
        fprintf(to, _("System: %s, Linux %s\n"), m->distro.name, m->kernel_release);
    if (m && m->cpu.model[0])
        fprintf(to, _("Processor: %s\n"), m->cpu.model);
    if (facts->vm)
        fprintf(to, _("Virtual machine: %s (%s)\n"), facts->vm->name, facts->vm->source);
    if (fclose(to) == 0)
        return text;
    free(text);
    return NULL;
}

int doctor_run_tables(const struct check_table *const *list, size_t list_count,
                      const struct doctor_facts *facts, const char *only,
                      struct doctor_report **out)
{
    struct doctor_report *report = calloc(1, sizeof(*report));
    if (!report)
        return -ENOMEM;
    size_t ran = 0;
    int err = 0;
    for (size_t i = 0; i < list_count && err == 0; i++)
        err = run_table(report, list[i], facts, only, &ran);
    if (err == 0 && only && ran == 0)
        err = -ENOENT;
    report->heading = heading_of(facts);
    if (err == 0 && !report->heading)
        err = -ENOMEM;
    if (err < 0) {
        doctor_report_free(report);
        return err;
    }
    count(report);
    *out = report;
    return 0;
}

int doctor_run(const struct doctor_facts *facts, const char *only, struct doctor_report **out)
{
    return doctor_run_tables(tables, ARRAY_LEN(tables), facts, only, out);
}

void doctor_report_free(struct doctor_report *report)
{
    if (!report)
        return;
    findings_free(&report->findings);
    free(report->heading);
    free(report);
}

enum verdict doctor_worst(const struct doctor_report *report)
{
    enum verdict worst = VERDICT_OK;
    if (report->counts[VERDICT_WARNING])
        worst = VERDICT_WARNING;
    if (report->counts[VERDICT_FAILURE])
        worst = VERDICT_FAILURE;
    return worst;
}
