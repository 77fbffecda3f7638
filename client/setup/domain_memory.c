/* SPDX-License-Identifier: GPL-2.0-or-later
 * The relay's shared memory in a domain's XML: <shmem>, or the kvmfr module's device by
 * <qemu:commandline>. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "setup/domain_edit_private.h"
#include "vm/scaled_size.h"
#include "text/text.h"

#define QEMU_NAMESPACE "http://libvirt.org/schemas/domain/qemu/1.0"

enum { ARG_BYTES = 2048 };

/* What is there. */
struct memory_now {
    size_t count; /* of relays' memories */
    enum memory_backend backend;
    xmlNode *shmem;                   /* PLAIN, DOORBELL */
    xmlNode *object_arg, *device_arg; /* KVMFR: the <qemu:arg> with the value; device: or NULL */
    char object_id[128];
    size_t arg_devices; /* ivshmem devices on the command line, whatever their memory is */
};

static bool name_is_ours(const char *name, const struct memory_wish *wish)
{
    return strcmp(name, wish->name) == 0 || strstr(name, "looking-glass") ||
           strstr(name, "kvmfr") || strstr(name, "espelho");
}

static void look_at_shmem(xmlNode *shmem, const struct memory_wish *wish, struct memory_now *now)
{
    char name[256];
    if (!xml_tree_attribute(shmem, "name", name, sizeof(name)) || !name_is_ours(name, wish))
        return;
    now->count++;
    now->shmem = shmem;
    now->backend = xml_tree_attribute_is(xml_tree_child(shmem, "model"), "type", "ivshmem-plain")
                       ? MEMORY_PLAIN
                       : MEMORY_DOORBELL;
}

/* ---- arguments of QEMU: key=value,... or JSON with either quotes ---- */

/* Where the value of `key` is in `arg`; false: there is none. */
static bool find_value(const char *arg, const char *key, const char **value, size_t *len_bytes)
{
    const size_t key_bytes = strlen(key);
    const bool json = arg[0] == '{';
    for (const char *at = strstr(arg, key); at; at = strstr(at + 1, key)) {
        const char before = at > arg ? at[-1] : ',';
        const char *c = at + key_bytes;
        if (!json && before == ',' && *c == '=') {
            *value = c + 1;
            *len_bytes = strcspn(c + 1, ",");
            return true;
        }
        if (!json || (before != '"' && before != '\'') || *c != before)
            continue;
        c += 1 + strspn(c + 1, " ");
        if (*c != ':')
            continue;
        c += 1 + strspn(c + 1, " ");
        const bool quoted = *c == '"' || *c == '\'';
        *value = c + quoted;
        *len_bytes = quoted ? strcspn(c + 1, "\"'") : strcspn(c, ",} ");
        return true;
    }
    return false;
}

static bool value_of(const char *arg, const char *key, char *out, size_t out_bytes)
{
    const char *value;
    size_t len_bytes;
    if (!find_value(arg, key, &value, &len_bytes) || len_bytes >= out_bytes)
        return false;
    memcpy(out, value, len_bytes);
    out[len_bytes] = '\0';
    return true;
}

static bool driver_is(const char *arg, const char *key, const char *driver)
{
    char value[64];
    if (arg[0] == '{')
        return value_of(arg, key, value, sizeof(value)) && strcmp(value, driver) == 0;
    const size_t len_bytes = strlen(driver);
    return strncmp(arg, driver, len_bytes) == 0 &&
           (arg[len_bytes] == ',' || arg[len_bytes] == '\0');
}

static void look_at_object(xmlNode *arg, const char *text, struct memory_now *now)
{
    char path[256];
    if (!driver_is(text, "qom-type", "memory-backend-file") ||
        !value_of(text, "mem-path", path, sizeof(path)) ||
        strncmp(path, "/dev/kvmfr", strlen("/dev/kvmfr")) != 0)
        return;
    now->count++;
    now->object_arg = arg;
    now->backend = MEMORY_KVMFR;
    value_of(text, "id", now->object_id, sizeof(now->object_id));
}

/* Calls `fn` for each value behind an argument "-option". */
static void each_value(xmlNode *commandline, const char *option,
                       void (*fn)(xmlNode *arg, const char *text, struct memory_now *now),
                       struct memory_now *now)
{
    char text[ARG_BYTES];
    bool next_is_value = false;
    for (xmlNode *arg = xml_tree_child(commandline, "arg"); arg;
         arg = xml_tree_next(arg->next, "arg")) {
        if (!xml_tree_attribute(arg, "value", text, sizeof(text)))
            continue;
        if (next_is_value)
            fn(arg, text, now);
        next_is_value = !next_is_value && strcmp(text, option) == 0;
    }
}

static void look_at_device(xmlNode *arg, const char *text, struct memory_now *now)
{
    char id[sizeof(now->object_id)];
    if (driver_is(text, "driver", "ivshmem-plain") && value_of(text, "memdev", id, sizeof(id)) &&
        strcmp(id, now->object_id) == 0)
        now->device_arg = arg;
}

static void count_device(xmlNode *arg, const char *text, struct memory_now *now)
{
    (void)arg;
    now->arg_devices +=
        driver_is(text, "driver", "ivshmem-plain") || driver_is(text, "driver", "ivshmem-doorbell");
}

/* <qemu:commandline>, whatever its prefix is. */
static xmlNode *find_commandline(const struct domain_edit *edit)
{
    xmlNode *n = xml_tree_child(edit->root, "commandline");
    while (n && !(n->ns && n->ns->href && strcmp((const char *)n->ns->href, QEMU_NAMESPACE) == 0))
        n = xml_tree_next(n->next, "commandline");
    return n;
}

static void look(const struct domain_edit *edit, const struct memory_wish *wish,
                 struct memory_now *now)
{
    const xmlNode *const devices = xml_tree_child(edit->root, "devices");
    for (xmlNode *n = xml_tree_child(devices, "shmem"); n; n = xml_tree_next(n->next, "shmem"))
        look_at_shmem(n, wish, now);
    xmlNode *const commandline = find_commandline(edit);
    each_value(commandline, "-object", look_at_object, now);
    each_value(commandline, "-device", count_device, now);
    if (now->object_arg)
        each_value(commandline, "-device", look_at_device, now);
}

/* ---- plain ---- */

static int set_size(xmlNode *shmem, uint32_t mib)
{
    char number[16];
    xmlNode *size = xml_tree_child(shmem, "size");
    if (!size) {
        xmlNode *const model = xml_tree_child(shmem, "model");
        size = model ? xml_tree_add_after(model, "size") : xml_tree_add(shmem, "size");
    }
    snprintf(number, sizeof(number), "%" PRIu32, mib);
    if (!size || xml_tree_set(size, "unit", "M") < 0)
        return -ENOMEM;
    return xml_tree_set_content(size, number);
}

/* MiB that will do: what there is, if it is enough and QEMU takes it. */
static uint32_t size_for(uint64_t now_bytes, uint32_t wish_mib)
{
    const bool fits = is_power_of_two(now_bytes) && now_bytes >= (uint64_t)wish_mib << 20 &&
                      now_bytes <= (uint64_t)UINT32_MAX << 20;
    return fits ? (uint32_t)(now_bytes >> 20) : wish_mib;
}

static int adjust_plain(struct domain_edit *edit, xmlNode *shmem, const struct memory_wish *wish,
                        struct memory_result *result)
{
    const xmlNode *const size = xml_tree_child(shmem, "size");
    char number[32], unit[16];
    uint64_t bytes = 4 << 20; /* libvirt's default */
    xml_tree_attribute(size, "unit", unit, sizeof(unit));
    if (xml_tree_content(size, number, sizeof(number)) && !scaled_size(number, unit, &bytes))
        return domain_edit_refuse(edit,
                                  _("The size of <shmem> is '%.16s %.8s', which is not "
                                    "understood; please correct it with virsh edit."),
                                  number, unit);
    result->mib = size_for(bytes, wish->mib);
    xml_tree_attribute(shmem, "name", result->name, sizeof(result->name));
    return (uint64_t)result->mib << 20 == bytes ? 0 : set_size(shmem, result->mib);
}

static xmlNode *add_shmem(struct domain_edit *edit, const char *name, const char *model)
{
    xmlNode *const devices = domain_edit_devices(edit);
    xmlNode *const shmem = devices ? xml_tree_add(devices, "shmem") : NULL;
    if (!shmem || xml_tree_set(shmem, "name", name) < 0)
        return NULL;
    xmlNode *const type = xml_tree_add(shmem, "model");
    return type && xml_tree_set(type, "type", model) == 0 ? shmem : NULL;
}

static int add_plain(struct domain_edit *edit, const struct memory_wish *wish,
                     struct memory_result *result)
{
    xmlNode *const shmem = add_shmem(edit, wish->name, "ivshmem-plain");
    result->mib = wish->mib;
    snprintf(result->name, sizeof(result->name), "%s", wish->name);
    return shmem ? set_size(shmem, wish->mib) : -ENOMEM;
}

/* ---- doorbell ---- */

static int adjust_doorbell(struct domain_edit *edit, const xmlNode *shmem,
                           const struct memory_wish *wish, struct memory_result *result)
{
    result->mib = wish->mib;
    if (xml_tree_attribute(xml_tree_child(shmem, "server"), "path", result->name,
                           sizeof(result->name)))
        return 0;
    return domain_edit_refuse(edit, _("The <shmem> with a doorbell names no server; please remove "
                                      "it with virsh edit, and run this again."));
}

static int add_doorbell(struct domain_edit *edit, const struct memory_wish *wish,
                        struct memory_result *result)
{
    xmlNode *const shmem = add_shmem(edit, "espelho", "ivshmem-doorbell");
    xmlNode *const server = shmem ? xml_tree_add(shmem, "server") : NULL;
    xmlNode *const msi = server ? xml_tree_add(shmem, "msi") : NULL;
    result->mib = wish->mib;
    snprintf(result->name, sizeof(result->name), "%s", wish->server_path);
    if (!msi || xml_tree_set(server, "path", wish->server_path) < 0)
        return -ENOMEM;
    return xml_tree_set(msi, "vectors", "2");
}

/* ---- kvmfr ---- */

static bool kvmfr_bytes(const char *arg, uint64_t *bytes)
{
    char size[32];
    if (!value_of(arg, "size", size, sizeof(size)))
        return false;
    const char *const unit = size + strspn(size, "0123456789");
    char number[32] = "";
    memcpy(number, size, (size_t)(unit - size));
    return scaled_size(number, unit, bytes);
}

static int adjust_kvmfr(struct domain_edit *edit, const struct memory_now *now,
                        const struct memory_wish *wish, struct memory_result *result)
{
    char arg[ARG_BYTES], changed[ARG_BYTES + 32];
    const char *value;
    size_t len_bytes;
    uint64_t bytes;
    xml_tree_attribute(now->object_arg, "value", arg, sizeof(arg));
    value_of(arg, "mem-path", result->name, sizeof(result->name));
    if (!now->device_arg || !kvmfr_bytes(arg, &bytes) ||
        !find_value(arg, "size", &value, &len_bytes))
        return domain_edit_refuse(edit,
                                  _("The VM uses %.64s by <qemu:commandline> in a way that is not "
                                    "understood; please remove it with virsh edit, and run this "
                                    "again."),
                                  result->name);
    result->mib = size_for(bytes, wish->mib);
    if ((uint64_t)result->mib << 20 == bytes)
        return 0;
    snprintf(changed, sizeof(changed), "%.*s%" PRIu64 "%s", (int)(value - arg), arg,
             (uint64_t)result->mib << 20, value + len_bytes);
    return xml_tree_set(now->object_arg, "value", changed);
}

static xmlNs *qemu_namespace(struct domain_edit *edit)
{
    xmlNs *ns = xmlSearchNsByHref(edit->doc, edit->root, (const xmlChar *)QEMU_NAMESPACE);
    if (ns && ns->prefix)
        return ns;
    static const char *const prefixes[] = { "qemu", "espelho-qemu" }; /* if that means another */
    ns = NULL;
    for (size_t i = 0; i < ARRAY_LEN(prefixes) && !ns; i++)
        ns = xmlNewNs(edit->root, (const xmlChar *)QEMU_NAMESPACE, (const xmlChar *)prefixes[i]);
    return ns;
}

static int add_arg(xmlNode *commandline, const char *value)
{
    xmlNode *const arg = xml_tree_add(commandline, "arg");
    if (!arg)
        return -ENOMEM;
    xmlSetNs(arg, commandline->ns);
    return xml_tree_set(arg, "value", value);
}

/* As JSON: QEMU creates devices written key=value before all of libvirt's, which then find their
 * PCI slot taken. */
static int add_kvmfr(struct domain_edit *edit, const struct memory_wish *wish,
                     struct memory_result *result)
{
    xmlNs *const ns = qemu_namespace(edit);
    xmlNode *commandline = find_commandline(edit);
    if (ns && !commandline) {
        commandline = xml_tree_add(edit->root, "commandline");
        if (commandline)
            xmlSetNs(commandline, ns);
    }
    if (!ns || !commandline)
        return -ENOMEM;
    char object[512];
    snprintf(object, sizeof(object),
             "{\"qom-type\":\"memory-backend-file\",\"id\":\"espelho-memory\",\"mem-path\":\"%s\","
             "\"size\":%" PRIu64 ",\"share\":true}",
             wish->device, (uint64_t)wish->mib << 20);
    result->mib = wish->mib;
    snprintf(result->name, sizeof(result->name), "%s", wish->device);
    int err = add_arg(commandline, "-object");
    if (err == 0)
        err = add_arg(commandline, object);
    if (err == 0)
        err = add_arg(commandline, "-device");
    return err < 0 ? err
                   : add_arg(commandline, "{\"driver\":\"ivshmem-plain\",\"id\":\"espelho-shmem\","
                                          "\"memdev\":\"espelho-memory\"}");
}

/* ---- all ---- */

static xmlNode *option_of(xmlNode *arg)
{
    xmlNode *n = arg->prev;
    while (n && n->type != XML_ELEMENT_NODE)
        n = n->prev;
    return n;
}

static void remove_arg(xmlNode *arg)
{
    xmlNode *const option = option_of(arg);
    xml_tree_remove(arg);
    if (option)
        xml_tree_remove(option);
}

static int remove_now(struct domain_edit *edit, const struct memory_now *now)
{
    if (now->shmem)
        xml_tree_remove(now->shmem);
    if (!now->object_arg)
        return 0;
    if (!now->device_arg)
        return domain_edit_refuse(edit, _("The kvmfr memory in <qemu:commandline> has no device; "
                                          "please remove it with virsh edit."));
    remove_arg(now->object_arg);
    remove_arg(now->device_arg);
    xmlNode *const commandline = find_commandline(edit);
    if (commandline && !xml_tree_child(commandline, "arg") && !xml_tree_child(commandline, "env"))
        xml_tree_remove(commandline);
    return 0;
}

static int add(struct domain_edit *edit, const struct memory_wish *wish,
               struct memory_result *result)
{
    switch (result->backend) {
    case MEMORY_KVMFR:
        return add_kvmfr(edit, wish, result);
    case MEMORY_DOORBELL:
        return add_doorbell(edit, wish, result);
    default:
        return add_plain(edit, wish, result);
    }
}

static int adjust(struct domain_edit *edit, const struct memory_now *now,
                  const struct memory_wish *wish, struct memory_result *result)
{
    switch (now->backend) {
    case MEMORY_KVMFR:
        return adjust_kvmfr(edit, now, wish, result);
    case MEMORY_DOORBELL:
        return adjust_doorbell(edit, now->shmem, wish, result);
    default:
        return adjust_plain(edit, now->shmem, wish, result);
    }
}

int domain_edit_memory(struct domain_edit *edit, const struct memory_wish *wish,
                       struct memory_result *result)
{
    struct memory_now now = { .count = 0 };
    struct memory_result r = { .backend = wish->backend };
    look(edit, wish, &now);
    if (now.count > 1)
        return domain_edit_refuse(edit,
                                  _("The VM has %zu devices for the relay's memory; please "
                                    "remove all but one with virsh edit."),
                                  now.count);
    if (now.arg_devices > (now.object_arg ? 1 : 0))
        return domain_edit_refuse(edit, _("The VM has an ivshmem device in <qemu:commandline> that "
                                          "is not of the kvmfr module; please remove it with virsh "
                                          "edit, and run this again."));
    if (r.backend == MEMORY_AS_IT_IS)
        r.backend = now.count ? now.backend : MEMORY_PLAIN;
    int err = 0;
    if (now.count && now.backend == r.backend) {
        err = adjust(edit, &now, wish, &r);
    } else {
        err = remove_now(edit, &now);
        if (err == 0)
            err = add(edit, wish, &r);
    }
    if (err == 0)
        *result = r;
    return err;
}
