/* SPDX-License-Identifier: GPL-2.0-or-later
 * What else than owner and mode keeps QEMU from its shared memory: SELinux, AppArmor, libvirt's
 * list of devices. And who has the memory open. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "doctor/memory_check.h"
#include "doctor/wording.h"

#define QEMU_CONF "/etc/libvirt/qemu.conf"

bool memory_is_confined(const struct vm *vm)
{
    return !vm->is_process && !strstr(vm->source, "session");
}

/* ---- SELinux ---- */

static bool is_good_label(const char *label)
{
    return strstr(label, ":svirt_tmpfs_t:") || strstr(label, ":svirt_image_t:") ||
           strstr(label, ":virt_tmpfs_t:");
}

/* The paths of SELinux' rules are regular expressions. */
static void pattern_of(const char *path, char pattern[2 * VM_PATH])
{
    for (; *path; path++) {
        if (*path == '.')
            *pattern++ = '\\';
        *pattern++ = *path;
    }
    *pattern = '\0';
}

/* The place has a lasting label of the administrator's. */
static bool is_in_policy(struct root *root, const char *path)
{
    char pattern[2 * VM_PATH];
    autofree char *text = NULL;
    pattern_of(path, pattern);
    return root_read(root, "/etc/selinux/targeted/contexts/files/file_contexts.local", &text,
                     NULL) == 0 &&
           strstr(text, pattern) && strstr(text, ":svirt_");
}

/* The type that QEMU may use there: memory, or the socket of a server. */
static const char *wanted_type(const struct vm_shmem *shmem)
{
    return shmem->model == VM_SHMEM_DOORBELL ? "svirt_image_t" : "svirt_tmpfs_t";
}

/* What QEMU and a server say to each other is for the policy, and differs from one to the next. */
static char *selinux_fix(const struct vm_shmem *shmem, const char *path)
{
    char pattern[2 * VM_PATH];
    pattern_of(path, pattern);
    autofree char *lines = wording("sudo semanage fcontext -a -t %s '%s'\nsudo restorecon -v '%s'",
                                   wanted_type(shmem), pattern, path);
    if (lines && shmem->model == VM_SHMEM_DOORBELL)
        return wording(_("%s\nIf the VM does not start even so: sudo ausearch -m avc -c "
                         "qemu-system-x86 --raw | audit2allow -M espelho-doorbell\n"
                         "sudo semodule -i espelho-doorbell.pp"),
                       lines);
    if (!lines || !memory_is_kvmfr(path))
        return steal_ptr(&lines);
    return wording("echo '(allow svirt_t svirt_tmpfs_t (chr_file (getattr ioctl map open read "
                   "write)))' > espelho-kvmfr.cil\nsudo semodule -i espelho-kvmfr.cil\n%s",
                   lines);
}

static void judge_label(const struct doctor_facts *facts, const struct vm_shmem *shmem,
                        const char *path, const char *label, struct findings *out)
{
    autofree char *fix = selinux_fix(shmem, path);
    if (is_good_label(label))
        finding_addf(out, VERDICT_OK, path, NULL, _("SELinux lets QEMU in (%s)."), label);
    else
        finding_addf(out, facts->vm->running ? VERDICT_FAILURE : VERDICT_WARNING, path, fix,
                     _("SELinux keeps QEMU from it: its label is %s, and should be of the type "
                       "%s."),
                     label, wanted_type(shmem));
}

void memory_selinux(const struct doctor_facts *facts, struct findings *out)
{
    char path[VM_PATH];
    const struct vm_shmem *const shmem = memory_shmem(facts, path);
    if (!facts->machine->distro.selinux || !shmem || !memory_is_confined(facts->vm))
        return;
    const char *const argv[] = { "stat", "-c", "%C", path, NULL };
    autofree char *label = NULL;
    int status = 1;
    if (root_command(facts->root, argv, &label, &status) == 0 && status == 0) {
        label[strcspn(label, " \n")] = '\0';
        judge_label(facts, shmem, path, label, out);
    } else if (root_exists(facts->root, path))
        finding_add(out, VERDICT_SKIPPED, path, _("The label could not be read."), NULL);
    else if (is_in_policy(facts->root, path))
        finding_add(out, VERDICT_OK, path, _("SELinux has a rule for it."), NULL);
}

/* ---- AppArmor ---- */

/* A line such as "  /dev/kvmfr0 rw," or "/dev/kvmfr* rw,". */
static bool names_path(const char *text, const char *path)
{
    char pattern[VM_PATH];
    snprintf(pattern, sizeof(pattern), "%s", path);
    if (strstr(text, pattern))
        return true;
    for (size_t len = strlen(pattern); len && isdigit((unsigned char)pattern[len - 1]); len--)
        pattern[len - 1] = '\0';
    const char *const at = strstr(text, pattern);
    return at && (at[strlen(pattern)] == '*' || at[strlen(pattern)] == '[');
}

void memory_apparmor(const struct doctor_facts *facts, struct findings *out)
{
    static const char *const files[] = { "/etc/apparmor.d/local/abstractions/libvirt-qemu",
                                         "/etc/apparmor.d/abstractions/libvirt-qemu" };
    char path[VM_PATH];
    const struct vm_shmem *const shmem = memory_shmem(facts, path);
    if (!facts->machine->distro.apparmor || !shmem || !root_exists(facts->root, files[1]) ||
        !memory_is_confined(facts->vm))
        return;
    if (!shmem->from_qemu_commandline) {
        finding_add(out, VERDICT_OK, path, _("libvirt writes AppArmor's rule for it by itself."),
                    NULL);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        autofree char *text = NULL;
        if (root_read(facts->root, files[i], &text, NULL) < 0 || !names_path(text, path))
            continue;
        finding_addf(out, VERDICT_OK, path, NULL, _("AppArmor has a rule for it in %s."), files[i]);
        return;
    }
    autofree char *fix = wording("sudo mkdir -p /etc/apparmor.d/local/abstractions\n"
                                 "echo '%s rw,' | sudo tee -a %s\nsudo systemctl reload apparmor",
                                 path, files[0]);
    finding_add(out, VERDICT_FAILURE, path,
                _("AppArmor keeps QEMU from it: no rule names it, and libvirt makes none for "
                  "what stands in <qemu:commandline>."),
                fix);
}

/* ---- cgroup_device_acl ---- */

/* The list in brackets behind the setting, without comments. False: not set. */
static bool acl_names(const char *text, const char *path, bool *names)
{
    static const char key[] = "cgroup_device_acl";
    autofree char *quoted = wording("\"%s\"", path);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += strspn(line, " \t\n");
        if (strncmp(line, key, strlen(key)) != 0)
            continue;
        const char *const end = strchr(line, ']'), *const at = quoted ? strstr(line, quoted) : NULL;
        *names = at && (!end || at < end);
        return true;
    }
    return false;
}

/* `is_set`: the list is there, and lacks it. Of two lists libvirt takes the first. */
static char *acl_fix(const char *path, bool is_set)
{
    static const char restart[] = "sudo systemctl try-restart libvirtd virtqemud";
    if (is_set)
        return wording("sudo sed -i '/^ *cgroup_device_acl/s|\\[|[ \"%s\",|' " QEMU_CONF "\n%s",
                       path, restart);
    return wording("echo 'cgroup_device_acl = [ \"/dev/null\", \"/dev/full\", \"/dev/zero\", "
                   "\"/dev/random\", \"/dev/urandom\", \"/dev/ptmx\", \"/dev/kvm\", "
                   "\"/dev/userfaultfd\", \"%s\" ]' | sudo tee -a " QEMU_CONF "\n%s",
                   path, restart);
}

void memory_cgroup(const struct doctor_facts *facts, struct findings *out)
{
    static const char file[] = QEMU_CONF;
    char path[VM_PATH];
    autofree char *text = NULL;
    bool named = false;
    if (!memory_shmem(facts, path) || !memory_is_kvmfr(path) || !memory_is_confined(facts->vm))
        return;
    const int err = root_read(facts->root, file, &text, NULL);
    const bool is_set = err == 0 && acl_names(text, path, &named);
    autofree char *fix = acl_fix(path, is_set);
    if (err == -EACCES)
        finding_addf(out, VERDICT_SKIPPED, file,
                     _("sudo grep -A 8 '^cgroup_device_acl' /etc/libvirt/qemu.conf"),
                     _("Only root can read it. It must name %s."), path);
    else if (!is_set || !named)
        finding_addf(out, VERDICT_FAILURE, file, fix,
                     _("libvirt keeps the VM from %s: it is not in cgroup_device_acl."), path);
    else
        finding_addf(out, VERDICT_OK, file, NULL, _("libvirt lets the VM use %s."), path);
}

/* ---- who has it open ---- */

/* "1234 (qemu-system-x86), 2000 (espelho)": `pids` is what fuser printed. Heap text or NULL. */
static char *names_of(struct root *root, char *pids)
{
    char *rest = NULL, *all = NULL;
    int count = 0;
    for (char *word = strtok_r(pids, " \t\n", &rest); word && count < 32;
         word = strtok_r(NULL, " \t\n", &rest), count++) {
        char path[64], name[64] = "?";
        word[strspn(word, "0123456789")] = '\0'; /* fuser adds letters: 1234m is mapped */
        snprintf(path, sizeof(path), "/proc/%.16s/comm", word);
        if (root_read_line(root, path, name, sizeof(name)) < 0)
            snprintf(name, sizeof(name), "?");
        autofree char *before = all;
        all = wording("%s%s%s (%s)", before ? before : "", before ? ", " : "", word, name);
    }
    return all;
}

void memory_users(const struct doctor_facts *facts, struct findings *out)
{
    char path[VM_PATH];
    const struct vm_shmem *const shmem = memory_shmem(facts, path);
    if (!shmem || shmem->model != VM_SHMEM_PLAIN || !root_exists(facts->root, path))
        return;
    const char *const argv[] = { "fuser", path, NULL };
    autofree char *pids = NULL, *fix = fix_install(facts->machine, "psmisc");
    autofree char *as_root = wording("sudo fuser -v '%s'", path);
    int status;
    if (root_command(facts->root, argv, &pids, &status) < 0) {
        finding_add(out, VERDICT_SKIPPED, path, _("The program 'fuser' is not installed."), fix);
        return;
    }
    autofree char *names = names_of(facts->root, pids);
    if (names)
        finding_addf(out, VERDICT_OK, path, NULL, _("Opened by: %s."), names);
    else if (facts->machine->user.uid == 0)
        finding_add(out, VERDICT_OK, path, _("Nobody has it open."), NULL);
    else
        finding_add(out, VERDICT_SKIPPED, path,
                    _("None of your programs has it open; those of others are seen by root only."),
                    as_root);
}
