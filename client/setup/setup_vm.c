/* SPDX-License-Identifier: GPL-2.0-or-later
 * `espelho setup vm`: the domain's XML, and the files that let QEMU and the viewer at the memory.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "setup/setup_private.h"

static int edit_domain(struct domain_edit *edit, const struct setup_vm_wish *wish,
                       const struct memory_wish *memory, struct memory_result *result)
{
    int err = domain_edit_memory(edit, memory, result);
    if (err == 0)
        err = domain_edit_spice(edit);
    if (err == 0)
        err = domain_edit_balloon(edit);
    if (err == 0 && wish->video)
        err = domain_edit_video(edit, wish->video);
    return err;
}

static int files_of(const struct setup *s, const struct setup_domain *domain,
                    const struct memory_result *memory)
{
    switch (memory->backend) {
    case MEMORY_KVMFR:
        return setup_vm_kvmfr(s, memory);
    case MEMORY_DOORBELL:
        return setup_vm_doorbell(s, domain, memory);
    default:
        return setup_vm_plain(s, domain, memory);
    }
}

/* Another VM that has this memory; NULL: none. */
static const char *owner_of(const struct setup_domain *domain, const char *path)
{
    for (size_t i = 0; i < domain->neighbour_count; i++)
        if (strcmp(domain->neighbours[i].path, path) == 0)
            return domain->neighbours[i].name;
    return NULL;
}

/* Each VM has its own, so that several can run. */
static void name_memory(const struct setup_domain *domain, char *name, size_t name_bytes)
{
    snprintf(name, name_bytes, "looking-glass");
    if (owner_of(domain, "/dev/shm/looking-glass"))
        snprintf(name, name_bytes, "looking-glass-%.64s", domain->name);
}

static int note_shared(const struct setup *s, const struct setup_domain *domain,
                       const struct memory_result *memory)
{
    char path[300], note[800];
    snprintf(path, sizeof(path), "%s%s", memory->backend == MEMORY_PLAIN ? "/dev/shm/" : "",
             memory->name);
    const char *const other = owner_of(domain, path);
    if (!other)
        return 0;
    snprintf(note, sizeof(note),
             _("%s has the same memory, %s: only one of the two VMs may run at a time."), other,
             path);
    return plan_note(s->plan, note);
}

int setup_vm(const struct setup *setup, const struct setup_domain *domain,
             const struct setup_vm_wish *wish)
{
    char socket[128], name[96];
    struct domain_edit *edit = NULL;
    struct memory_result result;
    int err = setup_domain_open(setup, domain, &edit);
    if (err < 0)
        return err;
    snprintf(socket, sizeof(socket), "/run/espelho/%.80s.sock", domain->name);
    name_memory(domain, name, sizeof(name));
    const struct memory_wish memory = { .backend = wish->backend,
                                        .mib = wish->mib,
                                        .name = name,
                                        .device = "/dev/kvmfr0",
                                        .server_path = socket };
    err = edit_domain(edit, wish, &memory, &result);
    if (err < 0)
        setup_edit_failed(setup, edit, err);
    if (err == 0)
        err = setup_domain_plan(setup, domain, edit,
                                _("The VM: shared memory, SPICE for keyboard, mouse, sound and the "
                                  "clipboard, no balloon"));
    if (err == 0)
        err = files_of(setup, domain, &result);
    if (err == 0)
        err = note_shared(setup, domain, &result);
    domain_edit_close(edit);
    return err;
}
