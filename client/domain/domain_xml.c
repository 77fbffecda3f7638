/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/domain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/parser.h>
#include <libxml/tree.h>

#include "base/printable.h"
#include "base/text.h"
#include "domain/problem.h"
#include "domain/qemu_option.h"

#define QEMU_NAMESPACE "http://libvirt.org/schemas/domain/qemu/1.0"

enum { ARGS_MAX = 1024, ARG_MAX_BYTES = 4096 };

/* One reading. Functions return 0 or -errno with `problem` set. */
struct reading {
    struct domain_info info;
    struct domain_problem *problem;
    bool memory_is_ours; /* the memory found so far has a name that says it is a relay's */
    size_t arg_count;
    const char *args[ARGS_MAX]; /* of <qemu:commandline>, owned by libxml2 */
};

static int bad(const struct reading *r, const char *what, const char *value)
{
    return domain_problem_set(r->problem, DOMAIN_FAULT_XML, -EPROTO,
                              _("The domain's XML has something that cannot be used (%s): '%.64s'"),
                              what, value);
}

/* ---- texts ---- */

static void free_xml_text(xmlChar **text)
{
    xmlFree(*text);
}
#define autoxml __attribute__((cleanup(free_xml_text))) xmlChar

/* NULL if there is none. To be freed. */
static xmlChar *attribute(const xmlNode *node, const char *name)
{
    return xmlGetNoNsProp(node, (const xmlChar *)name);
}

static bool attribute_is(const xmlNode *node, const char *name, const char *value)
{
    autoxml *text = attribute(node, name);
    return text && strcmp((const char *)text, value) == 0;
}

/* Copies a text that is there; nothing is cut off silently. */
static int copy_text(const struct reading *r, const char *what, const char *text, char *out,
                     size_t out_bytes)
{
    const size_t len_bytes = strlen(text);
    if (len_bytes >= out_bytes || !printable(text))
        return bad(r, what, text);
    memcpy(out, text, len_bytes + 1);
    return 0;
}

static int copy_attribute(const struct reading *r, const xmlNode *node, const char *name, char *out,
                          size_t out_bytes)
{
    autoxml *text = attribute(node, name);
    return text ? copy_text(r, name, (const char *)text, out, out_bytes) : 0;
}

/* A path that may be opened: absolute, and without a way up. */
static int copy_path(const struct reading *r, const char *what, const char *text,
                     char out[DOMAIN_PATH_BYTES])
{
    if (text[0] != '/' || strstr(text, "/../"))
        return bad(r, what, text);
    return copy_text(r, what, text, out, DOMAIN_PATH_BYTES);
}

/* "-1" (to be chosen when it starts) and "" count as 0. */
static int parse_port(const struct reading *r, const char *text, uint16_t *out)
{
    char *end;
    errno = 0;
    const long n = strtol(text, &end, 10);
    if (errno || *end || n < -1 || n > 65535)
        return bad(r, _("port"), text);
    *out = n < 0 ? 0 : (uint16_t)n;
    return 0;
}

static int port_attribute(const struct reading *r, const xmlNode *node, const char *name,
                          uint16_t *out)
{
    autoxml *text = attribute(node, name);
    return text ? parse_port(r, (const char *)text, out) : 0;
}

static bool is_element(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0;
}

static const xmlNode *child(const xmlNode *parent, const char *name)
{
    for (const xmlNode *n = parent->children; n; n = n->next)
        if (is_element(n, name))
            return n;
    return NULL;
}

/* ---- name and uuid ---- */

static int hex_digit(char c)
{
    const char *const digits = "0123456789abcdef", *const at = strchr(digits, c | 0x20);
    return c && at ? (int)(at - digits) : -1;
}

static int parse_uuid(struct reading *r, const char *text)
{
    size_t count = 0;
    for (const char *c = text; *c; c++) {
        if (*c == '-' || *c == ' ' || *c == '\n')
            continue;
        const int high = hex_digit(*c), low = high < 0 ? -1 : hex_digit(*++c);
        if (low < 0 || count == sizeof(r->info.uuid))
            return bad(r, "UUID", text);
        r->info.uuid[count++] = (uint8_t)(high << 4 | low);
    }
    if (count != sizeof(r->info.uuid))
        return bad(r, "UUID", text);
    r->info.has_uuid = true;
    return 0;
}

static int read_identity(struct reading *r, const xmlNode *node)
{
    autoxml *text = xmlNodeGetContent(node);
    if (!text)
        return -ENOMEM;
    return is_element(node, "uuid")
               ? parse_uuid(r, (const char *)text)
               : copy_text(r, _("name"), (const char *)text, r->info.name, sizeof(r->info.name));
}

/* ---- SPICE ---- */

/* A server that listens on every address is reached on this machine's own. */
static void avoid_wildcard(char host[DOMAIN_NAME_BYTES])
{
    if (host[0] == '\0' || strcmp(host, "0.0.0.0") == 0)
        snprintf(host, DOMAIN_NAME_BYTES, "127.0.0.1");
    else if (strcmp(host, "::") == 0)
        snprintf(host, DOMAIN_NAME_BYTES, "::1");
}

static int read_listen(struct reading *r, const xmlNode *listen)
{
    if (attribute_is(listen, "type", "socket")) {
        autoxml *path = attribute(listen, "socket");
        if (!path)
            return 0; /* chosen when the domain starts */
        const int err = copy_path(r, _("socket"), (const char *)path, r->info.spice.socket_path);
        if (err == 0)
            r->info.spice.kind = DOMAIN_SPICE_UNIX;
        return err;
    }
    if (attribute_is(listen, "type", "none"))
        return 0;
    const int err =
        copy_attribute(r, listen, "address", r->info.spice.host, sizeof(r->info.spice.host));
    if (err == 0 && (r->info.spice.port || r->info.spice.tls_port))
        r->info.spice.kind = DOMAIN_SPICE_TCP;
    return err;
}

/* The first place where it listens. */
static int read_listens(struct reading *r, const xmlNode *graphics)
{
    bool listed = false;
    for (const xmlNode *n = graphics->children; n; n = n->next) {
        if (!is_element(n, "listen"))
            continue;
        listed = true;
        const int err = read_listen(r, n);
        if (err < 0 || r->info.spice.kind != DOMAIN_SPICE_NO_SOCKET)
            return err;
    }
    if (listed)
        return 0;
    const int err =
        copy_attribute(r, graphics, "listen", r->info.spice.host, sizeof(r->info.spice.host));
    if (err == 0 && (r->info.spice.port || r->info.spice.tls_port))
        r->info.spice.kind = DOMAIN_SPICE_TCP;
    return err;
}

static int read_graphics(struct reading *r, const xmlNode *graphics)
{
    if (!attribute_is(graphics, "type", "spice") || r->info.spice.kind != DOMAIN_SPICE_NONE)
        return 0;
    r->info.spice.kind = DOMAIN_SPICE_NO_SOCKET;
    int err = port_attribute(r, graphics, "port", &r->info.spice.port);
    if (err == 0)
        err = port_attribute(r, graphics, "tlsPort", &r->info.spice.tls_port);
    if (err == 0)
        err = copy_attribute(r, graphics, "passwd", r->info.spice.password,
                             sizeof(r->info.spice.password));
    if (err == 0)
        err = read_listens(r, graphics);
    if (err == 0 && r->info.spice.kind == DOMAIN_SPICE_TCP)
        avoid_wildcard(r->info.spice.host);
    return err;
}

/* ---- shared memory ---- */

static bool name_is_ours(const char *path)
{
    return strstr(path, "looking-glass") || strstr(path, "kvmfr") || strstr(path, "espelho");
}

static int found_memory(struct reading *r, enum domain_memory_kind kind, const char *path)
{
    const bool ours = name_is_ours(path);
    if (r->info.memory.kind != DOMAIN_MEMORY_NONE && (r->memory_is_ours || !ours))
        return 0;
    const int err = copy_path(r, _("shared memory"), path, r->info.memory.path);
    if (err < 0)
        return err;
    r->info.memory.kind = kind;
    r->memory_is_ours = ours;
    return 0;
}

static int read_shmem(struct reading *r, const xmlNode *shmem)
{
    char name[DOMAIN_NAME_BYTES] = "", path[DOMAIN_PATH_BYTES];
    const int err = copy_attribute(r, shmem, "name", name, sizeof(name));
    if (err < 0)
        return err;
    if (name[0] == '\0' || name[0] == '.' || strchr(name, '/'))
        return bad(r, _("shared memory"), name);
    const xmlNode *const server = child(shmem, "server"), *const model = child(shmem, "model");
    if (!server && !(model && attribute_is(model, "type", "ivshmem-doorbell"))) {
        snprintf(path, sizeof(path), "/dev/shm/%s", name);
        return found_memory(r, DOMAIN_MEMORY_FILE, path);
    }
    autoxml *socket = server ? attribute(server, "path") : NULL;
    /* Where libvirt looks for the server's socket when none is named. */
    snprintf(path, sizeof(path), "/var/lib/libvirt/shmem-%s-sock", name);
    return found_memory(r, DOMAIN_MEMORY_SOCKET, socket ? (const char *)socket : path);
}

static int read_devices(struct reading *r, const xmlNode *devices)
{
    int err = 0;
    for (const xmlNode *n = devices->children; n && err == 0; n = n->next) {
        if (is_element(n, "graphics"))
            err = read_graphics(r, n);
        else if (is_element(n, "shmem"))
            err = read_shmem(r, n);
    }
    return err;
}

/* ---- <qemu:commandline> ---- */

static int collect_args(struct reading *r, const xmlNode *commandline)
{
    if (!commandline->ns || strcmp((const char *)commandline->ns->href, QEMU_NAMESPACE) != 0)
        return 0;
    for (const xmlNode *n = commandline->children; n; n = n->next) {
        if (!is_element(n, "arg"))
            continue;
        xmlChar *text = attribute(n, "value");
        if (!text)
            continue;
        if (r->arg_count == ARGS_MAX || strlen((const char *)text) > ARG_MAX_BYTES) {
            const int err =
                bad(r, _("QEMU argument, too long or one too many"), (const char *)text);
            xmlFree(text);
            return err;
        }
        r->args[r->arg_count++] = (const char *)text;
    }
    return 0;
}

/* The text after the option `option` at `index`, or NULL. QEMU takes one dash or two. */
static const char *argument_of(const struct reading *r, size_t index, const char *option)
{
    const char *arg = r->args[index];
    if (!arg || arg[0] != '-' || index + 1 == r->arg_count)
        return NULL;
    arg += arg[1] == '-' ? 2 : 1;
    return strcmp(arg, option) == 0 ? r->args[index + 1] : NULL;
}

/* The value of `key` in the object or chardev called `id`. */
static bool value_in_named(const struct reading *r, const char *option, const char *first,
                           const char *id, const char *key, char out[DOMAIN_PATH_BYTES])
{
    for (size_t i = 0; i < r->arg_count; i++) {
        const char *const text = argument_of(r, i, option);
        if (text && qemu_option_is(text, first, "id", id) &&
            qemu_option_get(text, first, key, out, DOMAIN_PATH_BYTES))
            return true;
    }
    return false;
}

static int read_device_arg(struct reading *r, const char *text)
{
    char id[64], path[DOMAIN_PATH_BYTES];
    if (qemu_option_is(text, "driver", "driver", "ivshmem-plain") &&
        qemu_option_get(text, "driver", "memdev", id, sizeof(id)) &&
        value_in_named(r, "object", "qom-type", id, "mem-path", path))
        return found_memory(r, DOMAIN_MEMORY_FILE, path);
    if (qemu_option_is(text, "driver", "driver", "ivshmem-doorbell") &&
        qemu_option_get(text, "driver", "chardev", id, sizeof(id)) &&
        value_in_named(r, "chardev", "backend", id, "path", path))
        return found_memory(r, DOMAIN_MEMORY_SOCKET, path);
    return 0;
}

static int port_option(const struct reading *r, const char *text, const char *key, uint16_t *out)
{
    char number[16];
    return qemu_option_get(text, NULL, key, number, sizeof(number)) ? parse_port(r, number, out)
                                                                    : 0;
}

static int read_spice_arg(struct reading *r, const char *text)
{
    if (r->info.spice.kind != DOMAIN_SPICE_NONE)
        return 0;
    char address[DOMAIN_PATH_BYTES] = "";
    qemu_option_get(text, NULL, "addr", address, sizeof(address));
    qemu_option_get(text, NULL, "password", r->info.spice.password, sizeof(r->info.spice.password));
    if (qemu_option_is(text, NULL, "unix", "on") || qemu_option_is(text, NULL, "unix", "true")) {
        r->info.spice.kind = DOMAIN_SPICE_UNIX;
        return copy_path(r, _("socket"), address, r->info.spice.socket_path);
    }
    int err = port_option(r, text, "port", &r->info.spice.port);
    if (err == 0)
        err = port_option(r, text, "tls-port", &r->info.spice.tls_port);
    if (err == 0)
        err = copy_text(r, _("address"), address, r->info.spice.host, sizeof(r->info.spice.host));
    if (err < 0)
        return err;
    avoid_wildcard(r->info.spice.host);
    const bool listens = r->info.spice.port || r->info.spice.tls_port;
    r->info.spice.kind = listens ? DOMAIN_SPICE_TCP : DOMAIN_SPICE_NO_SOCKET;
    return 0;
}

static int read_args(struct reading *r)
{
    int err = 0;
    for (size_t i = 0; i < r->arg_count && err == 0; i++) {
        const char *text = argument_of(r, i, "device");
        if (text)
            err = read_device_arg(r, text);
        else if ((text = argument_of(r, i, "spice")) != NULL)
            err = read_spice_arg(r, text);
    }
    return err;
}

/* ---- the document ---- */

static int read_domain(struct reading *r, const xmlNode *domain)
{
    int err = 0;
    for (const xmlNode *n = domain->children; n && err == 0; n = n->next) {
        if (is_element(n, "name") || is_element(n, "uuid"))
            err = read_identity(r, n);
        else if (is_element(n, "devices"))
            err = read_devices(r, n);
        else if (is_element(n, "commandline"))
            err = collect_args(r, n);
    }
    return err < 0 ? err : read_args(r);
}

static int read_document(struct reading *r, xmlDoc *doc)
{
    const xmlNode *const root = xmlDocGetRootElement(doc);
    if (doc->intSubset || doc->extSubset) /* entities: libvirt writes none */
        return bad(r, _("document type"), "DOCTYPE");
    if (!root || !is_element(root, "domain"))
        return bad(r, _("first element"), root ? (const char *)root->name : "");
    const int err = read_domain(r, root);
    for (size_t i = 0; i < r->arg_count; i++)
        xmlFree((void *)(uintptr_t)r->args[i]);
    return err;
}

static int parse_problem(xmlParserCtxt *parser, struct domain_problem *problem)
{
    const xmlError *const error = xmlCtxtGetLastError(parser);
    return domain_problem_set(
        problem, DOMAIN_FAULT_XML, -EPROTO, _("The domain's XML cannot be read, line %d: %.200s"),
        error ? error->line : 0, error && error->message ? error->message : _("it is empty"));
}

int domain_from_xml(const char *xml, size_t len_bytes, struct domain_info *out,
                    struct domain_problem *problem)
{
    if (len_bytes > DOMAIN_XML_MAX_BYTES)
        return domain_problem_set(problem, DOMAIN_FAULT_XML, -EPROTO,
                                  _("The domain's XML is larger than %d MiB"),
                                  DOMAIN_XML_MAX_BYTES >> 20);
    struct reading *r = calloc(1, sizeof(*r));
    xmlParserCtxt *parser = xmlNewParserCtxt();
    int err = -ENOMEM;
    if (r && parser) {
        r->problem = problem;
        xmlDoc *doc = xmlCtxtReadMemory(parser, xml, (int)len_bytes, NULL, NULL,
                                        XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
                                            XML_PARSE_NOCDATA);
        err = doc ? read_document(r, doc) : parse_problem(parser, problem);
        xmlFreeDoc(doc);
    }
    if (err == 0)
        *out = r->info;
    else if (err == -ENOMEM)
        domain_problem_set(problem, DOMAIN_FAULT_SYSTEM, err, _("There is no memory left"));
    if (r)
        domain_info_wipe(&r->info);
    xmlFreeParserCtxt(parser);
    free(r);
    return err;
}

void domain_info_wipe(struct domain_info *info)
{
    explicit_bzero(info->spice.password, sizeof(info->spice.password));
}
