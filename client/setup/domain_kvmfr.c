/* SPDX-License-Identifier: GPL-2.0-or-later
 * The kvmfr module's device in a domain's XML: libvirt has no element for it, so QEMU gets two
 * arguments. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "setup/domain_memory_private.h"
#include "setup/qemu_argument.h"
#include "vm/scaled_size.h"

static void look_at_object(void *ctx, xmlNode *arg, const char *text)
{
    struct memory_now *const now = ctx;
    char path[256];
    if (!qemu_argument_is(text, "qom-type", "memory-backend-file") ||
        !qemu_argument_get(text, "mem-path", path, sizeof(path)) ||
        strncmp(path, "/dev/kvmfr", strlen("/dev/kvmfr")) != 0)
        return;
    now->count++;
    now->object_arg = arg;
    now->backend = MEMORY_KVMFR;
    qemu_argument_get(text, "id", now->object_id, sizeof(now->object_id));
}

static void look_at_device(void *ctx, xmlNode *arg, const char *text)
{
    struct memory_now *const now = ctx;
    char id[sizeof(now->object_id)];
    if (qemu_argument_is(text, "driver", "ivshmem-plain") &&
        qemu_argument_get(text, "memdev", id, sizeof(id)) && strcmp(id, now->object_id) == 0)
        now->device_arg = arg;
}

static void count_device(void *ctx, xmlNode *arg, const char *text)
{
    struct memory_now *const now = ctx;
    (void)arg;
    now->arg_devices += qemu_argument_is(text, "driver", "ivshmem-plain") ||
                        qemu_argument_is(text, "driver", "ivshmem-doorbell");
}

void domain_kvmfr_look(const struct domain_edit *edit, struct memory_now *now)
{
    xmlNode *const commandline = domain_commandline(edit);
    if (!domain_commandline_each(commandline, "-object", look_at_object, now))
        now->valueless = "-object";
    if (!domain_commandline_each(commandline, "-device", count_device, now))
        now->valueless = "-device";
    if (now->object_arg) /* a missing value was told just now */
        (void)domain_commandline_each(commandline, "-device", look_at_device, now);
}

static bool kvmfr_bytes(const char *arg, uint64_t *bytes)
{
    char size[32];
    if (!qemu_argument_get(arg, "size", size, sizeof(size)))
        return false;
    const char *const unit = size + strspn(size, "0123456789");
    char number[32] = "";
    memcpy(number, size, (size_t)(unit - size));
    return scaled_size(number, unit, bytes);
}

int domain_kvmfr_adjust(struct domain_edit *edit, const struct memory_now *now,
                        const struct memory_wish *wish, struct memory_result *result)
{
    char arg[QEMU_ARG_BYTES], changed[QEMU_ARG_BYTES + 32];
    const char *value;
    size_t len_bytes;
    uint64_t bytes;
    xml_tree_attribute(now->object_arg, "value", arg, sizeof(arg));
    qemu_argument_get(arg, "mem-path", result->name, sizeof(result->name));
    if (!now->device_arg || !kvmfr_bytes(arg, &bytes) ||
        !qemu_argument_find(arg, "size", &value, &len_bytes))
        return domain_edit_refuse(edit,
                                  _("The VM uses %.64s by <qemu:commandline> in a way that is not "
                                    "understood; please remove it with virsh edit, and run this "
                                    "again."),
                                  result->name);
    result->mib = domain_memory_size_for(bytes, wish->mib);
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
int domain_kvmfr_add(struct domain_edit *edit, const struct memory_wish *wish,
                     struct memory_result *result)
{
    xmlNs *const ns = qemu_namespace(edit);
    xmlNode *commandline = domain_commandline(edit);
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

int domain_kvmfr_remove(struct domain_edit *edit, const struct memory_now *now)
{
    if (!now->device_arg)
        return domain_edit_refuse(edit, _("The kvmfr memory in <qemu:commandline> has no device; "
                                          "please remove it with virsh edit."));
    domain_commandline_remove(now->object_arg);
    domain_commandline_remove(now->device_arg);
    return 0;
}
