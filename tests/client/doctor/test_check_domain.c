/* SPDX-License-Identifier: GPL-2.0-or-later
 * Each check of a VM's definition: what it says of good and of bad ones. */
#include "client/machine/tree.h"
#include "examine.h"
#include "test.h"

struct row {
    const char *id, *xml, *found; /* how the finding begins */
    const char *fix;              /* a word of it, or NULL */
};

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        examine_vm(rows[i].xml);
        const char *const found = examine(rows[i].id);
        CHECK_MSG(strncmp(found, rows[i].found, strlen(rows[i].found)) == 0,
                  "%s of %s:\n%s\ninstead of\n%s", rows[i].id, rows[i].xml, found, rows[i].found);
        CHECK_MSG(!rows[i].fix || strstr(examine_fix(), rows[i].fix), "%s of %s: fix\n%s",
                  rows[i].id, rows[i].xml, examine_fix());
    }
}

#define GPU(function)                                                                              \
    "<hostdev type='pci' managed='yes'><source><address bus='0x01' slot='0' function='" function   \
    "'/></source></hostdev>"
#define ALL_OF_GPU GPU("0") GPU("1") GPU("2")

TEST(kind_of_machine)
{
    static const struct row rows[] = {
        { "domain.definition", "<name>a&#127;</name>", "warning: Some values", "dumpxml" },
        { "domain.definition", "", "ok", NULL },
        { "domain.kvm", "<domain type='qemu'/>", "failure: The VM has the type 'qemu'",
          "type='kvm'" },
        { "domain.kvm", "", "ok", NULL },
        { "domain.machine", "<os><type machine='pc-i440fx-8.0'>hvm</type></os>",
          "warning: The machine type is 'pc-i440fx-8.0'", "Q35" },
        { "domain.machine", "<os><type machine='pc-q35-8.0'>hvm</type></os>", "ok", NULL },
        { "domain.firmware", "<os/>", "warning: The VM starts with an old BIOS", "firmware='efi'" },
        { "domain.firmware", "<os/><devices>" GPU("0") "</devices>", "failure: The VM starts with",
          "virsh --connect qemu:///system edit win" },
        { "domain.firmware", "<os firmware='efi'/>", "ok", NULL },
        { "domain.firmware", "<os><loader type='pflash'>/no/CODE.fd</loader></os>",
          "failure: The VM's firmware /no/CODE.fd does not exist", "ovmf" },
        { "domain.firmware", "<os><loader type='pflash'>/o/CODE.fd</loader></os>", "ok", NULL },
    };
    examine_begin();
    tree_file("/o/CODE.fd", "");
    check_rows(rows, ARRAY_LEN(rows));
}

#define ARGUMENTS(inside)                                                                          \
    "<domain type='kvm' xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'><name>win</name>"     \
    "<q:commandline>" inside "</q:commandline></domain>"

TEST(arguments_of_qemu_that_are_not_whole)
{
    static const struct row rows[] = {
        { "domain.definition", ARGUMENTS("<q:arg value='-object'/>"),
          "failure: Among QEMU's arguments, '-object' has no value",
          "remove:\n  <qemu:arg value='-object'/>" },
        { "domain.definition",
          ARGUMENTS("<q:arg value='-device'/><q:arg value='-object'/>"
                    "<q:arg value='memory-backend-file,id=a'/>"),
          "failure: Among QEMU's arguments, '-device' has no value", "" },
        { "domain.definition", ARGUMENTS("<q:arg value='-device'/><q:arg value='e1000'/>"), "ok",
          NULL },
    };
    examine_begin();
    check_rows(rows, ARRAY_LEN(rows));
}

TEST(processor)
{
    static const struct row rows[] = {
        { "domain.cpu_model", "<cpu mode='host-model'/>", "warning: ", "host-passthrough" },
        { "domain.cpu_model", "", "warning: The guest sees a made-up processor (mode 'custom')",
          "" },
        { "domain.cpu_model", "<cpu mode='host-passthrough'/>", "ok", NULL },
        { "domain.topology", "", "not_applicable", NULL },
        { "domain.topology", "<vcpu>17</vcpu>",
          "failure: The VM has 17 virtual CPUs, this machine "
          "only 16",
          "sudo espelho setup cpus --domain win --apply" },
        { "domain.topology", "<vcpu>4294967295</vcpu>", "failure", "" },
        { "domain.topology", "<vcpu>8</vcpu>", "warning: No topology", "cores='4' threads='2'" },
        { "domain.topology", "<vcpu>7</vcpu>", "warning: No topology", "cores='7' threads='1'" },
        { "domain.topology", "<vcpu>2</vcpu>", "ok", NULL },
        { "domain.topology", "<vcpu>8</vcpu><cpu><topology sockets='8'/></cpu>",
          "warning: The guest is shown 8 sockets", "sockets='1'" },
        { "domain.topology", "<vcpu>8</vcpu><cpu><topology cores='4' threads='2'/></cpu>",
          "warning: The VM has 2 threads per core, but without 'topoext'", "topoext" },
        { "domain.topology",
          "<vcpu>8</vcpu><cpu><topology cores='4' threads='2'/><feature name='topoext'/></cpu>",
          "ok: Virtual CPUs: 8 (sockets 1, cores 4, threads per core 2)", NULL },
        { "domain.topology",
          "<vcpu>8</vcpu><cpu><topology cores='4' threads='2'/>"
          "<feature name='topoext' policy='disable'/></cpu>",
          "warning", "" },
    };
    examine_begin();
    check_rows(rows, ARRAY_LEN(rows));
    examine_machine()->cpu.vendor = CPU_INTEL; /* needs no topoext */
    examine_vm("<vcpu>8</vcpu><cpu><topology cores='4' threads='2'/></cpu>");
    CHECK(strncmp(examine("domain.topology"), "ok", 2) == 0);
}

#define PIN(vcpu, cpus) "<vcpupin vcpu='" vcpu "' cpuset='" cpus "'/>"
#define THREADS         "<cpu><topology cores='2' threads='2'/></cpu>"
#define FOUR(pins)      "<vcpu>4</vcpu>" THREADS "<cputune>" pins "</cputune>"

TEST(pinning)
{
    static const struct row rows[] = {
        { "domain.pinning", "<vcpu>4</vcpu>", "warning: The virtual CPUs are not pinned",
          "  sudo espelho setup cpus --domain win --apply" },
        { "domain.pinning", FOUR(PIN("0", "16") PIN("1", "1")),
          "failure: Virtual CPU 0 is pinned to CPU 16, which this machine does not have", "" },
        { "domain.pinning", FOUR(PIN("0", "0-511")), "failure: Virtual CPU 0 is pinned to CPU 16",
          "" },
        { "domain.pinning", FOUR(PIN("0", "2") PIN("1", "2") PIN("2", "3") PIN("3", "11")),
          "warning: Two virtual CPUs are pinned to the same CPU 2", "" },
        { "domain.pinning", FOUR(PIN("0", "0") PIN("1", "1") PIN("2", "8") PIN("3", "9")),
          "warning: The guest takes virtual CPUs 0 and 1 for two threads of one core, but CPUs 0 "
          "and 1 are of different cores",
          "" },
        { "domain.pinning", "<vcpu>2</vcpu><cputune>" PIN("0", "2") PIN("1", "3") "</cputune>",
          "warning: The VM uses CPU 2, but Linux uses CPU 10 of the same core", "" },
        { "domain.pinning", FOUR(PIN("0", "3") PIN("1", "11") PIN("2", "4") PIN("3", "12")),
          "warning: The VM's CPUs lie in 2 groups with an L3 cache", "" },
        { "domain.pinning", FOUR(PIN("0", "2") PIN("1", "10")),
          "warning: Only 2 of 4 virtual CPUs are pinned", "" },
        { "domain.pinning", FOUR(PIN("0", "2") PIN("1", "10") PIN("2", "3") PIN("3", "11")),
          "ok: All 4 virtual CPUs are pinned to whole cores", NULL },
        { "domain.pinning",
          FOUR(PIN("0", "2,10") PIN("1", "2,10") PIN("2", "3,11") PIN("3", "3,11")), "ok", NULL },
        /* More than one cache has: two are no fault. */
        { "domain.pinning", "<vcpu>9</vcpu><cputune>" PIN("0", "0-15") "</cputune>",
          "warning: Only 1 of 9", "" },
        { "domain.pinning", "", "not_applicable", NULL },
        { "domain.emulator", "<vcpu>4</vcpu>", "not_applicable", NULL },
        { "domain.emulator", FOUR(PIN("0", "2")), "warning: QEMU's own threads have no place", "" },
        { "domain.emulator", FOUR(PIN("0", "2") "<emulatorpin cpuset='0-2'/>"),
          "warning: QEMU's own threads may run on CPU 2", "" },
        { "domain.emulator", FOUR(PIN("0", "2") "<emulatorpin cpuset='0-1,8-9'/>"), "ok", NULL },
    };
    examine_begin();
    check_rows(rows, ARRAY_LEN(rows));
}

TEST(hybrid_processor)
{
    examine_begin();
    struct machine *m = examine_machine();
    for (size_t i = 0; i < 16; i++) { /* 0-7: fast, without second threads; 8-15: slow */
        m->cpu.cores[i].sibling_count = 1;
        m->cpu.cores[i].siblings[0] = (uint32_t)i;
        m->cpu.cores[i].l3 = 0;
        m->cpu.cores[i].efficient = i >= 8;
    }
    examine_vm("<vcpu>2</vcpu><cputune>" PIN("0", "7") PIN("1", "8") "</cputune>");
    CHECK(strncmp(examine("domain.pinning"), "warning: The VM has fast and slow cores", 38) == 0);
    examine_vm("<vcpu>2</vcpu><cputune>" PIN("0", "6") PIN("1", "7") "</cputune>");
    CHECK(strncmp(examine("domain.pinning"), "ok", 2) == 0);
    m->cpu.core_count = 0; /* not known: nothing is said */
    CHECK(strncmp(examine("domain.pinning"), "not_applicable", 14) == 0);
}

#define MEMORY(gib) "<memory unit='GiB'>" gib "</memory>"

/* What is said already somewhere is changed there: another file might be overruled. */
TEST(where_huge_pages_are_reserved)
{
    examine_begin();
    tree_file("/proc/meminfo", "Hugepagesize:       2048 kB\n");
    tree_file("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "0\n");
    tree_file("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "0\n");
    examine_vm(MEMORY("8") "<memoryBacking><hugepages/></memoryBacking>");
    tree_file("/etc/sysctl.d/10-other.conf", "# vm.nr_hugepages = 4\nvm.swappiness=1\n");
    CHECK(strncmp(examine("domain.hugepages"), "failure: The VM needs 4096", 26) == 0);
    CHECK(strstr(examine_fix(), "'vm.nr_hugepages = 4096' | sudo tee /etc/sysctl.d/40-hugepages"));
    tree_file("/etc/sysctl.d/99-mine.conf", "vm.swappiness=1\n\tvm.nr_hugepages=4\n");
    tree_file("/etc/sysctl.d/99-old.conf~", "vm.nr_hugepages=4\n");
    tree_file("/etc/sysctl.conf", "vm/nr_hugepages = 8\n");
    CHECK(strncmp(examine("domain.hugepages"), "failure", 7) == 0);
    CHECK_MSG(strstr(examine_fix(), "|vm.nr_hugepages = 4096|' '/etc/sysctl.conf' "
                                    "'/etc/sysctl.d/99-mine.conf'\n"),
              "%s", examine_fix());
}

/* Doing what it says ends, on every machine: with no more to say, or with what only more memory
 * mends. */
TEST(memory_of_small_machines)
{
    static const struct {
        uint64_t host_mib;
        const char *guest, *found, *fix; /* NULL: nothing is to be done */
    } rows[] = {
        { 7800, "8192", "failure: The VM wants 8192 MiB, and this machine has 7800", "'GiB'>4<" },
        { 7800, "6144", "warning: The VM takes 6144 of 7800", "'GiB'>4<" },
        { 7800, "4096", "ok", NULL },
        { 11900, "11000", "failure: The VM wants", "'GiB'>7<" },
        { 5800, "5000", "failure: The VM wants", "'MiB'>3584<" },
        { 5800, "4096", "warning: The VM takes 4096 of 5800", "'MiB'>3584<" },
        { 5800, "3584", "warning: This machine has 5800 MiB: Windows 11 wants 4096", "8 GiB" },
        { 3900, "4096", "failure: The VM wants", "'GiB'>2<" },
        { 3900, "2048", "warning: This machine has 3900", "Put more memory" },
        { 1900, "16384", "failure: The VM wants", "'GiB'>2<" },
        { 1900, "2048", "failure: This machine has 1900", "Put more memory" },
        { 1900, "512", "warning: This machine has 1900", "Put more memory" },
        { 0, "2048", "warning: The VM has 2048 MiB", "'GiB'>4<" },
        { 0, "4096", "ok", NULL },
    };
    examine_begin();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char inside[64];
        snprintf(inside, sizeof(inside), "<memory unit='MiB'>%s</memory>", rows[i].guest);
        examine_vm(inside);
        examine_machine()->cpu.memory_bytes = rows[i].host_mib << 20;
        const char *const found = examine("domain.memory");
        CHECK_MSG(strncmp(found, rows[i].found, strlen(rows[i].found)) == 0, "row %zu: %s", i,
                  found);
        CHECK_MSG(rows[i].fix ? strstr(examine_fix(), rows[i].fix) != NULL : !examine_fix()[0],
                  "row %zu: %s", i, examine_fix());
    }
}

TEST(memory)
{
    static const struct row rows[] = {
        { "domain.memory", "", "not_applicable", NULL },
        { "domain.memory", MEMORY("16"),
          "failure: The VM wants 16384 MiB, and this machine has 16384",
          "<memory unit='GiB'>12</memory>\n  <currentMemory" },
        { "domain.memory", MEMORY("15"), "warning: The VM takes 15360", ">12</memory>" },
        { "domain.memory", MEMORY("2"), "warning: The VM has 2048 MiB", ">4</memory>" },
        { "domain.memory", MEMORY("8"), "ok", NULL },
        { "domain.memballoon", "", "warning", "<memballoon model='none'/>" },
        { "domain.memballoon", "<devices><memballoon model='none'/></devices>", "ok", NULL },
        { "domain.hugepages", MEMORY("8"), "ok: The VM uses pages of the normal size", NULL },
        { "domain.hugepages", MEMORY("8") "<memoryBacking><hugepages/></memoryBacking>",
          "failure: The VM needs 4096 huge pages of 2048 KiB; 100 are reserved and 50",
          "vm.nr_hugepages = 4096" },
        { "domain.hugepages",
          "<domain id='1'>" MEMORY("8") "<memoryBacking><hugepages/></memoryBacking></domain>",
          "ok", NULL },
        { "domain.hugepages",
          "<memory unit='MiB'>99</memory><memoryBacking><hugepages/></memoryBacking>", "ok", NULL },
        { "domain.hugepages",
          MEMORY("8") "<memoryBacking><hugepages><page size='1' "
                      "unit='G'/></hugepages></memoryBacking>",
          "failure: The VM wants pages of 1048576 KiB, which this kernel does not have", "2048" },
    };
    examine_begin();
    tree_file("/proc/meminfo", "MemTotal: 1 kB\nHugepagesize:       2048 kB\n");
    tree_file("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "100\n");
    tree_file("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "50\n");
    check_rows(rows, ARRAY_LEN(rows));
}

TEST(huge_pages_that_are_reserved)
{
    examine_begin();
    tree_file("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "4096\n");
    tree_file("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "4000\n");
    examine_vm(MEMORY("8"));
    CHECK(strncmp(examine("domain.hugepages"), "warning: 8192 MiB are reserved", 30) == 0);
    examine_vm(MEMORY("8") "<memoryBacking><hugepages/></memoryBacking>");
    CHECK(strncmp(examine("domain.hugepages"), "failure", 7) == 0);
    tree_file("/etc/libvirt/hooks/qemu.d/espelho-windows-hugepages", "put 1 nr_hugepages\n");
    tree_file("/etc/libvirt/hooks/qemu.d/espelho-win-cpus", "governor\n");
    CHECK(strncmp(examine("domain.hugepages"), "failure", 7) == 0);
    tree_file("/etc/libvirt/hooks/qemu.d/espelho-win-hugepages", "put 1 nr_hugepages\n");
    CHECK(strncmp(examine("domain.hugepages"), "ok: A hook", 10) == 0);
    tree_file("/etc/libvirt/hooks/qemu.d/espelho-win-hugepages", "");
    tree_file("/etc/libvirt/hooks/qemu.d/win/prepare/begin/pages.sh",
              "echo 4096 > .../nr_hugepages\n");
    CHECK(strncmp(examine("domain.hugepages"), "ok: A hook", 10) == 0);
    tree_file("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "many\n");
    CHECK(strncmp(examine("domain.hugepages"), "skipped", 7) == 0);
}

#define HYPERV_ALL "<relaxed/><vapic/><spinlocks/><vpindex/><synic/><stimer/><frequencies/>"
#define CLOCK      "<clock><timer name='hypervclock'/></clock>"

TEST(what_windows_is_told)
{
    static const struct row rows[] = {
        { "domain.code43", "", "not_applicable", NULL },
        { "domain.code43", "<devices>" GPU("1") "</devices>", "not_applicable", NULL },
        { "domain.code43", "<devices>" GPU("0") "</devices>",
          "warning: An NVIDIA card is passed through, and its driver can tell that it is in a VM "
          "by "
          "the name of the hypervisor (vendor_id). Drivers before 465, and those of many laptops, "
          "stop with Code 43.\nwarning: An NVIDIA card",
          "<features>:\n  <hyperv>\n    <vendor_id" },
        { "domain.code43",
          "<features><hyperv><relaxed/></hyperv></features><devices>" GPU("0") "</devices>",
          "warning: An NVIDIA", "<hyperv>:\n  <vendor_id" },
        { "domain.code43",
          "<features><hyperv><vendor_id value='x'/></hyperv></features><devices>" GPU(
              "0") "</devices>",
          "warning: An NVIDIA card is passed through, and its driver can tell that it is in a VM "
          "by "
          "KVM's signature",
          "<hidden state='on'/>" },
        { "domain.code43",
          "<features><kvm><hidden state='on'/></kvm></features><devices>" GPU("0") "</devices>",
          "warning: An NVIDIA card is passed through, and its driver can tell that it is in a VM "
          "by "
          "the name",
          "" },
        { "domain.code43",
          "<features><hyperv><vendor_id value='0123456789abc'/></hyperv></features><devices>" GPU(
              "0") "</devices>",
          "failure: The vendor_id '0123456789abc' has more than 12", "espelho" },
        { "domain.code43",
          "<features><hyperv><vendor_id value='x'/></hyperv><kvm><hidden state='on'/></kvm>"
          "</features><devices>" GPU("0") "</devices>",
          "ok", NULL },
        { "domain.hyperv", "",
          "warning: Features that Windows uses are off: relaxed, vapic, spinlocks, vpindex, synic, "
          "stimer, frequencies.\nwarning: The clock",
          "<stimer state='on'/>" },
        { "domain.hyperv", "<features><hyperv><vapic/></hyperv></features>",
          "warning: Features that Windows uses are off: relaxed, spinlocks",
          "<hyperv>:\n    <relaxed" },
        { "domain.hyperv", "<features><hyperv>" HYPERV_ALL "</hyperv></features>",
          "warning: The clock", "hypervclock" },
        { "domain.hyperv", "<features><hyperv>" HYPERV_ALL "</hyperv></features>" CLOCK, "ok",
          NULL },
        { "domain.hyperv", "<features><hyperv mode='passthrough'/></features>" CLOCK, "ok", NULL },
    };
    examine_begin();
    check_rows(rows, ARRAY_LEN(rows));
}

TEST(passed_through)
{
    static const struct row rows[] = {
        { "domain.hostdev", "", "failure: No graphics card is passed through to win",
          "function='0x1'/>" },
        { "domain.hostdev", "<devices>" GPU("0") "</devices>",
          "failure: The card 0000:01:00.0 is passed through without its sound function",
          "slot='0x00' function='0x1'" },
        { "domain.hostdev", "<devices>" GPU("0") GPU("1") "</devices>",
          "warning: The card 0000:01:00.0 is passed through without this function",
          "function='0x2'" },
        { "domain.hostdev", "<devices>" ALL_OF_GPU "</devices>", "ok: 3 devices", NULL },
        { "domain.hostdev",
          "<devices><hostdev type='pci'><source><address bus='9'/></source></hostdev></devices>",
          "failure: The VM wants the device at 0000:09:00.0, and this machine has none", "lspci" },
        { "domain.hostdev",
          "<devices><hostdev type='pci'><source><address bus='2'/></source></hostdev></devices>",
          "failure: Linux has this device (driver 'amdgpu')", "managed='yes'" },
        { "domain.hostdev",
          "<devices><hostdev type='pci' managed='yes'><source><address bus='2'/></source></hostdev>"
          "</devices>",
          "ok", NULL },
        { "domain.rom", "<devices>" GPU("0") "</devices>", "not_applicable", NULL },
    };
    examine_begin();
    check_rows(rows, ARRAY_LEN(rows));
}

/* Nothing is said of devices of a machine that could not be read. */
TEST(unknown_devices)
{
    examine_begin();
    examine_machine()->pci_count = 0;
    examine_vm("<devices>" GPU("0") "</devices>");
    CHECK(strncmp(examine("domain.hostdev"), "not_applicable", 14) == 0);
    CHECK(strncmp(examine("domain.video"), "ok: There is no emulated display", 32) == 0);
    CHECK(strncmp(examine("domain.code43"), "not_applicable", 14) == 0);
}

#define ROM(path)                                                                                  \
    "<devices><hostdev type='pci'><source><address bus='1'/></source><rom file='" path "'/>"       \
    "</hostdev></devices>"

TEST(rom_files)
{
    static const struct row rows[] = {
        { "domain.rom", ROM("/r/none.rom"), "failure: The ROM file /r/none.rom does not exist",
          "setup vbios --pci 0000:01:00.0\nFollow its steps" },
        { "domain.rom", ROM("/r/empty.rom"), "failure: The ROM file /r/empty.rom is empty",
          "vbios" },
        { "domain.rom", ROM("/r/private.rom"),
          "warning: The ROM file /r/private.rom may not be "
          "readable for QEMU (mode 0600)",
          "install -D -m 0644 '/r/private.rom' /usr/share/vgabios/gpu.rom\nShut the VM down" },
        { "domain.rom", ROM("/r/a&amp;b.rom"), "warning", "Put it where QEMU may read it" },
        { "domain.rom", ROM("/home/ana/gpu.rom"), "warning", "/usr/share/vgabios" },
        { "domain.rom", ROM("/r/gpu.rom"), "ok", NULL },
    };
    examine_begin();
    examine_stat("100644 0 0 0 0:0 /r/empty.rom");
    examine_stat("100600 0 0 131072 0:0 /r/private.rom");
    examine_stat("100600 0 0 131072 0:0 /r/a&b.rom");
    examine_stat("100644 1000 1000 131072 0:0 /home/ana/gpu.rom");
    examine_stat("100644 0 0 131072 0:0 /r/gpu.rom");
    check_rows(rows, ARRAY_LEN(rows));
}

#define SPICE(inside) "<devices><graphics type='spice'>" inside "</graphics></devices>"

TEST(devices)
{
    static const struct row rows[] = {
        { "domain.video", "", "failure: The VM has neither", "vga" },
        { "domain.video", "<devices>" GPU("0") "</devices>", "ok: There is no emulated display",
          NULL },
        { "domain.video", "<devices><video><model type='vga'/></video></devices>", "ok", NULL },
        { "domain.video", "<devices><video><model type='qxl'/></video></devices>",
          "warning: The emulated display is 'qxl'", "vga" },
        { "domain.spice", "", "failure: The VM has no SPICE server", "127.0.0.1" },
        { "domain.spice", "<devices><input type='evdev'><source dev='/dev/x'/></input></devices>",
          "warning: The VM has no SPICE server", "" },
        { "domain.spice", "<devices><graphics type='vnc'/></devices>",
          "failure: The VM has no SPICE server (its graphics: 'vnc')", "" },
        { "domain.spice", SPICE("<listen type='none'/>"),
          "failure: The SPICE server listens nowhere", "" },
        { "domain.spice", SPICE("<listen type='address' address='0.0.0.0'/>"),
          "warning: SPICE listens on '0.0.0.0'", "127.0.0.1" },
        { "domain.spice", SPICE("<listen type='address' address='127.0.0.1'/>"), "ok", NULL },
        { "domain.spice", SPICE(""), "ok", NULL },
        { "domain.spice", SPICE("<listen type='socket' socket='/run/s'/>"),
          "ok: SPICE listens on this machine only (socket /run/s)", NULL },
        { "domain.agent", "", "not_applicable", NULL },
        { "domain.agent", SPICE(""), "warning", "com.redhat.spice.0" },
        { "domain.agent",
          "<devices><graphics type='spice'/><channel type='spicevmc'><target "
          "name='com.redhat.spice.0'/></channel></devices>",
          "ok", NULL },
        { "domain.sound", "", "warning: The VM has no sound card", "ich9" },
        { "domain.sound", "<devices><sound model='ich9'/><audio type='none'/></devices>",
          "warning: The sound card 'ich9' plays into nothing", "spice" },
        { "domain.sound", "<devices><sound model='ich9'/></devices>", "ok", NULL },
        { "domain.usb", "", "warning", "qemu-xhci" },
        { "domain.usb", "<devices><controller type='usb' model='ich9-ehci1'/></devices>",
          "warning: The USB controller is 'ich9-ehci1'", "" },
        { "domain.usb", "<devices><controller type='usb' model='qemu-xhci'/></devices>", "ok",
          NULL },
    };
    examine_begin();
    check_rows(rows, ARRAY_LEN(rows));
}

#define INPUT(type, bus) "<input type='" type "' bus='" bus "'/>"
#define EVDEV(path)      "<devices><input type='evdev'><source dev='" path "'/></input></devices>"

TEST(input)
{
    static const struct row rows[] = {
        { "domain.input", "", "warning: These are no virtio devices: keyboard, mouse", "virtio" },
        { "domain.input",
          "<devices>" INPUT("mouse", "virtio") INPUT("keyboard", "usb") "</devices>",
          "warning: These are no virtio devices: keyboard.", "" },
        { "domain.input",
          "<devices>" INPUT("mouse", "virtio") INPUT("keyboard", "virtio")
              INPUT("tablet", "usb") "</devices>",
          "warning: The VM has a tablet", "remove" },
        { "domain.input",
          "<devices>" INPUT("mouse", "virtio") INPUT("keyboard", "virtio") "</devices>", "ok",
          NULL },
        { "domain.evdev", "", "not_applicable", NULL },
        { "domain.evdev", EVDEV("/dev/input/by-id/gone"),
          "failure: The VM reads a keyboard or mouse",
          "sudo espelho setup input --domain win --apply" },
        { "domain.evdev",
          "<devices><input type='passthrough' bus='virtio'><source evdev='/dev/input/by-id/gone'/>"
          "</input></devices>",
          "failure: The VM reads", "and remove:\n  <input type='passthrough' bus='virtio'>" },
        { "domain.evdev", EVDEV("/dev/input/event3"), "warning: This name may belong",
          "this by the line below it:\n  /dev/input/event3\n  /dev/input/by-id/usb-a-event-kbd" },
        { "domain.evdev", EVDEV("/dev/input/event4"), "warning: This name may belong",
          "by the line below it:\n  /dev/input/event4\n  /dev/input/by-path/i8042-event-kbd" },
        { "domain.evdev", EVDEV("/dev/input/event5"), "warning: This name may belong",
          "sudo espelho setup input --domain win --apply" },
        { "domain.evdev", EVDEV("/dev/input/by-path/kbd"), "ok", NULL },
        { "domain.evdev", EVDEV("/dev/input/by-id/kbd"), "ok", NULL },
    };
    examine_begin();
    examine_stat("20660 0 104 0 13:67 /dev/input/event3");
    examine_stat("20660 0 104 0 13:68 /dev/input/event4");
    examine_stat("20660 0 104 0 13:69 /dev/input/event5");
    examine_stat("20660 0 104 0 13:67 /dev/input/by-id/kbd");
    examine_stat("20660 0 104 0 13:68 /dev/input/by-path/kbd");
    tree_link("/dev/input/by-id/usb-a-event-kbd", "../event3");
    tree_link("/dev/input/by-path/pci-event-kbd", "../event3"); /* by-id goes before it */
    tree_link("/dev/input/by-path/i8042-event-kbd", "../event4");
    check_rows(rows, ARRAY_LEN(rows));
}

#define SHMEM(inside) "<devices><shmem name='looking-glass'>" inside "</shmem></devices>"
#define DOORBELL(path)                                                                             \
    "<devices><shmem name='x'><model type='ivshmem-doorbell'/><server path='" path                 \
    "'/><msi vectors='2'/></shmem></devices>"

TEST(shared_memory)
{
    static const struct row rows[] = {
        { "domain.shmem", "", "failure: The VM has no shared memory device", "<shmem" },
        { "domain.shmem", "<devices><shmem name='../x'/></devices>",
          "failure: The shared memory device has a name or path that cannot be used: '../x'", "" },
        { "domain.shmem", SHMEM(""), "ok", NULL },
        { "domain.shmem", "<devices><shmem name='x'><server path='/run/x'/></shmem></devices>",
          "warning: The doorbell device has 0 interrupts", "vectors='2'" },
        { "domain.shmem", DOORBELL("/run/espelho/win.sock"), "ok", NULL },
        { "domain.shmem_size", "", "not_applicable", NULL },
        { "domain.shmem_size", SHMEM(""),
          "failure: The shared memory has 4 MiB; 1920x1080 (a usual screen; yours is not known "
          "now) needs 32 MiB",
          "<size unit='M'>32</size>" },
        { "domain.shmem_size", SHMEM("<size unit='M'>48</size>"),
          "failure: The shared memory has 49152 KiB, which is no power of two", "" },
        { "domain.shmem_size", SHMEM("<size unit='G'>4</size>"),
          "failure: The shared memory has 4096 MiB; 2048 are the most", "" },
        { "domain.shmem_size", SHMEM("<size unit='M'>64</size>"),
          "ok: 64 MiB: enough for 1920x1080", NULL },
        { "domain.shmem_size", DOORBELL("/run/espelho/none.sock"), "skipped", NULL },
        { "domain.shmem_size", DOORBELL("/run/espelho/small.sock"),
          "failure: The shared memory has 16 MiB", "/etc/espelho/shm" },
        { "domain.shmem_size", DOORBELL("/run/espelho/win.sock"), "ok: 256 MiB", NULL },
    };
    examine_begin();
    tree_file("/etc/espelho/shm/win.conf", "# mode=1x1\nmode=3840x2160\nhdr=yes\n");
    tree_file("/etc/espelho/shm/small.conf", "size=16M\n");
    check_rows(rows, ARRAY_LEN(rows));
}

/* The screen that hangs at the passed-through card, while Linux has the card; another card's does
 * not count. */
TEST(size_for_the_screen_at_the_card)
{
    examine_begin();
    tree_link("/sys/class/drm/card1/device", "../../../0000:01:00.0");
    tree_file("/sys/class/drm/card1-DP-1/status", "connected\n");
    tree_file("/sys/class/drm/card1-DP-1/modes", "3840x2160\n1920x1080\n");
    tree_file("/sys/class/drm/card1-DP-2/status", "connected\n");
    tree_file("/sys/class/drm/card1-DP-2/modes", "nonsense\n");
    tree_link("/sys/class/drm/card0/device", "../../../0000:02:00.0");
    tree_file("/sys/class/drm/card0-DP-1/status", "connected\n");
    tree_file("/sys/class/drm/card0-DP-1/modes", "7680x4320\n");
    tree_file("/sys/class/drm/version", "drm 1.1.0\n");
    examine_vm("<devices>" GPU("0") "<shmem name='x'><size unit='M'>64</size></shmem></devices>");
    CHECK_STR(examine("domain.shmem_size"),
              "failure: The shared memory has 64 MiB; 3840x2160 (the screen at the passed-through "
              "card) needs 128 MiB.");
    tree_file("/sys/class/drm/card1-DP-1/modes", "99999x99999\n");
    CHECK(strncmp(examine("domain.shmem_size"), "ok: 64 MiB: enough for 1920x1080", 32) == 0);
}

static int say_guest(void *ctx, const char *path, struct doctor_guest *out, char **problem)
{
    (void)problem;
    CHECK_STR(path, "/dev/shm/x");
    *out = *(struct doctor_guest *)ctx;
    return 0;
}

TEST(size_for_what_the_guest_shows)
{
    struct doctor_guest guest = { .width_px = 2560, .height_px = 1440, .hdr = true };
    const struct doctor_probes probes = { .guest = say_guest, .ctx = &guest };
    examine_begin();
    *examine_probes() = &probes;
    examine_vm("<domain id='1'><devices><shmem name='x'><size unit='M'>64</size></shmem></devices>"
               "</domain>");
    CHECK_STR(examine("domain.shmem_size"),
              "failure: The shared memory has 64 MiB; 2560x1440 HDR (the guest's screen) needs 128 "
              "MiB.");
    guest.hdr = false;
    CHECK(strncmp(examine("domain.shmem_size"), "ok", 2) == 0);
}

/* The same faults in QEMU's words. */
TEST(a_process)
{
    examine_begin();
    examine_process("qemu-system-x86_64|-name|win|-m|8G|-smp|4|-device|vfio-pci,host=01:00.0|"
                    "-object|memory-backend-file,id=m,share=on,mem-path=/dev/shm/x,size=16M|"
                    "-device|ivshmem-plain,memdev=m|-device|virtio-balloon-pci|-spice|port=5900");
    CHECK(strncmp(examine("domain.kvm"), "failure", 7) == 0);
    CHECK(strstr(examine_fix(), "-accel kvm") && !strstr(examine_fix(), "virsh"));
    CHECK(strncmp(examine("domain.shmem_size"), "failure", 7) == 0);
    CHECK(strstr(examine_fix(), "mem-path=/dev/shm/x,size=32M"));
    CHECK(strncmp(examine("domain.memballoon"), "warning", 7) == 0);
    CHECK(strstr(examine_fix(), "Take out") && strstr(examine_fix(), "virtio-balloon-pci"));
    CHECK(strncmp(examine("domain.spice"), "warning: SPICE listens on '0.0.0.0'", 34) == 0);
    CHECK(strncmp(examine("domain.video"), "ok: An emulated VGA", 19) == 0);
    CHECK(strncmp(examine("domain.pinning"), "not_applicable", 14) == 0);
}

TEST(names_in_commands_are_quoted)
{
    static const struct {
        const char *name, *command;
    } rows[] = {
        { "win11", "edit win11" },
        { "my VM; rm -rf", "edit 'my VM; rm -rf'" },
        { "-x", "edit '-x'" },
        { "it's", "edit 6d3f6a0e-6a0e-4d6e-9f5e-000000000001" },
    };
    examine_begin();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char xml[256];
        snprintf(
            xml, sizeof(xml),
            "<domain><name>%s</name><uuid>6d3f6a0e-6a0e-4d6e-9f5e-000000000001</uuid></domain>",
            rows[i].name);
        examine_vm(xml);
        examine("domain.cpu_model");
        CHECK_MSG(strstr(examine_fix(), rows[i].command), "%s", examine_fix());
    }
}
