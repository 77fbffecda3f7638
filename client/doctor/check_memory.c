/* SPDX-License-Identifier: GPL-2.0-or-later
 * The file or device behind the VM's shared memory: there, of the right size, open for QEMU and
 * for this user, now and after the next start. */
#include "doctor/check.h"

#include <ctype.h>
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
#include "machine/qemu_user.h"

#define SHM "/dev/shm/"

const struct vm_shmem *memory_shmem(const struct doctor_facts *facts, char path[VM_PATH])
{
    const struct vm_shmem *const shmem = facts->vm ? vm_relay_shmem(facts->vm) : NULL;
    return shmem && vm_shmem_path(shmem, path) ? shmem : NULL;
}

bool memory_is_kvmfr(const char *path)
{
    return strncmp(path, "/dev/kvmfr", strlen("/dev/kvmfr")) == 0;
}

/* The VM's memory if it is a file; devices and sockets are looked at elsewhere. */
static const struct vm_shmem *file_of(const struct doctor_facts *facts, char path[VM_PATH])
{
    const struct vm_shmem *const shmem = memory_shmem(facts, path);
    return shmem && shmem->model == VM_SHMEM_PLAIN && !memory_is_kvmfr(path) ? shmem : NULL;
}

static char *tmpfiles_fix(const struct doctor_facts *facts, const char *path);

/* ---- there, and of which kind ---- */

static void check_file(const struct doctor_facts *facts, struct findings *out)
{
    char path[VM_PATH];
    if (!file_of(facts, path))
        return;
    struct access file;
    access_look(facts, path, &file);
    if (file.err == -ENOENT && facts->vm->running)
        finding_add(out, VERDICT_FAILURE, path,
                    _("The VM runs, but its shared memory is gone: somebody deleted the file."),
                    _("Shut the VM down and start it again."));
    else if (file.err == -ENOENT)
        finding_add(out, VERDICT_OK, path, _("The file is made when the VM starts."), NULL);
    else if (file.err < 0)
        finding_add(out, VERDICT_SKIPPED, path, _("Only root can see this file."), NULL);
    else if (!S_ISREG(file.stat.mode))
        finding_add(out, VERDICT_FAILURE, path, _("This is no file."),
                    _("Name another file in the VM's definition, or remove what is there."));
    else
        finding_add(out, VERDICT_OK, path, _("The file is there."), NULL);
}

/* ---- who may open it ---- */

static bool qemu_may(const struct doctor_facts *facts, const struct access *file)
{
    /* libvirt gives the file to QEMU's user when it makes it; else the group or all must do. */
    if (qemu_user_is(file->owner))
        return (file->stat.mode & 0600) == 0600;
    if (qemu_user_is_in(file->group))
        return file->group_may;
    /* qemu:///session, or a script: QEMU runs as this user. */
    return file->others_may || (!memory_is_confined(facts->vm) && file->user_may);
}

static void check_access(const struct doctor_facts *facts, struct findings *out)
{
    char path[VM_PATH];
    struct access file;
    if (!file_of(facts, path))
        return;
    access_look(facts, path, &file);
    if (file.err < 0)
        return;
    autofree char *fix = tmpfiles_fix(facts, path);
    const unsigned int mode = (unsigned int)file.stat.mode & 07777U;
    if (!file.user_may)
        finding_addf(out, VERDICT_FAILURE, path, fix,
                     _("You may not read and write the shared memory: it belongs to %s, group %s, "
                       "mode %04o."),
                     file.owner, file.group, mode);
    else if (!qemu_may(facts, &file))
        finding_addf(out, VERDICT_FAILURE, path, fix,
                     _("QEMU may not open the shared memory: it belongs to %s, group %s, mode "
                       "%04o."),
                     file.owner, file.group, mode);
    else if (mode & 02)
        finding_addf(out, VERDICT_WARNING, path, fix,
                     _("Every user and program of this machine can read and change the guest's "
                       "picture (mode %04o)."),
                     mode);
    else
        finding_addf(out, VERDICT_OK, path, NULL,
                     _("You and QEMU may open it (%s, group %s, mode %04o)."), file.owner,
                     file.group, mode);
}

/* ---- the size that is there ---- */

static void check_size(const struct doctor_facts *facts, struct findings *out)
{
    char path[VM_PATH];
    struct root_stat st;
    const struct vm_shmem *const shmem = file_of(facts, path);
    if (!shmem || root_stat(facts->root, path, &st) < 0 || !S_ISREG(st.mode) ||
        shmem->len_bytes == 0)
        return;
    autofree char *fix = wording(
        _("Shut the VM down, remove the file and start the VM again:\n  sudo rm '%s'"), path);
    if (st.len_bytes == shmem->len_bytes)
        finding_addf(out, VERDICT_OK, path, NULL, _("The file has the %ju MiB of the definition."),
                     st.len_bytes / MIB);
    else if (st.len_bytes == 0)
        finding_add(out, VERDICT_OK, path,
                    _("The file is empty: QEMU makes it as large as needed when the VM starts."),
                    NULL);
    else
        finding_addf(out, VERDICT_FAILURE, path, fix,
                     _("The file has %ju MiB, the VM's definition says %ju: it is left from an "
                       "earlier start."),
                     st.len_bytes / MIB, shmem->len_bytes / MIB);
}

/* ---- tmpfiles.d ---- */

/* One line "f PATH MODE USER GROUP": split at white space. */
struct tmpfiles_line {
    char file[160], type[16], path[VM_PATH], mode[16], user[64], group[64];
};

static bool find_line(char *text, const char *path, struct tmpfiles_line *out)
{
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        struct tmpfiles_line l = { .file = "" };
        if (sscanf(line, " %15s %511s %15s %63s %63s", l.type, l.path, l.mode, l.user, l.group) >=
                2 &&
            l.type[0] != '#' && strcmp(l.path, path) == 0) {
            *out = l;
            return true;
        }
    }
    return false;
}

/* Files of the same name in an earlier folder hide those of a later one; the first line counts. */
static bool find_tmpfiles(const struct doctor_facts *facts, const char *path,
                          struct tmpfiles_line *out)
{
    static const char *const folders[] = { "/etc/tmpfiles.d", "/run/tmpfiles.d",
                                           "/usr/lib/tmpfiles.d" };
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        autofree struct root_names *names = NULL;
        if (root_list(facts->root, folders[i], &names) < 0)
            continue;
        for (size_t k = 0; k < names->count; k++) {
            autofree char *text = NULL;
            char file[160];
            snprintf(file, sizeof(file), "%s/%.100s", folders[i], names->name[k]);
            if (fnmatch("*.conf", names->name[k], 0) != 0 ||
                root_read(facts->root, file, &text, NULL) < 0 || !find_line(text, path, out))
                continue;
            memcpy(out->file, file, sizeof(file));
            return true;
        }
    }
    return false;
}

static bool is_known_user(const struct doctor_facts *facts, const char *user)
{
    char *end;
    const unsigned long uid = strtoul(user, &end, 10);
    return strcmp(user, facts->machine->user.name) == 0 ||
           (*user && !*end && uid == facts->machine->user.uid);
}

static unsigned long mode_of(const struct tmpfiles_line *line)
{
    return strtoul(line->mode + strspn(line->mode, "~:"), NULL, 8);
}

/* The line lets this user in, or a group of this user's. */
static bool line_lets_in(const struct doctor_facts *facts, const struct tmpfiles_line *line)
{
    const unsigned long mode = mode_of(line);
    if (is_known_user(facts, line->user))
        return (mode & 0600) == 0600;
    return (machine_user_is_in(facts->machine, line->group) && (mode & 060) == 060) ||
           (mode & 06) == 06;
}

static bool line_lets_qemu_in(const struct tmpfiles_line *line)
{
    const unsigned long mode = mode_of(line);
    return (qemu_user_is(line->user) && (mode & 0600) == 0600) ||
           (qemu_user_is_in(line->group) && (mode & 060) == 060) || (mode & 06) == 06;
}

static bool is_good_line(const struct doctor_facts *facts, const struct tmpfiles_line *line)
{
    return (line->type[0] == 'f' || line->type[0] == 'F') && line_lets_in(facts, line) &&
           line_lets_qemu_in(line);
}

/* Of two lines for a file the first one counts: one that does not do is taken out. Only what lies
 * in /etc is the administrator's. */
static char *take_line_out(const struct tmpfiles_line *line)
{
    return strncmp(line->file, "/etc/", 5) == 0
               ? wording("  sudo sed -i '\\|%s |d' '%s'\n", line->path, line->file)
               : wording("%s", "");
}

/* A file per name, so that the lines for other VMs are not in the way. */
static char *tmpfiles_fix(const struct doctor_facts *facts, const char *path)
{
    const char *const user = facts->machine->user.name, *const name = strrchr(path, '/') + 1;
    struct tmpfiles_line line = { .file = "" };
    const bool known = find_tmpfiles(facts, path, &line);
    const bool good = known && is_good_line(facts, &line);
    autofree char *place =
        good ? wording("%s", line.file) : wording("/etc/tmpfiles.d/espelho-%s.conf", name);
    autofree char *take_out = known && !good ? take_line_out(&line) : wording("%s", "");
    autofree char *write = good ? wording("%s", "")
                                : wording("  echo 'f %s 0660 %s %s -' | sudo tee '%s'\n", path,
                                          user, QEMU_USER_GROUP, place ? place : "");
    if (!place || !take_out || !write)
        return NULL;
    return wording(_("Let systemd make it at each start, for you and for QEMU:\n"
                     "%s%s  sudo systemd-tmpfiles --create '%s'\n"
                     "If the VM runs now: sudo chown %s:%s '%s' && sudo chmod 0660 '%s'"),
                   take_out, write, place, user, QEMU_USER_GROUP, path, path);
}

static void check_tmpfiles(const struct doctor_facts *facts, struct findings *out)
{
    char path[VM_PATH];
    struct tmpfiles_line line;
    /* A QEMU of this user's own makes the file as this user. */
    if (!file_of(facts, path) || strncmp(path, SHM, strlen(SHM)) != 0 ||
        !memory_is_confined(facts->vm))
        return;
    autofree char *fix = tmpfiles_fix(facts, path);
    if (!find_tmpfiles(facts, path, &line))
        finding_add(out, VERDICT_WARNING, path,
                    _("No file in tmpfiles.d makes it: after a restart it belongs to QEMU alone, "
                      "and the window stays black."),
                    fix);
    else if (line.type[0] != 'f' && line.type[0] != 'F')
        finding_addf(out, VERDICT_FAILURE, line.file, fix,
                     _("The line for %s has the type '%s'; 'f' is the one that makes a file."),
                     path, line.type);
    else if (!line_lets_in(facts, &line))
        finding_addf(out, VERDICT_FAILURE, line.file, fix,
                     _("The line for %s gives it to %s, group %s, mode %s: you cannot open it."),
                     path, line.user[0] ? line.user : "root", line.group[0] ? line.group : "root",
                     line.mode[0] ? line.mode : "0644");
    else if (!line_lets_qemu_in(&line))
        finding_addf(out, VERDICT_FAILURE, line.file, fix,
                     _("The line for %s gives it to %s, group %s, mode %s: QEMU cannot open it."),
                     path, line.user[0] ? line.user : "root", line.group[0] ? line.group : "root",
                     line.mode[0] ? line.mode : "0644");
    else
        finding_addf(out, VERDICT_OK, line.file, NULL, _("%s is made at each start."), path);
}

/* ---- large files that nobody's VM wants ---- */

enum { LEFTOVER_MIB = 16 };

static bool is_of_a_vm(const char *name)
{
    return strstr(name, "looking-glass") || strstr(name, "espelho") || strstr(name, "ivshmem") ||
           strstr(name, "kvmfr");
}

static void check_leftover(const struct doctor_facts *facts, struct findings *out)
{
    char path[VM_PATH] = "";
    autofree struct root_names *names = NULL;
    if (root_list(facts->root, "/dev/shm", &names) < 0)
        return;
    memory_shmem(facts, path);
    for (size_t i = 0; i < names->count; i++) {
        struct root_stat st;
        char file[VM_PATH];
        snprintf(file, sizeof(file), SHM "%.255s", names->name[i]);
        if (!facts->vm || !is_of_a_vm(names->name[i]) || strcmp(file, path) == 0 ||
            root_stat(facts->root, file, &st) < 0 || !S_ISREG(st.mode) ||
            st.len_bytes < LEFTOVER_MIB * MIB)
            continue;
        autofree char *fix = wording(_("If no other VM uses it: sudo rm '%s'"), file);
        finding_addf(out, VERDICT_WARNING, file, fix,
                     _("A file of %ju MiB that %s does not use takes main memory."),
                     st.len_bytes / MIB, facts->vm->name);
    }
}

static const struct check checks[] = {
    { "memory.file", CHECK_MEMORY, N_("File of the shared memory"),
      N_("Guest and window meet in this file."), check_file },
    { "memory.access", CHECK_MEMORY, N_("Who may open it"),
      N_("Both QEMU and you must read and write it, and nobody else should."), check_access },
    { "memory.size", CHECK_MEMORY, N_("Size of the file"),
      N_("QEMU does not start, or the picture is cut, when an old file has another size."),
      check_size },
    { "memory.tmpfiles", CHECK_MEMORY, N_("After a restart"),
      N_("/dev/shm is empty after each start of the machine; tmpfiles.d makes the file anew."),
      check_tmpfiles },
    { "memory.selinux", CHECK_MEMORY, N_("SELinux"),
      N_("SELinux keeps QEMU from files without the right label."), memory_selinux },
    { "memory.apparmor", CHECK_MEMORY, N_("AppArmor"),
      N_("AppArmor keeps QEMU from files and devices that its profile does not name."),
      memory_apparmor },
    { "memory.cgroup", CHECK_MEMORY, N_("libvirt's list of devices"),
      N_("libvirt keeps VMs from devices that are not in its list (cgroup_device_acl)."),
      memory_cgroup },
    { "memory.leftover", CHECK_MEMORY, N_("Forgotten files"),
      N_("What lies in /dev/shm takes main memory until it is removed."), check_leftover },
    { "memory.users", CHECK_MEMORY, N_("Who has it open"),
      N_("A program that keeps an old file open shows an old picture."), memory_users },
    { "memory.viewer", CHECK_MEMORY, N_("The window's settings"),
      N_("A window that looks into other memory than the VM's waits for ever."), memory_viewer },
};
const struct check_table check_memory_table = { checks, ARRAY_LEN(checks) };
