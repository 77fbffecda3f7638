/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/vm/vm_xml_node.h - small questions to libxml2's tree. Inside client/vm only. Functions
 * take NULL nodes and answer as for one that says nothing. Any one thread. */
#ifndef ESPELHO_VM_VM_XML_NODE_H
#define ESPELHO_VM_VM_XML_NODE_H

#include <stdbool.h>

#include <libxml/tree.h>

#include "vm/vm.h"

void xml_text_free(xmlChar **text);
#define autoxml __attribute__((cleanup(xml_text_free))) xmlChar

bool xml_is(const xmlNode *node, const char *name);
const xmlNode *xml_child(const xmlNode *parent, const char *name);

/* NULL if there is none. To be freed (autoxml). */
xmlChar *xml_attribute(const xmlNode *node, const char *name);
xmlChar *xml_content(const xmlNode *node);
bool xml_attribute_is(const xmlNode *node, const char *name, const char *value);
uint32_t xml_attribute_number(const xmlNode *node, const char *name, uint32_t otherwise);
/* vm_put() of an attribute, or of the text inside. Nothing is written if it is not there. */
void xml_put_attribute(struct vm *vm, char *out, size_t cap, const xmlNode *node, const char *name);
void xml_put_content(struct vm *vm, char *out, size_t cap, const xmlNode *node);
/* <memory unit='KiB'>N</memory> in bytes; 0: not said. */
uint64_t xml_scaled_content(const xmlNode *node, const char *default_unit);
/* <address domain= bus= slot= function=/> */
void xml_pci_address(const xmlNode *address, char out[16]);

struct vm_xml_reader {
    const char *element;
    void (*read)(struct vm *vm, const xmlNode *node);
};
/* Gives each element below `parent` to its reader; others are passed over. */
void xml_each(struct vm *vm, const xmlNode *parent, const struct vm_xml_reader *readers,
              size_t count);

/* vm_xml_devices.c: <devices>. */
void vm_xml_devices(struct vm *vm, const xmlNode *devices);

#endif
