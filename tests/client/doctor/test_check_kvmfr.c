/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "client/machine/tree.h"
#include "examine.h"
#include "test.h"

#define BEGINS(id, text)                                                                           \
    do {                                                                                           \
        const char *found_ = examine(id);                                                          \
        CHECK_MSG(strncmp(found_, text, strlen(text)) == 0, "%s: %s", id, found_);                 \
    } while (0)

#define RELEASE "6.1.0-30-amd64"
#define KVMFR                                                                                      \
    "<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><name>win</name>"  \
    "<qemu:commandline><qemu:arg value='-device'/><qemu:arg value='ivshmem-plain,memdev=m'/>"      \
    "<qemu:arg value='-object'/><qemu:arg value='memory-backend-file,id=m,share=on,"               \
    "mem-path=/dev/kvmfr0,size=64M'/></qemu:commandline></domain>"
#define DOORBELL                                                                                   \
    "<devices><shmem name='x'><model type='ivshmem-doorbell'/>"                                    \
    "<server path='/run/espelho/win.sock'/></shmem></devices>"
#define DOORBELL_RUNNING "<domain id='1'><name>win</name>" DOORBELL "</domain>"
#define VARIABLE         "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"

/* What the VM does not use is not judged. */
TEST(nothing_of_it_is_used)
{
    static const char *const ids[] = { "kvmfr.built",  "kvmfr.secure_boot", "kvmfr.module",
                                       "kvmfr.device", "kvmfr.rule",        "kvmfr.udmabuf",
                                       "kvmfr.server" };
    examine_begin();
    tree_folder("/sys/module/kvmfr");
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        examine_vm(NULL);
        BEGINS(ids[i], "not_applicable");
        examine_vm("<devices><shmem name='x'/></devices>");
        BEGINS(ids[i], "not_applicable");
    }
}

TEST(built_for_which_kernel)
{
    examine_begin();
    examine_vm(KVMFR);
    BEGINS("kvmfr.built", "failure: The module is not installed");
    CHECK(strstr(examine_fix(), "espelho setup vm --domain win --backend plain"));
    tree_file("/usr/src/kvmfr-0.1.0/dkms.conf", "");
    BEGINS("kvmfr.built", "failure: The module is not installed");
    CHECK(strstr(examine_fix(), "dkms install kvmfr/0.1.0"));
    CHECK(strstr(examine_fix(), "linux-headers")); /* none of this kernel */
    tree_file("/lib/modules/6.1.0-29-amd64/updates/dkms/kvmfr.ko", "");
    tree_file("/lib/modules/" RELEASE "/build/Makefile", "");
    BEGINS("kvmfr.built",
           "failure: The module is built for the kernel 6.1.0-29-amd64, but " RELEASE " runs");
    CHECK(!strstr(examine_fix(), "linux-headers"));
    tree_file("/lib/modules/" RELEASE "/extra/kvmfr.ko.zst", "");
    BEGINS("kvmfr.built", "ok");
}

TEST(loaded)
{
    examine_begin();
    examine_vm(KVMFR);
    BEGINS("kvmfr.module", "not_applicable"); /* kvmfr.built tells it */
    tree_file("/lib/modules/" RELEASE "/updates/kvmfr.ko.xz", "");
    BEGINS("kvmfr.module", "failure: The module is not loaded");
    CHECK(strstr(examine_fix(), "modprobe kvmfr"));
    tree_folder("/sys/module/kvmfr");
    BEGINS("kvmfr.module", "ok");
}

static void write_variable(const char *bytes, size_t len_bytes)
{
    tree_file(VARIABLE, "");
    FILE *f = fopen(tree_path(VARIABLE), "we");
    CHECK(f && fwrite(bytes, 1, len_bytes, f) == len_bytes && fclose(f) == 0);
}

TEST(secure_boot)
{
    examine_begin();
    examine_vm(KVMFR);
    BEGINS("kvmfr.secure_boot", "not_applicable");
    write_variable("\6\0\0\0\0", 5);
    BEGINS("kvmfr.secure_boot", "not_applicable");
    write_variable("\6\0\0", 3);
    BEGINS("kvmfr.secure_boot", "not_applicable");
    write_variable("\6\0\0\0\1", 5);
    BEGINS("kvmfr.secure_boot", "failure: Secure Boot is on, and the key");
    CHECK(strstr(examine_fix(), "mokutil --import"));
    examine_command("mokutil --sb-state", 0, "SecureBoot disabled\n");
    BEGINS("kvmfr.secure_boot", "not_applicable");
    examine_command("mokutil --sb-state", 0, "SecureBoot enabled\n");
    BEGINS("kvmfr.secure_boot", "failure");
    examine_command("mokutil --test-key /var/lib/dkms/mok.pub", 0, "mok.pub is not enrolled\n");
    BEGINS("kvmfr.secure_boot", "failure");
    examine_command("mokutil --test-key /var/lib/dkms/mok.pub", 1, "mok.pub is already enrolled\n");
    BEGINS("kvmfr.secure_boot", "ok");
}

TEST(the_device_and_its_size)
{
    examine_begin();
    examine_vm(KVMFR);
    BEGINS("kvmfr.device", "not_applicable");
    tree_folder("/sys/module/kvmfr");
    BEGINS("kvmfr.device", "failure: The module is loaded, but this device is not there");
    CHECK(strstr(examine_fix(), "static_size_mb=64"));
    tree_file("/dev/kvmfr0", "");
    tree_file("/sys/class/kvmfr/kvmfr0/size", "33554432\n");
    BEGINS("kvmfr.device", "failure: The device has 32 MiB, the VM's definition says 64");
    tree_file("/sys/class/kvmfr/kvmfr0/size", "67108864\n");
    BEGINS("kvmfr.device", "warning: The device is there now, but nothing makes it again");
    tree_file("/etc/modprobe.d/kvmfr.conf", "#options kvmfr static_size_mb=64\n");
    tree_file("/etc/modules-load.d/kvmfr.conf", "kvmfr\n");
    BEGINS("kvmfr.device", "warning");
    tree_file("/etc/modprobe.d/kvmfr.conf", "options kvmfr static_size_mb=64\n");
    BEGINS("kvmfr.device", "ok");
}

TEST(who_may_open_the_device)
{
    examine_begin();
    examine_vm(KVMFR);
    BEGINS("kvmfr.rule", "not_applicable");
    examine_stat("20600 0 0 0 240:0 /dev/kvmfr0");
    BEGINS("kvmfr.rule", "failure: You may not open it: it belongs to root, group root, mode 0600");
    CHECK(strstr(examine_fix(), "OWNER=\"ana\""));
    tree_file("/.espelho/stat", "20660 0 36 0 240:0 /dev/kvmfr0\n");
    BEGINS("kvmfr.rule", "warning: No udev rule names it");
    tree_file("/usr/lib/udev/rules.d/70-kvmfr.rules", "# about kvmfr\nSUBSYSTEM==\"kvmfr\"\n");
    BEGINS("kvmfr.rule", "ok");
}

TEST(udmabuf)
{
    examine_begin();
    examine_vm(DOORBELL);
    tree_file("/etc/espelho/shm/win.conf", "mode=3840x2160\n");
    BEGINS("kvmfr.udmabuf", "warning: udmabuf is not there");
    examine_stat("20600 0 0 0 10:125 /dev/udmabuf");
    BEGINS("kvmfr.udmabuf", "warning: You may not use udmabuf (group root, mode 0600)");
    tree_file("/.espelho/stat", "20660 0 36 0 10:125 /dev/udmabuf\n");
    BEGINS("kvmfr.udmabuf", "ok");
    tree_file("/sys/module/udmabuf/parameters/size_limit_mb", "64\n");
    BEGINS("kvmfr.udmabuf", "warning: udmabuf is limited to 64 MiB, the shared memory has 128");
    CHECK(strstr(examine_fix(), "size_limit_mb=128"));
    tree_file("/sys/module/udmabuf/parameters/size_limit_mb", "128\n");
    BEGINS("kvmfr.udmabuf", "ok");
}

TEST(the_server)
{
    examine_begin();
    examine_vm(DOORBELL);
    BEGINS("kvmfr.server", "warning: The socket of the ivshmem server is not there");
    CHECK_STR(examine_fix(), "sudo systemctl enable --now 'espelho-shm@win.socket'");
    examine_vm(DOORBELL_RUNNING);
    BEGINS("kvmfr.server", "failure");
    examine_stat("100660 0 36 0 0:0 /run/espelho/win.sock");
    BEGINS("kvmfr.server", "failure: This is no socket");
    tree_file("/.espelho/stat", "140660 0 0 0 0:0 /run/espelho/win.sock\n");
    BEGINS("kvmfr.server",
           "failure: You may not connect to the ivshmem server (group root, mode 0660)");
    tree_file("/.espelho/stat", "140660 0 36 0 0:0 /run/espelho/win.sock\n");
    BEGINS("kvmfr.server", "ok");
    examine_vm("<devices><shmem name='x'><server path='/tmp/it.sock'/></shmem></devices>");
    BEGINS("kvmfr.server", "warning");
    CHECK(strstr(examine_fix(), "espelho shm-server"));
}
