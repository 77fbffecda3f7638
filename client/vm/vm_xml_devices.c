/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "vm/vm_text.h"
#include "vm/vm_xml_node.h"

/* ---- passed-through devices ---- */

static void read_pci_hostdev(struct vm *vm, const xmlNode *node)
{
    struct vm_hostdev dev = { .managed = xml_attribute_is(node, "managed", "yes") };
    const xmlNode *const rom = xml_child(node, "rom"), *const guest = xml_child(node, "address");
    xml_pci_address(xml_child(xml_child(node, "source"), "address"), dev.address);
    if (xml_attribute_is(guest, "type", "pci"))
        xml_pci_address(guest, dev.guest);
    dev.multifunction = xml_attribute_is(guest, "multifunction", "on");
    dev.rom_bar_off = xml_attribute_is(rom, "bar", "off") || xml_attribute_is(rom, "enabled", "no");
    xml_put_attribute(vm, dev.rom_file, sizeof(dev.rom_file), rom, "file");
    if (!dev.address[0])
        vm->truncated = true;
    else if (vm_grow(vm, &vm->hostdev_count, ARRAY_LEN(vm->hostdevs)))
        vm->hostdevs[vm->hostdev_count - 1] = dev;
}

static void read_hostdev(struct vm *vm, const xmlNode *node)
{
    if (xml_attribute_is(node, "type", "pci"))
        read_pci_hostdev(vm, node);
    else if (xml_attribute_is(node, "type", "usb"))
        vm->usb_hostdev_count++;
    else if (xml_attribute_is(node, "type", "mdev"))
        vm->mdev_count++;
}

/* ---- shared memory ---- */

static void read_shmem(struct vm *vm, const xmlNode *node)
{
    const xmlNode *const server = xml_child(node, "server"), *const model =
                                                                 xml_child(node, "model");
    const bool doorbell = server || xml_attribute_is(model, "type", "ivshmem-doorbell");
    struct vm_shmem shmem = { .model = doorbell ? VM_SHMEM_DOORBELL : VM_SHMEM_PLAIN };
    xml_put_attribute(vm, shmem.name, sizeof(shmem.name), node, "name");
    xml_put_attribute(vm, shmem.path, sizeof(shmem.path), server, "path");
    shmem.vectors = xml_attribute_number(xml_child(node, "msi"), "vectors", 0);
    shmem.len_bytes = xml_scaled_content(xml_child(node, "size"), "b");
    if (vm_grow(vm, &vm->shmem_count, ARRAY_LEN(vm->shmems)))
        vm->shmems[vm->shmem_count - 1] = shmem;
}

/* ---- keyboard and mouse ---- */

static void read_input(struct vm *vm, const xmlNode *node)
{
    const xmlNode *const source = xml_child(node, "source");
    struct vm_input input = { .repeat = xml_attribute_is(source, "repeat", "on") };
    xml_put_attribute(vm, input.type, sizeof(input.type), node, "type");
    xml_put_attribute(vm, input.bus, sizeof(input.bus), node, "bus");
    xml_put_attribute(vm, input.path, sizeof(input.path), source, "dev");
    if (!input.path[0])
        xml_put_attribute(vm, input.path, sizeof(input.path), source, "evdev");
    xml_put_attribute(vm, input.grab, sizeof(input.grab), source, "grab");
    xml_put_attribute(vm, input.toggle, sizeof(input.toggle), source, "grabToggle");
    vm->tablet |= strcmp(input.type, "tablet") == 0;
    if (vm_grow(vm, &vm->input_count, ARRAY_LEN(vm->inputs)))
        vm->inputs[vm->input_count - 1] = input;
}

/* ---- screen, SPICE, sound: of several the first one counts ---- */

static void read_video(struct vm *vm, const xmlNode *node)
{
    if (vm->video_count++ == 0)
        xml_put_attribute(vm, vm->video, sizeof(vm->video), xml_child(node, "model"), "type");
}

/* "address 127.0.0.1", "socket /path", "none"; "address" alone is libvirt's default address. */
static void read_listen(struct vm *vm, const xmlNode *graphics)
{
    char type[32] = "address", where[VM_PATH] = "", both[sizeof(type) + sizeof(where)];
    const xmlNode *const listen = xml_child(graphics, "listen");
    xml_put_attribute(vm, type, sizeof(type), listen, "type");
    if (strcmp(type, "socket") == 0)
        xml_put_attribute(vm, where, sizeof(where), listen, "socket");
    else if (listen)
        xml_put_attribute(vm, where, sizeof(where), listen, "address");
    else
        xml_put_attribute(vm, where, sizeof(where), graphics, "listen");
    snprintf(both, sizeof(both), "%s%s%s", type, where[0] ? " " : "", where);
    vm_put(vm, vm->spice_listen, sizeof(vm->spice_listen), both);
}

static void read_graphics(struct vm *vm, const xmlNode *node)
{
    const bool spice = xml_attribute_is(node, "type", "spice");
    if (!vm->graphics[0] || (spice && strcmp(vm->graphics, "spice") != 0)) {
        xml_put_attribute(vm, vm->graphics, sizeof(vm->graphics), node, "type");
        if (spice)
            read_listen(vm, node);
    }
}

static void read_channel(struct vm *vm, const xmlNode *node)
{
    if (xml_attribute_is(node, "type", "spicevmc") &&
        xml_attribute_is(xml_child(node, "target"), "name", "com.redhat.spice.0"))
        vm->spicevmc_agent = true;
}

static void read_sound(struct vm *vm, const xmlNode *node)
{
    if (!vm->sound[0])
        xml_put_attribute(vm, vm->sound, sizeof(vm->sound), node, "model");
}

static void read_audio(struct vm *vm, const xmlNode *node)
{
    if (!vm->audio[0])
        xml_put_attribute(vm, vm->audio, sizeof(vm->audio), node, "type");
}

/* ---- the rest ---- */

static void read_emulator(struct vm *vm, const xmlNode *node)
{
    xml_put_content(vm, vm->emulator, sizeof(vm->emulator), node);
}

static void read_controller(struct vm *vm, const xmlNode *node)
{
    if (xml_attribute_is(node, "type", "usb") && !vm->usb_controller[0])
        xml_put_attribute(vm, vm->usb_controller, sizeof(vm->usb_controller), node, "model");
}

static void read_memballoon(struct vm *vm, const xmlNode *node)
{
    xml_put_attribute(vm, vm->memballoon, sizeof(vm->memballoon), node, "model");
}

static void read_tpm(struct vm *vm, const xmlNode *node)
{
    xml_put_attribute(vm, vm->tpm, sizeof(vm->tpm), xml_child(node, "backend"), "version");
    if (!vm->tpm[0])
        xml_put_attribute(vm, vm->tpm, sizeof(vm->tpm), node, "model");
}

static void read_disk(struct vm *vm, const xmlNode *node)
{
    const xmlNode *const source = xml_child(node, "source");
    char path[VM_PATH] = "";
    xml_put_attribute(vm, path, sizeof(path), source, "file");
    if (!path[0])
        xml_put_attribute(vm, path, sizeof(path), source, "dev");
    if (path[0] && vm_grow(vm, &vm->disk_count, ARRAY_LEN(vm->disks)))
        memcpy(vm->disks[vm->disk_count - 1], path, sizeof(path));
}

static void read_interface(struct vm *vm, const xmlNode *node)
{
    char model[32] = "", network[64] = "";
    xml_put_attribute(vm, model, sizeof(model), xml_child(node, "model"), "type");
    xml_put_attribute(vm, network, sizeof(network), xml_child(node, "source"), "network");
    if (vm_grow(vm, &vm->nic_count, ARRAY_LEN(vm->nics)))
        memcpy(vm->nics[vm->nic_count - 1], model, sizeof(model));
    if (network[0] && vm_grow(vm, &vm->network_count, ARRAY_LEN(vm->networks)))
        memcpy(vm->networks[vm->network_count - 1], network, sizeof(network));
}

void vm_xml_devices(struct vm *vm, const xmlNode *devices)
{
    static const struct vm_xml_reader readers[] = {
        { "hostdev", read_hostdev },
        { "shmem", read_shmem },
        { "input", read_input },
        { "video", read_video },
        { "graphics", read_graphics },
        { "channel", read_channel },
        { "sound", read_sound },
        { "audio", read_audio },
        { "emulator", read_emulator },
        { "controller", read_controller },
        { "memballoon", read_memballoon },
        { "tpm", read_tpm },
        { "disk", read_disk },
        { "interface", read_interface },
    };
    xml_each(vm, devices, readers, ARRAY_LEN(readers));
}
