/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/vm_xml_node.h"

#include <stdlib.h>
#include <string.h>

#include "vm/vm_text.h"

void xml_text_free(xmlChar **text)
{
    xmlFree(*text);
}

bool xml_is(const xmlNode *node, const char *name)
{
    return node && node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0;
}

const xmlNode *xml_child(const xmlNode *parent, const char *name)
{
    for (const xmlNode *n = parent ? parent->children : NULL; n; n = n->next)
        if (xml_is(n, name))
            return n;
    return NULL;
}

xmlChar *xml_attribute(const xmlNode *node, const char *name)
{
    return node ? xmlGetNoNsProp(node, (const xmlChar *)name) : NULL;
}

xmlChar *xml_content(const xmlNode *node)
{
    return node ? xmlNodeGetContent(node) : NULL;
}

bool xml_attribute_is(const xmlNode *node, const char *name, const char *value)
{
    autoxml *text = xml_attribute(node, name);
    return text && strcmp((const char *)text, value) == 0;
}

uint32_t xml_attribute_number(const xmlNode *node, const char *name, uint32_t otherwise)
{
    autoxml *text = xml_attribute(node, name);
    return vm_number((const char *)text, otherwise);
}

void xml_put_attribute(struct vm *vm, char *out, size_t cap, const xmlNode *node, const char *name)
{
    autoxml *text = xml_attribute(node, name);
    if (text)
        vm_put(vm, out, cap, (const char *)text);
}

void xml_put_content(struct vm *vm, char *out, size_t cap, const xmlNode *node)
{
    autoxml *text = xml_content(node);
    if (text)
        vm_put(vm, out, cap, (const char *)text);
}

uint64_t xml_scaled_content(const xmlNode *node, const char *default_unit)
{
    autoxml *unit = xml_attribute(node, "unit"), *text = xml_content(node);
    return vm_scaled((const char *)text, (const char *)unit, default_unit);
}

/* Parts are written as 0x03. */
static uint32_t address_part(const xmlNode *address, const char *name)
{
    autoxml *text = xml_attribute(address, name);
    if (!text)
        return 0;
    char *end;
    const unsigned long n = strtoul((const char *)text, &end, 0);
    return *end || n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

void xml_pci_address(const xmlNode *address, char out[16])
{
    out[0] = '\0';
    if (address)
        vm_pci_address(address_part(address, "domain"), address_part(address, "bus"),
                       address_part(address, "slot"), address_part(address, "function"), out);
}

void xml_each(struct vm *vm, const xmlNode *parent, const struct vm_xml_reader *readers,
              size_t count)
{
    for (const xmlNode *n = parent ? parent->children : NULL; n; n = n->next)
        for (size_t i = 0; i < count; i++)
            if (xml_is(n, readers[i].element))
                readers[i].read(vm, n);
}
