/* SPDX-License-Identifier: GPL-2.0-or-later
 * `espelho setup input`: a keyboard and a mouse of this machine for the VM. libvirt gives QEMU the
 * rights to them when the VM starts. */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/text.h"
#include "setup/setup_private.h"

struct chosen {
    struct root *root;
    const struct input_wish *wish;
};

/* The same device under another name: QEMU could not take it twice. */
static bool is_same(struct root *root, const struct root_stat *a, const char *path)
{
    struct root_stat b;
    return root_stat(root, path, &b) == 0 && S_ISCHR(a->mode) && S_ISCHR(b.mode) &&
           a->major == b.major && a->minor == b.minor;
}

/* What the VM reads that is not there any more, or is one of the chosen devices. */
static bool is_stale(const void *ctx, const char *device)
{
    const struct chosen *const chosen = ctx;
    struct root_stat st;
    const int err = root_stat(chosen->root, device, &st);
    return err == -ENOENT || (err == 0 && (is_same(chosen->root, &st, chosen->wish->keyboard) ||
                                           is_same(chosen->root, &st, chosen->wish->mouse)));
}

int setup_input(const struct setup *setup, const struct setup_domain *domain,
                const struct input_wish *wish)
{
    struct domain_edit *edit = NULL;
    int err = setup_domain_open(setup, domain, &edit);
    if (err < 0)
        return err;
    const struct chosen chosen = { setup->root, wish };
    struct input_wish with_stale = *wish;
    with_stale.is_stale = is_stale;
    with_stale.ctx = &chosen;
    err = domain_edit_input(edit, &with_stale);
    if (err < 0)
        setup_edit_failed(setup, edit, err);
    if (err == 0)
        err = setup_domain_plan(setup, domain, edit,
                                _("This keyboard and this mouse go to the VM, and back"));
    domain_edit_close(edit);
    return err;
}
