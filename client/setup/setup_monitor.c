/* SPDX-License-Identifier: GPL-2.0-or-later
 * `espelho setup monitor`: the monitor's input follows the VM, by DDC/CI. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "setup/hooks.h"
#include "setup/setup_private.h"

static bool has_i2c(const struct setup *s)
{
    return root_exists(s->root, "/sys/module/i2c_dev") || root_exists(s->root, "/dev/i2c-0");
}

int setup_monitor(const struct setup *setup, const struct setup_domain *domain,
                  const struct setup_monitor_wish *wish)
{
    static const char *const bodies[] = { hook_monitor, NULL };
    char settings[128], display[32] = "";
    if (wish->vm_input == 0 || wish->vm_input > 255 || wish->host_input == 0 ||
        wish->host_input > 255)
        return plan_fail(setup->plan, -EINVAL,
                         _("Which inputs? --vm-input and --host-input, 1 to 255; `ddcutil "
                           "capabilities` lists them under Feature 60 (0x0f is often DisplayPort, "
                           "0x11 HDMI)."));
    if (wish->display)
        snprintf(display, sizeof(display), "--display %" PRIu32, wish->display);
    snprintf(settings, sizeof(settings), "display='%s'\nvm_input='0x%02x'\nhost_input='0x%02x'\n",
             display, wish->vm_input, wish->host_input);
    int err = setup_hook(setup, domain->name, "monitor", settings, bodies,
                         _("The monitor shows the VM's GPU while the VM runs"));
    if (err == 0 && !has_i2c(setup)) {
        static const char path[] = "/etc/modules-load.d/espelho-i2c.conf";
        err = setup_conf_line(setup, path, "i2c-dev", "i2c-dev",
                              _("The kernel's way to the monitor is loaded at boot"));
        const char *const argv[] = { "modprobe", "i2c-dev", NULL };
        if (err == 0 && plan_touches(setup->plan, path))
            err = plan_command(setup->plan, argv, NULL, _("and now"));
    }
    if (err == 0 && !root_exists(setup->root, "/usr/bin/ddcutil")) {
        autofree char *fix = fix_install(setup->machine, "ddcutil");
        err = fix ? plan_note(setup->plan, fix) : setup_no_memory(setup);
    }
    return err;
}
