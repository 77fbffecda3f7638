/* SPDX-License-Identifier: GPL-2.0-or-later
 * Keyboard and mouse of the host in a domain's XML: <input type='evdev'>. */
#include <errno.h>
#include <string.h>

#include "setup/domain_edit_private.h"
#include "setup/qemu_argument.h"

static xmlNode *find_evdev(const xmlNode *devices, const char *path)
{
    for (xmlNode *n = xml_tree_child(devices, "input"); n; n = xml_tree_next(n->next, "input"))
        if (xml_tree_attribute_is(n, "type", "evdev") &&
            xml_tree_attribute_is(xml_tree_child(n, "source"), "dev", path))
            return xml_tree_child(n, "source");
    return NULL;
}

/* Its <source>, there or made; NULL: no memory. */
static xmlNode *want_evdev(xmlNode *devices, const char *path)
{
    xmlNode *source = find_evdev(devices, path);
    if (source)
        return source;
    xmlNode *const input = xml_tree_add(devices, "input");
    if (!input || xml_tree_set(input, "type", "evdev") < 0)
        return NULL;
    source = xml_tree_add(input, "source");
    return source && xml_tree_set(source, "dev", path) == 0 ? source : NULL;
}

static int set_if_other(xmlNode *node, const char *name, const char *value)
{
    return xml_tree_attribute_is(node, name, value) ? 0 : xml_tree_set(node, name, value);
}

/* What the guest's own drivers see: QEMU hands events to such a device. */
static int want_virtio(xmlNode *devices, const char *type)
{
    for (xmlNode *n = xml_tree_child(devices, "input"); n; n = xml_tree_next(n->next, "input"))
        if (xml_tree_attribute_is(n, "type", type) && xml_tree_attribute_is(n, "bus", "virtio"))
            return 0;
    xmlNode *const input = xml_tree_add(devices, "input");
    if (!input || xml_tree_set(input, "type", type) < 0)
        return -ENOMEM;
    return xml_tree_set(input, "bus", "virtio");
}

/* ---- what stands in its way ---- */

/* One that did not fit into `room_bytes` is left alone. */
static bool is_stale(const struct input_wish *wish, const char *device, size_t room_bytes)
{
    return wish->is_stale && strlen(device) + 1 < room_bytes &&
           strcmp(device, wish->keyboard) != 0 && strcmp(device, wish->mouse) != 0 &&
           wish->is_stale(wish->ctx, device);
}

static void remove_stale(const xmlNode *devices, const struct input_wish *wish)
{
    xmlNode *next = NULL;
    for (xmlNode *n = xml_tree_child(devices, "input"); n; n = next) {
        char device[512];
        next = xml_tree_next(n->next, "input");
        if (xml_tree_attribute_is(n, "type", "evdev") &&
            xml_tree_attribute(xml_tree_child(n, "source"), "dev", device, sizeof(device)) &&
            is_stale(wish, device, sizeof(device)))
            xml_tree_remove(n);
    }
}

struct stale_argument {
    const struct input_wish *wish;
    xmlNode *found; /* the first; NULL: none */
};

static void look_at_object(void *ctx, xmlNode *arg, const char *text)
{
    struct stale_argument *const stale = ctx;
    char device[512];
    if (!stale->found && qemu_argument_is(text, "qom-type", "input-linux") &&
        qemu_argument_get(text, "evdev", device, sizeof(device)) &&
        is_stale(stale->wish, device, sizeof(device)))
        stale->found = arg;
}

/* The same as arguments, "-object input-linux,evdev=...", from the years before libvirt had an
 * element for it. False: none. */
static bool remove_stale_argument(const struct domain_edit *edit, const struct input_wish *wish)
{
    struct stale_argument stale = { .wish = wish };
    (void)domain_commandline_each(domain_commandline(edit), "-object", look_at_object, &stale);
    if (stale.found)
        domain_commandline_remove(stale.found);
    return stale.found != NULL;
}

int domain_edit_input(struct domain_edit *edit, const struct input_wish *wish)
{
    xmlNode *const devices = domain_edit_devices(edit);
    if (devices)
        remove_stale(devices, wish);
    while (remove_stale_argument(edit, wish))
        ;
    xmlNode *const mouse = devices ? want_evdev(devices, wish->mouse) : NULL;
    xmlNode *const keyboard = mouse ? want_evdev(devices, wish->keyboard) : NULL;
    if (!keyboard)
        return -ENOMEM;
    int err = set_if_other(keyboard, "grab", "all");
    if (err == 0)
        err = set_if_other(keyboard, "grabToggle", wish->toggle);
    if (err == 0)
        err = set_if_other(keyboard, "repeat", "on");
    if (err == 0)
        err = want_virtio(devices, "mouse");
    return err < 0 ? err : want_virtio(devices, "keyboard");
}
