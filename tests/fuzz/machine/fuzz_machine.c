/* SPDX-License-Identifier: GPL-2.0-or-later
 * A saved tree with any content: the input is records parted by the byte 0x1e, each a letter that
 * (its number, modulo) says which file, and what is in it. The machine that comes of it is bounded
 * and can be shown, and the checks that look at machines only end, whatever it is. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macros.h"
#include "doctor/doctor.h"
#include "machine/machine.h"

#define CPU "/sys/devices/system/cpu/"
#define GPU "/sys/bus/pci/devices/0000:01:00.0/"

/* In the order of their numbers. */
static const char *const files[] = {
    "/etc/os-release",
    "/proc/cmdline",
    "/proc/cpuinfo",
    "/proc/meminfo",
    CPU "online",
    CPU "cpu0/topology/thread_siblings_list",
    CPU "cpu0/cache/index3/level",
    CPU "cpu0/cache/index3/shared_cpu_list",
    GPU "vendor",
    GPU "class",
    GPU "resource",
    GPU "resource2_resize",
    GPU "reset_method",
    GPU "sriov_totalvfs",
    "/usr/share/misc/pci.ids",
    "/etc/modprobe.d/x.conf",
    "/proc/interrupts",
    "/etc/default/grub",
    "/.espelho/stat",
    "/.espelho/denied",
    "/.espelho/commands/id+-Gn",
    "/sys/devices/cpu_atom/cpus",
    "/.espelho/commands/systemd-inhibit+--list+--no-legend+--no-pager",
    "/etc/libvirt/hooks/qemu.d/espelho-x-gpu",
    "/etc/systemd/logind.conf",
    "/usr/lib/group",
};
static char folder[] = "/tmp/espelho-fuzz-XXXXXX";

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

static void remove_tree(void)
{
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void path_of(size_t file, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s%s", folder, files[file]);
}

static void make_folders(void)
{
    if (!mkdtemp(folder))
        abort();
    atexit(remove_tree);
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        char path[PATH_MAX];
        path_of(i, path);
        for (char *slash = strchr(path + sizeof(folder), '/'); slash;
             slash = strchr(slash + 1, '/')) {
            *slash = '\0';
            if (mkdir(path, 0755) < 0 && errno != EEXIST)
                abort();
            *slash = '/';
        }
    }
}

static void write_file(size_t file, const uint8_t *bytes, size_t len_bytes)
{
    char path[PATH_MAX];
    path_of(file, path);
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, bytes, len_bytes) != (ssize_t)len_bytes || close(fd) < 0)
        abort();
}

static void write_records(const uint8_t *data, size_t len_bytes)
{
    while (len_bytes > 0) {
        const uint8_t *const end = memchr(data, 0x1e, len_bytes);
        const size_t record_bytes = end ? (size_t)(end - data) : len_bytes;
        if (record_bytes > 0)
            write_file(data[0] % ARRAY_LEN(files), data + 1, record_bytes - 1);
        const size_t passed_bytes = record_bytes + (end != NULL);
        data += passed_bytes;
        len_bytes -= passed_bytes;
    }
}

static void remove_files(void)
{
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        char path[PATH_MAX];
        path_of(i, path);
        if (unlink(path) < 0 && errno != ENOENT)
            abort();
    }
}

static void check_text(const char *text, size_t room_bytes)
{
    if (strnlen(text, room_bytes) == room_bytes)
        abort();
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            abort();
}

static void check_machine(const struct machine *m)
{
    check_text(m->distro.id, sizeof(m->distro.id));
    check_text(m->distro.name, sizeof(m->distro.name));
    check_text(m->cpu.model, sizeof(m->cpu.model));
    for (size_t i = 0; i < m->pci_count; i++) {
        check_text(m->pci[i].name, sizeof(m->pci[i].name));
        check_text(m->pci[i].reset_method, sizeof(m->pci[i].reset_method));
    }
    for (size_t i = 0; i < m->cpu.core_count; i++) {
        const struct machine_core *const c = &m->cpu.cores[i];
        if (c->sibling_count == 0 || c->sibling_count > ARRAY_LEN(c->siblings))
            abort();
    }
    for (size_t i = 0; i < m->user.group_count; i++)
        check_text(m->user.groups[i], sizeof(m->user.groups[i]));
}

/* Not those that ask the session, or look at the VM: other targets have their input. */
static const char *const checks[] = {
    "cpu.virtualization", "cpu.iommu",     "cpu.passthrough_mode",
    "cpu.interrupts",     "iommu.groups",  "iommu.gpu_alone",
    "iommu.acs_override", "gpu.cards",     "gpu.second",
    "gpu.vfio",           "gpu.functions", "gpu.same_ids",
    "gpu.blacklist",      "gpu.reset",     "gpu.bars",
    "gpu.bar2",           "gpu.sriov",     "kvm.groups",
    "session.sleep",
};

static void run_checks(struct root *root, const struct machine *m)
{
    static const struct vm vm = { .name = "win", .running = true };
    const struct doctor_facts facts = { .root = root, .machine = m, .vm = &vm };
    for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
        struct doctor_report *report = NULL;
        if (doctor_run(&facts, checks[i], &report) != 0)
            abort();
        doctor_report_free(report);
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    make_folders();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
    struct root *root = NULL;
    struct machine *m = NULL;
    remove_files();
    write_records(data, len_bytes);
    if (root_open(folder, &root) != 0 || machine_load(root, &m) != 0)
        abort();
    check_machine(m);
    run_checks(root, m);
    machine_free(m);
    root_close(root);
    return 0;
}
