/* SPDX-License-Identifier: GPL-2.0-or-later
 * `espelho setup vm --backend doorbell`: the memory of our server (client/shm_server), one per VM,
 * started by its socket. AppArmor needs nothing: libvirt lets QEMU at the socket that <shmem>
 * names. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "kvmfr/frame.h"
#include "kvmfr/sizing.h"
#include "machine/qemu_user.h"
#include "vm/server_conf.h"
#include "setup/setup_private.h"

/* ---- the server's options ---- */

static uint64_t server_mib(const struct server_conf *size)
{
    if (size->size_line)
        return size->size_bytes >> 20;
    const struct frame_format_info *const format =
        frame_format_by_name(size->hdr ? "rgba16f" : "bgra");
    return kvmfr_region_mib_for_mode(size->width_px, size->height_px,
                                     kvmfr_sizing_bytes_per_pixel(format));
}

/* `line` in the place of the old size; the mode needs no change, since a size goes before it. */
static char *with_size(const char *text, const struct server_conf *size, const char *line)
{
    char *out = NULL;
    int n;
    if (size->size_line)
        n = asprintf(&out, "%.*s%s%s", (int)(size->size_line - text), text, line,
                     size->size_line + size->size_line_bytes);
    else
        n = asprintf(&out, "%s%s%s\n", text, text[0] && text[strlen(text) - 1] != '\n' ? "\n" : "",
                     line);
    return n < 0 ? NULL : out;
}

static int plan_options(const struct setup *s, const char *conf, uint32_t mib)
{
    static const char why[] = N_("The memory that the server shares");
    autofree char *text = NULL;
    char line[64], note[512];
    const int err = setup_read(s, conf, &text);
    if (err < 0)
        return err;
    snprintf(line, sizeof(line), "size=%" PRIu32 "M", mib);
    if (!root_exists(s->root, conf))
        return setup_conf_line(s, conf, line, line, _(why));
    const struct server_conf size = server_conf_read(text);
    if (!size.understood) {
        snprintf(note, sizeof(note),
                 _("%s says how large the memory is in a way that is not understood, and is left "
                   "alone; %" PRIu32 " MiB are needed."),
                 conf, mib);
        return plan_note(s->plan, note);
    }
    if (server_mib(&size) >= mib)
        return 0;
    autofree char *changed = with_size(text, &size, line);
    return changed ? plan_edit(s->plan, conf, changed, _(why)) : setup_no_memory(s);
}

/* ---- the server ---- */

/* One that runs has its memory already, and whoever is connected keeps it. */
static int restart_server(const struct setup *s, const struct setup_domain *domain)
{
    char unit[128];
    snprintf(unit, sizeof(unit), "espelho-shm@%.64s.service", domain->name);
    if (domain->running)
        return plan_note(s->plan, _("The memory has its new size after the VM was shut down and "
                                    "its server stopped: sudo systemctl stop 'espelho-shm@*'"));
    const char *const stop[] = { "systemctl", "stop", unit, NULL };
    return plan_command(s->plan, stop, stop,
                        _("The server is started anew, with that memory, when the VM starts"));
}

static int start_server(const struct setup *s, const char *unit)
{
    const char *const enable[] = { "systemctl", "enable", "--now", unit, NULL };
    const char *const disable[] = { "systemctl", "disable", "--now", unit, NULL };
    const int err = plan_command(s->plan, enable, disable,
                                 _("The server is started whenever somebody needs it"));
    if (err < 0 || !s->user[0] || setup_user_is_in(s, QEMU_USER_GROUP))
        return err;
    return plan_note(s->plan, _("Your user has to be in the group kvm: sudo usermod -aG kvm "
                                "$USER, then log out and in."));
}

/* The socket gets its type from the system's list; what QEMU and the server say to each other is
 * for the policy, and differs from one to the next. */
static int allow_in_selinux(const struct setup *s, const char *socket)
{
    bool added = false;
    const int err = setup_selinux_type(s, socket, "svirt_image_t", &added);
    if (err < 0 || !added)
        return err;
    return plan_note(s->plan, _("SELinux may keep QEMU from the server. If the VM does not start:\n"
                                "sudo ausearch -m avc -c qemu-system-x86 --raw | audit2allow -M "
                                "espelho-doorbell\n"
                                "sudo semodule -i espelho-doorbell.pp"));
}

static int foreign_server(const struct setup *s, const struct memory_result *memory)
{
    char note[512];
    snprintf(note, sizeof(note),
             _("The VM takes its memory from %.200s: start that server before the VM, with "
               "%" PRIu32 " MiB."),
             memory->name, memory->mib);
    return plan_note(s->plan, note);
}

int setup_vm_doorbell(const struct setup *s, const struct setup_domain *domain,
                      const struct memory_result *memory)
{
    char conf[256], socket[128], unit[128], wanted[256], target[512];
    snprintf(socket, sizeof(socket), "/run/espelho/%.80s.sock", domain->name);
    if (strcmp(memory->name, socket) != 0)
        return foreign_server(s, memory);
    int err = setup_check_name(s, domain->name);
    if (err < 0)
        return err;
    snprintf(conf, sizeof(conf), "/etc/espelho/shm/%s.conf", domain->name);
    snprintf(unit, sizeof(unit), "espelho-shm@%s.socket", domain->name);
    snprintf(wanted, sizeof(wanted), "/etc/systemd/system/sockets.target.wants/%s", unit);
    err = plan_options(s, conf, memory->mib);
    if (err == 0)
        err = allow_in_selinux(s, socket);
    if (err < 0)
        return err;
    if (root_link(s->root, wanted, target, sizeof(target)) != 0)
        return start_server(s, unit);
    return plan_touches(s->plan, conf) ? restart_server(s, domain) : 0;
}
