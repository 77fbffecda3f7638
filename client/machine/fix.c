/* SPDX-License-Identifier: GPL-2.0-or-later
 * The words of a fix: commands and instructions of the distribution that is here. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "machine/machine.h"
#include "text/text.h"

#define GRUB_FILE "/etc/default/grub"

/* ---- lines ---- */

struct lines {
    const struct machine *m;
    FILE *to;
    char *text;
    size_t len_bytes;
};

static bool begin(const struct machine *m, struct lines *l)
{
    *l = (struct lines){ .m = m };
    l->to = open_memstream(&l->text, &l->len_bytes);
    return l->to != NULL;
}

static void add(struct lines *l, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void add(struct lines *l, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vfprintf(l->to, fmt, args);
    va_end(args);
    fputc('\n', l->to);
}

/* The text without its last line end, or NULL. */
static char *finish(struct lines *l)
{
    if (fclose(l->to) != 0) {
        free(l->text);
        return NULL;
    }
    if (l->len_bytes > 0)
        l->text[l->len_bytes - 1] = '\0';
    return l->text;
}

static bool there(const struct lines *l, const char *path)
{
    return root_exists(l->m->root, path);
}

/* ---- the kernel's command line ---- */

/* Calls for each word of "a=1 b=2". */
static void each_word(struct lines *l, const char *words,
                      void (*on_word)(struct lines *l, const char *word))
{
    autofree char *copy = strdup(words);
    char *rest = copy;
    for (char *word; (word = strsep(&rest, " ")) != NULL;)
        if (word[0])
            on_word(l, word);
}

/* Grub's own line of that name, and the quote that begins its value; '\0': there is none. */
static char grub_quote(const struct machine *m, const char *variable)
{
    autofree char *text = NULL;
    const size_t len = strlen(variable);
    if (root_read(m->root, GRUB_FILE, &text, NULL) < 0)
        return '"'; /* usual; it cannot be looked at */
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, variable, len) == 0 && line[len] == '=' && strchr("\"'", line[len + 1]))
            return line[len + 1];
    }
    return '\0';
}

static void add_grub_update(struct lines *l)
{
    const bool debian = l->m->distro.family == DISTRO_DEBIAN || l->m->distro.family == DISTRO_POP;
    if (debian)
        add(l, "sudo update-grub");
    else if (l->m->distro.family == DISTRO_ARCH)
        add(l, "sudo grub-mkconfig -o /boot/grub/grub.cfg");
    else if (l->m->distro.family != DISTRO_UNKNOWN)
        add(l, "sudo grub2-mkconfig -o /boot/grub2/grub.cfg");
    else
        add(l, _("Write GRUB's menu anew (update-grub, or grub-mkconfig -o /boot/grub/grub.cfg)."));
}

static void add_by_grub(struct lines *l, const char *parameters)
{
    static const char *const variable = "GRUB_CMDLINE_LINUX_DEFAULT";
    const char quote = grub_quote(l->m, variable);
    if (quote == '"')
        add(l, "sudo sed -i 's/^%s=\"/&%s /' " GRUB_FILE, variable, parameters);
    else if (quote == '\'')
        add(l, "sudo sed -i \"s/^%s='/&%s /\" " GRUB_FILE, variable, parameters);
    else
        add(l, "echo '%s=\"%s\"' | sudo tee -a " GRUB_FILE, variable, parameters);
    add_grub_update(l);
}

/* systemd-boot has no tool of its own: who writes its entries differs. */
static void add_entries_update(struct lines *l)
{
    if (there(l, "/usr/bin/reinstall-kernels"))
        add(l, "sudo reinstall-kernels");
    else if (l->m->distro.initramfs == INITRAMFS_MKINITCPIO)
        add(l, "sudo mkinitcpio -P");
    else
        add(l, "sudo kernel-install add \"$(uname -r)\" /lib/modules/\"$(uname -r)\"/vmlinuz");
}

static void add_by_systemd_boot(struct lines *l, const char *parameters)
{
    if (there(l, "/etc/sdboot-manage.conf")) {
        add(l, "sudo sed -i 's/^LINUX_OPTIONS=\"/&%s /' /etc/sdboot-manage.conf", parameters);
        add(l, "sudo sdboot-manage gen");
    } else if (there(l, "/etc/kernel/cmdline")) {
        add(l, "sudo sed -i '1s/$/ %s/' /etc/kernel/cmdline", parameters);
        add_entries_update(l);
    } else {
        add(l, "sudo sh -c \"sed -i '/^options/s/$/ %s/' /boot/loader/entries/*.conf\"",
            parameters);
    }
}

static void add_by_limine(struct lines *l, const char *parameters)
{
    if (there(l, "/etc/default/limine")) {
        add(l, "echo 'KERNEL_CMDLINE[default]+=\" %s\"' | sudo tee -a /etc/default/limine",
            parameters);
        add(l, "sudo limine-update");
    } else {
        add(l, _("Add %s to the line that begins with 'cmdline:' in /boot/limine.conf."),
            parameters);
    }
}

static void append_karg(struct lines *l, const char *word)
{
    fprintf(l->to, " --append-if-missing=%s", word);
}

static void delete_karg(struct lines *l, const char *word)
{
    fprintf(l->to, " --delete-if-present=%s", word);
}

static void by_rpm_ostree(struct lines *l, const char *parameters,
                          void (*on_word)(struct lines *l, const char *word))
{
    fprintf(l->to, "sudo rpm-ostree kargs");
    each_word(l, parameters, on_word);
    fputc('\n', l->to);
}

static void add_parameters(struct lines *l, const char *parameters)
{
    switch (l->m->distro.boot) {
    case BOOT_GRUB:
        add_by_grub(l, parameters);
        break;
    case BOOT_GRUBBY:
        add(l, "sudo grubby --update-kernel=ALL --args=\"%s\"", parameters);
        break;
    case BOOT_SYSTEMD_BOOT:
        add_by_systemd_boot(l, parameters);
        break;
    case BOOT_KERNELSTUB:
        add(l, "sudo kernelstub --add-options \"%s\"", parameters);
        break;
    case BOOT_RPM_OSTREE:
        by_rpm_ostree(l, parameters, append_karg);
        break;
    case BOOT_LIMINE:
        add_by_limine(l, parameters);
        break;
    case BOOT_UNKNOWN:
        add(l, _("Add to the kernel's command line, where your boot loader keeps it: %s"),
            parameters);
        break;
    }
}

char *fix_add_parameters(const struct machine *m, const char *parameters)
{
    struct lines l;
    if (!begin(m, &l))
        return NULL;
    add_parameters(&l, parameters);
    add(&l, "sudo reboot");
    return finish(&l);
}

/* The file's line without the word; what sed would read as a pattern is escaped. */
static void cut_word(struct lines *l, const char *word, const char *address, const char *file)
{
    fprintf(l->to, "sudo sed -i '%ss/ *\\b", address);
    for (; *word; word++)
        fprintf(l->to, strchr(".*[]/\\$^", *word) ? "\\%c" : "%c", *word);
    add(l, "\\b//' %s", file);
}

static void cut_from_grub(struct lines *l, const char *word)
{
    cut_word(l, word, "/^GRUB_CMDLINE_LINUX/", GRUB_FILE);
}

static void cut_from_kernel_cmdline(struct lines *l, const char *word)
{
    cut_word(l, word, "", "/etc/kernel/cmdline");
}

static void cut_from_sdboot(struct lines *l, const char *word)
{
    cut_word(l, word, "/^LINUX_OPTIONS/", "/etc/sdboot-manage.conf");
}

static void remove_by_systemd_boot(struct lines *l, const char *parameters)
{
    if (there(l, "/etc/sdboot-manage.conf")) {
        each_word(l, parameters, cut_from_sdboot);
        add(l, "sudo sdboot-manage gen");
    } else if (there(l, "/etc/kernel/cmdline")) {
        each_word(l, parameters, cut_from_kernel_cmdline);
        add_entries_update(l);
    } else {
        add(l, _("Remove from the line 'options' of each file in /boot/loader/entries: %s"),
            parameters);
    }
}

static void remove_parameters(struct lines *l, const char *parameters)
{
    switch (l->m->distro.boot) {
    case BOOT_GRUB:
        each_word(l, parameters, cut_from_grub);
        add_grub_update(l);
        break;
    case BOOT_GRUBBY:
        add(l, "sudo grubby --update-kernel=ALL --remove-args=\"%s\"", parameters);
        break;
    case BOOT_SYSTEMD_BOOT:
        remove_by_systemd_boot(l, parameters);
        break;
    case BOOT_KERNELSTUB:
        add(l, "sudo kernelstub --delete-options \"%s\"", parameters);
        break;
    case BOOT_RPM_OSTREE:
        by_rpm_ostree(l, parameters, delete_karg);
        break;
    case BOOT_LIMINE:
        add(l, _("Remove from /etc/default/limine or /boot/limine.conf: %s"), parameters);
        if (there(l, "/etc/default/limine"))
            add(l, "sudo limine-update");
        break;
    case BOOT_UNKNOWN:
        add(l, _("Remove from the kernel's command line, where your boot loader keeps it: %s"),
            parameters);
        break;
    }
}

char *fix_remove_parameters(const struct machine *m, const char *parameters)
{
    struct lines l;
    if (!begin(m, &l))
        return NULL;
    remove_parameters(&l, parameters);
    add(&l, "sudo reboot");
    return finish(&l);
}

/* ---- packages ---- */

/* The families in the order of the columns. */
enum { COLUMN_DEBIAN, COLUMN_FEDORA, COLUMN_ARCH, COLUMN_OPENSUSE, COLUMNS };
static const struct {
    const char *what, *names[COLUMNS];
} packages[] = {
    { "qemu", { "qemu-system-x86", "qemu-kvm", "qemu-desktop", "qemu-x86" } },
    { "libvirt",
      { "libvirt-daemon-system libvirt-clients", "libvirt", "libvirt dnsmasq", "libvirt" } },
    { "virt-manager", { "virt-manager", "virt-manager", "virt-manager", "virt-manager" } },
    { "ovmf", { "ovmf", "edk2-ovmf", "edk2-ovmf", "qemu-ovmf-x86_64" } },
    { "swtpm", { "swtpm swtpm-tools", "swtpm swtpm-tools", "swtpm", "swtpm" } },
    { "dnsmasq", { "dnsmasq-base", "dnsmasq", "dnsmasq", "dnsmasq" } },
    { "ddcutil", { "ddcutil", "ddcutil", "ddcutil", "ddcutil" } },
    { "pipewire",
      { "pipewire wireplumber", "pipewire wireplumber", "pipewire wireplumber",
        "pipewire wireplumber" } },
    { "dkms", { "dkms", "dkms", "dkms", "dkms" } },
    { "kernel-headers",
      { "linux-headers-$(uname -r)", "kernel-devel-$(uname -r)", "linux-headers",
        "kernel-default-devel" } },
    { "egl",
      { "libegl1 libgles2 libgl1-mesa-dri", "mesa-libEGL mesa-dri-drivers", "mesa", "Mesa" } },
    { "selinux-tools",
      { "policycoreutils-python-utils", "policycoreutils-python-utils", "policycoreutils",
        "policycoreutils-python-utils" } },
};

static int column_of(enum distro_family family)
{
    switch (family) {
    case DISTRO_DEBIAN:
    case DISTRO_POP:
        return COLUMN_DEBIAN;
    case DISTRO_FEDORA:
    case DISTRO_FEDORA_ATOMIC:
        return COLUMN_FEDORA;
    case DISTRO_ARCH:
        return COLUMN_ARCH;
    case DISTRO_OPENSUSE:
        return COLUMN_OPENSUSE;
    case DISTRO_UNKNOWN:
        break;
    }
    return COLUMNS;
}

/* Arch's kernels have headers each of their own: "6.9.3-zen1-1-zen" needs linux-zen-headers. */
static bool add_arch_headers(struct lines *l)
{
    static const struct {
        const char *mark, *package;
    } kernels[] = { { "-zen", "linux-zen-headers" },
                    { "-lts", "linux-lts-headers" },
                    { "-hardened", "linux-hardened-headers" },
                    { "-cachyos", "linux-cachyos-headers" } };
    unsigned int major, minor;
    for (size_t i = 0; i < ARRAY_LEN(kernels); i++)
        if (strstr(l->m->kernel_release, kernels[i].mark)) {
            add(l, "sudo pacman -S --needed %s", kernels[i].package);
            return true;
        }
    if (!strstr(l->m->kernel_release, "MANJARO") ||
        sscanf(l->m->kernel_release, "%3u.%3u", &major, &minor) != 2)
        return false;
    add(l, "sudo pacman -S --needed linux%u%u-headers", major, minor);
    return true;
}

static const char *packages_of(const char *what, int column)
{
    for (size_t i = 0; column < COLUMNS && i < ARRAY_LEN(packages); i++)
        if (strcmp(packages[i].what, what) == 0)
            return packages[i].names[column];
    return what;
}

static void install(struct lines *l, const char *what)
{
    const enum distro_family family = l->m->distro.family;
    const char *const names = packages_of(what, column_of(family));
    if (family == DISTRO_ARCH && strcmp(what, "kernel-headers") == 0 && add_arch_headers(l))
        return;
    switch (family) {
    case DISTRO_DEBIAN:
    case DISTRO_POP:
        add(l, "sudo apt install %s", names);
        break;
    case DISTRO_FEDORA:
        add(l, "sudo dnf install %s", names);
        break;
    case DISTRO_FEDORA_ATOMIC:
        add(l, "sudo rpm-ostree install %s", names);
        add(l, "sudo reboot");
        break;
    case DISTRO_ARCH:
        add(l, "sudo pacman -S --needed %s", names);
        break;
    case DISTRO_OPENSUSE:
        add(l, "sudo zypper install %s", names);
        break;
    case DISTRO_UNKNOWN:
        add(l, _("Install %s by your distribution's package manager."), names);
        break;
    }
}

char *fix_install(const struct machine *m, const char *what)
{
    struct lines l;
    if (!begin(m, &l))
        return NULL;
    install(&l, what);
    return finish(&l);
}

/* ---- initramfs: the small system that the kernel starts first ---- */

static void rebuild(struct lines *l)
{
    if (l->m->distro.boot == BOOT_RPM_OSTREE) {
        add(l, "sudo rpm-ostree initramfs --enable");
        return;
    }
    switch (l->m->distro.initramfs) {
    case INITRAMFS_TOOLS:
        add(l, "sudo update-initramfs -u -k all");
        break;
    case INITRAMFS_DRACUT:
        add(l, there(l, "/usr/bin/dracut-rebuild") ? "sudo dracut-rebuild"
                                                   : "sudo dracut --force --regenerate-all");
        break;
    case INITRAMFS_MKINITCPIO:
        add(l, there(l, "/usr/bin/limine-mkinitcpio") ? "sudo limine-mkinitcpio"
                                                      : "sudo mkinitcpio -P");
        break;
    case INITRAMFS_BOOSTER:
        add(l, "sudo /usr/lib/booster/regenerate_images");
        break;
    case INITRAMFS_UNKNOWN:
        add(l, _("Build the initramfs anew by your distribution's tool."));
        break;
    }
}

char *fix_rebuild_initramfs(const struct machine *m)
{
    struct lines l;
    if (!begin(m, &l))
        return NULL;
    rebuild(&l);
    return finish(&l);
}

/* ---- binding at boot ---- */

static void add_softdep(struct lines *l, const char *driver)
{
    fprintf(l->to, "\\nsoftdep %s pre: vfio-pci", driver);
}

static void load_early(struct lines *l)
{
    switch (l->m->distro.initramfs) {
    case INITRAMFS_TOOLS:
        add(l, "echo vfio-pci | sudo tee -a /etc/initramfs-tools/modules");
        break;
    case INITRAMFS_DRACUT:
        add(l, "echo 'force_drivers+=\" vfio_pci vfio vfio_iommu_type1 \"' | "
               "sudo tee /etc/dracut.conf.d/vfio.conf");
        break;
    case INITRAMFS_MKINITCPIO:
        add(l, "sudo sed -i 's/^MODULES=(/&vfio_pci vfio vfio_iommu_type1 /' /etc/mkinitcpio.conf");
        break;
    case INITRAMFS_BOOSTER:
        add(l, "echo 'modules_force_load: vfio_pci,vfio,vfio_iommu_type1' | "
               "sudo tee -a /etc/booster.yaml");
        break;
    case INITRAMFS_UNKNOWN:
        add(l, _("Let the initramfs load the module vfio-pci first."));
        break;
    }
}

static void bind_by_files(struct lines *l, const char *ids, const char *drivers)
{
    fprintf(l->to, "printf 'options vfio-pci ids=%s", ids);
    each_word(l, drivers, add_softdep);
    add(l, "\\n' | sudo tee /etc/modprobe.d/vfio.conf");
    load_early(l);
    rebuild(l);
}

/* An image that is built elsewhere has vfio-pci in it, and takes its word from the command line. */
static void bind_by_parameters(struct lines *l, const char *ids)
{
    autofree char *parameters = NULL;
    if (asprintf(&parameters, "rd.driver.pre=vfio-pci vfio-pci.ids=%s", ids) < 0)
        return;
    by_rpm_ostree(l, parameters, append_karg);
}

char *fix_bind_early(const struct machine *m, const char *ids, const char *drivers)
{
    struct lines l;
    if (!begin(m, &l))
        return NULL;
    if (m->distro.boot == BOOT_RPM_OSTREE)
        bind_by_parameters(&l, ids);
    else
        bind_by_files(&l, ids, drivers);
    add(&l, "sudo reboot");
    return finish(&l);
}
