/* SPDX-License-Identifier: GPL-2.0-or-later
 * Parameters of the kernel, in the way of each boot loader. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "machine/fix_private.h"

#define GRUB_FILE "/etc/default/grub"

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

static void add_grub_update(struct fix_lines *l)
{
    const bool debian = l->m->distro.family == DISTRO_DEBIAN || l->m->distro.family == DISTRO_POP;
    if (debian)
        fix_add(l, "sudo update-grub");
    else if (l->m->distro.family == DISTRO_ARCH)
        fix_add(l, "sudo grub-mkconfig -o /boot/grub/grub.cfg");
    else if (l->m->distro.family != DISTRO_UNKNOWN)
        fix_add(l, "sudo grub2-mkconfig -o /boot/grub2/grub.cfg");
    else
        fix_add(
            l, _("Write GRUB's menu anew (update-grub, or grub-mkconfig -o /boot/grub/grub.cfg)."));
}

static void add_by_grub(struct fix_lines *l, const char *parameters)
{
    static const char *const variable = "GRUB_CMDLINE_LINUX_DEFAULT";
    const char quote = grub_quote(l->m, variable);
    if (quote == '"')
        fix_add(l, "sudo sed -i 's/^%s=\"/&%s /' " GRUB_FILE, variable, parameters);
    else if (quote == '\'')
        fix_add(l, "sudo sed -i \"s/^%s='/&%s /\" " GRUB_FILE, variable, parameters);
    else
        fix_add(l, "echo '%s=\"%s\"' | sudo tee -a " GRUB_FILE, variable, parameters);
    add_grub_update(l);
}

/* systemd-boot has no tool of its own: who writes its entries differs. */
static void add_entries_update(struct fix_lines *l)
{
    if (fix_there(l, "/usr/bin/reinstall-kernels"))
        fix_add(l, "sudo reinstall-kernels");
    else if (l->m->distro.initramfs == INITRAMFS_MKINITCPIO)
        fix_add(l, "sudo mkinitcpio -P");
    else
        fix_add(l, "sudo kernel-install add \"$(uname -r)\" /lib/modules/\"$(uname -r)\"/vmlinuz");
}

static void add_by_systemd_boot(struct fix_lines *l, const char *parameters)
{
    if (fix_there(l, "/etc/sdboot-manage.conf")) {
        fix_add(l, "sudo sed -i 's/^LINUX_OPTIONS=\"/&%s /' /etc/sdboot-manage.conf", parameters);
        fix_add(l, "sudo sdboot-manage gen");
    } else if (fix_there(l, "/etc/kernel/cmdline")) {
        fix_add(l, "sudo sed -i '1s/$/ %s/' /etc/kernel/cmdline", parameters);
        add_entries_update(l);
    } else {
        fix_add(l, "sudo sh -c \"sed -i '/^options/s/$/ %s/' /boot/loader/entries/*.conf\"",
                parameters);
    }
}

static void add_by_limine(struct fix_lines *l, const char *parameters)
{
    if (fix_there(l, "/etc/default/limine")) {
        fix_add(l, "echo 'KERNEL_CMDLINE[default]+=\" %s\"' | sudo tee -a /etc/default/limine",
                parameters);
        fix_add(l, "sudo limine-update");
    } else {
        fix_add(l, _("Add %s to the line that begins with 'cmdline:' in /boot/limine.conf."),
                parameters);
    }
}

static void append_karg(struct fix_lines *l, const char *word)
{
    fprintf(l->to, " --append-if-missing=%s", word);
}

static void delete_karg(struct fix_lines *l, const char *word)
{
    fprintf(l->to, " --delete-if-present=%s", word);
}

static void by_rpm_ostree(struct fix_lines *l, const char *parameters,
                          void (*on_word)(struct fix_lines *l, const char *word))
{
    fprintf(l->to, "sudo rpm-ostree kargs");
    fix_each_word(l, parameters, on_word);
    fputc('\n', l->to);
}

void fix_append_kargs(struct fix_lines *l, const char *parameters)
{
    by_rpm_ostree(l, parameters, append_karg);
}

static void add_parameters(struct fix_lines *l, const char *parameters)
{
    switch (l->m->distro.boot) {
    case BOOT_GRUB:
        add_by_grub(l, parameters);
        break;
    case BOOT_GRUBBY:
        fix_add(l, "sudo grubby --update-kernel=ALL --args=\"%s\"", parameters);
        break;
    case BOOT_SYSTEMD_BOOT:
        add_by_systemd_boot(l, parameters);
        break;
    case BOOT_KERNELSTUB:
        fix_add(l, "sudo kernelstub --add-options \"%s\"", parameters);
        break;
    case BOOT_RPM_OSTREE:
        fix_append_kargs(l, parameters);
        break;
    case BOOT_LIMINE:
        add_by_limine(l, parameters);
        break;
    case BOOT_UNKNOWN:
        fix_add(l, _("Add to the kernel's command line, where your boot loader keeps it: %s"),
                parameters);
        break;
    }
}

char *fix_add_parameters(const struct machine *m, const char *parameters)
{
    struct fix_lines l;
    if (!fix_begin(m, &l))
        return NULL;
    add_parameters(&l, parameters);
    fix_add(&l, "sudo reboot");
    return fix_finish(&l);
}

/* The file's line without the word; what sed would read as a pattern is escaped. */
static void cut_word(struct fix_lines *l, const char *word, const char *address, const char *file)
{
    fprintf(l->to, "sudo sed -i '%ss/ *\\b", address);
    for (; *word; word++)
        fprintf(l->to, strchr(".*[]/\\$^", *word) ? "\\%c" : "%c", *word);
    fix_add(l, "\\b//' %s", file);
}

static void cut_from_grub(struct fix_lines *l, const char *word)
{
    cut_word(l, word, "/^GRUB_CMDLINE_LINUX/", GRUB_FILE);
}

static void cut_from_kernel_cmdline(struct fix_lines *l, const char *word)
{
    cut_word(l, word, "", "/etc/kernel/cmdline");
}

static void cut_from_sdboot(struct fix_lines *l, const char *word)
{
    cut_word(l, word, "/^LINUX_OPTIONS/", "/etc/sdboot-manage.conf");
}

static void remove_by_systemd_boot(struct fix_lines *l, const char *parameters)
{
    if (fix_there(l, "/etc/sdboot-manage.conf")) {
        fix_each_word(l, parameters, cut_from_sdboot);
        fix_add(l, "sudo sdboot-manage gen");
    } else if (fix_there(l, "/etc/kernel/cmdline")) {
        fix_each_word(l, parameters, cut_from_kernel_cmdline);
        add_entries_update(l);
    } else {
        fix_add(l, _("Remove from the line 'options' of each file in /boot/loader/entries: %s"),
                parameters);
    }
}

static void remove_parameters(struct fix_lines *l, const char *parameters)
{
    switch (l->m->distro.boot) {
    case BOOT_GRUB:
        fix_each_word(l, parameters, cut_from_grub);
        add_grub_update(l);
        break;
    case BOOT_GRUBBY:
        fix_add(l, "sudo grubby --update-kernel=ALL --remove-args=\"%s\"", parameters);
        break;
    case BOOT_SYSTEMD_BOOT:
        remove_by_systemd_boot(l, parameters);
        break;
    case BOOT_KERNELSTUB:
        fix_add(l, "sudo kernelstub --delete-options \"%s\"", parameters);
        break;
    case BOOT_RPM_OSTREE:
        by_rpm_ostree(l, parameters, delete_karg);
        break;
    case BOOT_LIMINE:
        fix_add(l, _("Remove from /etc/default/limine or /boot/limine.conf: %s"), parameters);
        if (fix_there(l, "/etc/default/limine"))
            fix_add(l, "sudo limine-update");
        break;
    case BOOT_UNKNOWN:
        fix_add(l, _("Remove from the kernel's command line, where your boot loader keeps it: %s"),
                parameters);
        break;
    }
}

char *fix_remove_parameters(const struct machine *m, const char *parameters)
{
    struct fix_lines l;
    if (!fix_begin(m, &l))
        return NULL;
    remove_parameters(&l, parameters);
    fix_add(&l, "sudo reboot");
    return fix_finish(&l);
}
