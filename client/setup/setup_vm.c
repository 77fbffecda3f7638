/* SPDX-License-Identifier: GPL-2.0-or-later
 * `espelho setup vm`: the domain's XML, and the files that let QEMU and the viewer at the memory.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "machine/places.h"
#include "setup/conf_lines.h"
#include "setup/setup_private.h"
#include "text/text.h"

#define TMPFILES   "/etc/tmpfiles.d/espelho.conf"
#define MODPROBE   PLACE_KVMFR_MODPROBE
#define UDEV_RULE  PLACE_KVMFR_RULE
#define QEMU_CONF  "/etc/libvirt/qemu.conf"
#define APPARMOR   "/etc/apparmor.d/local/abstractions/libvirt-qemu"
#define FILE_TYPES "/etc/selinux/targeted/contexts/files/file_contexts.local"

static int command(const struct setup *s, const char *const argv[], const char *const undo[],
                   const char *why)
{
    return plan_command(s->plan, argv, undo, why);
}

/* ---- plain: a file in /dev/shm ---- */

static int plain_selinux(const struct setup *s, const char *path)
{
    autofree char *types = NULL;
    size_t len_bytes;
    if (!s->machine->distro.selinux)
        return 0;
    int err = setup_read(s, FILE_TYPES, &types);
    if (err < 0 || conf_line_find(types, path, &len_bytes))
        return err;
    const char *const add[] = { "semanage", "fcontext", "-a", "-t", "svirt_tmpfs_t", path, NULL };
    const char *const undo[] = { "semanage", "fcontext", "-d", path, NULL };
    return command(s, add, undo, _("SELinux: QEMU may use this file"));
}

/* A file of another size is in QEMU's way: it refuses one that is too small. */
static int plain_stale(const struct setup *s, const char *path, uint32_t mib, bool running)
{
    struct root_stat st;
    const int err = root_stat(s->root, path, &st);
    if (err < 0 || running || st.len_bytes == 0 || st.len_bytes >= (uint64_t)mib << 20)
        return 0;
    const char *const argv[] = { "rm", "-f", path, NULL };
    return command(s, argv, NULL, _("The file that is there is smaller; QEMU would refuse it"));
}

static int plain_files(const struct setup *s, const struct setup_domain *domain,
                       const struct memory_result *memory)
{
    char path[300], words[320], line[512], place[300];
    int err = setup_check_name(s, memory->name);
    if (err < 0)
        return err;
    snprintf(path, sizeof(path), "/dev/shm/%s", memory->name);
    snprintf(words, sizeof(words), "f %s", path);
    snprintf(line, sizeof(line), "f %s 0660 %s kvm -", path, s->user[0] ? s->user : "root");
    setup_conf_place(s, "/etc/tmpfiles.d", words, TMPFILES, place, sizeof(place));
    err = setup_conf_line(s, place, words, line,
                          _("The memory's file, made at each boot for you and for QEMU"));
    if (err == 0)
        err = plain_selinux(s, path);
    if (err == 0)
        err = plain_stale(s, path, memory->mib, domain->running);
    if (err < 0 || !plan_touches(s->plan, place))
        return err;
    const char *const create[] = { "systemd-tmpfiles", "--create", place, NULL };
    return command(s, create, NULL, _("The file is made now"));
}

/* ---- kvmfr: a device of our kernel module ---- */

static int kvmfr_size(const struct setup *s, uint32_t mib)
{
    char place[300], line[512];
    autofree char *text = NULL;
    size_t len_bytes = 0, value_bytes = 0;
    const char *value;
    setup_conf_place(s, "/etc/modprobe.d", "options kvmfr", MODPROBE, place, sizeof(place));
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

static int kvmfr_load(const struct setup *s)
{
    char place[300];
    setup_conf_place(s, "/etc/modules-load.d", "kvmfr", PLACE_KVMFR_LOAD, place, sizeof(place));
    int err = setup_conf_line(s, place, "kvmfr", "kvmfr", _("The module is loaded at boot"));
    if (err == 0 && !root_exists(s->root, "/usr/lib/udev/rules.d/70-kvmfr.rules") &&
        !root_exists(s->root, "/lib/udev/rules.d/70-kvmfr.rules"))
        err = plan_file(s->plan, UDEV_RULE, 0644,
                        "# Made by `espelho setup`; `espelho setup undo` takes it back.\n"
                        "SUBSYSTEM==\"kvmfr\", KERNEL==\"kvmfr[0-9]*\", GROUP=\"kvm\", "
                        "MODE=\"0660\", TAG+=\"uaccess\"\n",
                        _("The device is for QEMU (group kvm) and for who sits at this machine"));
    return err;
}

static int kvmfr_qemu_conf(const struct setup *s, const char *device)
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
    struct root_stat st;
    const mode_t mode = root_stat(s->root, QEMU_CONF, &st) == 0 ? st.mode & 07777 : 0600;
    return plan_file(s->plan, QEMU_CONF, mode, changed, _("libvirt lets QEMU open the device"));
}

static int kvmfr_apparmor(const struct setup *s, const char *device)
{
    char rule[300];
    if (!s->machine->distro.apparmor)
        return 0;
    snprintf(rule, sizeof(rule), "%s rw,", device);
    return setup_conf_line(s, APPARMOR, rule, rule, _("AppArmor lets QEMU open the device"));
}

static int kvmfr_now(const struct setup *s, uint32_t mib)
{
    uint64_t bytes = 0;
    if (!root_exists(s->root, "/sys/module/kvmfr")) {
        const char *const argv[] = { "modprobe", "kvmfr", NULL };
        return command(s, argv, NULL, _("The module is loaded now"));
    }
    if (root_read_number(s->root, "/sys/class/kvmfr/kvmfr0/size", &bytes) == 0 &&
        bytes >= (uint64_t)mib << 20)
        return 0;
    return plan_note(s->plan, _("The module is loaded with another size: shut the VM down, close "
                                "the viewer, then: sudo rmmod kvmfr && sudo modprobe kvmfr"));
}

static int kvmfr_files(const struct setup *s, const struct memory_result *memory)
{
    if (memory->mib >= 2048)
        return plan_fail(s->plan, -EINVAL,
                         _("A device of the kvmfr module is smaller than 2048 "
                           "MiB; this mode needs %" PRIu32 "."),
                         memory->mib);
    int err = kvmfr_size(s, memory->mib);
    if (err == 0)
        err = kvmfr_load(s);
    if (err == 0)
        err = kvmfr_qemu_conf(s, memory->name);
    if (err == 0)
        err = kvmfr_apparmor(s, memory->name);
    if (err == 0 && plan_touches(s->plan, UDEV_RULE)) {
        const char *const argv[] = { "udevadm", "control", "--reload", NULL };
        err = command(s, argv, argv, _("udev reads the new rule"));
    }
    if (err == 0)
        err = kvmfr_now(s, memory->mib);
    if (err == 0 && plan_touches(s->plan, QEMU_CONF))
        err = setup_restart_libvirt(s);
    if (err == 0 && s->machine->distro.selinux && !plan_is_empty(s->plan))
        err = plan_note(s->plan, _("SELinux may keep QEMU from the device. If the VM does not "
                                   "start: sudo ausearch -m avc -c qemu-system-x86 shows it, and "
                                   "the backend plain works without."));
    return err;
}

/* ---- doorbell: the memory of our server ---- */

static int doorbell_size(const struct setup *s, const char *conf, uint32_t mib)
{
    autofree char *text = NULL;
    char note[512], line[64];
    const int err = setup_read(s, conf, &text);
    if (err < 0)
        return err;
    for (const char *c = text; *c; c += strcspn(c, "\n"), c += *c == '\n') {
        unsigned long now;
        if (sscanf(c, " size = %lu", &now) == 1 || strncmp(c, "mode", 4) == 0) {
            snprintf(note, sizeof(note),
                     _("%s says how large the memory is, and is left alone; %" PRIu32
                       " MiB are needed."),
                     conf, mib);
            return strncmp(c, "size=", 5) == 0 && now >= mib ? 0 : plan_note(s->plan, note);
        }
    }
    snprintf(line, sizeof(line), "size=%" PRIu32 "M", mib);
    return setup_conf_line(s, conf, line, line, _("The memory that the server shares"));
}

static int doorbell_files(const struct setup *s, const struct setup_domain *domain,
                          const struct memory_result *memory)
{
    char conf[256], socket[128], unit[128], wanted[256];
    snprintf(socket, sizeof(socket), "/run/espelho/%.80s.sock", domain->name);
    if (strcmp(memory->name, socket) != 0) { /* a server of the user's own */
        char note[512];
        snprintf(note, sizeof(note),
                 _("The VM takes its memory from %.200s: start that server before the VM, with "
                   "%" PRIu32 " MiB."),
                 memory->name, memory->mib);
        return plan_note(s->plan, note);
    }
    snprintf(conf, sizeof(conf), "/etc/espelho/shm/%s.conf", domain->name);
    snprintf(unit, sizeof(unit), "espelho-shm@%s.socket", domain->name);
    snprintf(wanted, sizeof(wanted), "/etc/systemd/system/sockets.target.wants/%s", unit);
    int err = doorbell_size(s, conf, memory->mib);
    char target[512];
    if (err < 0 || root_link(s->root, wanted, target, sizeof(target)) == 0)
        return err;
    const char *const enable[] = { "systemctl", "enable", "--now", unit, NULL };
    const char *const disable[] = { "systemctl", "disable", "--now", unit, NULL };
    err = command(s, enable, disable, _("The server is started whenever somebody needs it"));
    if (err == 0 && s->user[0] && !machine_user_is_in(s->machine, "kvm"))
        err = plan_note(s->plan, _("Your user has to be in the group kvm: sudo usermod -aG kvm "
                                   "$USER, then log out and in."));
    return err;
}

/* ---- all ---- */

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
        return kvmfr_files(s, memory);
    case MEMORY_DOORBELL:
        return doorbell_files(s, domain, memory);
    default:
        return plain_files(s, domain, memory);
    }
}

int setup_vm(const struct setup *setup, const struct setup_domain *domain,
             const struct setup_vm_wish *wish)
{
    char socket[128];
    struct domain_edit *edit = NULL;
    struct memory_result result;
    int err = setup_domain_open(setup, domain, &edit);
    if (err < 0)
        return err;
    snprintf(socket, sizeof(socket), "/run/espelho/%.80s.sock", domain->name);
    const struct memory_wish memory = { .backend = wish->backend,
                                        .mib = wish->mib,
                                        .name = "looking-glass",
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
    domain_edit_close(edit);
    return err;
}
