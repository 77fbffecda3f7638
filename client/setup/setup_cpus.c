/* SPDX-License-Identifier: GPL-2.0-or-later
 * `espelho setup cpus`: whole cores for the VM, the rest for the host while it runs. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "setup/cpu_choice.h"
#include "setup/hooks.h"
#include "setup/setup_private.h"

static int choose(const struct setup *s, uint32_t cores, struct cpu_choice *choice)
{
    const int err = cpu_choose(&s->machine->cpu, cores, choice);
    if (err == -ERANGE)
        return plan_fail(s->plan, err,
                         _("This machine has not enough cores: the host keeps at "
                           "least one for itself."));
    return err < 0 ? plan_fail(s->plan, err, _("The topology of this machine's CPU is not known."))
                   : 0;
}

static int edit(const struct setup *s, const struct setup_domain *domain,
                const struct cpu_choice *choice, const char *host)
{
    struct domain_edit *domain_edit = NULL;
    const struct cpu_wish wish = { .cpus = choice->vm,
                                   .count = choice->vm_count,
                                   .cores = choice->cores,
                                   .threads = choice->threads,
                                   .emulator_cpus = host,
                                   .topoext =
                                       s->machine->cpu.vendor == CPU_AMD && choice->threads > 1 };
    int err = setup_domain_open(s, domain, &domain_edit);
    if (err < 0)
        return err;
    err = domain_edit_cpus(domain_edit, &wish);
    if (err < 0)
        setup_edit_failed(s, domain_edit, err);
    else
        err = setup_domain_plan(s, domain, domain_edit,
                                _("The VM: each vCPU on a thread of its own, cores as they are, "
                                  "QEMU's other threads on the host's CPUs"));
    domain_edit_close(domain_edit);
    return err;
}

static int hook(const struct setup *s, const struct setup_domain *domain,
                const struct cpu_choice *choice, bool governor)
{
    static const char *const bodies[] = { hook_write, hook_cpus, NULL };
    char vm[CPU_LIST_BYTES], all[CPU_LIST_BYTES];
    char *settings = NULL;
    cpu_list_words(&choice->vm_set, vm);
    cpu_list_words(&choice->all_set, all);
    if (asprintf(&settings, "vm_cpus='%s'\nall_cpus='%s'\ngovernor='%s'\n", vm, all,
                 governor ? "yes" : "no") < 0)
        return setup_no_memory(s);
    const int err = setup_hook(s, domain->name, "cpus", settings, bodies,
                               _("While the VM runs, other programs stay off its CPUs"));
    free(settings);
    return err;
}

int setup_cpus(const struct setup *setup, const struct setup_domain *domain,
               const struct setup_cpus_wish *wish)
{
    autofree struct cpu_choice *choice = calloc(1, sizeof(*choice));
    char host[CPU_LIST_BYTES];
    if (!choice)
        return setup_no_memory(setup);
    int err = choose(setup, wish->cores, choice);
    if (err < 0)
        return err;
    cpu_list_text(&choice->host_set, host);
    err = edit(setup, domain, choice, host);
    if (err == 0)
        err = hook(setup, domain, choice, wish->governor);
    if (err == 0 && choice->caches > 1)
        err = plan_note(setup->plan, _("These cores share more than one L3 cache: what one core "
                                       "wrote is slow for one of another cache. Fewer cores "
                                       "(--cores) may be faster."));
    return err;
}
