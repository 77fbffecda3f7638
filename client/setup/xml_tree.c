/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "setup/xml_tree.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/parser.h>

#include "base/text.h"

/* ---- reading ---- */

static int bad_xml(const xmlParserCtxt *parser, char *problem, size_t problem_bytes)
{
    const xmlError *const error = xmlCtxtGetLastError((void *)(uintptr_t)parser);
    snprintf(problem, problem_bytes, _("The domain's XML cannot be read, line %d: %.200s"),
             error ? error->line : 0, error && error->message ? error->message : "");
    for (char *c = problem; *c; c++) /* libxml2 ends its messages with a newline */
        *c = *c == '\n' ? ' ' : *c;
    return -EPROTO;
}

static int check_domain(const xmlDoc *doc, char *problem, size_t problem_bytes)
{
    const xmlNode *const root = xmlDocGetRootElement(doc);
    if (!doc->intSubset && !doc->extSubset && root && xml_tree_is(root, "domain"))
        return 0;
    snprintf(problem, problem_bytes, _("This is not a domain's XML as virsh dumpxml prints it."));
    return -EPROTO;
}

int xml_tree_parse(const char *xml, xmlDoc **out, char *problem, size_t problem_bytes)
{
    const size_t len_bytes = strlen(xml);
    if (xml[strspn(xml, " \t\r\n")] != '<') {
        snprintf(problem, problem_bytes,
                 _("This is not a domain's XML as virsh dumpxml prints it."));
        return -EPROTO;
    }
    if (len_bytes > XML_TREE_MAX_BYTES) {
        snprintf(problem, problem_bytes, _("The domain's XML is larger than %d MiB."),
                 XML_TREE_MAX_BYTES >> 20);
        return -EPROTO;
    }
    xmlParserCtxt *parser = xmlNewParserCtxt();
    if (!parser)
        return -ENOMEM;
    /* libvirt's encoding, and no other by a mark at the beginning or a declaration. */
    xmlDoc *doc = xmlCtxtReadMemory(parser, xml, (int)len_bytes, NULL, "UTF-8",
                                    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
                                        XML_PARSE_NOCDATA);
    /* A prefix that is not declared would get a meaning by what is added. */
    int err = doc && parser->nsWellFormed ? check_domain(doc, problem, problem_bytes)
                                          : bad_xml(parser, problem, problem_bytes);
    xmlFreeParserCtxt(parser);
    if (err < 0)
        xmlFreeDoc(doc);
    else
        *out = doc;
    return err;
}

bool xml_tree_is(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0;
}

xmlNode *xml_tree_next(xmlNode *from, const char *name)
{
    while (from && !xml_tree_is(from, name))
        from = from->next;
    return from;
}

xmlNode *xml_tree_child(const xmlNode *parent, const char *name)
{
    return parent ? xml_tree_next(parent->children, name) : NULL;
}

static bool copy_out(xmlChar *text, char *value, size_t value_bytes)
{
    value[0] = '\0';
    if (!text)
        return false;
    const char *from = (const char *)text + strspn((const char *)text, " \t\r\n");
    size_t len_bytes = strlen(from);
    while (len_bytes > 0 && strchr(" \t\r\n", from[len_bytes - 1]))
        len_bytes--;
    if (len_bytes >= value_bytes)
        len_bytes = value_bytes - 1;
    memcpy(value, from, len_bytes);
    value[len_bytes] = '\0';
    xmlFree(text);
    return true;
}

bool xml_tree_attribute(const xmlNode *node, const char *name, char *value, size_t value_bytes)
{
    return copy_out(node ? xmlGetNoNsProp(node, (const xmlChar *)name) : NULL, value, value_bytes);
}

bool xml_tree_attribute_is(const xmlNode *node, const char *name, const char *value)
{
    char now[256];
    return xml_tree_attribute(node, name, now, sizeof(now)) && strcmp(now, value) == 0;
}

bool xml_tree_content(const xmlNode *node, char *value, size_t value_bytes)
{
    return copy_out(node ? xmlNodeGetContent(node) : NULL, value, value_bytes);
}

/* ---- editing ---- */

static bool is_blank(const xmlNode *node)
{
    return node && node->type == XML_TEXT_NODE && xmlIsBlankNode(node);
}

/* "\n" and the indentation of a node; of a child of it with `deeper`. */
static xmlNode *line_break(const xmlNode *like, bool deeper)
{
    const char *indent = "";
    if (is_blank(like->prev)) {
        const char *const last = strrchr((const char *)like->prev->content, '\n');
        indent = last ? last + 1 : "";
    }
    char text[256];
    snprintf(text, sizeof(text), "\n%.200s%s", indent, deeper ? "  " : "");
    return xmlNewDocText(like->doc, (const xmlChar *)text);
}

/* Puts white space before (or behind) a node; no memory for it is no reason to fail. */
static void space_before(xmlNode *node, xmlNode *space)
{
    if (space && !xmlAddPrevSibling(node, space))
        xmlFreeNode(space);
}

static void space_behind(xmlNode *node, xmlNode *space)
{
    if (space && !xmlAddNextSibling(node, space))
        xmlFreeNode(space);
}

xmlNode *xml_tree_add(xmlNode *parent, const char *name)
{
    xmlNode *node = xmlNewDocNode(parent->doc, NULL, (const xmlChar *)name, NULL);
    if (!node)
        return NULL;
    xmlNode *const tail = is_blank(parent->last) ? parent->last : NULL;
    if (tail)
        xmlAddPrevSibling(tail, node);
    else
        xmlAddChild(parent, node);
    space_before(node, line_break(parent, true));
    if (!tail)
        space_behind(node, line_break(parent, false));
    return node;
}

xmlNode *xml_tree_add_after(xmlNode *after, const char *name)
{
    xmlNode *node = xmlNewDocNode(after->doc, NULL, (const xmlChar *)name, NULL);
    if (!node)
        return NULL;
    xmlNode *const space = line_break(after, false);
    xmlAddNextSibling(after, node);
    space_before(node, space);
    return node;
}

xmlNode *xml_tree_add_first(xmlNode *parent, const char *name)
{
    if (!parent->children || (is_blank(parent->children) && !parent->children->next))
        return xml_tree_add(parent, name);
    xmlNode *node = xmlNewDocNode(parent->doc, NULL, (const xmlChar *)name, NULL);
    if (!node)
        return NULL;
    xmlAddPrevSibling(parent->children, node);
    space_before(node, line_break(parent, true));
    return node;
}

int xml_tree_set(xmlNode *node, const char *name, const char *value)
{
    return xmlSetProp(node, (const xmlChar *)name, (const xmlChar *)value) ? 0 : -ENOMEM;
}

int xml_tree_set_content(xmlNode *node, const char *text)
{
    xml_tree_remove_children(node);
    xmlNode *const content = xmlNewDocText(node->doc, (const xmlChar *)text);
    if (!content)
        return -ENOMEM;
    xmlAddChild(node, content);
    return 0;
}

void xml_tree_remove_children(xmlNode *node)
{
    while (node->children) {
        xmlNode *const child = node->children;
        xmlUnlinkNode(child);
        xmlFreeNode(child);
    }
}

void xml_tree_remove(xmlNode *node)
{
    xmlNode *const parent = node->parent;
    if (is_blank(node->prev)) {
        xmlNode *const space = node->prev;
        xmlUnlinkNode(space);
        xmlFreeNode(space);
    }
    xmlUnlinkNode(node);
    xmlFreeNode(node);
    if (parent && is_blank(parent->children) && !parent->children->next)
        xml_tree_remove_children(parent); /* <devices/> again */
}

/* ---- printing ---- */

static void print_escaped(const xmlChar *text, bool in_attribute, FILE *to)
{
    for (const xmlChar *c = text ? text : (const xmlChar *)""; *c; c++) {
        switch (*c) {
        case '<':
            fputs("&lt;", to);
            break;
        case '>':
            fputs("&gt;", to);
            break;
        case '&':
            fputs("&amp;", to);
            break;
        case '\'':
            fputs("&apos;", to);
            break;
        case '"':
            fputs("&quot;", to);
            break;
        case '\n':
        case '\t':
            if (in_attribute) /* a parser would make a space of it */
                fprintf(to, "&#%d;", *c);
            else
                fputc(*c, to);
            break;
        case '\r':
            fputs("&#13;", to);
            break;
        default:
            fputc(*c, to);
        }
    }
}

static void print_name(const xmlNs *ns, const xmlChar *name, FILE *to)
{
    if (ns && ns->prefix)
        fprintf(to, "%s:", (const char *)ns->prefix);
    fputs((const char *)name, to);
}

static void print_namespaces(const xmlNs *ns, FILE *to)
{
    for (; ns; ns = ns->next) {
        fprintf(to, " xmlns%s%s='", ns->prefix ? ":" : "",
                ns->prefix ? (const char *)ns->prefix : "");
        print_escaped(ns->href, true, to);
        fputc('\'', to);
    }
}

static void print_attributes(const xmlAttr *attribute, FILE *to)
{
    for (; attribute; attribute = attribute->next) {
        fputc(' ', to);
        print_name(attribute->ns, attribute->name, to);
        fputs("='", to);
        for (const xmlNode *part = attribute->children; part; part = part->next)
            print_escaped(part->content, true, to);
        fputc('\'', to);
    }
}

/* libxml2 does not parse deeper than 256 elements. */
static void print_node(const xmlNode *node, FILE *to) // NOLINT(misc-no-recursion)
{
    if (node->type == XML_TEXT_NODE) {
        print_escaped(node->content, false, to);
    } else if (node->type == XML_COMMENT_NODE) {
        fprintf(to, "<!--%s-->", node->content ? (const char *)node->content : "");
    } else if (node->type == XML_PI_NODE) {
        fprintf(to, "<?%s%s%s?>", (const char *)node->name, node->content ? " " : "",
                node->content ? (const char *)node->content : "");
    } else if (node->type == XML_ELEMENT_NODE) {
        fputc('<', to);
        print_name(node->ns, node->name, to);
        print_attributes(node->properties, to);
        print_namespaces(node->nsDef, to);
        fputs(node->children ? ">" : "/>", to);
        for (const xmlNode *child = node->children; child; child = child->next)
            print_node(child, to);
        if (!node->children)
            return;
        fputs("</", to);
        print_name(node->ns, node->name, to);
        fputc('>', to);
    }
}

char *xml_tree_print(const xmlDoc *doc)
{
    char *text = NULL;
    size_t len_bytes = 0;
    FILE *to = open_memstream(&text, &len_bytes);
    if (!to)
        return NULL;
    for (const xmlNode *node = doc->children; node; node = node->next) {
        print_node(node, to);
        fputc('\n', to);
    }
    if (fclose(to) == 0)
        return text;
    free(text);
    return NULL;
}
