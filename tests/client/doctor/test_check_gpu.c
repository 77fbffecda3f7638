/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "client/machine/tree.h"
#include "doctor/gpu_role.h"
#include "examine.h"
#include "test.h"

#define BEGINS(id, text)                                                                           \
    do {                                                                                           \
        const char *found_ = examine(id);                                                          \
        CHECK_MSG(strncmp(found_, text, strlen(text)) == 0, "%s: %s", id, found_);                 \
    } while (0)
#define FIX_HAS(text) CHECK_MSG(strstr(examine_fix(), text), "%s", examine_fix())

#define MIB           UINT64_C(1048576)

static struct pci_function all[6];

/* A machine with these cards and no others: addresses 01:00.0, 02:00.0 ... */
static struct pci_function *cards(size_t count)
{
    struct machine *const m = examine_machine();
    examine_begin();
    for (size_t i = 0; i < count; i++) {
        all[i] = (struct pci_function){
            .vendor = 0x10de, .device = 0x2204, .class_code = 0x030000, .iommu_group = -1
        };
        const unsigned int bus = (unsigned int)(i + 1) % 10;
        snprintf(all[i].address, sizeof(all[i].address), "0000:%02u:00.0", bus);
        snprintf(all[i].name, sizeof(all[i].name), "Card %u", bus);
    }
    m->pci = all;
    m->pci_count = count;
    m->distro = (struct machine_distro){ .family = DISTRO_ARCH,
                                         .boot = BOOT_GRUBBY,
                                         .initramfs = INITRAMFS_MKINITCPIO };
    return all;
}

static void set_driver(struct pci_function *f, const char *driver)
{
    snprintf(f->driver, sizeof(f->driver), "%s", driver);
}

static void set_address(struct pci_function *f, const char *address)
{
    snprintf(f->address, sizeof(f->address), "%s", address);
}

/* ---- whose card is it ---- */

static enum gpu_role role(const struct vm *vm, const struct pci_function *gpu)
{
    const struct doctor_facts facts = { .machine = examine_machine(), .vm = vm };
    return gpu_role_of(&facts, gpu);
}

TEST(the_only_card)
{
    struct pci_function *const f = cards(1);
    CHECK_INT(role(NULL, f), GPU_ONLY_ONE);
    BEGINS("gpu.second", "warning: It is the only card");
    BEGINS("gpu.vfio", "not_applicable");
    f->vendor = 0x8086;
    f->sriov_total = 7; /* its parts are for guests */
    CHECK_INT(role(NULL, f), GPU_OF_HOST);
}

TEST(no_card)
{
    cards(1)->class_code = 0x020000;
    BEGINS("gpu.cards", "failure");
}

TEST(the_processors_own_graphics_stay_with_the_desktop)
{
    struct pci_function *const f = cards(3);
    f[0].boot_vga = true; /* many firmwares prefer the added card */
    f[1].vendor = 0x1002;
    f[2] = (struct pci_function){ .vendor = 0x1022, .class_code = 0x108000 };
    set_address(&f[2], "0000:02:00.2"); /* AMD's security processor, in the slot of its graphics */
    CHECK_INT(role(NULL, &f[0]), GPU_OF_GUEST);
    CHECK_INT(role(NULL, &f[1]), GPU_OF_HOST);
    BEGINS("gpu.primary", "warning: The firmware shows its picture on the guest's card");
    f[1].vendor = 0x8086;
    examine_machine()->pci_count = 2;
    set_address(&f[1], "0000:00:02.0");
    CHECK_INT(role(NULL, &f[0]), GPU_OF_GUEST);
    CHECK_INT(role(NULL, &f[1]), GPU_OF_HOST);
}

TEST(of_two_cards_the_stronger_is_the_guests)
{
    struct pci_function *const f = cards(2);
    f[0].boot_vga = true;
    CHECK_INT(role(NULL, &f[0]), GPU_OF_HOST); /* equal ones */
    CHECK_INT(role(NULL, &f[1]), GPU_OF_GUEST);
    f[0].bar[1].len_bytes = f[1].bar[1].len_bytes = 256 * MIB;
    f[0].bar_sizes_supported[1] = 1 << 15 | 1 << 8; /* 32 GiB */
    f[1].bar_sizes_supported[1] = 1 << 12;
    CHECK_INT(role(NULL, &f[0]), GPU_OF_GUEST);
    CHECK_INT(role(NULL, &f[1]), GPU_OF_HOST);
    f[1].bar_sizes_supported[1] = UINT64_MAX; /* nonsense is no crash */
    (void)role(NULL, &f[0]);
}

TEST(drivers_and_the_vm_have_the_last_word)
{
    struct pci_function *const f = cards(2);
    static struct vm vm = { .hostdev_count = 1, .hostdevs = { { .address = "0000:01:00.0" } } };
    f[0].boot_vga = true;
    CHECK_INT(role(&vm, &f[0]), GPU_OF_GUEST);
    CHECK_INT(role(&vm, &f[1]), GPU_OF_HOST);
    set_driver(&f[0], "vfio-pci");
    CHECK_INT(role(NULL, &f[0]), GPU_OF_GUEST);
    CHECK_INT(role(NULL, &f[1]), GPU_OF_HOST);
}

TEST(names)
{
    static const struct {
        uint32_t vendor;
        const char *name, *expected;
    } rows[] = {
        { 0x10de, "NVIDIA Corporation GA102 [GeForce RTX 3090]", "NVIDIA GeForce RTX 3090" },
        { 0x1002, "Advanced Micro Devices, Inc. [AMD/ATI] Sound", NULL },
        { 0x1002, "[AMD/ATI] Navi 22 [Radeon]", "AMD Radeon" },
        { 0x8086, "[]", NULL },
        { 0x8086, "[", NULL },
        { 0x1234, "Maker [Thing]", NULL },
        { 0x8086, "", NULL },
    };
    struct pci_function *const f = cards(1);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        f->vendor = rows[i].vendor;
        snprintf(f->name, sizeof(f->name), "%s", rows[i].name);
        CHECK_STR(gpu_subject(f).text + strlen("0000:01:00.0 "),
                  rows[i].expected ? rows[i].expected : rows[i].name);
    }
}

/* ---- drivers ---- */

/* The first card is the guest's, the second one has a monitor. */
static struct pci_function *pair(const char *guest_driver)
{
    struct pci_function *const f = cards(2);
    f[1].boot_vga = true;
    f[1].device = 0x1111;
    set_driver(&f[0], guest_driver);
    set_driver(&f[1], "nouveau");
    return f;
}

TEST(vfio_from_the_boot_on)
{
    pair("vfio-pci");
    BEGINS("gpu.vfio", "warning: vfio-pci has the card now, but nothing says");
    FIX_HAS("options vfio-pci ids=10de:2204\\n'");
    tree_file("/etc/modprobe.d/vfio.txt", "options vfio-pci ids=10de:2204\n"); /* not read by it */
    tree_file("/etc/modprobe.d/a.conf",
              "#options vfio-pci ids=10de:2204\noptions other ids=10de:2204"
              "\noptions vfio-pci ids=,:,10de,10de:22041\noptions\n\n");
    BEGINS("gpu.vfio", "warning");
    tree_file("/etc/modprobe.d/b.conf",
              "\toptions  vfio_pci disable_vga=1 ids=1:2,10de:2204:1:2\r\n");
    BEGINS("gpu.vfio", "ok: vfio-pci has the card from the boot on");
}

TEST(vfio_by_other_ways)
{
    static char *parameters[] = { (char *)"vfio-pci.ids=10de:2204" };
    struct machine *const m = examine_machine();
    pair("vfio-pci");
    m->parameters = parameters;
    m->parameter_count = 1;
    BEGINS("gpu.vfio", "ok: vfio-pci has the card from the boot on");
    m->parameter_count = 0;
    tree_file("/etc/driverctl.d/pci-0000:01:00.0", "vfio-pci\n");
    BEGINS("gpu.vfio", "ok: vfio-pci has the card from the boot on");
    CHECK_INT(remove(tree_path("/etc/driverctl.d/pci-0000:01:00.0")), 0);
    tree_file("/etc/libvirt/hooks/qemu", "");
    BEGINS("gpu.vfio", "ok: vfio-pci has the card as long as the guest runs");
}

TEST(the_hosts_driver_has_the_guests_card)
{
    pair("");
    all[1].vendor = 0x8086;
    set_address(&all[1], "0000:00:02.0");
    BEGINS("gpu.vfio", "ok: No driver has the card");
    set_driver(&all[0], "nvidia");
    BEGINS("gpu.vfio", "failure: The host's driver nvidia has the card");
    FIX_HAS("softdep nvidia pre: vfio-pci");
    FIX_HAS("sudo espelho setup gpu --pci 0000:01:00.0 --domain NAME --apply");
    examine_vm("<devices/>");
    BEGINS("gpu.vfio", "failure");
    FIX_HAS("--domain win --apply");
    examine_vm("<domain type='kvm'><name>x; rm -rf /</name></domain>");
    BEGINS("gpu.vfio", "failure");
    FIX_HAS("--domain NAME --apply");
    examine_vm(NULL);
    tree_file("/etc/libvirt/hooks/qemu.d/win/prepare", "");
    BEGINS("gpu.vfio", "ok: nvidia has the card until libvirt's hook");
    tree_file("/etc/modprobe.d/vfio.conf", "options vfio-pci ids=10de:2204\n");
    BEGINS("gpu.vfio", "failure: vfio-pci is told to take the card, but nvidia was there earlier");
}

TEST(the_cards_sound)
{
    struct pci_function *const f = pair("vfio-pci");
    f[2] = (struct pci_function){ .vendor = 0x10de, .device = 0x1aef, .class_code = 0x040300 };
    set_address(&f[2], "0000:01:00.1");
    examine_machine()->pci_count = 3;
    BEGINS("gpu.functions", "ok");
    set_driver(&f[2], "snd_hda_intel");
    BEGINS("gpu.functions", "failure: The host's driver snd_hda_intel has this part");
    FIX_HAS("ids=10de:2204,10de:1aef\\nsoftdep snd_hda_intel pre: vfio-pci");
    set_driver(&f[0], "nvidia"); /* gpu.vfio comes first */
    BEGINS("gpu.functions", "not_applicable");
}

TEST(two_cards_of_one_model)
{
    struct pci_function *const f = pair("vfio-pci");
    f[1].device = f[0].device;
    BEGINS("gpu.same_ids", "not_applicable");
    tree_file("/etc/modprobe.d/vfio.conf", "options vfio-pci ids=10de:2204\n");
    BEGINS("gpu.same_ids", "failure: 0000:02:00.0 is the same model");
    FIX_HAS("sudo driverctl set-override 0000:01:00.0 vfio-pci");
}

TEST(kept_out_by_a_blacklist)
{
    static char *parameters[] = { (char *)"modprobe.blacklist=radeon,nouveau" };
    struct pci_function *const f = pair("vfio-pci");
    BEGINS("gpu.blacklist", "ok: The desktop's card has its driver, nouveau");
    set_driver(&f[1], "");
    BEGINS("gpu.blacklist", "warning: The desktop's card has no driver");
    examine_machine()->parameters = parameters;
    examine_machine()->parameter_count = 1;
    BEGINS("gpu.blacklist", "failure");
    FIX_HAS("--remove-args=\"modprobe.blacklist=radeon,nouveau\"");
    examine_machine()->parameter_count = 0;
    tree_file("/etc/modprobe.d/x.conf", "blacklist nouveau\n");
    BEGINS("gpu.blacklist",
           "failure: The desktop's card has no driver, because /etc/modprobe.d/x.conf keeps");
    FIX_HAS("sudo sed -i '/^blacklist nouveau/d' /etc/modprobe.d/x.conf\nsudo mkinitcpio -P");
}

/* ---- reset, vBIOS ---- */

TEST(reset)
{
    struct pci_function *const f = pair("vfio-pci");
    BEGINS("gpu.reset", "warning: The kernel knows no way");
    f->reset_possible = true;
    BEGINS("gpu.reset", "ok: The card can be reset.");
    f->vendor = 0x1002;
    f->device = 0x67df; /* an RX 580 */
    snprintf(f->reset_method, sizeof(f->reset_method), "bus");
    BEGINS("gpu.reset", "warning: Cards of this kind do not come back");
    FIX_HAS("/sys/bus/pci/devices/0000:01:00.0/reset_method");
    snprintf(f->reset_method, sizeof(f->reset_method), "device_specific");
    BEGINS("gpu.reset", "warning");
    tree_folder("/sys/module/vendor_reset");
    BEGINS("gpu.reset", "ok: vendor-reset");
    f->device = 0x73df; /* an RX 6700 */
    BEGINS("gpu.reset", "ok: The card can be reset (device_specific)");
}

TEST(vbios)
{
    struct pci_function *const f = pair("vfio-pci");
    BEGINS("gpu.vbios", "warning: The card has no vBIOS of its own");
    f->has_rom = true;
    BEGINS("gpu.vbios", "ok: The card has its vBIOS");
    f->boot_vga = true;
    BEGINS("gpu.vbios", "warning: The vBIOS was changed");
    examine_vm("<devices><hostdev mode='subsystem' type='pci'><source><address domain='0x0000' "
               "bus='0x01' slot='0x00' function='0x0'/></source><rom file='/x.rom'/></hostdev>"
               "</devices>");
    BEGINS("gpu.vbios", "ok: The guest gets the vBIOS from a file");
}

/* ---- BARs ---- */

TEST(memory_windows)
{
    static const struct {
        uint32_t vendor;
        uint64_t now_mib, sizes;
        const char *begins;
    } rows[] = {
        { 0x10de, 256, 0, "not_applicable" },
        { 0x10de, 256, 0x8100,
          "ok: BAR 1 has 256 MiB, which is enough; it can have: 256 MiB, 32 GiB." },
        { 0x10de, 32768, 0x8100, "ok: BAR 1 reaches the whole of the card's memory (32 GiB)" },
        { 0x10de, 8, 0x8100, "warning: BAR 1 has 8 MiB only" },
        { 0x8086, 256, 0x4100, "warning: BAR 1 has 256 MiB of 16 GiB: Intel's cards are slow" },
        { 0x8086, 16384, 0x4100, "ok" },
    };
    struct pci_function *const f = pair("vfio-pci");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        f->vendor = rows[i].vendor;
        f->bar[1].len_bytes = rows[i].now_mib * MIB;
        f->bar_sizes_supported[1] = rows[i].sizes;
        BEGINS("gpu.bars", rows[i].begins);
    }
    f->vendor = 0x10de;
    f->bar[1].len_bytes = MIB;
    f->bar_sizes_supported[1] = 0x8100;
    BEGINS("gpu.bars", "warning");
    FIX_HAS("echo 15 | sudo tee /sys/bus/pci/devices/0000:01:00.0/resource1_resize");
    f->bar_sizes_supported[1] = UINT64_C(1) << 63; /* a lie */
    BEGINS("gpu.bars", "ok");
}

#define HOOK "/etc/libvirt/hooks/qemu.d/espelho-win-gpu"

TEST(bar_2_of_amd)
{
    struct pci_function *const f = pair("vfio-pci");
    f->vendor = 0x1002;
    f->bar[0].len_bytes = 16384 * MIB;
    f->bar_sizes_supported[0] = 0x7f00;
    f->bar[2].len_bytes = 256 * MIB;
    BEGINS("gpu.bar2", "not_applicable"); /* it cannot be changed */
    f->bar_sizes_supported[2] = 0x1fe;
    BEGINS("gpu.bar2", "warning: BAR 2 has 256 MiB");
    FIX_HAS("echo 3 | sudo tee /sys/bus/pci/devices/0000:01:00.0/resource2_resize");
    FIX_HAS("--domain NAME --bar2 8 --apply");
    tree_file(HOOK, "gpu='0000:02:00.0'\nbars='2:3'\n"); /* of another card */
    BEGINS("gpu.bar2", "warning");
    tree_file(HOOK, "x\ngpu='0000:01:00.0'\nfunctions=''\nbars='0:14 2:31'\nrescan='2:3'\n");
    BEGINS("gpu.bar2", "warning");
    tree_file(HOOK, "x\ngpu='0000:01:00.0'\nfunctions=''\nbars='0:14 2:3'\nrescan='no'\n");
    BEGINS("gpu.bar2", "ok: libvirt's hook gives BAR 2");
    tree_file(HOOK, "");
    f->bar[2].len_bytes = 8 * MIB;
    BEGINS("gpu.bar2", "ok");
    f->bar[2].len_bytes = 2 * MIB;
    BEGINS("gpu.bar2", "ok");
    f->bar[2].len_bytes = 256 * MIB;
    f->vendor = 0x8086; /* there BAR 2 is the memory */
    BEGINS("gpu.bar2", "not_applicable");
}

/* ---- SR-IOV ---- */

TEST(parts_of_the_processors_graphics)
{
    struct pci_function *const f = cards(1);
    set_address(f, "0000:00:02.0");
    f->vendor = 0x8086;
    f->boot_vga = true;
    set_driver(f, "i915");
    BEGINS("gpu.sriov", "not_applicable");
    f->sriov_total = 7;
    BEGINS("gpu.sriov", "warning: The graphics can be parted for guests, but the kernel's own");
    tree_file("/sys/module/i915/parameters/max_vfs", "0\n");
    BEGINS("gpu.sriov", "warning: The driver i915 was told to make no parts");
    FIX_HAS("i915.enable_guc=3 i915.max_vfs=7");
    tree_file("/sys/module/i915/parameters/max_vfs", "7\n");
    BEGINS("gpu.sriov", "warning: The graphics can have 7 parts");
    FIX_HAS("/etc/tmpfiles.d/sriov.conf");
    f->sriov_now = 2;
    BEGINS("gpu.sriov", "ok: 2 of 7 parts");
}

TEST(a_part_with_the_hosts_driver)
{
    struct pci_function *const f = cards(2);
    set_address(&f[0], "0000:00:02.0");
    set_address(&f[1], "0000:00:02.1");
    f[0].vendor = f[1].vendor = 0x8086;
    f[0].sriov_total = 7;
    f[0].sriov_now = 1;
    set_driver(&f[0], "i915");
    set_driver(&f[1], "i915");
    snprintf(f[1].sriov_parent, sizeof(f[1].sriov_parent), "0000:00:02.0");
    BEGINS("gpu.vfio", "warning: The host's driver i915 has this part");
    set_driver(&f[1], "vfio-pci");
    BEGINS("gpu.vfio", "ok");
    BEGINS("gpu.same_ids", "not_applicable"); /* parts share their ids with the whole */
}
