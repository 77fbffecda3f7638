/* SPDX-License-Identifier: GPL-2.0-or-later
 * Packages, by the names that each distribution gives them. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "machine/fix_private.h"

/* The families in the order of the columns. */
enum { COLUMN_DEBIAN, COLUMN_FEDORA, COLUMN_ARCH, COLUMN_OPENSUSE, COLUMNS };
static const struct {
    const char *what, *names[COLUMNS];
} packages[] = {
    { "qemu", { "qemu-system-x86", "qemu-kvm", "qemu-desktop", "qemu-x86" } },
    { "libvirt",
      { "libvirt-daemon-system libvirt-clients", "libvirt", "libvirt dnsmasq", "libvirt" } },
    { "virt-manager", { "virt-manager", "virt-manager", "virt-manager", "virt-manager" } },
    { "virt-manager ovmf swtpm", /* what a VM for Windows is made with */
      { "virt-manager ovmf swtpm swtpm-tools", "virt-manager edk2-ovmf swtpm swtpm-tools",
        "virt-manager edk2-ovmf swtpm", "virt-manager qemu-ovmf-x86_64 swtpm" } },
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
static bool add_arch_headers(struct fix_lines *l)
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
            fix_add(l, "sudo pacman -S --needed %s", kernels[i].package);
            return true;
        }
    if (!strstr(l->m->kernel_release, "MANJARO") ||
        sscanf(l->m->kernel_release, "%3u.%3u", &major, &minor) != 2)
        return false;
    fix_add(l, "sudo pacman -S --needed linux%u%u-headers", major, minor);
    return true;
}

static const char *packages_of(const char *what, int column)
{
    for (size_t i = 0; column < COLUMNS && i < ARRAY_LEN(packages); i++)
        if (strcmp(packages[i].what, what) == 0)
            return packages[i].names[column];
    return what;
}

static void install(struct fix_lines *l, const char *what)
{
    const enum distro_family family = l->m->distro.family;
    const char *const names = packages_of(what, column_of(family));
    if (family == DISTRO_ARCH && strcmp(what, "kernel-headers") == 0 && add_arch_headers(l))
        return;
    switch (family) {
    case DISTRO_DEBIAN:
    case DISTRO_POP:
        fix_add(l, "sudo apt install %s", names);
        break;
    case DISTRO_FEDORA:
        fix_add(l, "sudo dnf install %s", names);
        break;
    case DISTRO_FEDORA_ATOMIC:
        fix_add(l, "sudo rpm-ostree install %s", names);
        fix_add(l, "sudo reboot");
        break;
    case DISTRO_ARCH:
        fix_add(l, "sudo pacman -S --needed %s", names);
        break;
    case DISTRO_OPENSUSE:
        fix_add(l, "sudo zypper install %s", names);
        break;
    case DISTRO_UNKNOWN:
        fix_add(l, _("Install %s by your distribution's package manager."), names);
        break;
    }
}

char *fix_install(const struct machine *m, const char *what)
{
    struct fix_lines l;
    if (!fix_begin(m, &l))
        return NULL;
    install(&l, what);
    return fix_finish(&l);
}
