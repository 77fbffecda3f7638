/* SPDX-License-Identifier: GPL-2.0-or-later
 * The words of a fix: commands of the distribution that is here. What is loaded at boot. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "machine/fix_private.h"
#include "machine/places.h"

bool fix_begin(const struct machine *m, struct fix_lines *l)
{
    *l = (struct fix_lines){ .m = m };
    l->to = open_memstream(&l->text, &l->len_bytes);
    return l->to != NULL;
}

void fix_add(struct fix_lines *l, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vfprintf(l->to, fmt, args);
    va_end(args);
    fputc('\n', l->to);
}

char *fix_finish(struct fix_lines *l)
{
    if (fclose(l->to) != 0) {
        free(l->text);
        return NULL;
    }
    if (l->len_bytes > 0)
        l->text[l->len_bytes - 1] = '\0';
    return l->text;
}

bool fix_there(const struct fix_lines *l, const char *path)
{
    return root_exists(l->m->root, path);
}

void fix_each_word(struct fix_lines *l, const char *words,
                   void (*on_word)(struct fix_lines *l, const char *word))
{
    char *const copy = strdup(words), *rest = copy;
    for (char *word; (word = strsep(&rest, " ")) != NULL;)
        if (word[0])
            on_word(l, word);
    free(copy);
}

/* ---- initramfs: the small system that the kernel starts first ---- */

static void rebuild(struct fix_lines *l)
{
    if (l->m->distro.boot == BOOT_RPM_OSTREE) {
        fix_add(l, "sudo rpm-ostree initramfs --enable");
        return;
    }
    switch (l->m->distro.initramfs) {
    case INITRAMFS_TOOLS:
        fix_add(l, "sudo update-initramfs -u -k all");
        break;
    case INITRAMFS_DRACUT:
        fix_add(l, fix_there(l, "/usr/bin/dracut-rebuild")
                       ? "sudo dracut-rebuild"
                       : "sudo dracut --force --regenerate-all");
        break;
    case INITRAMFS_MKINITCPIO:
        fix_add(l, fix_there(l, "/usr/bin/limine-mkinitcpio") ? "sudo limine-mkinitcpio"
                                                              : "sudo mkinitcpio -P");
        break;
    case INITRAMFS_BOOSTER:
        fix_add(l, "sudo /usr/lib/booster/regenerate_images");
        break;
    case INITRAMFS_UNKNOWN:
        fix_add(l, _("Build the initramfs anew by your distribution's tool."));
        break;
    }
}

char *fix_rebuild_initramfs(const struct machine *m)
{
    struct fix_lines l;
    if (!fix_begin(m, &l))
        return NULL;
    rebuild(&l);
    return fix_finish(&l);
}

/* ---- binding at boot ---- */

static void add_softdep(struct fix_lines *l, const char *driver)
{
    fprintf(l->to, "\\nsoftdep %s pre: vfio-pci", driver);
}

/* A line that begins with `key` and has `word` in it. */
static bool file_says(const struct fix_lines *l, const char *path, const char *key,
                      const char *word)
{
    autofree char *text = NULL;
    if (root_read(l->m->root, path, &text, NULL) < 0)
        return false;
    char *rest = text;
    for (const char *line; (line = strsep(&rest, "\n")) != NULL;)
        if (strncmp(line, key, strlen(key)) == 0 && strstr(line, word))
            return true;
    return false;
}

static void load_early(struct fix_lines *l)
{
    switch (l->m->distro.initramfs) {
    case INITRAMFS_TOOLS:
        if (!file_says(l, PLACE_INITRAMFS_TOOLS, "vfio", "pci"))
            fix_add(l, "echo vfio-pci | sudo tee -a " PLACE_INITRAMFS_TOOLS);
        break;
    case INITRAMFS_DRACUT:
        fix_add(l, "echo 'force_drivers+=\" vfio_pci vfio vfio_iommu_type1 \"' | "
                   "sudo tee " PLACE_VFIO_DRACUT);
        break;
    case INITRAMFS_MKINITCPIO:
        if (file_says(l, "/etc/mkinitcpio.conf", "MODULES=", "vfio_pci") ||
            file_says(l, PLACE_VFIO_MKINITCPIO, "MODULES", "vfio_pci"))
            break;
        fix_add(
            l, "sudo sed -i 's/^MODULES=(/&vfio_pci vfio vfio_iommu_type1 /' /etc/mkinitcpio.conf");
        break;
    case INITRAMFS_BOOSTER:
        fix_add(l, "echo 'modules_force_load: vfio_pci,vfio,vfio_iommu_type1' | "
                   "sudo tee -a /etc/booster.yaml");
        break;
    case INITRAMFS_UNKNOWN:
        fix_add(l, _("Let the initramfs load the module vfio-pci first."));
        break;
    }
}

/* Of two lines with ids the last one counts: those in files of the user's give way. */
static void clear_options(struct fix_lines *l)
{
    autofree struct root_names *names = NULL;
    if (root_list(l->m->root, "/etc/modprobe.d", &names) < 0)
        return;
    for (size_t i = 0; i < names->count; i++) {
        char path[320];
        snprintf(path, sizeof(path), "/etc/modprobe.d/%.255s", names->name[i]);
        if (strcmp(path, PLACE_VFIO_MODPROBE) != 0 && !strchr(path, '\'') &&
            (file_says(l, path, "options vfio-pci", "ids=") ||
             file_says(l, path, "options vfio_pci", "ids=")))
            fix_add(l, "sudo sed -i '/^options vfio.pci/d' '%s'", path);
    }
}

static void bind_by_files(struct fix_lines *l, const char *ids, const char *drivers)
{
    clear_options(l);
    fprintf(l->to, "printf 'options vfio-pci ids=%s", ids);
    fix_each_word(l, drivers, add_softdep);
    fix_add(l, "\\n' | sudo tee " PLACE_VFIO_MODPROBE);
    load_early(l);
    rebuild(l);
}

/* An image that is built elsewhere has vfio-pci in it, and takes its word from the command line. */
static void bind_by_parameters(struct fix_lines *l, const char *ids)
{
    autofree char *parameters = NULL;
    if (asprintf(&parameters, "rd.driver.pre=vfio-pci vfio-pci.ids=%s", ids) < 0)
        return;
    fix_append_kargs(l, parameters);
}

char *fix_bind_early(const struct machine *m, const char *ids, const char *drivers)
{
    struct fix_lines l;
    if (!fix_begin(m, &l))
        return NULL;
    if (m->distro.boot == BOOT_RPM_OSTREE)
        bind_by_parameters(&l, ids);
    else
        bind_by_files(&l, ids, drivers);
    fix_add(&l, "sudo reboot");
    return fix_finish(&l);
}
