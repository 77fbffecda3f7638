/* SPDX-License-Identifier: GPL-2.0-or-later
 * The viewer's own settings (client.ini): whether the window would look where the VM writes. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "doctor/memory_check.h"
#include "doctor/wording.h"

#define FILE_NAME "~/.config/espelho/client.ini"

/* Where the window looks when nothing is said. */
static const char *usual_memory(const struct doctor_facts *facts)
{
    return root_exists(facts->root, "/dev/kvmfr0") ? "/dev/kvmfr0" : "/dev/shm/looking-glass";
}

/* The same, as it would be written: "unix:SOCKET" of a server. Heap text or NULL. */
static char *setting_of(const struct vm_shmem *shmem, const char *path)
{
    return wording("%s%s", shmem->model == VM_SHMEM_DOORBELL ? "unix:" : "", path);
}

static bool is_of_vm(const struct doctor_viewer *viewer, const struct vm *vm)
{
    return strcmp(viewer->domain, vm->name) == 0 || strcmp(viewer->domain, vm->uuid) == 0;
}

/* What the window would open; NULL: what libvirt says of the VM, or of another one. */
static const char *memory_of(const struct doctor_facts *facts)
{
    const struct doctor_viewer *const viewer = facts->viewer;
    return viewer->memory ? viewer->memory : viewer->domain ? NULL : usual_memory(facts);
}

static void judge(const struct doctor_facts *facts, const char *wanted, struct findings *out)
{
    const char *const memory = memory_of(facts);
    const char *const name = facts->vm->name;
    autofree char *fix = wording(_("In %s, below [app]:\n  shmFile=%s\nOr, if libvirt runs the "
                                   "VM:\n  domain=%s"),
                                 FILE_NAME, wanted, name);
    if (!memory && is_of_vm(facts->viewer, facts->vm))
        finding_addf(out, VERDICT_OK, NULL, NULL,
                     _("The window asks libvirt for the memory of %s (app.domain)."), name);
    else if (!memory)
        finding_addf(out, VERDICT_WARNING, NULL, fix,
                     _("The window's settings name another VM, %s (app.domain)."),
                     facts->viewer->domain);
    else if (strcmp(memory, wanted) == 0)
        finding_addf(out, VERDICT_OK, NULL, NULL, _("The window looks into %s."), memory);
    else if (facts->viewer->memory)
        finding_addf(out, VERDICT_FAILURE, NULL, fix,
                     _("The window looks into %s (app.shmFile), but the VM writes into %s."),
                     memory, wanted);
    else
        finding_addf(out, VERDICT_WARNING, NULL, fix,
                     _("Nothing is set, so the window looks into %s, but the VM writes into %s: "
                       "it has to be told at each start (`espelho --domain`)."),
                     memory, wanted);
}

void memory_viewer(const struct doctor_facts *facts, struct findings *out)
{
    char path[VM_PATH];
    if (!facts->viewer)
        return;
    if (facts->viewer->problem) {
        finding_addf(out, VERDICT_FAILURE, NULL,
                     _("Correct that line, or take it out. `espelho options` lists what may stand "
                       "there."),
                     _("The window does not open, because its settings have an error: %s"),
                     facts->viewer->problem);
        return;
    }
    const struct vm_shmem *const shmem = memory_shmem(facts, path);
    autofree char *wanted = shmem ? setting_of(shmem, path) : NULL;
    if (wanted)
        judge(facts, wanted, out);
}
