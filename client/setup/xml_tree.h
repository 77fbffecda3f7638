/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/setup/xml_tree.h - a domain's XML as a tree that is edited and printed again as libvirt
 * prints it: what is not touched keeps its bytes, what is added is indented like its neighbours.
 *
 * XML is untrusted text: bounded, no network, no document type. Functions that add return NULL when
 * there is no memory. Nodes belong to the document (xmlFreeDoc()). Threads: any one thread. */
#ifndef ESPELHO_SETUP_XML_TREE_H
#define ESPELHO_SETUP_XML_TREE_H

#include <stdbool.h>

#include <libxml/tree.h>

#include "base/macros.h"

enum { XML_TREE_MAX_BYTES = 4 << 20 };

/* 0; -EPROTO with a sentence in `problem`; -ENOMEM. */
int xml_tree_parse(const char *xml, xmlDoc **out, char *problem, size_t problem_bytes) MUST_CHECK;
/* Heap text, single quotes as libvirt writes them; NULL: no memory. */
char *xml_tree_print(const xmlDoc *doc);

bool xml_tree_is(const xmlNode *node, const char *name); /* an element of that name */
/* The first child of that name from `from` on (NULL: none); `from` may be NULL. */
xmlNode *xml_tree_next(xmlNode *from, const char *name);
xmlNode *xml_tree_child(const xmlNode *parent, const char *name);
/* Into `value`, cut to its room; "" and false if there is none. */
bool xml_tree_attribute(const xmlNode *node, const char *name, char *value, size_t value_bytes);
bool xml_tree_attribute_is(const xmlNode *node, const char *name, const char *value);
/* Without white space around it. */
bool xml_tree_content(const xmlNode *node, char *value, size_t value_bytes);

/* A new last child, or one behind `after`. */
xmlNode *xml_tree_add(xmlNode *parent, const char *name);
xmlNode *xml_tree_add_after(xmlNode *after, const char *name);
/* A new first child. */
xmlNode *xml_tree_add_first(xmlNode *parent, const char *name);
/* 0; -ENOMEM. The attribute is changed where it is, or comes last. */
int xml_tree_set(xmlNode *node, const char *name, const char *value) MUST_CHECK;
int xml_tree_set_content(xmlNode *node, const char *text) MUST_CHECK;
/* Away with it and the white space before it. */
void xml_tree_remove(xmlNode *node);
void xml_tree_remove_children(xmlNode *node);

#endif
