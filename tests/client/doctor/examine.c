/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "examine.h"

#include <ctype.h>

#include "client/machine/tree.h"
#include "doctor/report.h"
#include "test.h"

static struct machine_core cores[16];
static struct pci_function functions[] = {
    { .address = "0000:01:00.0",
      .vendor = 0x10de,
      .class_code = 0x030000,
      .name = "GeForce",
      .driver = "vfio-pci" },
    { .address = "0000:01:00.1",
      .vendor = 0x10de,
      .class_code = 0x040300,
      .name = "Sound",
      .driver = "vfio-pci" },
    { .address = "0000:01:00.2",
      .vendor = 0x10de,
      .class_code = 0x0c0330,
      .name = "USB",
      .driver = "vfio-pci" },
    { .address = "0000:02:00.0",
      .vendor = 0x1002,
      .class_code = 0x030000,
      .name = "Radeon",
      .driver = "amdgpu" },
};
static struct machine machine = {
    .distro = { .family = DISTRO_DEBIAN },
    .cpu = { .vendor = CPU_AMD,
             .svm_or_vmx = true,
             .cores = cores,
             .core_count = 16,
             .memory_bytes = UINT64_C(16) << 30 },
    .pci = functions,
    .pci_count = ARRAY_LEN(functions),
    .user = { .uid = 1000, .name = "ana", .groups = { "ana", "libvirt", "kvm" }, .group_count = 3 },
    .kernel_release = "6.1.0-30-amd64",
};
static struct vm *vm;
static const struct doctor_probes *probes;
static const struct doctor_viewer *viewer;
static char found[4096], fix[4096];

struct machine *examine_machine(void)
{
    return &machine;
}

const struct doctor_viewer **examine_viewer(void)
{
    return &viewer;
}

const struct doctor_probes **examine_probes(void)
{
    return &probes;
}

static void free_vm(void)
{
    vm_free(vm);
    vm = NULL;
}

void examine_begin(void)
{
    for (uint32_t i = 0; i < ARRAY_LEN(cores); i++)
        cores[i] = (struct machine_core){ .cpu = i,
                                          .core = i % 8,
                                          .l3 = i % 8 < 4 ? 0 : 4,
                                          .siblings = { i % 8, i % 8 + 8 },
                                          .sibling_count = 2 };
    tree_begin();
    tree_folder("/dev/shm");
    tree_file("/etc/group", "root:x:0:\nkvm:x:36:ana\nlibvirt:x:120:ana\nqemu:x:107:\n");
    tree_file("/etc/passwd", "root:x:0:0::/:/bin/sh\nana:x:1000:1000::/home/ana:/bin/sh\n"
                             "libvirt-qemu:x:64055:36::/:/bin/false\n");
    atexit(free_vm);
}

void examine_stat(const char *line)
{
    static char all[4096];
    snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s\n", line);
    tree_file("/.espelho/stat", all);
}

void examine_command(const char *line, int status, const char *text)
{
    char path[512], whole[4096];
    const size_t folder =
        (size_t)snprintf(path, sizeof(path), "/.espelho/commands/%s", line) - strlen(line);
    for (char *c = path + folder; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("._-", *c))
            *c = '+';
    snprintf(whole, sizeof(whole), "status %d\n%s", status, text);
    tree_file(path, whole);
}

void examine_vm(const char *body)
{
    char whole[8192];
    free_vm();
    if (!body)
        return;
    const bool is_document = strncmp(body, "<domain", 7) == 0;
    snprintf(whole, sizeof(whole), "%s%s%s",
             is_document ? "" : "<domain type='kvm'><name>win</name>", body,
             is_document ? "" : "</domain>");
    struct vm_problem problem = { .message = "" };
    CHECK_MSG(vm_from_xml(whole, strlen(whole), "libvirt qemu:///system", &vm, &problem) == 0, "%s",
              problem.message);
}

void examine_process(const char *words)
{
    char line[4096];
    const size_t len_bytes = strlen(words);
    CHECK(len_bytes < sizeof(line));
    for (size_t i = 0; i < len_bytes; i++)
        line[i] = words[i] == '|' ? '\0' : words[i];
    free_vm();
    CHECK_INT(vm_from_command_line(line, len_bytes, "process 7", &vm, NULL), 0);
}

const char *examine(const char *id)
{
    struct root *root = tree_open();
    machine.root = root;
    const struct doctor_facts facts = {
        .root = root, .machine = &machine, .vm = vm, .probes = probes, .viewer = viewer
    };
    struct doctor_report *report;
    CHECK_MSG(doctor_run(&facts, id, &report) == 0, "%s", id);
    found[0] = fix[0] = '\0';
    for (size_t i = 0; i < report->findings.count; i++) {
        const struct finding *f = &report->findings.items[i];
        snprintf(found + strlen(found), sizeof(found) - strlen(found), "%s%s: %s", i ? "\n" : "",
                 verdict_id(f->verdict), f->found ? f->found : "(null)");
        if (f->fix && !fix[0])
            snprintf(fix, sizeof(fix), "%s", f->fix);
        /* What is wrong has a way out. */
        CHECK_MSG(f->verdict < VERDICT_WARNING || (f->fix && f->fix[0]), "%s: %s", id, f->found);
    }
    doctor_report_free(report);
    root_close(root);
    return found;
}

const char *examine_fix(void)
{
    return fix;
}
