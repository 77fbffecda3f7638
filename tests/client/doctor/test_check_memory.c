/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "client/machine/tree.h"
#include "examine.h"
#include "test.h"

#define BEGINS(id, text)                                                                           \
    do {                                                                                           \
        const char *found_ = examine(id);                                                          \
        CHECK_MSG(strncmp(found_, text, strlen(text)) == 0, "%s: %s", id, found_);                 \
    } while (0)

#define PATH    "/dev/shm/looking-glass"
#define DEVICE  "<devices><shmem name='looking-glass'><size unit='M'>64</size></shmem></devices>"
#define RUNNING "<domain id='1' type='kvm'><name>win</name>" DEVICE "</domain>"
#define KVMFR                                                                                      \
    "<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><name>win</name>"  \
    "<qemu:commandline><qemu:arg value='-device'/><qemu:arg value='ivshmem-plain,memdev=m'/>"      \
    "<qemu:arg value='-object'/><qemu:arg value='memory-backend-file,id=m,share=on,"               \
    "mem-path=/dev/kvmfr0,size=64M'/></qemu:commandline></domain>"

static const char *const ids[] = { "memory.file",     "memory.access",   "memory.size",
                                   "memory.tmpfiles", "memory.selinux",  "memory.apparmor",
                                   "memory.cgroup",   "memory.leftover", "memory.users" };

TEST(nothing_to_look_at)
{
    examine_begin();
    examine_machine()->distro.selinux = examine_machine()->distro.apparmor = true;
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        examine_vm(NULL);
        BEGINS(ids[i], "not_applicable");
        examine_vm("");
        BEGINS(ids[i], "not_applicable");
        examine_vm("<devices><shmem name='../../etc/passwd'/></devices>");
        BEGINS(ids[i], "not_applicable");
        examine_vm("<devices><shmem name='x'><server path='/run/x.sock'/></shmem></devices>");
        BEGINS(ids[i], "not_applicable");
    }
}

TEST(the_file)
{
    examine_begin();
    examine_vm(DEVICE);
    BEGINS("memory.file", "ok: The file is made when the VM starts");
    BEGINS("memory.access", "not_applicable");
    examine_vm(RUNNING);
    BEGINS("memory.file", "failure: The VM runs, but its shared memory is gone");
    examine_stat("40755 0 0 0 0:0 " PATH);
    BEGINS("memory.file", "failure: This is no file");
    tree_file("/.espelho/stat", "100660 1000 36 67108864 0:0 " PATH "\n");
    BEGINS("memory.file", "ok: The file is there");
}

TEST(owner_and_mode)
{
    static const struct {
        const char *stat, *found;
    } rows[] = {
        { "100600 64055 36", "failure: You may not read and write the shared memory: it belongs to "
                             "libvirt-qemu, group kvm, mode 0600" },
        { "100640 64055 36", "failure: You may not" },
        { "100660 0 0",
          "failure: You may not read and write the shared memory: it belongs to root, "
          "group root" },
        { "100600 1000 1000",
          "failure: QEMU may not open the shared memory: it belongs to ana, group "
          "1000, mode 0600" },
        { "100640 1000 36", "failure: QEMU may not" },
        { "100660 1000 4242", "failure: QEMU may not" },
        { "100666 1000 1000", "warning: Every user and program of this machine" },
        { "100660 1000 36", "ok: You and QEMU may open it (ana, group kvm, mode 0660)" },
        { "100660 1000 107", "ok" }, /* qemu, of Fedora */
        { "100660 64055 36", "ok" }, /* ana is in kvm */
    };
    examine_begin();
    examine_vm(DEVICE);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char line[128];
        snprintf(line, sizeof(line), "%s 67108864 0:0 " PATH "\n", rows[i].stat);
        tree_file("/.espelho/stat", line);
        BEGINS("memory.access", rows[i].found);
    }
    tree_file("/.espelho/stat", "100600 0 0 67108864 0:0 " PATH "\n");
    BEGINS("memory.access", "failure");
    CHECK(strstr(examine_fix(), "f /dev/shm/looking-glass 0660 ana kvm -"));
    examine_machine()->distro.family = DISTRO_FEDORA;
    BEGINS("memory.access", "failure");
    CHECK(strstr(examine_fix(), "f /dev/shm/looking-glass 0660 ana kvm -"));
}

TEST(a_file_of_this_users_qemu)
{
    examine_begin();
    examine_stat("100600 1000 1000 16777216 0:0 /dev/shm/x");
    examine_process("qemu-system-x86_64|-device|ivshmem-plain,memdev=m|-object|"
                    "memory-backend-file,id=m,mem-path=/dev/shm/x,size=16M");
    BEGINS("memory.access", "ok");
    BEGINS("memory.size", "ok: The file has the 16 MiB");
    BEGINS("memory.tmpfiles", "not_applicable");
}

TEST(size_that_is_there)
{
    examine_begin();
    examine_vm(DEVICE);
    BEGINS("memory.size", "not_applicable");
    examine_stat("100660 1000 36 33554432 0:0 " PATH);
    BEGINS("memory.size", "failure: The file has 32 MiB, the VM's definition says 64");
    CHECK(strstr(examine_fix(), "sudo rm '" PATH "'"));
    tree_file("/.espelho/stat", "100660 1000 36 0 0:0 " PATH "\n");
    BEGINS("memory.size", "ok: The file is empty");
    tree_file("/.espelho/stat", "100660 1000 36 67108864 0:0 " PATH "\n");
    BEGINS("memory.size", "ok");
}

TEST(tmpfiles)
{
    static const struct {
        const char *text, *found;
    } rows[] = {
        { "", "warning: No file in tmpfiles.d makes it" },
        { "# f " PATH " 0660 ana kvm -\n", "warning: No file" },
        { "f " PATH "2 0660 ana kvm -\n", "warning: No file" },
        { "d " PATH " 0660 ana kvm -\n", "failure: The line for " PATH " has the type 'd'" },
        { "f " PATH "\n",
          "failure: The line for " PATH " gives it to root, group root, mode 0644" },
        { "f " PATH " 0660 root qemu -\n", "failure: The line for " PATH " gives it to root" },
        { "f " PATH " 0640 root kvm -\n", "failure" },
        { "f " PATH " 0660 ana ana -\n",
          "failure: The line for " PATH " gives it to ana, group ana, mode 0660: QEMU cannot" },
        { "f " PATH " 0640 ana kvm -\n", "failure: The line for " PATH " gives it to ana" },
        { "f " PATH " 0660 ana qemu -\n", "ok" },
        { "f " PATH " 0660 libvirt-qemu kvm -\n", "ok" },
        { "f " PATH " 0440 ana kvm -\n", "failure" },
        { "f " PATH " 0660 ana kvm -\n", "ok" },
        { "f " PATH " 0660 1000 kvm -\n", "ok" },
        { "x /tmp\n\n  f  " PATH "\t0660 root kvm -\n", "ok" },
        { "f " PATH " 0666 root root -\n", "ok" },
    };
    examine_begin();
    examine_vm(DEVICE);
    BEGINS("memory.tmpfiles", rows[0].found); /* no folder either */
    tree_file("/etc/tmpfiles.d/README", "f " PATH " 0660 ana kvm -\n");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tree_file("/etc/tmpfiles.d/10-x.conf", rows[i].text);
        BEGINS("memory.tmpfiles", rows[i].found);
    }
}

TEST(selinux)
{
    examine_begin();
    examine_vm(DEVICE);
    BEGINS("memory.selinux", "not_applicable"); /* it is off */
    examine_machine()->distro.selinux = true;
    BEGINS("memory.selinux", "not_applicable"); /* no file yet: QEMU makes it with its own label */
    examine_stat("100660 1000 36 67108864 0:0 " PATH);
    BEGINS("memory.selinux", "skipped");
    examine_command("stat -c %C /dev/shm/looking-glass", 0, "system_u:object_r:user_tmp_t:s0\n");
    BEGINS("memory.selinux", "warning: SELinux keeps QEMU from it: its label is "
                             "system_u:object_r:user_tmp_t:s0,");
    CHECK(strstr(examine_fix(), "semanage fcontext -a -t svirt_tmpfs_t '" PATH "'"));
    examine_vm(RUNNING);
    BEGINS("memory.selinux", "failure");
    examine_command("stat -c %C /dev/shm/looking-glass", 0,
                    "system_u:object_r:svirt_tmpfs_t:s0:c1,c2\n");
    BEGINS("memory.selinux", "ok");
}

TEST(selinux_and_the_server)
{
    examine_begin();
    examine_machine()->distro.selinux = true;
    examine_vm("<devices><shmem name='x'><model type='ivshmem-doorbell'/>"
               "<server path='/run/espelho/win.sock'/></shmem></devices>");
    BEGINS("memory.selinux", "not_applicable");
    tree_file("/etc/selinux/targeted/contexts/files/file_contexts.local",
              "/run/espelho/win\\.sock system_u:object_r:svirt_image_t:s0\n");
    BEGINS("memory.selinux", "ok: SELinux has a rule for it");
    examine_stat("140660 0 36 0 0:0 /run/espelho/win.sock");
    examine_command("stat -c %C /run/espelho/win.sock", 0, "system_u:object_r:var_run_t:s0\n");
    BEGINS("memory.selinux",
           "warning: SELinux keeps QEMU from it: its label is "
           "system_u:object_r:var_run_t:s0, and should be of the type svirt_image");
    CHECK(strstr(examine_fix(), "-t svirt_image_t '/run/espelho/win\\.sock'\n"
                                "sudo restorecon -v '/run/espelho/win.sock'\nIf the VM"));
    examine_command("stat -c %C /run/espelho/win.sock", 0, "system_u:object_r:svirt_image_t:s0\n");
    BEGINS("memory.selinux", "ok");
}

TEST(apparmor_and_the_server)
{
    examine_begin();
    examine_machine()->distro.apparmor = true;
    tree_file("/etc/apparmor.d/abstractions/libvirt-qemu", "  /dev/kvm rw,\n");
    examine_vm("<devices><shmem name='x'><model type='ivshmem-doorbell'/>"
               "<server path='/run/espelho/win.sock'/></shmem></devices>");
    BEGINS("memory.apparmor", "ok: libvirt writes AppArmor's rule");
    examine_vm("<domain type='kvm' xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'>"
               "<name>win</name><q:commandline>"
               "<q:arg value='-chardev'/><q:arg value='socket,id=s,path=/run/espelho/win.sock'/>"
               "<q:arg value='-device'/><q:arg value='ivshmem-doorbell,chardev=s,vectors=2'/>"
               "</q:commandline></domain>");
    BEGINS("memory.apparmor", "failure: AppArmor keeps QEMU from it");
    CHECK(strstr(examine_fix(), "echo '/run/espelho/win.sock rw,' | sudo tee -a"));
}

TEST(selinux_and_the_module)
{
    examine_begin();
    examine_machine()->distro.selinux = true;
    examine_vm(KVMFR);
    examine_stat("20660 0 36 0 240:0 /dev/kvmfr0");
    examine_command("stat -c %C /dev/kvmfr0", 0, "system_u:object_r:device_t:s0\n");
    BEGINS("memory.selinux", "warning");
    CHECK(strstr(examine_fix(), "semodule -i") && strstr(examine_fix(), "'/dev/kvmfr0'"));
}

#define ABSTRACTION "/etc/apparmor.d/abstractions/libvirt-qemu"
#define LOCAL       "/etc/apparmor.d/local/abstractions/libvirt-qemu"

TEST(apparmor)
{
    examine_begin();
    examine_vm(KVMFR);
    tree_file(ABSTRACTION, "  /dev/kvm rw,\n");
    BEGINS("memory.apparmor", "not_applicable"); /* it is off */
    examine_machine()->distro.apparmor = true;
    BEGINS("memory.apparmor", "failure: AppArmor keeps QEMU from it");
    CHECK(strstr(examine_fix(), "echo '/dev/kvmfr0 rw,' | sudo tee -a " LOCAL));
    tree_file(LOCAL, "/dev/kvmfr1 rw,\n");
    BEGINS("memory.apparmor", "failure");
    tree_file(LOCAL, "/dev/kvmfr* rw,\n");
    BEGINS("memory.apparmor", "ok");
    tree_file(LOCAL, "/dev/kvmfr0 rw,\n");
    BEGINS("memory.apparmor", "ok: AppArmor has a rule for it in " LOCAL);
    examine_vm(DEVICE);
    BEGINS("memory.apparmor", "ok: libvirt writes AppArmor's rule");
}

TEST(list_of_devices)
{
    static const struct {
        const char *text, *found;
    } rows[] = {
        { "", "failure: libvirt keeps the VM from /dev/kvmfr0" },
        { "#cgroup_device_acl = [ \"/dev/kvmfr0\" ]\n", "failure" },
        { "cgroup_device_acl = [ \"/dev/kvm\" ]\n# \"/dev/kvmfr0\"\n", "failure" },
        { "cgroup_device_acl = [ \"/dev/kvmfr01\" ]\n", "failure" },
        { "user = \"x\"\n  cgroup_device_acl = [\n  \"/dev/kvm\",\n  \"/dev/kvmfr0\"\n]\n", "ok" },
    };
    examine_begin();
    examine_vm(KVMFR);
    BEGINS("memory.cgroup", "failure"); /* no file: libvirt's own list */
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tree_file("/etc/libvirt/qemu.conf", rows[i].text);
        BEGINS("memory.cgroup", rows[i].found);
        CHECK(
            rows[i].found[0] == 'o' ||
            strstr(examine_fix(), rows[i].text[0] == 'c'
                                      ? "sudo sed -i '/^ *cgroup_device_acl/s|\\[|[ \"/dev/kvmfr0"
                                      : "\"/dev/userfaultfd\", \"/dev/kvmfr0\" ]' | sudo tee -a"));
    }
    tree_file("/.espelho/denied", "/etc/libvirt/qemu.conf\n");
    BEGINS("memory.cgroup", "skipped: Only root can read it");
    examine_vm(DEVICE);
    BEGINS("memory.cgroup", "not_applicable");
}

TEST(settings_of_the_window)
{
    static const struct {
        struct doctor_viewer viewer;
        const char *found, *fix;
    } rows[] = {
        { { .memory = NULL }, "ok: The window looks into /dev/shm/looking-glass", "" },
        { { .memory = "/dev/shm/looking-glass" }, "ok: The window looks into", "" },
        { { .memory = "/dev/shm/x" },
          "failure: The window looks into /dev/shm/x (app.shmFile), but the VM writes into "
          "/dev/shm/looking-glass",
          "client.ini, below [app]:\n  shmFile=/dev/shm/looking-glass\n" },
        { { .memory = "/dev/shm/x", .domain = "win" }, "failure: The window looks into", "" },
        { { .domain = "win" }, "ok: The window asks libvirt for the memory of win", "" },
        { { .domain = "mac" },
          "warning: The window's settings name another VM, mac",
          "domain=win" },
        { { .problem = "client.ini:3: no option 'x'" },
          "failure: The window does not open, because its settings have an error: client.ini:3",
          "Correct that line" },
    };
    examine_begin();
    examine_vm(DEVICE);
    BEGINS("memory.viewer", "not_applicable");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        *examine_viewer() = &rows[i].viewer;
        BEGINS("memory.viewer", rows[i].found);
        CHECK_MSG(strstr(examine_fix(), rows[i].fix), "row %zu: %s", i, examine_fix());
    }
    *examine_viewer() = &rows[0].viewer;
    tree_file("/dev/kvmfr0", "");
    BEGINS("memory.viewer", "warning: Nothing is set, so the window looks into /dev/kvmfr0");
    examine_vm(NULL);
    BEGINS("memory.viewer", "not_applicable");
    *examine_viewer() = NULL;
}

TEST(forgotten_files)
{
    examine_begin();
    examine_vm(DEVICE);
    tree_file(PATH, "");
    tree_file("/dev/shm/looking-glass-old", "");
    tree_file("/dev/shm/pulse-shm-1", "");
    tree_file("/dev/shm/espelho-tiny", "");
    examine_stat("100660 1000 36 67108864 0:0 " PATH);
    examine_stat("100660 1000 36 134217728 0:0 /dev/shm/looking-glass-old");
    examine_stat("100660 1000 36 134217728 0:0 /dev/shm/pulse-shm-1");
    examine_stat("100660 1000 36 1048576 0:0 /dev/shm/espelho-tiny");
    CHECK_STR(examine("memory.leftover"),
              "warning: A file of 128 MiB that win does not use takes main memory.");
    CHECK(strstr(examine_fix(), "sudo rm '/dev/shm/looking-glass-old'"));
}

TEST(who_has_it_open)
{
    examine_begin();
    examine_vm(DEVICE);
    BEGINS("memory.users", "not_applicable");
    tree_file(PATH, "");
    BEGINS("memory.users", "skipped: The program 'fuser' is not installed");
    examine_command("fuser /dev/shm/looking-glass", 1, "");
    BEGINS("memory.users", "skipped: None of your programs has it open");
    tree_file("/proc/77/comm", "qemu-system-x86\n");
    examine_command("fuser /dev/shm/looking-glass", 0, " 77m   99\n");
    CHECK_STR(examine("memory.users"), "ok: Opened by: 77 (qemu-system-x86), 99 (?).");
    examine_machine()->user.uid = 0;
    examine_command("fuser /dev/shm/looking-glass", 1, "");
    BEGINS("memory.users", "ok: Nobody has it open");
}
