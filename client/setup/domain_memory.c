/* SPDX-License-Identifier: GPL-2.0-or-later
 * The relay's shared memory in a domain's XML: <shmem>; domain_kvmfr.c has the kvmfr module's. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/text.h"
#include "setup/domain_memory_private.h"
#include "vm/scaled_size.h"

static bool name_is_ours(const char *name, const struct memory_wish *wish)
{
    return strcmp(name, wish->name) == 0 || strstr(name, "looking-glass") ||
           strstr(name, "kvmfr") || strstr(name, "espelho");
}

static void look_at_shmem(xmlNode *shmem, const struct memory_wish *wish, struct memory_now *now)
{
    char name[256];
    if (!xml_tree_attribute(shmem, "name", name, sizeof(name)) || !name_is_ours(name, wish))
        return;
    now->count++;
    now->shmem = shmem;
    now->backend = xml_tree_attribute_is(xml_tree_child(shmem, "model"), "type", "ivshmem-plain")
                       ? MEMORY_PLAIN
                       : MEMORY_DOORBELL;
}

static void look(const struct domain_edit *edit, const struct memory_wish *wish,
                 struct memory_now *now)
{
    const xmlNode *const devices = xml_tree_child(edit->root, "devices");
    for (xmlNode *n = xml_tree_child(devices, "shmem"); n; n = xml_tree_next(n->next, "shmem"))
        look_at_shmem(n, wish, now);
    domain_kvmfr_look(edit, now);
}

/* ---- plain ---- */

static int set_size(xmlNode *shmem, uint32_t mib)
{
    char number[16];
    xmlNode *size = xml_tree_child(shmem, "size");
    if (!size) {
        xmlNode *const model = xml_tree_child(shmem, "model");
        size = model ? xml_tree_add_after(model, "size") : xml_tree_add(shmem, "size");
    }
    snprintf(number, sizeof(number), "%" PRIu32, mib);
    if (!size || xml_tree_set(size, "unit", "M") < 0)
        return -ENOMEM;
    return xml_tree_set_content(size, number);
}

uint32_t domain_memory_size_for(uint64_t now_bytes, uint32_t wish_mib)
{
    const bool fits = is_power_of_two(now_bytes) && now_bytes >= (uint64_t)wish_mib << 20 &&
                      now_bytes <= (uint64_t)UINT32_MAX << 20;
    return fits ? (uint32_t)(now_bytes >> 20) : wish_mib;
}

static int adjust_plain(struct domain_edit *edit, xmlNode *shmem, const struct memory_wish *wish,
                        struct memory_result *result)
{
    const xmlNode *const size = xml_tree_child(shmem, "size");
    char number[32], unit[16];
    uint64_t bytes = 4 << 20; /* libvirt's default */
    xml_tree_attribute(size, "unit", unit, sizeof(unit));
    if (xml_tree_content(size, number, sizeof(number)) && !scaled_size(number, unit, &bytes))
        return domain_edit_refuse(edit,
                                  _("The size of <shmem> is '%.16s %.8s', which is not "
                                    "understood; please correct it with virsh edit."),
                                  number, unit);
    result->mib = domain_memory_size_for(bytes, wish->mib);
    xml_tree_attribute(shmem, "name", result->name, sizeof(result->name));
    return (uint64_t)result->mib << 20 == bytes ? 0 : set_size(shmem, result->mib);
}

static xmlNode *add_shmem(struct domain_edit *edit, const char *name, const char *model)
{
    xmlNode *const devices = domain_edit_devices(edit);
    xmlNode *const shmem = devices ? xml_tree_add(devices, "shmem") : NULL;
    if (!shmem || xml_tree_set(shmem, "name", name) < 0)
        return NULL;
    xmlNode *const type = xml_tree_add(shmem, "model");
    return type && xml_tree_set(type, "type", model) == 0 ? shmem : NULL;
}

static int add_plain(struct domain_edit *edit, const struct memory_wish *wish,
                     struct memory_result *result)
{
    xmlNode *const shmem = add_shmem(edit, wish->name, "ivshmem-plain");
    result->mib = wish->mib;
    snprintf(result->name, sizeof(result->name), "%s", wish->name);
    return shmem ? set_size(shmem, wish->mib) : -ENOMEM;
}

/* ---- doorbell ---- */

static int adjust_doorbell(struct domain_edit *edit, const xmlNode *shmem,
                           const struct memory_wish *wish, struct memory_result *result)
{
    result->mib = wish->mib;
    if (xml_tree_attribute(xml_tree_child(shmem, "server"), "path", result->name,
                           sizeof(result->name)))
        return 0;
    return domain_edit_refuse(edit, _("The <shmem> with a doorbell names no server; please remove "
                                      "it with virsh edit, and run this again."));
}

static int add_doorbell(struct domain_edit *edit, const struct memory_wish *wish,
                        struct memory_result *result)
{
    xmlNode *const shmem = add_shmem(edit, "espelho", "ivshmem-doorbell");
    xmlNode *const server = shmem ? xml_tree_add(shmem, "server") : NULL;
    xmlNode *const msi = server ? xml_tree_add(shmem, "msi") : NULL;
    result->mib = wish->mib;
    snprintf(result->name, sizeof(result->name), "%s", wish->server_path);
    if (!msi || xml_tree_set(server, "path", wish->server_path) < 0)
        return -ENOMEM;
    return xml_tree_set(msi, "vectors", "2");
}

/* ---- all ---- */

static int remove_now(struct domain_edit *edit, const struct memory_now *now)
{
    if (now->shmem)
        xml_tree_remove(now->shmem);
    return now->object_arg ? domain_kvmfr_remove(edit, now) : 0;
}

static int add(struct domain_edit *edit, const struct memory_wish *wish,
               struct memory_result *result)
{
    switch (result->backend) {
    case MEMORY_KVMFR:
        return domain_kvmfr_add(edit, wish, result);
    case MEMORY_DOORBELL:
        return add_doorbell(edit, wish, result);
    default:
        return add_plain(edit, wish, result);
    }
}

static int adjust(struct domain_edit *edit, const struct memory_now *now,
                  const struct memory_wish *wish, struct memory_result *result)
{
    switch (now->backend) {
    case MEMORY_KVMFR:
        return domain_kvmfr_adjust(edit, now, wish, result);
    case MEMORY_DOORBELL:
        return adjust_doorbell(edit, now->shmem, wish, result);
    default:
        return adjust_plain(edit, now->shmem, wish, result);
    }
}

int domain_edit_memory(struct domain_edit *edit, const struct memory_wish *wish,
                       struct memory_result *result)
{
    struct memory_now now = { .count = 0 };
    struct memory_result r = { .backend = wish->backend };
    look(edit, wish, &now);
    if (now.valueless)
        return domain_edit_refuse(edit,
                                  _("<qemu:commandline> ends in '%s' without its value; please "
                                    "correct it with virsh edit, and run this again."),
                                  now.valueless);
    if (now.count > 1)
        return domain_edit_refuse(edit,
                                  _("The VM has %zu devices for the relay's memory; please "
                                    "remove all but one with virsh edit."),
                                  now.count);
    if (now.arg_devices > (now.object_arg ? 1 : 0))
        return domain_edit_refuse(edit, _("The VM has an ivshmem device in <qemu:commandline> that "
                                          "is not of the kvmfr module; please remove it with virsh "
                                          "edit, and run this again."));
    if (r.backend == MEMORY_AS_IT_IS)
        r.backend = now.count ? now.backend : MEMORY_PLAIN;
    int err = 0;
    if (now.count && now.backend == r.backend) {
        err = adjust(edit, &now, wish, &r);
    } else {
        err = remove_now(edit, &now);
        if (err == 0)
            err = add(edit, wish, &r);
    }
    if (err == 0)
        *result = r;
    return err;
}
