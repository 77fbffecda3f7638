/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/parser.h>
#include <libxml/tree.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "vm/vm_qemu.h"
#include "vm/vm_text.h"
#include "vm/vm_xml_node.h"

#define QEMU_NAMESPACE "http://libvirt.org/schemas/domain/qemu/1.0"

/* ---- identity, memory ---- */

static void read_name(struct vm *vm, const xmlNode *node)
{
    xml_put_content(vm, vm->name, sizeof(vm->name), node);
}

static void read_uuid(struct vm *vm, const xmlNode *node)
{
    xml_put_content(vm, vm->uuid, sizeof(vm->uuid), node);
}

static void read_memory(struct vm *vm, const xmlNode *node)
{
    vm->memory_bytes = xml_scaled_content(node, "KiB");
}

static void read_memory_backing(struct vm *vm, const xmlNode *node)
{
    const xmlNode *const pages = xml_child(node, "hugepages");
    const xmlNode *const page = xml_child(pages, "page");
    autoxml *number = xml_attribute(page, "size"), *unit = xml_attribute(page, "unit");
    vm->hugepages = pages != NULL;
    vm->hugepage_bytes = vm_scaled((const char *)number, (const char *)unit, "KiB");
    vm->memory_locked = xml_child(node, "locked") != NULL;
    vm->memory_shared = xml_attribute_is(xml_child(node, "access"), "mode", "shared");
    xml_put_attribute(vm, vm->memory_source, sizeof(vm->memory_source), xml_child(node, "source"),
                      "type");
}

/* ---- vCPUs and where they run ---- */

static void read_vcpu(struct vm *vm, const xmlNode *node)
{
    autoxml *text = xml_content(node);
    vm->vcpus = xml_attribute_number(node, "current", vm_number((const char *)text, 0));
}

static void read_iothreads(struct vm *vm, const xmlNode *node)
{
    autoxml *text = xml_content(node);
    vm->iothreads = vm_number((const char *)text, 0);
}

static void add_pin(struct vm *vm, const xmlNode *node, const char *index, bool is_iothread)
{
    struct vm_pin pin = { .index = xml_attribute_number(node, index, UINT32_MAX),
                          .is_iothread = is_iothread };
    autoxml *cpus = xml_attribute(node, "cpuset");
    if (pin.index == UINT32_MAX || !vm_cpu_set((const char *)cpus, pin.cpus))
        vm->truncated = true;
    else if (vm_grow(vm, &vm->pin_count, ARRAY_LEN(vm->pins)))
        vm->pins[vm->pin_count - 1] = pin;
}

static void read_vcpupin(struct vm *vm, const xmlNode *node)
{
    add_pin(vm, node, "vcpu", false);
}

static void read_iothreadpin(struct vm *vm, const xmlNode *node)
{
    add_pin(vm, node, "iothread", true);
}

static void read_emulatorpin(struct vm *vm, const xmlNode *node)
{
    autoxml *cpus = xml_attribute(node, "cpuset");
    vm->emulator_pinned = vm_cpu_set((const char *)cpus, vm->emulator_cpus);
    vm->truncated |= !vm->emulator_pinned;
}

static void read_cputune(struct vm *vm, const xmlNode *node)
{
    static const struct vm_xml_reader readers[] = {
        { "vcpupin", read_vcpupin },
        { "iothreadpin", read_iothreadpin },
        { "emulatorpin", read_emulatorpin },
    };
    xml_each(vm, node, readers, ARRAY_LEN(readers));
}

/* ---- the CPU's model ---- */

static void read_cpu_topology(struct vm *vm, const xmlNode *node)
{
    vm->cpu_topology = true;
    vm->sockets = xml_attribute_number(node, "sockets", 1);
    vm->dies = xml_attribute_number(node, "dies", 1);
    vm->cores = xml_attribute_number(node, "cores", 1);
    vm->threads = xml_attribute_number(node, "threads", 1);
}

static void read_cpu_feature(struct vm *vm, const xmlNode *node)
{
    autoxml *name = xml_attribute(node, "name");
    if (name)
        vm_add_feature(vm, (const char *)name,
                       !xml_attribute_is(node, "policy", "disable") &&
                           !xml_attribute_is(node, "policy", "forbid"));
}

static void read_cpu_cache(struct vm *vm, const xmlNode *node)
{
    xml_put_attribute(vm, vm->cpu_cache, sizeof(vm->cpu_cache), node, "mode");
}

static void read_cpu(struct vm *vm, const xmlNode *node)
{
    static const struct vm_xml_reader readers[] = {
        { "topology", read_cpu_topology },
        { "feature", read_cpu_feature },
        { "cache", read_cpu_cache },
    };
    vm_put(vm, vm->cpu_mode, sizeof(vm->cpu_mode), "custom"); /* the mode of a bare <cpu> */
    xml_put_attribute(vm, vm->cpu_mode, sizeof(vm->cpu_mode), node, "mode");
    xml_each(vm, node, readers, ARRAY_LEN(readers));
}

/* ---- firmware ---- */

static void read_loader(struct vm *vm, const xmlNode *loader)
{
    vm->secure_boot = xml_attribute_is(loader, "secure", "yes");
    xml_put_attribute(vm, vm->loader_type, sizeof(vm->loader_type), loader, "type");
    xml_put_content(vm, vm->loader, sizeof(vm->loader), loader);
}

static void read_os_type(struct vm *vm, const xmlNode *type)
{
    xml_put_attribute(vm, vm->machine, sizeof(vm->machine), type, "machine");
    xml_put_attribute(vm, vm->arch, sizeof(vm->arch), type, "arch");
}

static void read_nvram(struct vm *vm, const xmlNode *nvram)
{
    const xmlNode *const source = xml_child(nvram, "source");
    if (source)
        xml_put_attribute(vm, vm->nvram, sizeof(vm->nvram), source, "file");
    else
        xml_put_content(vm, vm->nvram, sizeof(vm->nvram), nvram);
}

static void read_os(struct vm *vm, const xmlNode *node)
{
    static const struct vm_xml_reader readers[] = {
        { "type", read_os_type },
        { "loader", read_loader },
        { "nvram", read_nvram },
    };
    vm->firmware_efi = xml_attribute_is(node, "firmware", "efi");
    xml_each(vm, node, readers, ARRAY_LEN(readers));
}

/* ---- what Windows is told of the machine below it ---- */

static bool is_on(const xmlNode *node)
{
    return node && !xml_attribute_is(node, "state", "off");
}

static void read_hyperv(struct vm *vm, const xmlNode *node)
{
    if (xml_attribute_is(node, "mode", "passthrough"))
        vm_add_hyperv(vm, "passthrough");
    for (const xmlNode *n = node->children; n; n = n->next)
        if (n->type == XML_ELEMENT_NODE && is_on(n))
            vm_add_hyperv(vm, (const char *)n->name);
    const xmlNode *const vendor = xml_child(node, "vendor_id");
    if (is_on(vendor))
        xml_put_attribute(vm, vm->hyperv_vendor_id, sizeof(vm->hyperv_vendor_id), vendor, "value");
}

static void read_kvm(struct vm *vm, const xmlNode *node)
{
    const xmlNode *const hidden = xml_child(node, "hidden");
    vm->kvm_hidden = hidden && is_on(hidden);
}

static void read_features(struct vm *vm, const xmlNode *node)
{
    static const struct vm_xml_reader readers[] = {
        { "hyperv", read_hyperv },
        { "kvm", read_kvm },
    };
    xml_each(vm, node, readers, ARRAY_LEN(readers));
}

static void read_timer(struct vm *vm, const xmlNode *node)
{
    const bool present = !xml_attribute_is(node, "present", "no");
    if (xml_attribute_is(node, "name", "hypervclock"))
        vm->hypervclock = present;
    else if (xml_attribute_is(node, "name", "tsc"))
        vm->tsc = present;
}

static void read_clock(struct vm *vm, const xmlNode *node)
{
    static const struct vm_xml_reader readers[] = { { "timer", read_timer } };
    xml_put_attribute(vm, vm->clock_offset, sizeof(vm->clock_offset), node, "offset");
    xml_each(vm, node, readers, ARRAY_LEN(readers));
}

/* ---- <qemu:commandline> ---- */

static void read_commandline(struct vm *vm, const xmlNode *node)
{
    if (!node->ns || strcmp((const char *)node->ns->href, QEMU_NAMESPACE) != 0)
        return;
    xmlChar *owned[VM_QEMU_ARGS_MAX] = { NULL };
    size_t count = 0;
    for (const xmlNode *n = node->children; n; n = n->next) {
        xmlChar *const text = xml_is(n, "arg") ? xml_attribute(n, "value") : NULL;
        if (text && count < ARRAY_LEN(owned))
            owned[count++] = text;
        else if (text) {
            vm->truncated = true;
            xmlFree(text);
        }
    }
    vm_qemu_read(vm, (const char *const *)owned, count);
    for (size_t i = 0; i < count; i++)
        xmlFree(owned[i]);
}

/* ---- the document ---- */

static void read_domain(struct vm *vm, const xmlNode *domain)
{
    static const struct vm_xml_reader readers[] = {
        { "name", read_name },
        { "uuid", read_uuid },
        { "memory", read_memory },
        { "memoryBacking", read_memory_backing },
        { "vcpu", read_vcpu },
        { "iothreads", read_iothreads },
        { "cputune", read_cputune },
        { "cpu", read_cpu },
        { "os", read_os },
        { "features", read_features },
        { "clock", read_clock },
        { "devices", vm_xml_devices },
        { "commandline", read_commandline }, /* stands last in libvirt's order: it overrides */
    };
    autoxml *id = xml_attribute(domain, "id"); /* only a running domain has one */
    vm->running = id != NULL;
    xml_put_attribute(vm, vm->type, sizeof(vm->type), domain, "type");
    xml_each(vm, domain, readers, ARRAY_LEN(readers));
}

static int read_document(struct vm *vm, xmlDoc *doc, struct vm_problem *problem)
{
    const xmlNode *root = xmlDocGetRootElement(doc);
    if (doc->intSubset || doc->extSubset) /* entities: libvirt writes none */
        return vm_problem_set(problem, -EPROTO,
                              _("The VM's XML has a document type (DOCTYPE); libvirt writes none"));
    if (xml_is(root, "domstatus")) /* /run/libvirt/qemu/NAME.xml */
        root = xml_child(root, "domain");
    if (!xml_is(root, "domain"))
        return vm_problem_set(problem, -EPROTO,
                              _("This is no VM's XML: it begins with '%.64s' instead of 'domain'"),
                              root ? (const char *)root->name : "");
    read_domain(vm, root);
    return 0;
}

static int parse_problem(xmlParserCtxt *parser, struct vm_problem *problem)
{
    const xmlError *const error = xmlCtxtGetLastError(parser);
    return vm_problem_set(problem, -EPROTO, _("The VM's XML cannot be read, line %d: %.200s"),
                          error ? error->line : 0,
                          error && error->message ? error->message : _("it is empty"));
}

static int parse(struct vm *vm, const char *xml, size_t len_bytes, struct vm_problem *problem)
{
    xmlParserCtxt *parser = xmlNewParserCtxt();
    if (!parser)
        return vm_problem_set(problem, -ENOMEM, _("There is no memory left"));
    xmlDoc *doc = xmlCtxtReadMemory(parser, xml, (int)len_bytes, NULL, NULL,
                                    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
                                        XML_PARSE_NOCDATA);
    const int err = doc ? read_document(vm, doc, problem) : parse_problem(parser, problem);
    xmlFreeDoc(doc);
    xmlFreeParserCtxt(parser);
    return err;
}

int vm_from_xml(const char *xml, size_t len_bytes, const char *source, struct vm **out,
                struct vm_problem *problem)
{
    if (len_bytes > VM_XML_MAX_BYTES)
        return vm_problem_set(problem, -EPROTO, _("The VM's XML is larger than %d MiB"),
                              VM_XML_MAX_BYTES >> 20);
    autofree struct vm *vm = calloc(1, sizeof(*vm));
    if (!vm)
        return vm_problem_set(problem, -ENOMEM, _("There is no memory left"));
    vm_put(vm, vm->source, sizeof(vm->source), source);
    const int err = parse(vm, xml, len_bytes, problem);
    if (err == 0)
        *out = steal_ptr(&vm);
    return err;
}
