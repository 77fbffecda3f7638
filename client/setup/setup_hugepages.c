/* SPDX-License-Identifier: GPL-2.0-or-later
 * `espelho setup hugepages`: the VM's memory in large pages. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "setup/hooks.h"
#include "setup/setup_private.h"

#define SYSCTL "/etc/sysctl.d/espelho-hugepages.conf"

/* What the host keeps at least: while the VM runs, and, of pages reserved at boot, always. */
static const uint64_t host_bytes = 1ULL << 30, host_always_bytes = 2ULL << 30;

static int check(const struct setup *s, uint64_t memory_bytes, uint64_t page_bytes, bool early)
{
    const uint64_t keeps_bytes = early ? host_always_bytes : host_bytes;
    const uint64_t machine_bytes = s->machine->cpu.memory_bytes;
    if (memory_bytes == 0)
        return plan_fail(s->plan, -EINVAL, _("How much memory? --memory 16G"));
    if (memory_bytes % page_bytes != 0)
        return plan_fail(s->plan, -EINVAL,
                         _("%" PRIu64 " MiB are no whole number of pages of %" PRIu64 " MiB."),
                         memory_bytes >> 20, page_bytes >> 20);
    if (machine_bytes &&
        (memory_bytes > machine_bytes || machine_bytes - memory_bytes < keeps_bytes))
        return plan_fail(s->plan, -EINVAL,
                         _("This machine has %" PRIu64 " MiB: with %" PRIu64
                           " MiB for the VM there is not enough left for itself."),
                         machine_bytes >> 20, memory_bytes >> 20);
    return 0;
}

/* How many pages of 1 GiB the kernel was told to reserve: each size goes before its number. */
static uint64_t large_pages_told(const struct machine *m)
{
    const char *const usual = machine_parameter(m, "default_hugepagesz");
    bool is_large = usual && strcasecmp(usual, "1G") == 0;
    uint64_t pages = 0;
    for (size_t i = 0; i < m->parameter_count; i++) {
        const char *const word = m->parameters[i];
        if (strncmp(word, "hugepagesz=", strlen("hugepagesz=")) == 0)
            is_large = strcasecmp(word + strlen("hugepagesz="), "1G") == 0;
        else if (is_large && strncmp(word, "hugepages=", strlen("hugepages=")) == 0)
            pages = strtoull(word + strlen("hugepages="), NULL, 10);
    }
    return pages;
}

static int at_boot(const struct setup *s, uint64_t pages, uint64_t page_bytes)
{
    char line[96];
    if (page_bytes == 2 << 20) {
        snprintf(line, sizeof(line), "vm.nr_hugepages = %" PRIu64, pages);
        const int err = setup_conf_line(s, SYSCTL, "vm.nr_hugepages", line,
                                        _("The pages are reserved at boot, while memory is free"));
        return err < 0 || !plan_touches(s->plan, SYSCTL)
                   ? err
                   : plan_note(s->plan, _("Restart the machine; the pages are there afterwards."));
    }
    if (large_pages_told(s->machine) >= pages)
        return 0;
    snprintf(line, sizeof(line), "hugepagesz=1G hugepages=%" PRIu64, pages);
    autofree char *fix = fix_add_parameters(s->machine, line);
    return fix ? plan_note(s->plan, fix) : setup_no_memory(s);
}

static int by_hook(const struct setup *s, const char *vm, uint64_t pages, uint64_t page_bytes)
{
    static const char *const bodies[] = { hook_complain, hook_write, hook_hugepages, NULL };
    char settings[96];
    snprintf(settings, sizeof(settings), "pages=%" PRIu64 "\npage_kib=%" PRIu64 "\n", pages,
             page_bytes >> 10);
    int err = setup_hook(s, vm, "hugepages", settings, bodies,
                         _("The pages are taken when the VM starts, and given back when it ends"));
    if (err == 0 && page_bytes > 2 << 20)
        err = plan_note(s->plan, _("Pages of 1 GiB are seldom free once a machine runs for a "
                                   "while: if the VM does not start for that, use --early, or "
                                   "pages of 2 MiB (--page 2M)."));
    return err;
}

static int edit(const struct setup *s, const struct setup_domain *domain,
                struct domain_edit *domain_edit, uint64_t page_bytes)
{
    const int err = domain_edit_hugepages(domain_edit, page_bytes);
    if (err < 0)
        return setup_edit_failed(s, domain_edit, err);
    return setup_domain_plan(s, domain, domain_edit, _("The VM takes its memory from these pages"));
}

int setup_hugepages(const struct setup *setup, const struct setup_domain *domain,
                    const struct setup_hugepages_wish *wish)
{
    struct domain_edit *domain_edit = NULL;
    uint64_t memory_bytes = wish->memory_bytes;
    int err = domain->xml ? setup_domain_open(setup, domain, &domain_edit) : 0;
    if (err == 0 && domain_edit) {
        const uint64_t has_bytes = domain_edit_memory_bytes(domain_edit);
        if (memory_bytes && memory_bytes < has_bytes)
            err = plan_note(setup->plan, _("--memory is less than the VM has. The pages are for "
                                           "all of it: with fewer it would not start."));
        if (memory_bytes < has_bytes)
            memory_bytes = has_bytes;
    }
    const uint64_t pages = memory_bytes / wish->page_bytes;
    if (err == 0)
        err = check(setup, memory_bytes, wish->page_bytes, wish->early);
    if (err == 0 && !wish->early && !domain->xml)
        err = plan_fail(setup->plan, -EINVAL,
                        _("Which VM? --domain NAME, or --early to reserve "
                          "the pages at boot."));
    if (err == 0 && domain_edit)
        err = edit(setup, domain, domain_edit, wish->page_bytes);
    if (err == 0)
        err = wish->early ? at_boot(setup, pages, wish->page_bytes)
                          : by_hook(setup, domain->name, pages, wish->page_bytes);
    domain_edit_close(domain_edit);
    return err;
}
