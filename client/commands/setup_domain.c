/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "commands/setup_domain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "machine/program.h"
#include "vm/vm.h"

/* virsh speaks English to programs. */
static void explain(const struct setup_domain *domain, const char *called, const char *said,
                    char *problem, size_t problem_bytes)
{
    if (strstr(said, "failed to connect"))
        snprintf(problem, problem_bytes,
                 _("libvirt (%s) does not answer; `espelho doctor` tells what to do.\n%.600s"),
                 domain->uri, said);
    else if (strstr(said, "failed to get domain"))
        snprintf(problem, problem_bytes,
                 _("libvirt has no VM '%.128s'; `virsh -c %.128s list --all` lists them."), called,
                 domain->uri);
    else
        snprintf(problem, problem_bytes, _("libvirt does not tell about the VM: %.600s"), said);
    for (size_t n = strlen(problem); n > 0 && problem[n - 1] == '\n';)
        problem[--n] = '\0';
}

static int ask(const struct setup_domain *domain, const char *called, const char *const argv[],
               char **printed, char *problem, size_t problem_bytes)
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
        explain(domain, called, text, problem, problem_bytes);
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
    int err = ask(domain, called, dump, &text, problem, problem_bytes);
    if (err == 0)
        err = ask(domain, called, state, &said, problem, problem_bytes);
    if (err == 0)
        err = name_of(text, domain->uri, &real_name, problem, problem_bytes);
    if (err < 0)
        return err;
    domain->running = strncmp(said, "shut off", strlen("shut off")) != 0;
    domain->xml = *xml = steal_ptr(&text);
    domain->name = *name = steal_ptr(&real_name);
    return 0;
}

/* ---- the others ---- */

enum { NEIGHBOURS_MAX = 64 };

static bool read_neighbour(const char *uri, const char *name, struct setup_neighbour *out)
{
    const char *const argv[] = {
        "virsh", "-c", uri, "dumpxml", "--inactive", "--domain", name, NULL
    };
    autofree char *xml = NULL;
    struct vm *vm = NULL;
    int status = 0;
    bool has = false;
    if (program_run(argv, &xml, &status) == 0 && status == 0 &&
        vm_from_xml(xml, strlen(xml), uri, &vm, NULL) == 0) {
        const struct vm_shmem *const shmem = vm_relay_shmem(vm);
        has = shmem && vm_shmem_path(shmem, out->path);
        snprintf(out->name, sizeof(out->name), "%s", vm->name);
    }
    vm_free(vm);
    return has;
}

struct setup_neighbour *setup_domain_neighbours(const struct setup_domain *domain, size_t *count)
{
    const char *const argv[] = { "virsh", "-c", domain->uri, "list", "--all", "--name", NULL };
    autofree char *names = NULL;
    int status = 0;
    *count = 0;
    if (program_run(argv, &names, &status) < 0 || status != 0)
        return NULL;
    struct setup_neighbour *found = calloc(NEIGHBOURS_MAX, sizeof(*found));
    char *rest = names;
    for (const char *name; found && *count < NEIGHBOURS_MAX && (name = strsep(&rest, "\n"));)
        if (name[0] && strcmp(name, domain->name) != 0)
            *count += read_neighbour(domain->uri, name, &found[*count]);
    return found;
}
