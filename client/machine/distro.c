/* SPDX-License-Identifier: GPL-2.0-or-later
 * Which distribution this is, and by what the kernel is started: whose commands a fix is. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "machine/machine_private.h"

/* ---- /etc/os-release ---- */

/* Shell words without the shell: a value, perhaps in quotes, with backslashes. */
static void copy_value(const char *value, size_t len, char *out, size_t cap)
{
    const char quote = len >= 2 && (*value == '"' || *value == '\'') ? *value : '\0';
    char plain[512];
    size_t n = 0;
    for (size_t i = quote ? 1 : 0; i < len && n < sizeof(plain); i++) {
        if (value[i] == quote && quote)
            break;
        if (value[i] == '\\' && i + 1 < len)
            i++;
        plain[n++] = value[i];
    }
    copy_shown(plain, n, out, cap);
}

static void find_value(const char *text, const char *key, char *out, size_t cap)
{
    const size_t key_len = strlen(key);
    out[0] = '\0';
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, key_len) == 0 && line[key_len] == '=') {
            const char *const value = line + key_len + 1;
            copy_value(value, strcspn(value, "\n"), out, cap);
            return;
        }
    }
}

static const struct {
    const char *id;
    enum distro_family family;
} families[] = {
    { "pop", DISTRO_POP },
    { "debian", DISTRO_DEBIAN },
    { "ubuntu", DISTRO_DEBIAN },
    { "linuxmint", DISTRO_DEBIAN },
    { "fedora", DISTRO_FEDORA },
    { "rhel", DISTRO_FEDORA },
    { "arch", DISTRO_ARCH },
    { "manjaro", DISTRO_ARCH },
    { "cachyos", DISTRO_ARCH },
    { "endeavouros", DISTRO_ARCH },
    { "opensuse", DISTRO_OPENSUSE },
    { "suse", DISTRO_OPENSUSE },
    { "opensuse-tumbleweed", DISTRO_OPENSUSE },
    { "opensuse-leap", DISTRO_OPENSUSE },
};

static enum distro_family family_of(const char *id)
{
    for (size_t i = 0; i < ARRAY_LEN(families); i++)
        if (strcmp(families[i].id, id) == 0)
            return families[i].family;
    return DISTRO_UNKNOWN;
}

/* By its own name, or by the nearest relative it names. */
static enum distro_family find_family(const char *id, char *like)
{
    enum distro_family family = family_of(id);
    for (char *word; family == DISTRO_UNKNOWN && (word = strsep(&like, " ")) != NULL;)
        family = family_of(word);
    return family;
}

static int read_release(struct machine *m)
{
    autofree char *text = NULL;
    int err = root_read(m->root, "/etc/os-release", &text, NULL);
    if (err < 0)
        err = root_read(m->root, "/usr/lib/os-release", &text, NULL);
    if (err < 0)
        return err;
    char like[256];
    struct machine_distro *const d = &m->distro;
    find_value(text, "ID", d->id, sizeof(d->id));
    find_value(text, "PRETTY_NAME", d->name, sizeof(d->name));
    find_value(text, "VERSION_ID", d->version, sizeof(d->version));
    find_value(text, "ID_LIKE", like, sizeof(like));
    d->family = find_family(d->id, like);
    if (d->family == DISTRO_FEDORA && root_exists(m->root, "/run/ostree-booted"))
        d->family = DISTRO_FEDORA_ATOMIC;
    return 0;
}

/* ---- boot loader ---- */

/* What the loader says of itself in a variable of the firmware: attributes, then UTF-16. */
static void read_loader_info(struct root *root, char *out, size_t cap)
{
    autofree char *text = NULL;
    size_t len_bytes = 0, n = 0;
    out[0] = '\0';
    if (root_read(root, "/sys/firmware/efi/efivars/LoaderInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f",
                  &text, &len_bytes) < 0)
        return;
    for (size_t i = 4; i + 1 < len_bytes && n + 1 < cap && text[i]; i += 2)
        out[n++] = text[i];
    out[n] = '\0';
}

static enum boot_loader loader_by_info(struct root *root)
{
    char info[64];
    read_loader_info(root, info, sizeof(info));
    if (strncasecmp(info, "systemd-boot", 12) == 0)
        return BOOT_SYSTEMD_BOOT;
    if (strncasecmp(info, "limine", 6) == 0)
        return BOOT_LIMINE;
    return strncasecmp(info, "grub", 4) == 0 ? BOOT_GRUB : BOOT_UNKNOWN;
}

/* What is installed; the first row that is there. */
static const struct {
    const char *path;
    enum boot_loader boot;
} loader_files[] = {
    { "/etc/default/limine", BOOT_LIMINE },
    { "/boot/limine.conf", BOOT_LIMINE },
    { "/boot/limine/limine.conf", BOOT_LIMINE },
    { "/etc/sdboot-manage.conf", BOOT_SYSTEMD_BOOT },
    { "/etc/default/grub", BOOT_GRUB },
    { "/boot/loader/loader.conf", BOOT_SYSTEMD_BOOT },
    { "/efi/loader/loader.conf", BOOT_SYSTEMD_BOOT },
    { "/boot/efi/loader/loader.conf", BOOT_SYSTEMD_BOOT },
};

static enum boot_loader loader_by_files(struct root *root)
{
    for (size_t i = 0; i < ARRAY_LEN(loader_files); i++)
        if (root_exists(root, loader_files[i].path))
            return loader_files[i].boot;
    return BOOT_UNKNOWN;
}

/* Each loader leaves its own traces in the command line. */
static enum boot_loader loader_by_parameters(const struct machine *m)
{
    const char *const initrd = machine_parameter(m, "initrd");
    if (machine_parameter(m, "BOOT_IMAGE"))
        return BOOT_GRUB;
    return initrd && initrd[0] == '\\' ? BOOT_SYSTEMD_BOOT : BOOT_UNKNOWN;
}

static bool has_program(struct root *root, const char *name)
{
    char path[128];
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof(path), "%s/%s", i ? "/usr/sbin" : "/usr/bin", name);
        if (root_exists(root, path))
            return true;
    }
    return false;
}

static enum boot_loader find_loader(const struct machine *m)
{
    const enum distro_family family = m->distro.family;
    if (family == DISTRO_FEDORA_ATOMIC)
        return BOOT_RPM_OSTREE;
    if (family == DISTRO_POP && has_program(m->root, "kernelstub"))
        return BOOT_KERNELSTUB;
    if (family == DISTRO_FEDORA && has_program(m->root, "grubby"))
        return BOOT_GRUBBY;
    enum boot_loader boot = loader_by_info(m->root);
    if (boot == BOOT_UNKNOWN)
        boot = loader_by_files(m->root);
    return boot == BOOT_UNKNOWN ? loader_by_parameters(m) : boot;
}

/* ---- initramfs ---- */

/* Debian's dracut brings an update-initramfs too, and others leave mkinitcpio.conf behind: the
 * order matters. */
static enum initramfs_tool find_initramfs(struct root *root)
{
    if (has_program(root, "mkinitcpio"))
        return INITRAMFS_MKINITCPIO;
    if (has_program(root, "booster"))
        return INITRAMFS_BOOSTER;
    if (has_program(root, "dracut"))
        return INITRAMFS_DRACUT;
    return has_program(root, "update-initramfs") ? INITRAMFS_TOOLS : INITRAMFS_UNKNOWN;
}

/* ---- all ---- */

static bool first_letter_is(struct root *root, const char *path, char letter)
{
    char line[8];
    return root_read_line(root, path, line, sizeof(line)) == 0 && line[0] == letter;
}

int distro_load(struct machine *m)
{
    const int err = read_release(m);
    m->distro.boot = find_loader(m);
    m->distro.initramfs = find_initramfs(m->root);
    m->distro.selinux = first_letter_is(m->root, "/sys/fs/selinux/enforce", '1');
    m->distro.apparmor = first_letter_is(m->root, "/sys/module/apparmor/parameters/enabled", 'Y');
    return err;
}
