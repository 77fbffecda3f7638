/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "client/machine/tree.h"
#include "examine.h"
#include "test.h"

#define BEGINS(id, text)                                                                           \
    do {                                                                                           \
        const char *found_ = examine(id);                                                          \
        CHECK_MSG(strncmp(found_, text, strlen(text)) == 0, "%s: %s", id, found_);                 \
    } while (0)

TEST(no_kvm)
{
    examine_begin();
    BEGINS("kvm.device", "failure: The KVM module is not loaded");
    CHECK(strstr(examine_fix(), "modprobe kvm_amd"));
    examine_machine()->cpu.vendor = CPU_INTEL;
    examine_machine()->cpu.svm_or_vmx = false;
    BEGINS("kvm.device", "failure: KVM is not there, because virtualization (VT-x) is off");
}

TEST(who_may_use_kvm)
{
    static const struct {
        const char *mode;
        bool in_group, allowed;
    } rows[] = {
        { "20660", true, true },
        { "20660", false, false },
        { "20666", false, true },
        { "20606", true, false }, /* the group's bits count for its members */
    };
    examine_begin();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char line[128];
        examine_machine()->user.group_count = rows[i].in_group ? 3 : 1;
        snprintf(line, sizeof(line), "%s 0 36 0 10:232 /dev/kvm\n", rows[i].mode);
        tree_file("/.espelho/stat", line);
        BEGINS("kvm.device", rows[i].allowed ? "ok" : "warning: You may not use KVM");
        CHECK(rows[i].allowed || strstr(examine_fix(), "usermod -aG kvm ana"));
    }
}

/* An access list does not show in the mode; the system was asked. */
TEST(access_lists)
{
    examine_begin();
    examine_machine()->user.group_count = 1;
    examine_stat("20660 0 36 0 10:232 /dev/kvm");
    examine_command("test -r /dev/kvm", 0, "");
    BEGINS("kvm.device", "warning");
    examine_command("test -w /dev/kvm", 0, "");
    BEGINS("kvm.device", "ok");
}

TEST(groups)
{
    struct machine_user *user = &examine_machine()->user;
    examine_begin();
    BEGINS("kvm.groups", "ok");
    user->group_count = 2; /* not kvm */
    BEGINS("kvm.groups", "warning: You are not a member of: kvm.");
    CHECK(strstr(examine_fix(), "sudo usermod -aG kvm ana\n"));
    user->group_count = 1;
    BEGINS("kvm.groups", "warning: You are not a member of: libvirt,kvm.");
    tree_file("/etc/group", "kvmx:x:1:\nkvm:x:36:\nxlibvirt:x:2:\n"); /* no group libvirt here */
    BEGINS("kvm.groups", "warning: You are not a member of: kvm.");
    user->uid = 0;
    BEGINS("kvm.groups", "not_applicable");
}

TEST(versions)
{
    static const struct {
        const char *text, *found;
    } rows[] = {
        { "QEMU emulator version 7.2.15 (Debian 1:7.2+dfsg-7)\n", "ok: QEMU 7.2.15" },
        { "QEMU emulator version 5.2.0\n", "warning: QEMU has the version 5.2.0, older than 6.0" },
        { "QEMU emulator version 6.0.0\n", "ok" },
        { "", "skipped" },
        { "no numbers at all", "skipped" },
        { "99999999999999999999.99999999999999", "ok" },
        { "1.", "skipped" },
    };
    examine_begin();
    BEGINS("kvm.qemu", "failure: QEMU is not installed");
    CHECK(strstr(examine_fix(), "qemu-system-x86"));
    BEGINS("kvm.libvirt", "failure: libvirt is not installed");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        examine_command("qemu-system-x86_64 --version", 0, rows[i].text);
        BEGINS("kvm.qemu", rows[i].found);
    }
    examine_command("virsh --version", 0, "7.3.0\n");
    BEGINS("kvm.libvirt", "warning: libvirt has the version 7.3.0, older than 7.4");
    examine_command("virsh --version", 0, "10.0.0\n");
    BEGINS("kvm.libvirt", "ok: libvirt 10.0.0");
}

/* Where there is no qemu-system-x86_64 (RHEL), the next one counts. */
TEST(qemu_elsewhere)
{
    examine_begin();
    examine_command("/usr/libexec/qemu-kvm --version", 0, "QEMU emulator version 9.0.0\n");
    BEGINS("kvm.qemu", "ok: QEMU 9.0.0");
}

TEST(the_daemon)
{
    examine_begin();
    BEGINS("kvm.daemon", "failure: libvirt is not running");
    CHECK(strstr(examine_fix(), "enable --now libvirtd"));
    tree_file("/usr/lib/systemd/system/virtqemud.socket", "");
    BEGINS("kvm.daemon", "failure");
    CHECK(strstr(examine_fix(), "virt${drv}d.socket"));
    tree_file("/usr/lib/systemd/system/libvirtd.socket", "");
    BEGINS("kvm.daemon", "failure");
    CHECK_STR(examine_fix(), "sudo systemctl enable --now libvirtd.socket");
    examine_stat("140770 0 120 0 0:0 /run/libvirt/libvirt-sock");
    BEGINS("kvm.daemon", "ok");
}

#define NET_INFO "virsh --readonly --connect qemu:///system net-info default"

TEST(the_network)
{
    examine_begin();
    BEGINS("kvm.network", "not_applicable"); /* no libvirt */
    examine_stat("140770 0 120 0 0:0 /run/libvirt/libvirt-sock");
    BEGINS("kvm.network", "not_applicable"); /* it was not asked */
    examine_command(NET_INFO, 1, "");
    BEGINS("kvm.network", "warning: libvirt has no network called 'default'");
    CHECK(strstr(examine_fix(), "net-define"));
    examine_command(NET_INFO, 0, "Name: default\nActive:         no\nAutostart:      no\n");
    BEGINS("kvm.network", "warning: The network 'default' is not started");
    examine_vm("<devices><interface><source network='default'/></interface></devices>");
    BEGINS("kvm.network", "failure: The network 'default' is not started");
    examine_command(NET_INFO, 0, "Active: yes\nAutostart: no\n");
    BEGINS("kvm.network", "warning: The network 'default' does not start");
    examine_command(NET_INFO, 0, "Active: yes\nAutostart: yes\n");
    BEGINS("kvm.network", "ok");
    examine_vm("<devices><interface><source bridge='br0'/></interface></devices>");
    BEGINS("kvm.network", "not_applicable");
    examine_vm(NULL);
    examine_machine()->user.group_count = 1;
    examine_command(NET_INFO, 1, "");
    BEGINS("kvm.network", "skipped: libvirt does not let you look");
}
