/* SPDX-License-Identifier: GPL-2.0-or-later
 * `espelho setup input`: a keyboard and a mouse of this machine for the VM. libvirt gives QEMU the
 * rights to them when the VM starts. */
#include <stdio.h>

#include "base/text.h"
#include "setup/setup_private.h"

int setup_input(const struct setup *setup, const struct setup_domain *domain,
                const struct input_wish *wish)
{
    struct domain_edit *edit = NULL;
    int err = setup_domain_open(setup, domain, &edit);
    if (err < 0)
        return err;
    err = domain_edit_input(edit, wish);
    if (err < 0)
        setup_edit_failed(setup, edit, err);
    else
        err = setup_domain_plan(setup, domain, edit,
                                _("This keyboard and this mouse go to the VM, and back"));
    domain_edit_close(edit);
    return err;
}
