/* SPDX-License-Identifier: GPL-2.0-or-later
 * The kernel module kvmfr, udmabuf, and the ivshmem server: only what the VM uses is judged. */
#include "doctor/check.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/units.h"
#include "doctor/access.h"
#include "doctor/memory_check.h"
#include "doctor/wording.h"
#include "machine/places.h"

/* The VM's memory if it is /dev/kvmfrN. */
static const struct vm_shmem *kvmfr_of(const struct doctor_facts *facts, char path[VM_PATH])
{
    const struct vm_shmem *const shmem = memory_shmem(facts, path);
    return shmem && memory_is_kvmfr(path) ? shmem : NULL;
}

static bool is_loaded(const struct doctor_facts *facts)
{
    return root_exists(facts->root, "/sys/module/kvmfr");
}

/* ---- built ---- */

static bool is_built_in(const struct doctor_facts *facts, const char *release)
{
    static const char *const folders[] = { "updates/dkms", "updates", "extra",
                                           "extramodules", "misc",    "kernel/drivers/misc" };
    static const char *const ends[] = { "", ".xz", ".zst", ".gz" };
    char path[256];
    for (size_t i = 0; i < ARRAY_LEN(folders); i++)
        for (size_t k = 0; k < ARRAY_LEN(ends); k++) {
            snprintf(path, sizeof(path), "/lib/modules/%.100s/%s/kvmfr.ko%s", release, folders[i],
                     ends[k]);
            if (root_exists(facts->root, path))
                return true;
        }
    return false;
}

/* Another kernel that it was built for, or "". */
static void find_other(const struct doctor_facts *facts, char *release, size_t cap)
{
    autofree struct root_names *names = NULL;
    release[0] = '\0';
    if (root_list(facts->root, "/lib/modules", &names) < 0)
        return;
    for (size_t i = 0; i < names->count; i++)
        if (is_built_in(facts, names->name[i]))
            snprintf(release, cap, "%s", names->name[i]);
}

static bool has_headers(const struct doctor_facts *facts)
{
    char path[192];
    snprintf(path, sizeof(path), "/lib/modules/%s/build/Makefile", facts->machine->kernel_release);
    return root_exists(facts->root, path);
}

/* Sources below /usr/src/kvmfr-VERSION: DKMS builds from them. */
static bool has_sources(const struct doctor_facts *facts, char version[64])
{
    autofree struct root_names *names = NULL;
    if (root_list(facts->root, "/usr/src", &names) < 0)
        return false;
    for (size_t i = 0; i < names->count; i++)
        if (sscanf(names->name[i], "kvmfr-%63s", version) == 1)
            return true;
    return false;
}

static char *build_fix(const struct doctor_facts *facts)
{
    char version[64] = "VERSION";
    autofree char *dkms = fix_install(facts->machine, "dkms");
    autofree char *headers =
        has_headers(facts) ? NULL : fix_install(facts->machine, "kernel-headers");
    autofree char *name = facts->vm ? wording_name(facts->vm) : NULL;
    if (!has_sources(facts, version))
        return wording(_("Install the package espelho-dkms, or use plain shared memory instead "
                         "of /dev/kvmfr0:\n  espelho setup vm --domain %s --backend plain"),
                       name ? name : "NAME");
    return wording("%s\n%s%ssudo dkms install kvmfr/%s", dkms ? dkms : "", headers ? headers : "",
                   headers ? "\n" : "", version);
}

static void check_built(const struct doctor_facts *facts, struct findings *out)
{
    char path[VM_PATH], other[128];
    if (!kvmfr_of(facts, path) || !facts->machine->kernel_release[0])
        return;
    const char *const release = facts->machine->kernel_release;
    if (is_built_in(facts, release) || is_loaded(facts)) {
        finding_addf(out, VERDICT_OK, NULL, NULL, _("The module is built for this kernel (%s)."),
                     release);
        return;
    }
    find_other(facts, other, sizeof(other));
    autofree char *fix = build_fix(facts);
    if (other[0])
        finding_addf(out, VERDICT_FAILURE, NULL, fix,
                     _("The module is built for the kernel %s, but %s runs."), other, release);
    else
        finding_add(out, VERDICT_FAILURE, NULL, _("The module is not installed."), fix);
}

/* ---- loaded ---- */

static void check_module(const struct doctor_facts *facts, struct findings *out)
{
    char path[VM_PATH];
    if (!kvmfr_of(facts, path))
        return;
    if (is_loaded(facts))
        finding_add(out, VERDICT_OK, NULL, _("The module is loaded."), NULL);
    else if (is_built_in(facts, facts->machine->kernel_release))
        finding_add(out, VERDICT_FAILURE, NULL, _("The module is not loaded."),
                    _("Now: sudo modprobe kvmfr\n"
                      "At each start: echo kvmfr | sudo tee /etc/modules-load.d/kvmfr.conf"));
}

/* ---- Secure Boot ---- */

enum { VARIABLE_BYTES = 5 }; /* four of attributes, then the value */

static bool variable_is_on(struct root *root)
{
    static const char path[] =
        "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";
    autofree char *bytes = NULL;
    size_t len_bytes = 0;
    return root_read(root, path, &bytes, &len_bytes) == 0 && len_bytes >= VARIABLE_BYTES &&
           bytes[VARIABLE_BYTES - 1] == 1;
}

/* mokutil first: what it prints is kept in a saved tree, the firmware's bytes are not. */
static bool secure_boot_is_on(const struct doctor_facts *facts)
{
    static const char *const argv[] = { "mokutil", "--sb-state", NULL };
    autofree char *text = NULL;
    int status;
    if (root_command(facts->root, argv, &text, &status) == 0 && status == 0)
        return strstr(text, "SecureBoot enabled") != NULL;
    return variable_is_on(facts->root);
}

static void check_secure_boot(const struct doctor_facts *facts, struct findings *out)
{
    static const char *const argv[] = { "mokutil", "--test-key", "/var/lib/dkms/mok.pub", NULL };
    char path[VM_PATH];
    autofree char *text = NULL;
    int status;
    if (!kvmfr_of(facts, path) || !secure_boot_is_on(facts))
        return;
    const bool known = root_command(facts->root, argv, &text, &status) == 0;
    if (is_loaded(facts) || (known && strstr(text, "already enrolled")))
        finding_add(out, VERDICT_OK, NULL, _("Secure Boot is on and accepts the module."), NULL);
    else
        finding_add(out, VERDICT_FAILURE, NULL,
                    _("Secure Boot is on, and the key that signs the module is not known to the "
                      "firmware: it cannot be loaded."),
                    _("sudo mokutil --import /var/lib/dkms/mok.pub\nChoose a password, restart, "
                      "take \"Enroll MOK\" in the blue screen, and type that password."));
}

/* ---- its parameters, and the device that comes of them ---- */

/* Is there a line with `words` that is no comment? */
static bool has_line(const char *text, const char *words)
{
    for (const char *at = strstr(text, words); at; at = strstr(at + 1, words)) {
        const char *line = at;
        while (line > text && line[-1] != '\n')
            line--;
        if (line[strspn(line, " \t")] != '#')
            return true;
    }
    return false;
}

/* Does a file in one of the folders, named like `pattern`, have such a line? */
static bool is_configured(const struct doctor_facts *facts, const char *const folders[],
                          const char *pattern, const char *words)
{
    for (size_t i = 0; folders[i]; i++) {
        autofree struct root_names *names = NULL;
        if (root_list(facts->root, folders[i], &names) < 0)
            continue;
        for (size_t k = 0; k < names->count; k++) {
            autofree char *path = wording("%s/%s", folders[i], names->name[k]), *text = NULL;
            if (path && fnmatch(pattern, names->name[k], 0) == 0 &&
                root_read(facts->root, path, &text, NULL) == 0 && has_line(text, words))
                return true;
        }
    }
    return false;
}

static bool has_options(const struct doctor_facts *facts)
{
    static const char *const folders[] = { "/etc/modprobe.d", "/usr/lib/modprobe.d", NULL };
    return is_configured(facts, folders, "*.conf", "options kvmfr ");
}

static bool loads_at_start(const struct doctor_facts *facts)
{
    static const char *const folders[] = { "/etc/modules-load.d", "/usr/lib/modules-load.d", NULL };
    return is_configured(facts, folders, "*.conf", "kvmfr");
}

static char *parameter_fix(const struct vm_shmem *shmem)
{
    const uint64_t mib = shmem->len_bytes ? shmem->len_bytes / MIB : 64;
    return wording(_("Shut the VM down, then:\n"
                     "  echo 'options kvmfr static_size_mb=%ju' | sudo tee %s\n"
                     "  echo kvmfr | sudo tee %s\n"
                     "  sudo modprobe -r kvmfr; sudo modprobe kvmfr"),
                   mib, PLACE_KVMFR_MODPROBE, PLACE_KVMFR_LOAD);
}

static void judge_size(const struct doctor_facts *facts, const struct vm_shmem *shmem,
                       const char *path, struct findings *out)
{
    char attribute[VM_PATH + 32];
    uint64_t bytes;
    autofree char *fix = parameter_fix(shmem);
    snprintf(attribute, sizeof(attribute), "/sys/class/kvmfr/%s/size", path + strlen("/dev/"));
    if (root_read_number(facts->root, attribute, &bytes) == 0 && shmem->len_bytes &&
        bytes != shmem->len_bytes)
        finding_addf(out, VERDICT_FAILURE, path, fix,
                     _("The device has %ju MiB, the VM's definition says %ju."), bytes / MIB,
                     shmem->len_bytes / MIB);
    else if (!has_options(facts) || !loads_at_start(facts))
        finding_add(out, VERDICT_WARNING, path,
                    _("The device is there now, but nothing makes it again at the next start."),
                    fix);
    else
        finding_add(out, VERDICT_OK, path, _("The device is there, and is made at each start."),
                    NULL);
}

static void check_device(const struct doctor_facts *facts, struct findings *out)
{
    char path[VM_PATH];
    const struct vm_shmem *const shmem = kvmfr_of(facts, path);
    if (!shmem || !is_loaded(facts))
        return;
    autofree char *fix = parameter_fix(shmem);
    if (root_exists(facts->root, path))
        judge_size(facts, shmem, path, out);
    else
        finding_add(out, VERDICT_FAILURE, path,
                    _("The module is loaded, but this device is not there: no size was given."),
                    fix);
}

/* ---- udev ---- */

static bool has_rule(const struct doctor_facts *facts)
{
    static const char *const folders[] = { "/etc/udev/rules.d", "/run/udev/rules.d",
                                           "/usr/lib/udev/rules.d", "/lib/udev/rules.d", NULL };
    return is_configured(facts, folders, "*.rules", "kvmfr");
}

static char *rule_fix(const struct doctor_facts *facts)
{
    return wording("echo 'SUBSYSTEM==\"kvmfr\", OWNER=\"%s\", GROUP=\"kvm\", MODE=\"0660\"' | "
                   "sudo tee " PLACE_KVMFR_RULE "\n"
                   "sudo udevadm control --reload\nsudo udevadm trigger -s kvmfr",
                   facts->machine->user.name);
}

static void check_rule(const struct doctor_facts *facts, struct findings *out)
{
    char path[VM_PATH];
    struct access node;
    if (!kvmfr_of(facts, path))
        return;
    access_look(facts, path, &node);
    autofree char *fix = rule_fix(facts);
    if (node.err < 0)
        return;
    if (!node.user_may)
        finding_addf(out, VERDICT_FAILURE, path, fix,
                     _("You may not open it: it belongs to %s, group %s, mode %04o."), node.owner,
                     node.group, (unsigned int)node.stat.mode & 07777U);
    else if (!has_rule(facts))
        finding_add(out, VERDICT_WARNING, path,
                    _("No udev rule names it: after the next start it belongs to root alone."),
                    fix);
    else
        finding_addf(out, VERDICT_OK, path, NULL, _("You may open it (group %s, mode %04o)."),
                     node.group, (unsigned int)node.stat.mode & 07777U);
}

/* ---- udmabuf: the memory of an ivshmem server, shown to the GPU without a copy ---- */

static const struct vm_shmem *server_of(const struct doctor_facts *facts, char path[VM_PATH])
{
    const struct vm_shmem *const shmem = memory_shmem(facts, path);
    return shmem && shmem->model == VM_SHMEM_DOORBELL ? shmem : NULL;
}

static void check_limit(const struct doctor_facts *facts, const char *socket, struct findings *out)
{
    static const char limit[] = "/sys/module/udmabuf/parameters/size_limit_mb";
    const uint64_t needed = memory_server_bytes(facts, socket) / MIB;
    uint64_t mib;
    autofree char *fix =
        wording("echo 'options udmabuf size_limit_mb=%ju' | sudo tee /etc/modprobe.d/udmabuf.conf\n"
                "echo %ju | sudo tee %s",
                needed, needed, limit);
    if (root_read_number(facts->root, limit, &mib) < 0 || mib >= needed)
        finding_add(out, VERDICT_OK, "/dev/udmabuf", _("udmabuf is there, and you may use it."),
                    NULL);
    else
        finding_addf(out, VERDICT_WARNING, "/dev/udmabuf", fix,
                     _("udmabuf is limited to %ju MiB, the shared memory has %ju."), mib, needed);
}

static void check_udmabuf(const struct doctor_facts *facts, struct findings *out)
{
    char path[VM_PATH];
    struct access node;
    if (!server_of(facts, path))
        return;
    access_look(facts, "/dev/udmabuf", &node);
    autofree char *join = wording(_("sudo usermod -aG kvm %s\nThen log out and in again. If the "
                                    "group is not kvm:\necho 'KERNEL==\"udmabuf\", GROUP=\"kvm\", "
                                    "MODE=\"0660\"' | sudo tee /etc/udev/rules.d/70-udmabuf.rules\n"
                                    "sudo udevadm control --reload\nsudo udevadm trigger"),
                                  facts->machine->user.name);
    if (node.err < 0)
        finding_add(out, VERDICT_WARNING, "/dev/udmabuf",
                    _("udmabuf is not there: each picture is copied once more than needed."),
                    "sudo modprobe udmabuf\n"
                    "echo udmabuf | sudo tee /etc/modules-load.d/udmabuf.conf");
    else if (!node.user_may)
        finding_addf(out, VERDICT_WARNING, "/dev/udmabuf", join,
                     _("You may not use udmabuf (group %s, mode %04o): each picture is copied once "
                       "more than needed."),
                     node.group, (unsigned int)node.stat.mode & 07777U);
    else
        check_limit(facts, path, out);
}

/* ---- the server ---- */

static void tell_no_server(const struct doctor_facts *facts, const char *path, struct findings *out)
{
    char name[VM_TEXT];
    autofree char *fix =
        memory_server_name(path, name)
            ? wording("sudo systemctl enable --now 'espelho-shm@%s.socket'", name)
            : wording(_("Start it before the VM: espelho shm-server --mode=WIDTHxHEIGHT '%s'"),
                      path);
    finding_add(out, facts->vm->running ? VERDICT_FAILURE : VERDICT_WARNING, path,
                _("The socket of the ivshmem server is not there: the VM does not start without."),
                fix);
}

static void check_server(const struct doctor_facts *facts, struct findings *out)
{
    char path[VM_PATH];
    struct access socket;
    if (!server_of(facts, path))
        return;
    access_look(facts, path, &socket);
    autofree char *fix = wording(_("sudo usermod -aG %s %s\nThen log out and in again."),
                                 socket.group, facts->machine->user.name);
    if (socket.err == -EACCES)
        finding_add(out, VERDICT_SKIPPED, path, _("Only root can see this socket."), NULL);
    else if (socket.err < 0)
        tell_no_server(facts, path, out);
    else if (!S_ISSOCK(socket.stat.mode))
        finding_add(out, VERDICT_FAILURE, path, _("This is no socket."),
                    _("Name the server's socket in <server path='...'/> of the VM's definition."));
    else if (!socket.user_may)
        finding_addf(out, VERDICT_FAILURE, path, fix,
                     _("You may not connect to the ivshmem server (group %s, mode %04o)."),
                     socket.group, (unsigned int)socket.stat.mode & 07777U);
    else
        finding_add(out, VERDICT_OK, path, _("The ivshmem server's socket is there."), NULL);
}

static const struct check checks[] = {
    { "kvmfr.built", CHECK_KVMFR, N_("Module kvmfr for this kernel"),
      N_("Each update of the kernel needs the module built again."), check_built },
    { "kvmfr.secure_boot", CHECK_KVMFR, N_("Secure Boot"),
      N_("With Secure Boot the kernel loads signed modules only."), check_secure_boot },
    { "kvmfr.module", CHECK_KVMFR, N_("Module kvmfr"),
      N_("The module makes the device that this VM shares its pictures by."), check_module },
    { "kvmfr.device", CHECK_KVMFR, N_("Device of the module"),
      N_("The module makes a device only if it is told its size."), check_device },
    { "kvmfr.rule", CHECK_KVMFR, N_("Who may open the device"),
      N_("udev decides who may open it, anew at each start."), check_rule },
    { "kvmfr.udmabuf", CHECK_KVMFR, N_("udmabuf"),
      N_("Through udmabuf the graphics card reads the guest's picture without a copy."),
      check_udmabuf },
    { "kvmfr.server", CHECK_KVMFR, N_("ivshmem server"),
      N_("The server holds the memory and the bells that guest and window ring."), check_server },
};
const struct check_table check_kvmfr_table = { checks, ARRAY_LEN(checks) };
