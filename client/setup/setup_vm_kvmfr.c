/* SPDX-License-Identifier: GPL-2.0-or-later
 * `espelho setup vm --backend kvmfr`: a device of our kernel module, large enough, and everything
 * that keeps QEMU from it: libvirt's list of devices, AppArmor, SELinux. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "machine/places.h"
#include "setup/conf_lines.h"
#include "setup/setup_private.h"

#define QEMU_CONF    "/etc/libvirt/qemu.conf"
#define APPARMOR     "/etc/apparmor.d/local/abstractions/libvirt-qemu"
#define SELINUX_RULE "/etc/espelho/selinux/espelho-kvmfr.cil"

static int set_size(const struct setup *s, uint32_t mib)
{
    char place[300], line[512];
    autofree char *text = NULL;
    size_t len_bytes = 0, value_bytes = 0;
    const char *value;
    setup_conf_place(s, "/etc/modprobe.d", "options kvmfr", PLACE_KVMFR_MODPROBE, place,
                     sizeof(place));
    const int err = setup_read(s, place, &text);
    if (err < 0)
        return err;
    const char *const old = conf_line_find(text, "options kvmfr", &len_bytes);
    if (!old) {
        snprintf(line, sizeof(line), "options kvmfr static_size_mb=%" PRIu32, mib);
    } else if (len_bytes < 256 &&
               conf_word_find(old, len_bytes, "static_size_mb", &value, &value_bytes)) {
        if (strtoul(value, NULL, 10) >= mib)
            return 0;
        const size_t first_bytes = strspn(value, "0123456789"); /* of /dev/kvmfr0 */
        snprintf(line, sizeof(line), "%.*s%" PRIu32 "%.*s", (int)(value - old), old, mib,
                 (int)(len_bytes - (size_t)(value - old) - first_bytes), value + first_bytes);
    } else {
        char note[512];
        snprintf(note, sizeof(note),
                 _("%s has options of kvmfr that are left alone: see to it that /dev/kvmfr0 has at "
                   "least %" PRIu32 " MiB."),
                 place, mib);
        return plan_note(s->plan, note);
    }
    return setup_conf_line(s, place, "options kvmfr", line, _("The size of /dev/kvmfr0"));
}

static int load(const struct setup *s)
{
    char place[300];
    setup_conf_place(s, "/etc/modules-load.d", "kvmfr", PLACE_KVMFR_LOAD, place, sizeof(place));
    int err = setup_conf_line(s, place, "kvmfr", "kvmfr", _("The module is loaded at boot"));
    if (err == 0 && !root_exists(s->root, "/usr/lib/udev/rules.d/70-kvmfr.rules") &&
        !root_exists(s->root, "/lib/udev/rules.d/70-kvmfr.rules"))
        err = plan_file(s->plan, PLACE_KVMFR_RULE, 0644,
                        "# Made by `espelho setup`; `espelho setup undo` takes it back.\n"
                        "SUBSYSTEM==\"kvmfr\", KERNEL==\"kvmfr[0-9]*\", GROUP=\"kvm\", "
                        "MODE=\"0660\", TAG+=\"uaccess\"\n",
                        _("The device is for QEMU (group kvm) and for who sits at this machine"));
    return err;
}

static int allow_in_libvirt(const struct setup *s, const char *device)
{
    autofree char *text = NULL;
    bool understood;
    const int err = setup_read(s, QEMU_CONF, &text);
    if (err < 0)
        return err;
    autofree char *changed = qemu_conf_allow_device(text, device, &understood);
    if (!changed)
        return setup_no_memory(s);
    if (!understood)
        return plan_fail(s->plan, -EPROTO,
                         _("The list cgroup_device_acl in %s has no end; please "
                           "correct it."),
                         QEMU_CONF);
    return plan_edit(s->plan, QEMU_CONF, changed, _("libvirt lets QEMU open the device"));
}

static int allow_in_apparmor(const struct setup *s, const char *device)
{
    char rule[300];
    if (!s->machine->distro.apparmor)
        return 0;
    snprintf(rule, sizeof(rule), "%s rw,", device);
    return setup_conf_line(s, APPARMOR, rule, rule, _("AppArmor lets QEMU open the device"));
}

/* QEMU opens the device by its command line, so libvirt does not label it; and the policy lets QEMU
 * map files of that type, not devices. */
static int allow_in_selinux(const struct setup *s, const char *device)
{
    static const char rule[] =
        "; Made by `espelho setup`; `espelho setup undo` takes it back.\n"
        "(allow svirt_t svirt_tmpfs_t (chr_file (getattr ioctl map open read write)))\n";
    static const char *const install[] = { "semodule", "-i", SELINUX_RULE, NULL };
    static const char *const undo[] = { "semodule", "-r", "espelho-kvmfr", NULL };
    bool added = false;
    if (!s->machine->distro.selinux)
        return 0;
    int err = plan_file(s->plan, SELINUX_RULE, 0644, rule,
                        _("SELinux: QEMU may map a device of this type"));
    if (err == 0 && plan_touches(s->plan, SELINUX_RULE))
        err = plan_command(s->plan, install, undo, _("SELinux takes the rule in"));
    if (err == 0)
        err = setup_selinux_type(s, device, "svirt_tmpfs_t", &added);
    const char *const relabel[] = { "restorecon", device, NULL };
    if (err == 0 && added && root_exists(s->root, device))
        err = plan_command(s->plan, relabel, relabel, _("and the device that is there gets it"));
    return err;
}

static int load_now(const struct setup *s, uint32_t mib)
{
    uint64_t bytes = 0;
    if (!root_exists(s->root, "/sys/module/kvmfr")) {
        const char *const argv[] = { "modprobe", "kvmfr", NULL };
        return plan_command(s->plan, argv, NULL, _("The module is loaded now"));
    }
    if (root_read_number(s->root, "/sys/class/kvmfr/kvmfr0/size", &bytes) == 0 &&
        bytes >= (uint64_t)mib << 20)
        return 0;
    return plan_note(s->plan, _("The module is loaded with another size: shut the VM down, close "
                                "the viewer, then: sudo rmmod kvmfr && sudo modprobe kvmfr"));
}

int setup_vm_kvmfr(const struct setup *s, const struct memory_result *memory)
{
    if (memory->mib >= 2048)
        return plan_fail(s->plan, -EINVAL,
                         _("A device of the kvmfr module is smaller than 2048 "
                           "MiB; this mode needs %" PRIu32 "."),
                         memory->mib);
    int err = set_size(s, memory->mib);
    if (err == 0)
        err = load(s);
    if (err == 0)
        err = allow_in_libvirt(s, memory->name);
    if (err == 0)
        err = allow_in_apparmor(s, memory->name);
    if (err == 0)
        err = allow_in_selinux(s, memory->name);
    if (err == 0 && plan_touches(s->plan, PLACE_KVMFR_RULE)) {
        const char *const argv[] = { "udevadm", "control", "--reload", NULL };
        err = plan_command(s->plan, argv, argv, _("udev reads the new rule"));
    }
    if (err == 0)
        err = load_now(s, memory->mib);
    if (err == 0 && plan_touches(s->plan, QEMU_CONF))
        err = setup_restart_libvirt(s);
    return err;
}
