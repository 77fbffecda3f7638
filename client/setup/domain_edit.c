/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "setup/domain_edit.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "setup/domain_edit_private.h"
#include "vm/scaled_size.h"

int domain_edit_open(const char *xml, struct domain_edit **out, char *problem, size_t problem_bytes)
{
    struct domain_edit *edit = calloc(1, sizeof(*edit));
    if (!edit)
        return -ENOMEM;
    int err = xml_tree_parse(xml, &edit->doc, problem, problem_bytes);
    if (err == 0) {
        edit->root = xmlDocGetRootElement(edit->doc);
        edit->before = xml_tree_print(edit->doc);
        err = edit->before ? 0 : -ENOMEM;
    }
    if (err < 0)
        domain_edit_close(edit);
    else
        *out = edit;
    return err;
}

void domain_edit_close(struct domain_edit *edit)
{
    if (!edit)
        return;
    xmlFreeDoc(edit->doc);
    free(edit->before);
    free(edit);
}

const char *domain_edit_before(const struct domain_edit *edit)
{
    return edit->before;
}

char *domain_edit_after(const struct domain_edit *edit)
{
    return xml_tree_print(edit->doc);
}

const char *domain_edit_problem(const struct domain_edit *edit)
{
    return edit->problem;
}

int domain_edit_refuse(struct domain_edit *edit, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(edit->problem, sizeof(edit->problem), fmt, args);
    va_end(args);
    return -EPROTO;
}

xmlNode *domain_edit_devices(struct domain_edit *edit)
{
    xmlNode *devices = xml_tree_child(edit->root, "devices");
    return devices ? devices : xml_tree_add(edit->root, "devices");
}

/* ---- SPICE ---- */

static xmlNode *child_of_type(const xmlNode *devices, const char *name, const char *type)
{
    for (xmlNode *n = xml_tree_child(devices, name); n; n = xml_tree_next(n->next, name))
        if (xml_tree_attribute_is(n, "type", type))
            return n;
    return NULL;
}

static int add_graphics(xmlNode *devices)
{
    xmlNode *const graphics = xml_tree_add(devices, "graphics");
    if (!graphics || xml_tree_set(graphics, "type", "spice") < 0 ||
        xml_tree_set(graphics, "autoport", "yes") < 0)
        return -ENOMEM;
    xmlNode *const listen = xml_tree_add(graphics, "listen");
    if (!listen || xml_tree_set(listen, "type", "address") < 0)
        return -ENOMEM;
    return xml_tree_set(listen, "address", "127.0.0.1");
}

static int add_agent_channel(xmlNode *devices)
{
    xmlNode *const channel = xml_tree_add(devices, "channel");
    if (!channel || xml_tree_set(channel, "type", "spicevmc") < 0)
        return -ENOMEM;
    xmlNode *const target = xml_tree_add(channel, "target");
    if (!target || xml_tree_set(target, "type", "virtio") < 0)
        return -ENOMEM;
    return xml_tree_set(target, "name", "com.redhat.spice.0");
}

int domain_edit_spice(struct domain_edit *edit)
{
    xmlNode *const devices = domain_edit_devices(edit);
    if (!devices)
        return -ENOMEM;
    int err = 0;
    if (!child_of_type(devices, "graphics", "spice")) {
        const bool had_display =
            xml_tree_child(devices, "graphics") || xml_tree_child(devices, "video");
        err = add_graphics(devices);
        /* With graphics and no <video> libvirt would add an emulated GPU that was not there. */
        if (err == 0 && !had_display)
            err = domain_edit_video(edit, "none");
    }
    if (err == 0 && !child_of_type(devices, "channel", "spicevmc"))
        err = add_agent_channel(devices);
    return err;
}

/* ---- balloon, video ---- */

/* The first <name> has this model and nothing else. */
static int set_model_attribute(xmlNode *device, const char *model)
{
    if (xml_tree_attribute_is(device, "model", model))
        return 0;
    xml_tree_remove_children(device); /* its PCI address */
    return xml_tree_set(device, "model", model);
}

int domain_edit_balloon(struct domain_edit *edit)
{
    xmlNode *const devices = domain_edit_devices(edit);
    if (!devices)
        return -ENOMEM;
    xmlNode *balloon = xml_tree_child(devices, "memballoon");
    if (!balloon)
        balloon = xml_tree_add(devices, "memballoon");
    return balloon ? set_model_attribute(balloon, "none") : -ENOMEM;
}

int domain_edit_video(struct domain_edit *edit, const char *model)
{
    xmlNode *const devices = domain_edit_devices(edit);
    if (!devices)
        return -ENOMEM;
    xmlNode *video = xml_tree_child(devices, "video");
    if (video && xml_tree_next(video->next, "video"))
        return domain_edit_refuse(edit, _("The VM has several emulated graphics cards (<video>); "
                                          "please remove all but one with virsh edit."));
    if (!video)
        video = xml_tree_add(devices, "video");
    if (!video)
        return -ENOMEM;
    xmlNode *now = xml_tree_child(video, "model");
    if (now && xml_tree_attribute_is(now, "type", model))
        return 0;
    xml_tree_remove_children(video);
    now = xml_tree_add(video, "model");
    return now ? xml_tree_set(now, "type", model) : -ENOMEM;
}

/* ---- huge pages ---- */

uint64_t domain_edit_memory_bytes(const struct domain_edit *edit)
{
    const xmlNode *const memory = xml_tree_child(edit->root, "memory");
    char number[32], unit[16];
    uint64_t bytes;
    xml_tree_attribute(memory, "unit", unit, sizeof(unit));
    if (!xml_tree_content(memory, number, sizeof(number)) ||
        !scaled_size(number, unit[0] ? unit : "KiB", &bytes))
        return 0;
    return bytes;
}

static bool has_page(const xmlNode *hugepages, uint64_t page_bytes)
{
    const xmlNode *const page = xml_tree_child(hugepages, "page");
    char number[32], unit[16];
    uint64_t bytes;
    return xml_tree_attribute(page, "size", number, sizeof(number)) &&
           (xml_tree_attribute(page, "unit", unit, sizeof(unit)) || true) &&
           scaled_size(number, unit[0] ? unit : "KiB", &bytes) && bytes == page_bytes;
}

xmlNode *domain_edit_add_behind(xmlNode *root, const char *const before[], const char *name)
{
    xmlNode *after = NULL;
    for (size_t i = 0; before[i]; i++) {
        xmlNode *const found = xml_tree_child(root, before[i]);
        after = found ? found : after;
    }
    return after ? xml_tree_add_after(after, name) : xml_tree_add(root, name);
}

int domain_edit_hugepages(struct domain_edit *edit, uint64_t page_bytes)
{
    static const char *const before[] = { "name", "memory", "currentMemory", NULL };
    xmlNode *backing = xml_tree_child(edit->root, "memoryBacking");
    if (!backing)
        backing = domain_edit_add_behind(edit->root, before, "memoryBacking");
    if (!backing)
        return -ENOMEM;
    xmlNode *hugepages = xml_tree_child(backing, "hugepages");
    if (hugepages && has_page(hugepages, page_bytes))
        return 0;
    xmlNode *const page = xml_tree_child(hugepages, "page");
    if (page && xml_tree_next(page->next, "page"))
        return domain_edit_refuse(edit, _("The VM takes huge pages of several sizes; please edit "
                                          "<hugepages> with virsh edit."));
    if (!hugepages)
        hugepages = xml_tree_add(backing, "hugepages");
    if (!hugepages)
        return -ENOMEM;
    xml_tree_remove_children(hugepages);
    xmlNode *const new_page = xml_tree_add(hugepages, "page");
    char number[32];
    snprintf(number, sizeof(number), "%" PRIu64, page_bytes >> 10);
    if (!new_page || xml_tree_set(new_page, "size", number) < 0)
        return -ENOMEM;
    return xml_tree_set(new_page, "unit", "KiB");
}

/* ---- PCI devices of the host ---- */

static bool address_has(const xmlNode *address, const char *name, uint32_t want)
{
    char text[16];
    return xml_tree_attribute(address, name, text, sizeof(text)) ? strtoul(text, NULL, 0) == want
                                                                 : want == 0;
}

static bool is_hostdev(const xmlNode *hostdev, const uint32_t at[4])
{
    const xmlNode *const source = xml_tree_child(hostdev, "source"), *const address =
                                                                         xml_tree_child(source,
                                                                                        "address");
    return xml_tree_attribute_is(hostdev, "type", "pci") && address &&
           address_has(address, "domain", at[0]) && address_has(address, "bus", at[1]) &&
           address_has(address, "slot", at[2]) && address_has(address, "function", at[3]);
}

static int set_address(xmlNode *address, const uint32_t at[4])
{
    static const char *const names[] = { "domain", "bus", "slot", "function" };
    static const int digits[] = { 4, 2, 2, 1 };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char text[16];
        snprintf(text, sizeof(text), "0x%0*" PRIx32, digits[i], at[i]);
        if (xml_tree_set(address, names[i], text) < 0)
            return -ENOMEM;
    }
    return 0;
}

static bool parse_function(const char *function, uint32_t at[4])
{
    return sscanf(function, "%" SCNx32 ":%" SCNx32 ":%" SCNx32 ".%" SCNx32, &at[0], &at[1], &at[2],
                  &at[3]) == 4;
}

static xmlNode *find_hostdev(const xmlNode *devices, const uint32_t at[4])
{
    for (xmlNode *n = xml_tree_child(devices, "hostdev"); n; n = xml_tree_next(n->next, "hostdev"))
        if (is_hostdev(n, at))
            return n;
    return NULL;
}

int domain_edit_hostdev(struct domain_edit *edit, const char *function)
{
    uint32_t at[4];
    if (!parse_function(function, at))
        return domain_edit_refuse(edit, "%s?", function);
    xmlNode *const devices = domain_edit_devices(edit);
    if (find_hostdev(devices, at))
        return 0;
    xmlNode *const hostdev = devices ? xml_tree_add(devices, "hostdev") : NULL;
    xmlNode *const source = hostdev ? xml_tree_add(hostdev, "source") : NULL;
    xmlNode *const address = source ? xml_tree_add(source, "address") : NULL;
    if (!address || xml_tree_set(hostdev, "mode", "subsystem") < 0 ||
        xml_tree_set(hostdev, "type", "pci") < 0 || xml_tree_set(hostdev, "managed", "yes") < 0)
        return -ENOMEM;
    return set_address(address, at);
}

int domain_edit_rom(struct domain_edit *edit, const char *function, const char *path)
{
    uint32_t at[4];
    xmlNode *const hostdev = parse_function(function, at)
                                 ? find_hostdev(xml_tree_child(edit->root, "devices"), at)
                                 : NULL;
    if (!hostdev)
        return domain_edit_refuse(edit,
                                  _("The VM does not have the GPU %.16s yet: `espelho setup "
                                    "gpu` gives it."),
                                  function);
    xmlNode *rom = xml_tree_child(hostdev, "rom");
    if (rom && xml_tree_attribute_is(rom, "file", path))
        return 0;
    if (!rom) {
        xmlNode *const source = xml_tree_child(hostdev, "source");
        rom = source ? xml_tree_add_after(source, "rom") : NULL;
    }
    return rom ? xml_tree_set(rom, "file", path) : -ENOMEM;
}
