/* SPDX-License-Identifier: GPL-2.0-or-later
 * Keyboard and mouse of the host in a domain's XML: <input type='evdev'>. */
#include <errno.h>
#include <string.h>

#include "setup/domain_edit_private.h"

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

int domain_edit_input(struct domain_edit *edit, const struct input_wish *wish)
{
    xmlNode *const devices = domain_edit_devices(edit);
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
