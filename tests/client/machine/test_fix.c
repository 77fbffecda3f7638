/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "machine/machine.h"
#include "tree.h"

struct row {
    struct machine_distro distro;
    const char *file, *text; /* in the tree, or NULL */
    const char *expected;
};

static char *call(const struct row *row, struct root *root,
                  char *(*fix)(const struct machine *, const char *), const char *what)
{
    const struct machine m = { .root = root, .distro = row->distro };
    if (row->file)
        tree_file(row->file, row->text);
    char *const text = fix(&m, what);
    if (row->file)
        CHECK_INT(remove(tree_path(row->file)), 0);
    return text;
}

static void check_rows(const struct row *rows, size_t count,
                       char *(*fix)(const struct machine *, const char *), const char *what)
{
    tree_begin();
    struct root *const root = tree_open();
    for (size_t i = 0; i < count; i++) {
        char *const text = call(&rows[i], root, fix, what);
        CHECK_MSG(text && strcmp(text, rows[i].expected) == 0, "row %zu:\n%s\nexpected:\n%s", i,
                  text, rows[i].expected);
        free(text);
    }
    root_close(root);
}

TEST(adding_parameters)
{
    static const struct row rows[] = {
        { { .boot = BOOT_UNKNOWN },
          NULL,
          NULL,
          "Add to the kernel's command line, where your boot loader keeps it: a=1 b=2\n"
          "sudo reboot" },
        { { .family = DISTRO_DEBIAN, .boot = BOOT_GRUB },
          "/etc/default/grub",
          "#GRUB_CMDLINE_LINUX_DEFAULT='no'\nGRUB_CMDLINE_LINUX_DEFAULT=\"quiet\"\n",
          "sudo sed -i 's/^GRUB_CMDLINE_LINUX_DEFAULT=\"/&a=1 b=2 /' /etc/default/grub\n"
          "sudo update-grub\nsudo reboot" },
        { { .family = DISTRO_ARCH, .boot = BOOT_GRUB },
          "/etc/default/grub",
          "GRUB_CMDLINE_LINUX_DEFAULT='quiet'\n",
          "sudo sed -i \"s/^GRUB_CMDLINE_LINUX_DEFAULT='/&a=1 b=2 /\" /etc/default/grub\n"
          "sudo grub-mkconfig -o /boot/grub/grub.cfg\nsudo reboot" },
        { { .family = DISTRO_OPENSUSE, .boot = BOOT_GRUB },
          "/etc/default/grub",
          "GRUB_TIMEOUT=1\n",
          "echo 'GRUB_CMDLINE_LINUX_DEFAULT=\"a=1 b=2\"' | sudo tee -a /etc/default/grub\n"
          "sudo grub2-mkconfig -o /boot/grub2/grub.cfg\nsudo reboot" },
        { { .family = DISTRO_FEDORA, .boot = BOOT_GRUBBY },
          NULL,
          NULL,
          "sudo grubby --update-kernel=ALL --args=\"a=1 b=2\"\nsudo reboot" },
        { { .family = DISTRO_ARCH, .boot = BOOT_SYSTEMD_BOOT },
          NULL,
          NULL,
          "sudo sh -c \"sed -i '/^options/s/$/ a=1 b=2/' /boot/loader/entries/*.conf\"\n"
          "sudo reboot" },
        { { .family = DISTRO_ARCH, .boot = BOOT_SYSTEMD_BOOT, .initramfs = INITRAMFS_MKINITCPIO },
          "/etc/kernel/cmdline",
          "root=x\n",
          "sudo sed -i '1s/$/ a=1 b=2/' /etc/kernel/cmdline\nsudo mkinitcpio -P\nsudo reboot" },
        { { .family = DISTRO_ARCH, .boot = BOOT_SYSTEMD_BOOT },
          "/etc/sdboot-manage.conf",
          "",
          "sudo sed -i 's/^LINUX_OPTIONS=\"/&a=1 b=2 /' /etc/sdboot-manage.conf\n"
          "sudo sdboot-manage gen\nsudo reboot" },
        { { .family = DISTRO_POP, .boot = BOOT_KERNELSTUB },
          NULL,
          NULL,
          "sudo kernelstub --add-options \"a=1 b=2\"\nsudo reboot" },
        { { .family = DISTRO_FEDORA_ATOMIC, .boot = BOOT_RPM_OSTREE },
          NULL,
          NULL,
          "sudo rpm-ostree kargs --append-if-missing=a=1 --append-if-missing=b=2\nsudo reboot" },
        { { .family = DISTRO_ARCH, .boot = BOOT_LIMINE },
          "/etc/default/limine",
          "",
          "echo 'KERNEL_CMDLINE[default]+=\" a=1 b=2\"' | sudo tee -a /etc/default/limine\n"
          "sudo limine-update\nsudo reboot" },
    };
    check_rows(rows, ARRAY_LEN(rows), fix_add_parameters, "a=1 b=2");
}

TEST(removing_parameters)
{
    static const struct row rows[] = {
        { { .family = DISTRO_DEBIAN, .boot = BOOT_GRUB },
          NULL,
          NULL,
          "sudo sed -i '/^GRUB_CMDLINE_LINUX/s/ *\\ba\\.b=1,2\\b//' /etc/default/grub\n"
          "sudo update-grub\nsudo reboot" },
        { { .boot = BOOT_GRUBBY },
          NULL,
          NULL,
          "sudo grubby --update-kernel=ALL --remove-args=\"a.b=1,2\"\nsudo reboot" },
        { { .boot = BOOT_RPM_OSTREE },
          NULL,
          NULL,
          "sudo rpm-ostree kargs --delete-if-present=a.b=1,2\nsudo reboot" },
        { { .boot = BOOT_KERNELSTUB },
          NULL,
          NULL,
          "sudo kernelstub --delete-options \"a.b=1,2\"\nsudo reboot" },
    };
    check_rows(rows, ARRAY_LEN(rows), fix_remove_parameters, "a.b=1,2");
}

/* What sed makes of a real line, by running what is printed for GRUB, without its sudo. */
static void run_line(const char *text, const char *path)
{
    char command[1024];
    const char *const body = text + strlen("sudo ");
    const size_t len = strcspn(body, "\n") - strlen("/etc/default/grub");
    snprintf(command, sizeof(command), "%.*s%s", (int)len, body, path);
    CHECK_INT(system(command), 0); // NOLINT(cert-env33-c): a user's shell runs it as well
}

TEST(printed_commands_change_the_file_as_they_should)
{
    tree_begin();
    struct root *const root = tree_open();
    const struct machine m = { .root = root,
                               .distro = { .family = DISTRO_DEBIAN, .boot = BOOT_GRUB } };
    char line[256];
    tree_file("/etc/default/grub",
              "GRUB_CMDLINE_LINUX_DEFAULT=\"quiet xiommu=pt iommu=pt splash\"\n");
    char *text = fix_remove_parameters(&m, "iommu=pt");
    run_line(text, tree_path("/etc/default/grub"));
    free(text);
    CHECK_INT(root_read_line(root, "/etc/default/grub", line, sizeof(line)), 0);
    CHECK_STR(line, "GRUB_CMDLINE_LINUX_DEFAULT=\"quiet xiommu=pt splash\"");
    text = fix_add_parameters(&m, "iommu=pt vfio-pci.ids=10de:1b81,10de:10f0");
    run_line(text, tree_path("/etc/default/grub"));
    free(text);
    CHECK_INT(root_read_line(root, "/etc/default/grub", line, sizeof(line)), 0);
    CHECK_STR(line, "GRUB_CMDLINE_LINUX_DEFAULT=\"iommu=pt vfio-pci.ids=10de:1b81,10de:10f0 quiet "
                    "xiommu=pt splash\"");
    root_close(root);
}

TEST(installing)
{
    static const struct row rows[] = {
        { { .family = DISTRO_UNKNOWN },
          NULL,
          NULL,
          "Install ovmf by your distribution's package manager." },
        { { .family = DISTRO_DEBIAN }, NULL, NULL, "sudo apt install ovmf" },
        { { .family = DISTRO_POP }, NULL, NULL, "sudo apt install ovmf" },
        { { .family = DISTRO_FEDORA }, NULL, NULL, "sudo dnf install edk2-ovmf" },
        { { .family = DISTRO_FEDORA_ATOMIC },
          NULL,
          NULL,
          "sudo rpm-ostree install edk2-ovmf\nsudo reboot" },
        { { .family = DISTRO_ARCH }, NULL, NULL, "sudo pacman -S --needed edk2-ovmf" },
        { { .family = DISTRO_OPENSUSE }, NULL, NULL, "sudo zypper install qemu-ovmf-x86_64" },
    };
    check_rows(rows, ARRAY_LEN(rows), fix_install, "ovmf");
}

TEST(headers_of_the_running_kernel)
{
    static const struct {
        const char *release, *expected;
    } rows[] = {
        { "6.12.4-arch1-1", "linux-headers" },
        { "6.12.4-zen1-1-zen", "linux-zen-headers" },
        { "6.6.63-1-lts", "linux-lts-headers" },
        { "6.12.1-1-MANJARO", "linux612-headers" },
        { "6.12.4-2-cachyos", "linux-cachyos-headers" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct machine m = { .distro = { .family = DISTRO_ARCH } };
        snprintf(m.kernel_release, sizeof(m.kernel_release), "%s", rows[i].release);
        char *const text = fix_install(&m, "kernel-headers");
        CHECK_MSG(text && strcmp(text + strlen("sudo pacman -S --needed "), rows[i].expected) == 0,
                  "%s: %s", rows[i].release, text);
        free(text);
    }
}

static char *bind(const struct machine *m, const char *drivers)
{
    return fix_bind_early(m, "1002:73df,1002:ab28", drivers);
}

TEST(binding_at_boot)
{
    static const struct row rows[] = {
        { { .family = DISTRO_DEBIAN, .initramfs = INITRAMFS_TOOLS },
          NULL,
          NULL,
          "printf 'options vfio-pci ids=1002:73df,1002:ab28\\nsoftdep amdgpu pre: vfio-pci\\n"
          "softdep snd_hda_intel pre: vfio-pci\\n' | sudo tee /etc/modprobe.d/espelho-vfio.conf\n"
          "echo vfio-pci | sudo tee -a /etc/initramfs-tools/modules\n"
          "sudo update-initramfs -u -k all\nsudo reboot" },
        { { .family = DISTRO_ARCH, .initramfs = INITRAMFS_MKINITCPIO },
          NULL,
          NULL,
          "printf 'options vfio-pci ids=1002:73df,1002:ab28\\nsoftdep amdgpu pre: vfio-pci\\n"
          "softdep snd_hda_intel pre: vfio-pci\\n' | sudo tee /etc/modprobe.d/espelho-vfio.conf\n"
          "sudo sed -i 's/^MODULES=(/&vfio_pci vfio vfio_iommu_type1 /' /etc/mkinitcpio.conf\n"
          "sudo mkinitcpio -P\nsudo reboot" },
        { { .family = DISTRO_FEDORA_ATOMIC, .boot = BOOT_RPM_OSTREE },
          NULL,
          NULL,
          "sudo rpm-ostree kargs --append-if-missing=rd.driver.pre=vfio-pci "
          "--append-if-missing=vfio-pci.ids=1002:73df,1002:ab28\nsudo reboot" },
    };
    check_rows(rows, ARRAY_LEN(rows), bind, "amdgpu snd_hda_intel");
}

/* Files of the user's: their ids would count instead of ours; what is there is not added again. */
TEST(binding_beside_the_users_files)
{
    static const struct row row = {
        { .family = DISTRO_DEBIAN, .initramfs = INITRAMFS_TOOLS }, NULL, NULL, NULL
    };
    tree_begin();
    tree_file("/etc/modprobe.d/vfio.conf", "options vfio-pci ids=1:2\n");
    tree_file("/etc/modprobe.d/other.conf", "# options vfio-pci ids=1:2\noptions kvm a=1\n");
    tree_file("/etc/modprobe.d/espelho-vfio.conf", "options vfio-pci ids=3:4\n");
    tree_file("/etc/initramfs-tools/modules", "# x\nvfio_pci\n");
    struct root *const root = tree_open();
    char *const text = call(&row, root, bind, "amdgpu");
    CHECK_STR(text, "sudo sed -i '/^options vfio.pci/d' '/etc/modprobe.d/vfio.conf'\n"
                    "printf 'options vfio-pci ids=1002:73df,1002:ab28\\nsoftdep amdgpu pre: "
                    "vfio-pci\\n' | sudo tee /etc/modprobe.d/espelho-vfio.conf\n"
                    "sudo update-initramfs -u -k all\nsudo reboot");
    free(text);
    root_close(root);
}
