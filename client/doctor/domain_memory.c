/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "doctor/domain_check.h"
#include "doctor/wording.h"
#include "text/text.h"

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

void domain_memory(const struct doctor_facts *facts, struct findings *out)
{
    const uint64_t guest = facts->vm->memory_bytes, host = facts->machine->cpu.memory_bytes;
    if (guest == 0)
        return;
    if (host && guest + GIB > host) {
        finding_addf(out, VERDICT_FAILURE, NULL,
                     _("Give the VM less (<memory> and <currentMemory>); leave 4 GiB or more for "
                       "Linux."),
                     _("The VM wants %ju MiB, and this machine has %ju MiB."), guest / MIB,
                     host / MIB);
        return;
    }
    if (host && guest + 2 * GIB > host) {
        finding_addf(out, VERDICT_WARNING, NULL,
                     _("Give the VM less (<memory> and <currentMemory>); leave 4 GiB or more for "
                       "Linux."),
                     _("The VM takes %ju of %ju MiB: Linux has less than 2 GiB."), guest / MIB,
                     host / MIB);
        return;
    }
    if (guest < 4 * GIB) {
        finding_addf(out, VERDICT_WARNING, NULL,
                     _("Give the VM more (<memory> and <currentMemory>)."),
                     _("The VM has %ju MiB; Windows 11 wants 4096."), guest / MIB);
        return;
    }
    finding_addf(out, VERDICT_OK, NULL, NULL, _("The VM has %ju MiB of memory."), guest / MIB);
}

/* ---- huge pages ---- */

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

static char *reserve_fix(const struct doctor_facts *facts, uint64_t page_bytes, uint64_t pages)
{
    autofree char *name = wording_name(facts->vm);
    if (page_bytes <= 2 * MIB)
        return wording(
            _("Reserve them now, and at each start:\n"
              "  echo 'vm.nr_hugepages = %ju' | sudo tee /etc/sysctl.d/40-hugepages.conf\n"
              "  sudo sysctl --system\n"
              "Or only while the VM runs: espelho setup hugepages --domain %s"),
            pages, name ? name : "NAME");
    autofree char *parameters = wording("default_hugepagesz=%juG hugepagesz=%juG hugepages=%ju",
                                        page_bytes / GIB, page_bytes / GIB, pages);
    return parameters ? fix_add_parameters(facts->machine, parameters) : NULL;
}

/* A hook of libvirt that reserves pages when the VM starts. */
static bool hook_reserves(const struct doctor_facts *facts)
{
    char folder[VM_TEXT + 64];
    snprintf(folder, sizeof(folder), "/etc/libvirt/hooks/qemu.d/%s/prepare/begin", facts->vm->name);
    autofree struct root_names *names = NULL;
    if (strchr(facts->vm->name, '/') || root_list(facts->root, folder, &names) < 0)
        return false;
    for (size_t i = 0; i < names->count; i++) {
        autofree char *path = wording("%s/%s", folder, names->name[i]), *text = NULL;
        if (path && root_read(facts->root, path, &text, NULL) == 0 && strstr(text, "hugepages"))
            return true;
    }
    return false;
}

static void check_reserved(const struct doctor_facts *facts, uint64_t page_bytes, uint64_t total,
                           uint64_t free_pages, struct findings *out)
{
    const struct vm *const vm = facts->vm;
    const uint64_t needed = (vm->memory_bytes + page_bytes - 1) / page_bytes;
    autofree char *fix = reserve_fix(facts, page_bytes, needed);
    if (vm->running || free_pages >= needed)
        finding_addf(out, VERDICT_OK, NULL, NULL,
                     _("%ju pages of %ju KiB are reserved; the VM needs %ju."), total,
                     page_bytes >> 10, needed);
    else if (hook_reserves(facts))
        finding_add(out, VERDICT_OK, NULL, _("A hook of libvirt reserves them when the VM starts."),
                    NULL);
    else
        finding_addf(
            out, VERDICT_FAILURE, NULL, fix,
            _("The VM needs %ju huge pages of %ju KiB; %ju are reserved and %ju of them are free."),
            needed, page_bytes >> 10, total, free_pages);
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

void domain_memballoon(const struct doctor_facts *facts, struct findings *out)
{
    const char *const model = facts->vm->memballoon;
    if (strcmp(model, "none") == 0)
        finding_add(out, VERDICT_OK, NULL, _("There is no memory balloon."), NULL);
    else
        finding_edit(out, VERDICT_WARNING, facts->vm, NULL,
                     facts->vm->is_process
                         ? (struct vm_edit){ VM_EDIT_REMOVE, "", "  -device virtio-balloon-pci" }
                         : (struct vm_edit){ NULL, "  <memballoon model='none'/>", NULL },
                     _("The VM has a memory balloon (libvirt adds one if nothing is said)."));
}
