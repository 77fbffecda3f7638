/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "setup/domain_same.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "setup/xml_tree.h"

/* A definition without its devices, and these. */
struct parts {
    xmlDoc *doc; /* owned; so is all of the rest */
    char *frame;
    xmlBuffer **devices;
    size_t count;
};

static int by_text(const void *a, const void *b)
{
    const xmlBuffer *const *const one = a, *const *const other = b;
    return strcmp((const char *)xmlBufferContent(*one), (const char *)xmlBufferContent(*other));
}

static int take_device(struct parts *parts, xmlNode *device)
{
    xmlBuffer **more = reallocarray(parts->devices, parts->count + 1, sizeof(xmlBuffer *));
    if (!more)
        return -ENOMEM;
    parts->devices = more;
    xmlBuffer *text = xmlBufferCreate();
    if (!text)
        return -ENOMEM;
    more[parts->count++] = text;
    return xmlNodeDump(text, parts->doc, device, 0, 0) < 0 ? -ENOMEM : 0;
}

/* -EPROTO: not XML. */
static int split(const char *xml, struct parts *parts)
{
    char problem[256];
    int err = xml_tree_parse(xml, &parts->doc, problem, sizeof(problem));
    if (err < 0)
        return err;
    xmlNode *const devices = xml_tree_child(xmlDocGetRootElement(parts->doc), "devices");
    for (xmlNode *n = devices ? devices->children : NULL; n && err == 0; n = n->next)
        if (!xmlIsBlankNode(n)) /* the white space between */
            err = take_device(parts, n);
    if (err == 0 && devices)
        xml_tree_remove_children(devices);
    if (parts->count > 1)
        qsort(parts->devices, parts->count, sizeof(xmlBuffer *), by_text);
    parts->frame = err == 0 ? xml_tree_print(parts->doc) : NULL;
    return err == 0 && !parts->frame ? -ENOMEM : err;
}

static void free_parts(struct parts *parts)
{
    for (size_t i = 0; i < parts->count; i++)
        xmlBufferFree(parts->devices[i]);
    free(parts->devices);
    free(parts->frame);
    xmlFreeDoc(parts->doc);
}

static bool are_same(const struct parts *a, const struct parts *b)
{
    if (a->count != b->count || strcmp(a->frame, b->frame) != 0)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (by_text(&a->devices[i], &b->devices[i]) != 0)
            return false;
    return true;
}

int domain_same(const char *a, const char *b, bool *same)
{
    struct parts one = { .doc = NULL }, other = { .doc = NULL };
    bool result = strcmp(a, b) == 0;
    int err = result ? 0 : split(a, &one);
    if (!result && err == 0)
        err = split(b, &other);
    if (!result && err == 0)
        result = are_same(&one, &other);
    free_parts(&one);
    free_parts(&other);
    if (err == -ENOMEM)
        return err;
    *same = result;
    return 0;
}
