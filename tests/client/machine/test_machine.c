/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include <errno.h>

#include "machine/machine.h"
#include "tree.h"

struct opened {
    struct root *root;
    struct machine *m;
};

static struct opened load(struct root *root)
{
    struct opened o = { .root = root };
    CHECK_INT(machine_load(root, &o.m), 0);
    return o;
}

static struct opened load_fixture(const char *name)
{
    char path[512];
    struct root *root = NULL;
    snprintf(path, sizeof(path), TEST_MACHINES "/%s", name);
    CHECK_MSG(root_open(path, &root) == 0, "%s (made by the test machines.make)", path);
    return load(root);
}

static void done(struct opened *o)
{
    machine_free(o->m);
    root_close(o->root);
}

/* ---- hostile and poor trees ---- */

TEST(an_empty_tree_is_an_empty_machine)
{
    tree_begin();
    struct opened o = load(tree_open());
    CHECK_INT(o.m->distro_err, -ENOENT);
    CHECK_INT(o.m->parameters_err, -ENOENT);
    CHECK_INT(o.m->cpu_err, -ENOENT);
    CHECK_INT(o.m->pci_err, -ENOENT);
    CHECK_INT(o.m->distro.family, DISTRO_UNKNOWN);
    CHECK_INT(o.m->pci_count, 0);
    CHECK_INT(o.m->cpu.core_count, 0);
    CHECK(!machine_parameter(o.m, "quiet"));
    CHECK(!machine_pci(o.m, "03:00.0"));
    CHECK(!machine_user_is_in(o.m, "kvm"));
    CHECK_STR(o.m->kernel_release, "");
    done(&o);
}

TEST(odd_processors)
{
    tree_begin();
    static const struct {
        const char *online;
        int error;
        size_t count;
    } rows[] = {
        { "", -EPROTO, 0 },
        { "garbage", -EPROTO, 0 },
        { "-5", -EPROTO, 0 },
        { "0-99999999999999999999", 0, 8192 },
        { "5-2", -EPROTO, 0 },
        { "0,0,0", 0, 3 },
        { "0-1,x", 0, 2 },
        { "9999", -EPROTO, 0 },
        { "0-8191,0-8191", -EPROTO, 0 },
    };
    struct root *const root = tree_open();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tree_file("/sys/devices/system/cpu/online", rows[i].online);
        struct machine *m = NULL;
        CHECK_INT(machine_load(root, &m), 0);
        CHECK_MSG(m->cpu.core_count == rows[i].count, "row %zu: %zu", i, m->cpu.core_count);
        CHECK_MSG((m->cpu_err == -ENOENT ? 0 : m->cpu_err) == rows[i].error, "row %zu: %d", i,
                  m->cpu_err); /* -ENOENT: there is no /proc/cpuinfo */
        machine_free(m);
    }
    root_close(root);
}

TEST(odd_pci_functions)
{
    static const char *const all[] = {
        "0000:00:00.0", "0000:00:00.0.0", "0000:0g:00.0", "name", "00000000:00:00.0", "0000:00:1.0",
    };
    char path[128];
    tree_begin();
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vendor", all[i]);
        tree_file(path, "0x10de\n");
    }
#define FIRST "/sys/bus/pci/devices/0000:00:00.0/"
    tree_file(FIRST "resource", "0xffffffffffffffff 0x0 0x200\n"
                                "0x0 0xffffffffffffffff 0x200\n"
                                "nonsense\n"
                                "0x1000 0x1fff 0x142208");
    tree_file(FIRST "resource3_resize", "zz");
    tree_file(FIRST "reset_method", "bus \x1b[31m");
    tree_file(FIRST "class", "0x1ffffffff");
    tree_link(FIRST "driver", "drivers/\x1b[2Jevil");
    tree_link(FIRST "iommu_group", "groups/99999999999999999999");
    tree_file("/usr/share/misc/pci.ids",
              "10de  V\x01\n\t\t10de  no\n\tzzzz  no\n10de\n\t0000  lost\n"
              "C 03  class\n\t0000  lost");
    struct opened o = load(tree_open());
    CHECK_INT(o.m->pci_count, 1);
    const struct pci_function *const f = machine_pci(o.m, "00:00");
    CHECK(f && f == machine_pci(o.m, "0000:00:00.0") && f == machine_pci(o.m, "00:00.0"));
    CHECK_INT(f->vendor, 0x10de);
    CHECK_INT(f->class_code, 0);
    CHECK_INT(f->bar[0].len_bytes, 0);
    CHECK_INT(f->bar[1].len_bytes, 0);
    CHECK_INT(f->bar[2].len_bytes, 0);
    CHECK_INT(f->bar[3].len_bytes, 0x1000);
    CHECK(f->bar[3].is_prefetchable && f->bar[3].is_64_bit && !f->bar[3].is_io);
    CHECK_INT(f->bar_sizes_supported[3], 0);
    CHECK_STR(f->reset_method, "bus ?[31m");
    CHECK_STR(f->driver, "?[2Jevil");
    CHECK_STR(f->name, "10de:0000");
    CHECK_INT(f->iommu_group, -1);
    CHECK_STR(f->parent_address, "");
    CHECK(!machine_pci(o.m, "") && !machine_pci(o.m, ":") && !machine_pci(o.m, "::::::"));
    done(&o);
}

TEST(parameters_of_the_kernel)
{
    tree_begin();
    tree_file("/proc/cmdline", "BOOT_IMAGE=/vmlinuz  quiet name=\"two words\" iommu=pt\tiommu=off "
                               "vfio-pci.ids=10de:2204 empty= \x01odd\n");
    struct opened o = load(tree_open());
    CHECK_INT(o.m->parameter_count, 8);
    CHECK_STR(machine_parameter(o.m, "quiet"), "");
    CHECK_STR(machine_parameter(o.m, "empty"), "");
    CHECK_STR(machine_parameter(o.m, "name"), "\"two words\"");
    CHECK_STR(machine_parameter(o.m, "iommu"), "off"); /* the last one counts */
    CHECK_STR(machine_parameter(o.m, "vfio_pci.ids"), "10de:2204");
    CHECK_STR(o.m->parameters[7], "?odd");
    CHECK(!machine_parameter(o.m, "iomm") && !machine_parameter(o.m, "iommux"));
    done(&o);
}

/* ---- distributions ---- */

static const struct {
    const char *release;
    const char *files[4];
    enum distro_family family;
    enum boot_loader boot;
    enum initramfs_tool initramfs;
} distributions[] = {
    { "", { NULL }, DISTRO_UNKNOWN, BOOT_UNKNOWN, INITRAMFS_UNKNOWN },
    { "ID", { "/usr/bin/dracut" }, DISTRO_UNKNOWN, BOOT_UNKNOWN, INITRAMFS_DRACUT },
    { "ID=debian\nVERSION_ID=\"12\"",
      { "/etc/default/grub", "/usr/sbin/update-initramfs" },
      DISTRO_DEBIAN,
      BOOT_GRUB,
      INITRAMFS_TOOLS },
    { "ID='ubuntu'\nID_LIKE=debian",
      { "/etc/default/grub", "/usr/sbin/update-initramfs" },
      DISTRO_DEBIAN,
      BOOT_GRUB,
      INITRAMFS_TOOLS },
    { "ID=zorin\nID_LIKE=\"ubuntu debian\"",
      { "/etc/default/grub" },
      DISTRO_DEBIAN,
      BOOT_GRUB,
      INITRAMFS_UNKNOWN },
    { "ID=pop\nID_LIKE=\"ubuntu debian\"",
      { "/usr/bin/kernelstub", "/etc/default/grub", "/usr/sbin/update-initramfs" },
      DISTRO_POP,
      BOOT_KERNELSTUB,
      INITRAMFS_TOOLS },
    { "ID=fedora",
      { "/usr/sbin/grubby", "/etc/default/grub", "/usr/bin/dracut" },
      DISTRO_FEDORA,
      BOOT_GRUBBY,
      INITRAMFS_DRACUT },
    { "ID=bazzite\nID_LIKE=fedora",
      { "/run/ostree-booted", "/usr/bin/dracut" },
      DISTRO_FEDORA_ATOMIC,
      BOOT_RPM_OSTREE,
      INITRAMFS_DRACUT },
    { "ID=cachyos\nID_LIKE=arch",
      { "/etc/default/limine", "/etc/default/grub", "/usr/bin/mkinitcpio" },
      DISTRO_ARCH,
      BOOT_LIMINE,
      INITRAMFS_MKINITCPIO },
    { "ID=endeavouros\nID_LIKE=arch",
      { "/efi/loader/loader.conf", "/usr/bin/dracut" },
      DISTRO_ARCH,
      BOOT_SYSTEMD_BOOT,
      INITRAMFS_DRACUT },
    { "ID=\"opensuse-tumbleweed\"\nID_LIKE=\"opensuse suse\"",
      { "/etc/default/grub", "/usr/bin/dracut" },
      DISTRO_OPENSUSE,
      BOOT_GRUB,
      INITRAMFS_DRACUT },
};

TEST(distributions_are_known_by_their_files)
{
    tree_begin();
    struct root *const root = tree_open();
    for (size_t i = 0; i < ARRAY_LEN(distributions); i++) {
        tree_file("/etc/os-release", distributions[i].release);
        for (size_t j = 0; j < 4 && distributions[i].files[j]; j++)
            tree_file(distributions[i].files[j], "");
        struct machine *m = NULL;
        CHECK_INT(machine_load(root, &m), 0);
        CHECK_MSG(m->distro.family == distributions[i].family, "row %zu", i);
        CHECK_MSG(m->distro.boot == distributions[i].boot, "row %zu: %d", i, m->distro.boot);
        CHECK_MSG(m->distro.initramfs == distributions[i].initramfs, "row %zu", i);
        machine_free(m);
        for (size_t j = 0; j < 4 && distributions[i].files[j]; j++)
            CHECK_INT(remove(tree_path(distributions[i].files[j])), 0);
    }
    root_close(root);
}

TEST(names_of_a_distribution_without_quotes)
{
    tree_begin();
    tree_file("/usr/lib/os-release",
              "# comment\nPRETTY_NAME=\"A \\\"B\\\" \x07\"\nMY_ID=no\nID=arch\nVERSION_ID='1 2'\n");
    struct opened o = load(tree_open());
    CHECK_STR(o.m->distro.id, "arch");
    CHECK_STR(o.m->distro.name, "A \"B\" ?");
    CHECK_STR(o.m->distro.version, "1 2");
    done(&o);
}

/* ---- whole machines ---- */

TEST(a_whole_machine)
{
    struct opened o = load_fixture("fedora-rx6700.fixed");
    const struct machine *const m = o.m;
    CHECK_INT(m->distro_err | m->parameters_err | m->cpu_err | m->pci_err, 0);
    CHECK_STR(m->kernel_release, "6.11.4-301.fc41.x86_64");
    CHECK_STR(machine_parameter(m, "iommu"), "pt");
    CHECK_INT(m->user.uid, 1000);
    CHECK_STR(m->user.name, "ana");
    CHECK(machine_user_is_in(m, "kvm") && !machine_user_is_in(m, "input"));
    CHECK(m->distro.selinux && !m->distro.apparmor);
    CHECK_INT(m->cpu.vendor, CPU_AMD);
    CHECK(m->cpu.svm_or_vmx && !m->cpu.hypervisor);
    CHECK_INT(m->cpu.core_count, 12);
    CHECK_INT(m->cpu.memory_bytes >> 30, 32);
    CHECK_INT(m->cpu.cores[7].core, 1);
    CHECK_INT(m->cpu.cores[7].sibling_count, 2);
    CHECK_INT(m->cpu.cores[7].siblings[0], 1);
    CHECK_INT(m->cpu.cores[7].siblings[1], 7);
    CHECK_INT(m->cpu.cores[11].l3, 0);
    const struct pci_function *const card = machine_pci(m, "03:00.0");
    CHECK(card && pci_is_gpu(card) && !pci_is_bridge(card) && !card->boot_vga && card->has_rom);
    CHECK_STR(card->driver, "vfio-pci");
    CHECK_STR(card->parent_address, "0000:02:00.0");
    CHECK_STR(card->reset_method, "bus");
    CHECK_INT(card->iommu_group, 12);
    CHECK_INT(card->bar[0].len_bytes >> 30, 16);
    CHECK_INT(card->bar[2].len_bytes >> 20, 8);
    CHECK_INT(card->bar_sizes_supported[0], 0x7f00);
    CHECK(card->bar[4].is_io);
    CHECK(pci_same_slot(card, machine_pci(m, "03:00.1")));
    CHECK(!pci_same_slot(card, card) && !pci_same_slot(card, machine_pci(m, "07:00.0")));
    CHECK(machine_pci(m, "07:00.0")->boot_vga);
    CHECK_STR(machine_pci(m, "00:01.0")->parent_address, "");
    CHECK_STR(card->name,
              "Advanced Micro Devices, Inc. [AMD/ATI] Navi 22 [Radeon RX 6700/6700 XT]");
    done(&o);
}

TEST(this_machine_can_be_loaded)
{
    struct root *root = NULL;
    CHECK_INT(root_open(NULL, &root), 0);
    struct opened o = load(root);
    CHECK(o.m->cpu.core_count > 0 && o.m->cpu.memory_bytes > 0);
    CHECK(o.m->kernel_release[0]);
    done(&o);
}
