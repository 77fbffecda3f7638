/* SPDX-License-Identifier: GPL-2.0-or-later
 * vCPUs, their pinning and the topology that the guest sees. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "setup/domain_edit_private.h"

static int set_number(xmlNode *node, const char *name, size_t number)
{
    char text[24];
    snprintf(text, sizeof(text), "%zu", number);
    return xml_tree_set(node, name, text);
}

static int edit_vcpu(struct domain_edit *edit, size_t count)
{
    static const char *const before[] = { "name", "memory", "currentMemory", "memoryBacking",
                                          NULL };
    char now[24], want[24];
    xmlNode *vcpu = xml_tree_child(edit->root, "vcpu");
    if (vcpu && xml_tree_attribute(vcpu, "current", now, sizeof(now)))
        return domain_edit_refuse(edit, _("The VM has vCPUs that are plugged in later (<vcpu "
                                          "current=...>); please remove that with virsh edit."));
    snprintf(want, sizeof(want), "%zu", count);
    if (vcpu && xml_tree_content(vcpu, now, sizeof(now)) && strcmp(now, want) == 0)
        return 0;
    if (!vcpu)
        vcpu = domain_edit_add_behind(edit->root, before, "vcpu");
    if (!vcpu || xml_tree_set(vcpu, "placement", "static") < 0)
        return -ENOMEM;
    return xml_tree_set_content(vcpu, want);
}

/* Every vCPU is pinned as wished, and nothing else is. */
static bool pins_are(const xmlNode *tune, const struct cpu_wish *wish)
{
    size_t count = 0;
    for (xmlNode *n = xml_tree_child(tune, "vcpupin"); n; n = xml_tree_next(n->next, "vcpupin")) {
        char vcpu[24], want[24];
        xml_tree_attribute(n, "vcpu", vcpu, sizeof(vcpu));
        const size_t index = strtoul(vcpu, NULL, 10);
        if (!vcpu[0] || index >= wish->count)
            return false;
        snprintf(want, sizeof(want), "%" PRIu32, wish->cpus[index]);
        if (!xml_tree_attribute_is(n, "cpuset", want))
            return false;
        count++;
    }
    return count == wish->count && xml_tree_attribute_is(xml_tree_child(tune, "emulatorpin"),
                                                         "cpuset", wish->emulator_cpus);
}

static void remove_all(xmlNode *parent, const char *name)
{
    for (xmlNode *n; (n = xml_tree_child(parent, name)) != NULL;)
        xml_tree_remove(n);
}

static int edit_pins(struct domain_edit *edit, const struct cpu_wish *wish)
{
    static const char *const before[] = { "vcpu", "iothreads", "iothreadids", NULL };
    xmlNode *tune = xml_tree_child(edit->root, "cputune");
    if (tune && pins_are(tune, wish))
        return 0;
    if (!tune)
        tune = domain_edit_add_behind(edit->root, before, "cputune");
    if (!tune)
        return -ENOMEM;
    remove_all(tune, "vcpupin");
    remove_all(tune, "emulatorpin");
    xmlNode *last = NULL;
    for (size_t i = 0; i < wish->count; i++) {
        last = last ? xml_tree_add_after(last, "vcpupin") : xml_tree_add_first(tune, "vcpupin");
        if (!last || set_number(last, "vcpu", i) < 0 ||
            set_number(last, "cpuset", wish->cpus[i]) < 0)
            return -ENOMEM;
    }
    xmlNode *const emulator = xml_tree_add_after(last, "emulatorpin");
    return emulator ? xml_tree_set(emulator, "cpuset", wish->emulator_cpus) : -ENOMEM;
}

static bool has_feature(const xmlNode *cpu, const char *name)
{
    for (xmlNode *n = xml_tree_child(cpu, "feature"); n; n = xml_tree_next(n->next, "feature"))
        if (xml_tree_attribute_is(n, "name", name))
            return true;
    return false;
}

static int edit_topology(xmlNode *cpu, const struct cpu_wish *wish)
{
    xmlNode *topology = xml_tree_child(cpu, "topology");
    if (!topology)
        topology = xml_tree_add_first(cpu, "topology");
    if (!topology || set_number(topology, "sockets", 1) < 0 || set_number(topology, "dies", 1) < 0)
        return -ENOMEM;
    char clusters[16]; /* of newer libvirts: they multiply too */
    if (xml_tree_attribute(topology, "clusters", clusters, sizeof(clusters)) &&
        set_number(topology, "clusters", 1) < 0)
        return -ENOMEM;
    return set_number(topology, "cores", wish->cores) < 0
               ? -ENOMEM
               : set_number(topology, "threads", wish->threads);
}

static int edit_cpu(struct domain_edit *edit, const struct cpu_wish *wish)
{
    static const char *const before[] = { "vcpu", "cputune", "os", "features", NULL };
    xmlNode *cpu = xml_tree_child(edit->root, "cpu");
    if (!cpu) {
        cpu = domain_edit_add_behind(edit->root, before, "cpu");
        if (!cpu || xml_tree_set(cpu, "mode", "host-passthrough") < 0)
            return -ENOMEM;
    }
    int err = edit_topology(cpu, wish);
    if (err < 0 || !wish->topoext || has_feature(cpu, "topoext"))
        return err;
    xmlNode *const feature = xml_tree_add(cpu, "feature");
    if (!feature || xml_tree_set(feature, "policy", "require") < 0)
        return -ENOMEM;
    return xml_tree_set(feature, "name", "topoext");
}

int domain_edit_cpus(struct domain_edit *edit, const struct cpu_wish *wish)
{
    int err = edit_vcpu(edit, wish->count);
    if (err == 0)
        err = edit_pins(edit, wish);
    return err < 0 ? err : edit_cpu(edit, wish);
}
