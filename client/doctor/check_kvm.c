/* SPDX-License-Identifier: GPL-2.0-or-later
 * KVM, QEMU and libvirt: there, new enough, running, and open for this user. */
#include "doctor/check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "doctor/access.h"
#include "doctor/wording.h"

/* ---- /dev/kvm ---- */

static void tell_no_kvm(const struct doctor_facts *facts, struct findings *out)
{
    const struct machine_cpu *const cpu = &facts->machine->cpu;
    const char *const module = cpu->vendor == CPU_AMD ? "kvm_amd" : "kvm_intel";
    autofree char *load =
        wording(_("sudo modprobe %s\nIf that fails, see why: sudo dmesg | grep -i kvm"), module);
    if (cpu->svm_or_vmx)
        finding_add(out, VERDICT_FAILURE, "/dev/kvm", _("The KVM module is not loaded."), load);
    else if (cpu->hypervisor)
        finding_add(out, VERDICT_FAILURE, "/dev/kvm",
                    _("KVM is not there, because this Linux runs in a virtual machine itself."),
                    wording_bare_metal());
    else
        finding_addf(out, VERDICT_FAILURE, "/dev/kvm",
                     _("Switch it on in the firmware (BIOS setup) of the machine; it is under "
                       "Advanced, CPU configuration."),
                     _("KVM is not there, because virtualization (%s) is off."),
                     cpu->vendor == CPU_AMD ? "SVM" : "VT-x");
}

static void check_device(const struct doctor_facts *facts, struct findings *out)
{
    struct access kvm;
    access_look(facts, "/dev/kvm", &kvm);
    autofree char *fix = wording(_("sudo usermod -aG %s %s\nThen log out and in again."), kvm.group,
                                 facts->machine->user.name);
    if (kvm.err < 0)
        tell_no_kvm(facts, out);
    else if (kvm.user_may)
        finding_add(out, VERDICT_OK, "/dev/kvm", _("KVM is there, and you may use it."), NULL);
    else
        finding_addf(out, VERDICT_WARNING, "/dev/kvm", fix,
                     _("You may not use KVM; libvirt's own user may. (Group %s, mode %04o.)"),
                     kvm.group, (unsigned int)kvm.stat.mode & 07777U);
}

/* ---- groups ---- */

static bool group_exists(const char *groups_text, const char *group)
{
    const size_t len = strlen(group);
    for (const char *line = groups_text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, group, len) == 0 && line[len] == ':')
            return true;
    }
    return false;
}

/* Groups of an image's own are in /usr/lib/group, where usermod does not see them: those lines are
 * copied first. `groups`: /etc/group; `missing`: "libvirt,kvm". Heap text or NULL. */
static char *join_fix(const char *groups, const char *missing, const char *user)
{
    char names[64] = "", *rest = names, *text = NULL;
    size_t len_bytes = 0;
    FILE *const to = open_memstream(&text, &len_bytes);
    if (!to)
        return NULL;
    snprintf(names, sizeof(names), "%s", missing);
    for (const char *name; (name = strsep(&rest, ",")) != NULL;)
        if (name[0] && !group_exists(groups, name))
            fprintf(to, "grep '^%s:' /usr/lib/group | sudo tee -a /etc/group\n", name);
    fprintf(to, _("sudo usermod -aG %s %s\nThen log out and in again."), missing, user);
    return fclose(to) == 0 ? text : NULL;
}

static void check_groups(const struct doctor_facts *facts, struct findings *out)
{
    static const char *const wanted[] = { "libvirt", "kvm" };
    const struct machine_user *const user = &facts->machine->user;
    autofree char *text = NULL, *image = NULL;
    char missing[64] = "";
    if (user->uid == 0 || root_read(facts->root, "/etc/group", &text, NULL) < 0)
        return;
    if (root_read(facts->root, "/usr/lib/group", &image, NULL) < 0)
        image = NULL;
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        const size_t len = strlen(missing);
        if ((group_exists(text, wanted[i]) || (image && group_exists(image, wanted[i]))) &&
            !machine_user_is_in(facts->machine, wanted[i]))
            snprintf(missing + len, sizeof(missing) - len, "%s%s", len ? "," : "", wanted[i]);
    }
    autofree char *fix = join_fix(text, missing, user->name);
    if (missing[0])
        finding_addf(out, VERDICT_WARNING, NULL, fix,
                     _("You are not a member of: %s. libvirt asks for a password each time, or "
                       "refuses."),
                     missing);
    else
        finding_add(out, VERDICT_OK, NULL, _("You are in the groups that libvirt wants."), NULL);
}

/* ---- versions ---- */

struct version {
    unsigned int major, minor;
    char text[64];
};

/* The first "N.N" that a program prints. */
static int version_of(struct root *root, const char *program, struct version *out)
{
    const char *const argv[] = { program, "--version", NULL };
    autofree char *text = NULL;
    int status;
    const int err = root_command(root, argv, &text, &status);
    if (err < 0)
        return err;
    for (const char *p = text; *p; p++) {
        struct version v = { .major = 0 };
        int len = 0;
        if (*p < '0' || *p > '9' || sscanf(p, "%4u.%4u%n", &v.major, &v.minor, &len) != 2)
            continue;
        snprintf(v.text, sizeof(v.text), "%.*s", (int)strspn(p, "0123456789."), p);
        *out = v;
        return 0;
    }
    return -EPROTO;
}

struct wanted_program {
    const char *programs[3]; /* the first that answers counts */
    const char *name, *package;
    struct version least;
    const char *reason; /* N_() */
};

static void check_version(const struct doctor_facts *facts, const struct wanted_program *wanted,
                          struct findings *out)
{
    struct version v;
    int err = -ENOENT;
    for (size_t i = 0; i < ARRAY_LEN(wanted->programs) && wanted->programs[i] && err == -ENOENT;
         i++)
        err = version_of(facts->root, wanted->programs[i], &v);
    autofree char *fix = fix_install(facts->machine, wanted->package);
    const struct version *const least = &wanted->least;
    if (err == -ENOENT)
        finding_addf(out, VERDICT_FAILURE, NULL, fix, _("%s is not installed."), wanted->name);
    else if (err < 0)
        finding_addf(out, VERDICT_SKIPPED, NULL, NULL, _("%s does not tell its version."),
                     wanted->name);
    else if (v.major < least->major || (v.major == least->major && v.minor < least->minor))
        finding_addf(out, VERDICT_WARNING, NULL, _("Update the system to a newer release."),
                     _("%s has the version %s, older than %u.%u: %s."), wanted->name, v.text,
                     least->major, least->minor, _(wanted->reason));
    else
        finding_addf(out, VERDICT_OK, NULL, NULL, "%s %s", wanted->name, v.text);
}

static void check_qemu(const struct doctor_facts *facts, struct findings *out)
{
    static const struct wanted_program qemu = {
        { "qemu-system-x86_64", "/usr/libexec/qemu-kvm", "/usr/bin/kvm" },
        "QEMU",
        "qemu",
        { 6, 0, "" },
        N_("sound and memory sharing of the window are known to work from there on"),
    };
    check_version(facts, &qemu, out);
}

static void check_libvirt(const struct doctor_facts *facts, struct findings *out)
{
    static const struct wanted_program libvirt = {
        { "virsh" },
        "libvirt",
        "libvirt",
        { 7, 4, "" },
        N_("it does not know the input devices and sound settings that are advised here"),
    };
    check_version(facts, &libvirt, out);
}

/* ---- the daemon ---- */

/* One daemon for all, or one of each kind (Fedora, Arch). */
static const char *const sockets[] = { "/run/libvirt/virtqemud-sock", "/run/libvirt/libvirt-sock" };

static const char *daemon_socket(const struct doctor_facts *facts, struct access *out)
{
    for (size_t i = 0; i < ARRAY_LEN(sockets); i++) {
        access_look(facts, sockets[i], out);
        if (out->err == 0)
            return sockets[i];
    }
    return NULL;
}

static bool has_unit(const struct doctor_facts *facts, const char *unit)
{
    static const char *const folders[] = { "/usr/lib/systemd/system", "/lib/systemd/system",
                                           "/etc/systemd/system" };
    char path[128];
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        snprintf(path, sizeof(path), "%s/%s", folders[i], unit);
        if (root_exists(facts->root, path))
            return true;
    }
    return false;
}

static const char *start_fix(const struct doctor_facts *facts)
{
    if (has_unit(facts, "libvirtd.socket"))
        return "sudo systemctl enable --now libvirtd.socket";
    if (has_unit(facts, "virtqemud.socket"))
        return "for drv in qemu network nodedev storage secret; do\n"
               "  sudo systemctl enable --now virt${drv}d.socket\ndone";
    return "sudo systemctl enable --now libvirtd";
}

static void check_daemon(const struct doctor_facts *facts, struct findings *out)
{
    struct access socket;
    const char *const path = daemon_socket(facts, &socket);
    if (!path)
        finding_add(out, VERDICT_FAILURE, NULL, _("libvirt is not running."), start_fix(facts));
    else
        finding_add(out, VERDICT_OK, path, _("libvirt is running."), NULL);
}

/* ---- the default network ---- */

static bool wants_network(const struct vm *vm, const char *name)
{
    if (!vm)
        return true; /* a VM that is made later will want it */
    for (size_t i = 0; i < vm->network_count; i++)
        if (strcmp(vm->networks[i], name) == 0)
            return true;
    return false;
}

static bool says(const char *text, const char *key, const char *value)
{
    const char *const at = strstr(text, key);
    return at &&
           strncmp(at + strlen(key) + strspn(at + strlen(key), " \t"), value, strlen(value)) == 0;
}

static void check_network(const struct doctor_facts *facts, struct findings *out)
{
    static const char *const argv[] = { "virsh",    "--readonly", "--connect", "qemu:///system",
                                        "net-info", "default",    NULL };
    static const char define[] = "sudo virsh net-define /usr/share/libvirt/networks/default.xml\n"
                                 "sudo virsh net-autostart default\nsudo virsh net-start default";
    autofree char *text = NULL;
    int status;
    struct access socket;
    if (!wants_network(facts->vm, "default") || !daemon_socket(facts, &socket) ||
        root_command(facts->root, argv, &text, &status) < 0)
        return;
    if (status != 0 && !socket.user_may)
        finding_add(out, VERDICT_SKIPPED, NULL,
                    _("libvirt does not let you look: see the check of groups."), NULL);
    else if (status != 0)
        finding_add(out, VERDICT_WARNING, NULL, _("libvirt has no network called 'default'."),
                    define);
    else if (!says(text, "Active:", "yes"))
        finding_add(out, facts->vm ? VERDICT_FAILURE : VERDICT_WARNING, NULL,
                    _("The network 'default' is not started: a VM that uses it does not start."),
                    "sudo virsh net-autostart default\nsudo virsh net-start default");
    else if (!says(text, "Autostart:", "yes"))
        finding_add(out, VERDICT_WARNING, NULL,
                    _("The network 'default' does not start with the machine."),
                    "sudo virsh net-autostart default");
    else
        finding_add(out, VERDICT_OK, NULL, _("The network 'default' is up."), NULL);
}

static const struct check checks[] = {
    { "kvm.device", CHECK_KVM, N_("KVM"),
      N_("KVM lets the guest run at the processor's own speed."), check_device },
    { "kvm.groups", CHECK_KVM, N_("Your groups"),
      N_("Members of these groups manage VMs without being root."), check_groups },
    { "kvm.qemu", CHECK_KVM, N_("QEMU"), N_("QEMU is the program that runs the VM."), check_qemu },
    { "kvm.libvirt", CHECK_KVM, N_("libvirt"),
      N_("libvirt keeps the VM's definition and gives it its devices."), check_libvirt },
    { "kvm.daemon", CHECK_KVM, N_("libvirt's service"),
      N_("Without the service no VM starts and virt-manager cannot connect."), check_daemon },
    { "kvm.network", CHECK_KVM, N_("libvirt's network 'default'"),
      N_("Most VMs reach the internet through it."), check_network },
};
const struct check_table check_kvm_table = { checks, ARRAY_LEN(checks) };
