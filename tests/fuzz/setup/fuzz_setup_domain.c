/* SPDX-License-Identifier: GPL-2.0-or-later
 * Arbitrary bytes as a domain's XML that setup edits: what comes out can be read again, and the
 * same edits change it no more. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "setup/domain_edit.h"

static const uint32_t cpus[] = { 2, 3 };
static const struct cpu_wish cpu_wish = {
    .cpus = cpus, .count = 2, .cores = 1, .threads = 2, .emulator_cpus = "0-1", .topoext = true
};

/* False: refused, with a sentence. */
static bool edit_all(struct domain_edit *edit, enum memory_backend backend)
{
    const struct memory_wish wish = { .backend = backend,
                                      .mib = 64,
                                      .name = "looking-glass",
                                      .device = "/dev/kvmfr0",
                                      .server_path = "/run/espelho/a.sock" };
    struct memory_result result = { .mib = 0 };
    int err = domain_edit_memory(edit, &wish, &result);
    if (err == 0 && (result.mib < 64 || strnlen(result.name, sizeof(result.name)) == 0))
        abort();
    if (err == 0)
        err = domain_edit_spice(edit);
    if (err == 0)
        err = domain_edit_balloon(edit);
    if (err == 0)
        err = domain_edit_hugepages(edit, 2 << 20);
    if (err == 0)
        err = domain_edit_hostdev(edit, "0000:03:00.0");
    if (err == 0)
        err = domain_edit_cpus(edit, &cpu_wish);
    if (err < 0 && !domain_edit_problem(edit)[0])
        abort();
    return err == 0;
}

static void check_again(const char *xml, enum memory_backend backend)
{
    struct domain_edit *edit = NULL;
    char problem[512];
    if (domain_edit_open(xml, &edit, problem, sizeof(problem)) < 0)
        abort();
    const bool edited = edit_all(edit, backend);
    char *after = domain_edit_after(edit);
    /* Arguments of QEMU that end in an option without its value are read otherwise with more behind
     * them; libvirt never started such a VM. */
    if (backend != MEMORY_KVMFR &&
        (!edited || !after || strcmp(after, domain_edit_before(edit)) != 0))
        abort();
    free(after);
    domain_edit_close(edit);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
    char problem[512] = "";
    struct domain_edit *edit = NULL;
    char *xml = malloc(len_bytes + 1);
    if (!xml)
        return 0;
    memcpy(xml, data, len_bytes);
    xml[len_bytes] = '\0';
    const enum memory_backend backend = (enum memory_backend)(len_bytes % 4);
    if (domain_edit_open(xml, &edit, problem, sizeof(problem)) == 0) {
        if (edit_all(edit, backend)) {
            char *after = domain_edit_after(edit);
            if (after)
                check_again(after, backend);
            free(after);
        }
    } else if (!problem[0]) {
        abort();
    }
    domain_edit_close(edit);
    free(xml);
    return 0;
}
