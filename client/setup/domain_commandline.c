/* SPDX-License-Identifier: GPL-2.0-or-later
 * <qemu:commandline>: arguments of QEMU's that libvirt hands through. */
#include <string.h>

#include "setup/domain_edit_private.h"

/* Whatever its prefix is. */
xmlNode *domain_commandline(const struct domain_edit *edit)
{
    xmlNode *n = xml_tree_child(edit->root, "commandline");
    while (n && !(n->ns && n->ns->href && strcmp((const char *)n->ns->href, QEMU_NAMESPACE) == 0))
        n = xml_tree_next(n->next, "commandline");
    return n;
}

bool domain_commandline_each(const xmlNode *commandline, const char *option,
                             void (*fn)(void *ctx, xmlNode *arg, const char *text), void *ctx)
{
    char text[QEMU_ARG_BYTES];
    bool next_is_value = false;
    for (xmlNode *arg = xml_tree_child(commandline, "arg"); arg;
         arg = xml_tree_next(arg->next, "arg")) {
        if (!xml_tree_attribute(arg, "value", text, sizeof(text)))
            continue;
        if (next_is_value)
            fn(ctx, arg, text);
        next_is_value = !next_is_value && strcmp(text, option) == 0;
    }
    return !next_is_value;
}

static xmlNode *option_of(xmlNode *arg)
{
    xmlNode *n = arg->prev;
    while (n && n->type != XML_ELEMENT_NODE)
        n = n->prev;
    return n;
}

void domain_commandline_remove(xmlNode *arg)
{
    xmlNode *const option = option_of(arg), *const commandline = arg->parent;
    xml_tree_remove(arg);
    if (option)
        xml_tree_remove(option);
    if (!xml_tree_child(commandline, "arg") && !xml_tree_child(commandline, "env"))
        xml_tree_remove(commandline);
}
