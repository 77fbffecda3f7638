/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shm/region_problem.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/text.h"

/* 32 MiB: 1920x1080; 64: 2560x1440; 128: 3840x2160 (two frames of 4 bytes per pixel and 10 MiB,
 * next power of two). */
static const char *size_hint(void)
{
    return _("Sizes: 32 MiB for 1920x1080, 64 MiB for 2560x1440, 128 MiB for 3840x2160 (twice "
             "that for HDR); 'espelho size WIDTHxHEIGHT' computes others.");
}

static bool is_kvmfr_path(const char *path)
{
    return strncmp(path, "/dev/kvmfr", strlen("/dev/kvmfr")) == 0;
}

const char *shm_server_path(const char *name)
{
    static const char prefix[] = "unix:";
    return strncmp(name, prefix, strlen(prefix)) == 0 ? name + strlen(prefix) : NULL;
}

static const char *shm_name(const char *path)
{
    static const char dir[] = "/dev/shm/";
    return strncmp(path, dir, strlen(dir)) == 0 ? path + strlen(dir) : NULL;
}

static void user_name(char *name, size_t len_bytes)
{
    const struct passwd *pw = getpwuid(geteuid());
    if (pw)
        snprintf(name, len_bytes, "%s", pw->pw_name);
    else
        snprintf(name, len_bytes, "%u", (unsigned)geteuid());
}

static void group_name(const char *path, char *name, size_t len_bytes)
{
    struct stat st;
    const bool known =
        stat(path, &st) == 0 && st.st_gid != 0; /* joining root's group is no advice */
    const struct group *gr = known ? getgrgid(st.st_gid) : NULL;
    snprintf(name, len_bytes, "%s", gr ? gr->gr_name : "kvm");
}

/* What to do about "unix:PATH". */
static void advise_server(const struct shm_problem *p, const char *path, char *text,
                          size_t len_bytes)
{
    char user[64];
    user_name(user, sizeof(user));
    switch (p->fault) {
    case SHM_FAULT_MISSING:
        snprintf(
            text, len_bytes,
            _("Start the server, before the VM:\n"
              "  sudo systemctl enable --now espelho-shm@VM.socket\n"
              "or by hand: espelho shm-server --mode=WIDTHxHEIGHT %.108s\n"
              "The VM that is to use it: 'espelho size WIDTHxHEIGHT' prints the lines for libvirt "
              "and QEMU."),
            path);
        break;
    case SHM_FAULT_PERMISSION:
        snprintf(
            text, len_bytes,
            _("Let this user in: allow-users=%s in /etc/espelho/shm/VM.conf (or --allow-users of "
              "the server),\n"
              "then: sudo systemctl restart espelho-shm@VM.service\n"
              "The socket's group and mode have to let the user write as well: sudo systemctl "
              "edit\n"
              "espelho-shm@VM.socket (SocketGroup=, SocketMode=), or --group and --socket-mode."),
            user);
        break;
    case SHM_FAULT_TYPE:
        snprintf(text, len_bytes,
                 _("Give the socket of 'espelho shm-server' or of QEMU's ivshmem-server."));
        break;
    case SHM_FAULT_SIZE:
        snprintf(
            text, len_bytes,
            _("The server's --size or --mode sets the size. Stop the VM, correct it and start the "
              "server again.\n%s"),
            size_hint());
        break;
    case SHM_FAULT_BUSY:
        snprintf(text, len_bytes,
                 _("Close viewers that are not needed, or raise the server's --max-peers."));
        break;
    case SHM_FAULT_NONE:
    case SHM_FAULT_DRIVER:
    case SHM_FAULT_SYSTEM:
        snprintf(
            text, len_bytes,
            _("Look whether the server lives (systemctl status espelho-shm@VM.service), and try "
              "again."));
        break;
    }
}

static void advise_missing(const char *path, char *text, size_t len_bytes)
{
    if (is_kvmfr_path(path)) {
        snprintf(text, len_bytes,
                 _("Load the kvmfr module with a static device, and give that device to the VM:\n"
                   "  sudo modprobe kvmfr static_size_mb=64\n"
                   "  -object memory-backend-file,id=espelho,share=on,mem-path=%s,size=64M\n"
                   "  -device ivshmem-plain,memdev=espelho\n%s"),
                 path, size_hint());
        return;
    }
    const char *name = shm_name(path);
    int used = snprintf(text, len_bytes,
                        _("Start the VM. If it runs, it has no shared memory device yet.\n"));
    if (name)
        used += snprintf(text + used, len_bytes - (size_t)used,
                         _("libvirt: 'virsh edit VM', inside <devices>:\n"
                           "  <shmem name='%.64s'>\n"
                           "    <model type='ivshmem-plain'/>\n"
                           "    <size unit='M'>64</size>\n"
                           "  </shmem>\n"),
                         name);
    snprintf(text + used, len_bytes - (size_t)used,
             _("QEMU:\n"
               "  -object memory-backend-file,id=espelho,share=on,mem-path=%.255s,size=64M\n"
               "  -device ivshmem-plain,memdev=espelho\n%s"),
             path, size_hint());
}

static void advise_permission(const char *path, char *text, size_t len_bytes)
{
    char user[64], group[64];
    user_name(user, sizeof(user));
    group_name(path, group, sizeof(group));
    if (is_kvmfr_path(path)) {
        snprintf(text, len_bytes,
                 _("Put this line into /etc/udev/rules.d/99-kvmfr.rules:\n"
                   "  SUBSYSTEM==\"kvmfr\", OWNER=\"%s\", GROUP=\"%s\", MODE=\"0660\"\n"
                   "then: sudo udevadm control --reload && sudo udevadm trigger -s kvmfr"),
                 user, group);
        return;
    }
    snprintf(
        text, len_bytes,
        _("Now: sudo chown %s:%s '%.255s' && sudo chmod 0660 '%.255s'\n"
          "For good: put this line into /etc/tmpfiles.d/espelho.conf, so that the file belongs "
          "to you\n"
          "before the VM starts:\n"
          "  f %.255s 0660 %s %s -\n"
          "then: sudo systemd-tmpfiles --create /etc/tmpfiles.d/espelho.conf\n"
          "Or join its group: sudo usermod -aG %s %s (and log in again)."),
        user, group, path, path, path, user, group, group, user);
}

static void advise(struct shm_problem *p, const char *path)
{
    const char *server = shm_server_path(path);
    if (server) {
        advise_server(p, server, p->advice, sizeof(p->advice));
        return;
    }
    switch (p->fault) {
    case SHM_FAULT_MISSING:
        advise_missing(path, p->advice, sizeof(p->advice));
        break;
    case SHM_FAULT_PERMISSION:
        advise_permission(path, p->advice, sizeof(p->advice));
        break;
    case SHM_FAULT_TYPE:
        snprintf(
            p->advice, sizeof(p->advice),
            _("Give the file behind the VM's ivshmem device (libvirt: /dev/shm/ and the name in "
              "<shmem>)\n"
              "or a /dev/kvmfr device."));
        break;
    case SHM_FAULT_SIZE:
        snprintf(p->advice, sizeof(p->advice),
                 _("The VM's configuration sets the size; stop the VM, correct it, delete the file "
                   "and start\n"
                   "the VM again. It has to be a power of two.\n%s"),
                 size_hint());
        break;
    case SHM_FAULT_NONE:
    case SHM_FAULT_DRIVER:
    case SHM_FAULT_BUSY:
    case SHM_FAULT_SYSTEM:
        snprintf(p->advice, sizeof(p->advice),
                 _("Try again; if it stays, report it with this message."));
        break;
    }
}

int shm_problem_set(struct shm_problem *problem, const char *path, enum shm_fault fault, int err,
                    const char *fmt, ...)
{
    if (problem) {
        va_list args;
        *problem = (struct shm_problem){ .fault = fault, .err = err };
        va_start(args, fmt);
        vsnprintf(problem->message, sizeof(problem->message), fmt, args);
        va_end(args);
        advise(problem, path);
    }
    return err ? -err : -EINVAL;
}

static void describe_owner(const char *path, char *text, size_t len_bytes)
{
    struct stat st;
    const char *server = shm_server_path(path);
    text[0] = '\0';
    if (stat(server ? server : path, &st) == 0)
        snprintf(text, len_bytes, _(" (owner %u, group %u, mode %04o)"), (unsigned)st.st_uid,
                 (unsigned)st.st_gid, (unsigned)st.st_mode & 07777u);
}

int shm_problem_from_errno(struct shm_problem *problem, const char *path, int err, const char *what)
{
    char owner[64];
    switch (err) {
    case ENOENT:
    case ENXIO: /* a device node without its device */
    case ENODEV:
        return shm_problem_set(
            problem, path, SHM_FAULT_MISSING, err,
            _("%.200s does not exist: the VM is not started or has no shared memory"), path);
    case EACCES:
    case EPERM:
        describe_owner(path, owner, sizeof(owner));
        return shm_problem_set(problem, path, SHM_FAULT_PERMISSION, err,
                               _("%.150s: no permission to read and write%s"), path, owner);
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
        return shm_problem_set(problem, path, SHM_FAULT_TYPE, err, _("%.200s is no region: %s"),
                               path, err_str(err));
    default:
        return shm_problem_set(problem, path, SHM_FAULT_SYSTEM, err, "%.180s: %s: %s", path, what,
                               err_str(err));
    }
}
