/* SPDX-License-Identifier: GPL-2.0-or-later
 * The VM's memory in huge pages, which have to be reserved. */
#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/units.h"
#include "doctor/domain_check.h"
#include "doctor/wording.h"

static uint64_t default_page_bytes(struct root *root)
{
    autofree char *text = NULL;
    uint64_t kib = 0;
    if (root_read(root, "/proc/meminfo", &text, NULL) == 0) {
        const char *const at = strstr(text, "Hugepagesize:");
        if (!at || sscanf(at, "Hugepagesize: %" SCNu64 " kB", &kib) != 1)
            kib = 0;
    }
    return kib ? kib << 10 : 2 * MIB;
}

/* "nr_hugepages" or "free_hugepages" of pages of that size; a negative errno else. */
static int page_count(struct root *root, uint64_t page_bytes, const char *which, uint64_t *count)
{
    char path[128];
    snprintf(path, sizeof(path), "/sys/kernel/mm/hugepages/hugepages-%jukB/%s", page_bytes >> 10,
             which);
    return root_read_number(root, path, count);
}

/* ---- how to reserve them ---- */

/* A line of sysctl's that says how many. */
static bool sets_pages(const char *line)
{
    line += strspn(line, " \t");
    return strncmp(line, "vm.nr_hugepages", 15) == 0 || strncmp(line, "vm/nr_hugepages", 15) == 0;
}

static bool file_sets_pages(struct root *root, const char *path)
{
    autofree char *text = NULL;
    if (root_read(root, path, &text, NULL) < 0)
        return false;
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (sets_pages(line))
            return true;
    }
    return false;
}

/* Files of the administrator's that say so already, each as " 'FILE'": what we wrote into another
 * one might be overruled. Heap text; "" if there is none; NULL: no memory. */
static char *files_that_set_pages(struct root *root)
{
    static const char folder[] = "/etc/sysctl.d", file[] = "/etc/sysctl.conf";
    autofree struct root_names *names = NULL;
    autofree char *files = wording("%s", file_sets_pages(root, file) ? " '/etc/sysctl.conf'" : "");
    if (root_list(root, folder, &names) < 0)
        return steal_ptr(&files);
    for (size_t i = 0; i < names->count && files; i++) {
        autofree char *path = wording("%s/%s", folder, names->name[i]), *before = files;
        files = NULL;
        const bool sets = path && !strchr(path, '\'') && fnmatch("*.conf", path, 0) == 0 &&
                          file_sets_pages(root, path);
        files = sets ? wording("%s '%s'", before, path) : steal_ptr(&before);
    }
    return steal_ptr(&files);
}

static char *sysctl_line(struct root *root, uint64_t pages)
{
    autofree char *files = files_that_set_pages(root);
    if (!files)
        return NULL;
    return files[0]
               ? wording("sudo sed -i 's|^[ \\t]*vm[./]nr_hugepages.*|vm.nr_hugepages = %ju|'%s",
                         pages, files)
               : wording("echo 'vm.nr_hugepages = %ju' | sudo tee "
                         "/etc/sysctl.d/40-hugepages.conf",
                         pages);
}

static char *reserve_fix(const struct doctor_facts *facts, uint64_t page_bytes, uint64_t pages)
{
    autofree char *setup = wording_setup(facts->vm, "hugepages");
    if (page_bytes <= 2 * MIB) {
        autofree char *line = sysctl_line(facts->root, pages);
        return line && setup ? wording(_("Reserve them now, and at each start:\n"
                                         "  %s\n"
                                         "  sudo sysctl --system\n"
                                         "Or only while the VM runs: %s"),
                                       line, setup)
                             : NULL;
    }
    autofree char *parameters = wording("default_hugepagesz=%juG hugepagesz=%juG hugepages=%ju",
                                        page_bytes / GIB, page_bytes / GIB, pages);
    return parameters ? fix_add_parameters(facts->machine, parameters) : NULL;
}

/* ---- whether there are enough ---- */

static bool file_reserves(struct root *root, const char *folder, const char *name)
{
    autofree char *path = wording("%s/%s", folder, name), *text = NULL;
    return path && root_read(root, path, &text, NULL) == 0 && strstr(text, "nr_hugepages");
}

/* A script that `espelho setup` wrote for another VM. */
static bool is_of_another(const struct vm *vm, const char *script)
{
    static const char ours[] = "espelho-";
    const size_t len = strlen(ours), name_len = strlen(vm->name);
    return strncmp(script, ours, len) == 0 &&
           (strncmp(script + len, vm->name, name_len) != 0 || script[len + name_len] != '-');
}

/* A script of libvirt's that reserves pages when the VM starts: setup's own, or the user's. */
static bool hook_reserves(const struct doctor_facts *facts)
{
    static const char hooks[] = "/etc/libvirt/hooks/qemu.d";
    autofree char *folder = wording("%s/%s/prepare/begin", hooks, facts->vm->name);
    const char *const folders[] = { hooks, strchr(facts->vm->name, '/') ? NULL : folder };
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        autofree struct root_names *names = NULL;
        if (!folders[i] || root_list(facts->root, folders[i], &names) < 0)
            continue;
        for (size_t k = 0; k < names->count; k++)
            if (!is_of_another(facts->vm, names->name[k]) &&
                file_reserves(facts->root, folders[i], names->name[k]))
                return true;
    }
    return false;
}

static void tell_too_few(const struct doctor_facts *facts, uint64_t page_bytes, uint64_t needed,
                         uint64_t total, uint64_t free_pages, struct findings *out)
{
    autofree char *fix = reserve_fix(facts, page_bytes, needed);
    finding_addf(
        out, VERDICT_FAILURE, NULL, fix,
        _("The VM needs %ju huge pages of %ju KiB; %ju are reserved and %ju of them are free."),
        needed, page_bytes >> 10, total, free_pages);
}

static void check_reserved(const struct doctor_facts *facts, uint64_t page_bytes, uint64_t total,
                           uint64_t free_pages, struct findings *out)
{
    const struct vm *const vm = facts->vm;
    const uint64_t needed = (vm->memory_bytes + page_bytes - 1) / page_bytes;
    if (vm->running || free_pages >= needed)
        finding_addf(out, VERDICT_OK, NULL, NULL,
                     _("%ju pages of %ju KiB are reserved; the VM needs %ju."), total,
                     page_bytes >> 10, needed);
    else if (hook_reserves(facts))
        finding_add(out, VERDICT_OK, NULL, _("A hook of libvirt reserves them when the VM starts."),
                    NULL);
    else
        tell_too_few(facts, page_bytes, needed, total, free_pages, out);
}

static void check_unused(const struct doctor_facts *facts, struct findings *out)
{
    const uint64_t page_bytes = default_page_bytes(facts->root);
    uint64_t total;
    if (page_count(facts->root, page_bytes, "nr_hugepages", &total) < 0)
        return;
    if (total * page_bytes < 2 * GIB) {
        finding_add(out, VERDICT_OK, NULL, _("The VM uses pages of the normal size."), NULL);
        return;
    }
    finding_edit(out, VERDICT_WARNING, facts->vm, NULL,
                 (struct vm_edit){ NULL, "  <memoryBacking>\n    <hugepages/>\n  </memoryBacking>",
                                   "  -mem-path /dev/hugepages" },
                 _("%ju MiB are reserved as huge pages, but this VM does not use them, and "
                   "nothing else can."),
                 total * page_bytes / MIB);
}

void domain_hugepages(const struct doctor_facts *facts, struct findings *out)
{
    const struct vm *const vm = facts->vm;
    if (!vm->hugepages) {
        check_unused(facts, out);
        return;
    }
    const uint64_t page_bytes =
        vm->hugepage_bytes ? vm->hugepage_bytes : default_page_bytes(facts->root);
    uint64_t total, free_pages;
    int err = page_count(facts->root, page_bytes, "nr_hugepages", &total);
    if (err == 0)
        err = page_count(facts->root, page_bytes, "free_hugepages", &free_pages);
    if (err == 0)
        check_reserved(facts, page_bytes, total, free_pages, out);
    else if (err == -ENOENT)
        finding_addf(
            out, VERDICT_FAILURE, NULL, _("Use pages of 2048 KiB: <page size='2048' unit='KiB'/>"),
            _("The VM wants pages of %ju KiB, which this kernel does not have."), page_bytes >> 10);
    else
        finding_add(out, VERDICT_SKIPPED, NULL,
                    _("The kernel does not tell how many huge pages there are."), NULL);
}
