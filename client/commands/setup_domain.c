/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "commands/setup_domain.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "machine/program.h"
#include "vm/vm.h"

static int ask(const char *const argv[], char **printed, char *problem, size_t problem_bytes)
{
    autofree char *text = NULL;
    int status = 0;
    const int err = program_run(argv, &text, &status);
    if (err == -ENOENT)
        snprintf(problem, problem_bytes,
                 _("virsh is not installed; it comes with libvirt's "
                   "clients (libvirt-clients, libvirt-client or libvirt)."));
    else if (err < 0)
        snprintf(problem, problem_bytes, _("virsh cannot be run: %s"), err_str(err));
    else if (status != 0)
        snprintf(problem, problem_bytes, _("libvirt does not tell about the VM: %.600s"), text);
    if (err < 0 || status != 0)
        return err < 0 ? err : -EIO;
    *printed = steal_ptr(&text);
    return 0;
}

/* As the definition has it, for scripts that libvirt calls with it. */
static int name_of(const char *xml, const char *uri, char **name, char *problem,
                   size_t problem_bytes)
{
    struct vm *vm = NULL;
    char *copy = NULL;
    int err = vm_from_xml(xml, strlen(xml), uri, &vm, NULL);
    if (err == 0) {
        copy = strdup(vm->name);
        err = copy ? 0 : -ENOMEM;
    }
    vm_free(vm);
    if (err < 0)
        snprintf(problem, problem_bytes, _("libvirt's XML of the VM cannot be read: %s"),
                 err_str(err));
    else
        *name = copy;
    return err;
}

int setup_domain_read(struct setup_domain *domain, const char *called, char **xml, char **name,
                      char *problem, size_t problem_bytes)
{
    const char *const dump[] = { "virsh",    "-c",         domain->uri,
                                 "dumpxml",  "--inactive", "--security-info",
                                 "--domain", called,       NULL };
    const char *const state[] = {
        "virsh", "-c", domain->uri, "domstate", "--domain", called, NULL
    };
    autofree char *text = NULL, *said = NULL, *real_name = NULL;
    int err = ask(dump, &text, problem, problem_bytes);
    if (err == 0)
        err = ask(state, &said, problem, problem_bytes);
    if (err == 0)
        err = name_of(text, domain->uri, &real_name, problem, problem_bytes);
    if (err < 0)
        return err;
    domain->running = strncmp(said, "shut off", strlen("shut off")) != 0;
    domain->xml = *xml = steal_ptr(&text);
    domain->name = *name = steal_ptr(&real_name);
    return 0;
}
