/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "domain/qemu_option.h"
#include "vm/vm_qemu.h"
#include "vm/vm_text.h"

static bool device_get(const char *text, const char *key, char *out, size_t cap)
{
    return qemu_option_get(text, "driver", key, out, cap);
}

static bool object_get(const char *text, const char *key, char *out, size_t cap)
{
    return qemu_option_get(text, "qom-type", key, out, cap);
}

static bool has_on(const char *text, const char *first, const char *key)
{
    return qemu_option_is(text, first, key, "on") || qemu_option_is(text, first, key, "true");
}

/* ---- passed-through devices ---- */

static void read_vfio(struct vm *vm, const struct vm_qemu_args *args, const char *text)
{
    (void)args;
    char host[VM_PATH], *address = host;
    struct vm_hostdev dev = { .managed = false };
    if (!device_get(text, "host", host, sizeof(host))) {
        if (!device_get(text, "sysfsdev", host, sizeof(host)))
            return;
        if (strstr(host, "/mdev")) {
            vm->mdev_count++;
            return;
        }
        address = strrchr(host, '/') ? strrchr(host, '/') + 1 : host;
    }
    vm_pci_address_of(address, dev.address);
    dev.multifunction = has_on(text, "driver", "multifunction");
    dev.rom_bar_off = qemu_option_is(text, "driver", "rombar", "0");
    char rom[VM_PATH];
    if (device_get(text, "romfile", rom, sizeof(rom)))
        vm_put(vm, dev.rom_file, sizeof(dev.rom_file), rom);
    if (!dev.address[0])
        vm->truncated = true;
    else if (vm_grow(vm, &vm->hostdev_count, ARRAY_LEN(vm->hostdevs)))
        vm->hostdevs[vm->hostdev_count - 1] = dev;
}

static void read_usb_host(struct vm *vm, const struct vm_qemu_args *args, const char *text)
{
    (void)args;
    (void)text;
    vm->usb_hostdev_count++;
}

/* ---- shared memory ---- */

static void add_shmem(struct vm *vm, const struct vm_shmem *shmem)
{
    if (vm_grow(vm, &vm->shmem_count, ARRAY_LEN(vm->shmems)))
        vm->shmems[vm->shmem_count - 1] = *shmem;
}

static void read_ivshmem_plain(struct vm *vm, const struct vm_qemu_args *args, const char *text)
{
    struct vm_shmem shmem = { .model = VM_SHMEM_PLAIN, .from_qemu_commandline = true };
    char id[64], path[VM_PATH], size[32];
    if (!device_get(text, "memdev", id, sizeof(id)))
        return;
    if (vm_qemu_named(args, "object", "qom-type", id, "mem-path", path, sizeof(path)))
        vm_put(vm, shmem.path, sizeof(shmem.path), path);
    if (vm_qemu_named(args, "object", "qom-type", id, "size", size, sizeof(size)))
        shmem.len_bytes = vm_qemu_bytes(size, 1);
    add_shmem(vm, &shmem);
}

static void read_ivshmem_doorbell(struct vm *vm, const struct vm_qemu_args *args, const char *text)
{
    struct vm_shmem shmem = { .model = VM_SHMEM_DOORBELL, .from_qemu_commandline = true };
    char id[64], path[VM_PATH], vectors[16];
    if (device_get(text, "chardev", id, sizeof(id)) &&
        vm_qemu_named(args, "chardev", "backend", id, "path", path, sizeof(path)))
        vm_put(vm, shmem.path, sizeof(shmem.path), path);
    shmem.vectors =
        device_get(text, "vectors", vectors, sizeof(vectors)) ? vm_number(vectors, 0) : 1;
    add_shmem(vm, &shmem);
}

/* ---- screen, sound, USB, input, network ---- */

static void take_video(struct vm *vm, const char *model)
{
    if (vm->video_count++ == 0)
        vm_put(vm, vm->video, sizeof(vm->video), model);
}

static void take_sound(struct vm *vm, const char *model)
{
    if (!vm->sound[0])
        vm_put(vm, vm->sound, sizeof(vm->sound), model);
}

static void take_usb(struct vm *vm, const char *model)
{
    if (!vm->usb_controller[0])
        vm_put(vm, vm->usb_controller, sizeof(vm->usb_controller), model);
}

static void take_balloon(struct vm *vm, const char *model)
{
    vm_put(vm, vm->memballoon, sizeof(vm->memballoon), model);
}

static void take_tpm(struct vm *vm, const char *model)
{
    vm_put(vm, vm->tpm, sizeof(vm->tpm), model);
}

static void take_nic(struct vm *vm, const char *model)
{
    if (vm_grow(vm, &vm->nic_count, ARRAY_LEN(vm->nics)))
        vm_put(vm, vm->nics[vm->nic_count - 1], sizeof(vm->nics[0]), model);
}

/* "keyboard virtio" */
static void take_input(struct vm *vm, const char *type_and_bus)
{
    struct vm_input input = { .type = "" };
    if (sscanf(type_and_bus, "%31s %31s", input.type, input.bus) != 2)
        return;
    vm->tablet |= strcmp(input.type, "tablet") == 0;
    if (vm_grow(vm, &vm->input_count, ARRAY_LEN(vm->inputs)))
        vm->inputs[vm->input_count - 1] = input;
}

static const struct {
    const char *driver;
    void (*take)(struct vm *vm, const char *what);
    const char *what; /* in libvirt's words */
} simple[] = {
    { "VGA", take_video, "vga" },
    { "qxl-vga", take_video, "qxl" },
    { "virtio-vga", take_video, "virtio" },
    { "virtio-vga-gl", take_video, "virtio" },
    { "virtio-gpu-pci", take_video, "virtio" },
    { "bochs-display", take_video, "bochs" },
    { "ich9-intel-hda", take_sound, "ich9" },
    { "intel-hda", take_sound, "ich6" },
    { "virtio-sound-pci", take_sound, "virtio" },
    { "usb-audio", take_sound, "usb" },
    { "qemu-xhci", take_usb, "qemu-xhci" },
    { "nec-usb-xhci", take_usb, "nec-xhci" },
    { "ich9-usb-ehci1", take_usb, "ich9-ehci1" },
    { "virtio-balloon-pci", take_balloon, "virtio" },
    { "virtio-balloon", take_balloon, "virtio" },
    { "tpm-tis", take_tpm, "tpm-tis" },
    { "tpm-crb", take_tpm, "tpm-crb" },
    { "virtio-net-pci", take_nic, "virtio" },
    { "e1000e", take_nic, "e1000e" },
    { "e1000", take_nic, "e1000" },
    { "usb-tablet", take_input, "tablet usb" },
    { "virtio-tablet-pci", take_input, "tablet virtio" },
    { "usb-kbd", take_input, "keyboard usb" },
    { "usb-mouse", take_input, "mouse usb" },
    { "virtio-keyboard-pci", take_input, "keyboard virtio" },
    { "virtio-mouse-pci", take_input, "mouse virtio" },
};

/* The agent's port: its name, and what is behind it. */
static void read_port(struct vm *vm, const struct vm_qemu_args *args, const char *text)
{
    char id[64], backend[32];
    if (qemu_option_is(text, "driver", "name", "com.redhat.spice.0") &&
        device_get(text, "chardev", id, sizeof(id)) &&
        vm_qemu_named(args, "chardev", "backend", id, "backend", backend, sizeof(backend)))
        vm->spicevmc_agent |= strcmp(backend, "spicevmc") == 0;
}

static const struct {
    const char *driver;
    void (*read)(struct vm *vm, const struct vm_qemu_args *args, const char *text);
} devices[] = {
    { "vfio-pci", read_vfio },
    { "usb-host", read_usb_host },
    { "ivshmem-plain", read_ivshmem_plain },
    { "ivshmem-doorbell", read_ivshmem_doorbell },
    { "virtserialport", read_port },
};

void vm_qemu_device(struct vm *vm, const struct vm_qemu_args *args, const char *text)
{
    char driver[64];
    if (!device_get(text, "driver", driver, sizeof(driver)))
        return;
    for (size_t i = 0; i < ARRAY_LEN(devices); i++)
        if (strcmp(devices[i].driver, driver) == 0)
            devices[i].read(vm, args, text);
    for (size_t i = 0; i < ARRAY_LEN(simple); i++)
        if (strcmp(simple[i].driver, driver) == 0)
            simple[i].take(vm, simple[i].what);
}

/* ---- -object ---- */

/* input-linux: what libvirt calls <input type='evdev'>. */
static void read_input_linux(struct vm *vm, const char *text)
{
    struct vm_input input = { .type = "evdev" };
    char path[VM_PATH], toggle[32];
    if (object_get(text, "evdev", path, sizeof(path)))
        vm_put(vm, input.path, sizeof(input.path), path);
    if (object_get(text, "grab-toggle", toggle, sizeof(toggle)))
        vm_put(vm, input.toggle, sizeof(input.toggle), toggle);
    if (has_on(text, "qom-type", "grab_all"))
        vm_put(vm, input.grab, sizeof(input.grab), "all");
    input.repeat = has_on(text, "qom-type", "repeat");
    if (vm_grow(vm, &vm->input_count, ARRAY_LEN(vm->inputs)))
        vm->inputs[vm->input_count - 1] = input;
}

/* Is it the guest's memory, and not that of an ivshmem device? */
static bool is_main_memory(const struct vm_qemu_args *args, const char *id)
{
    for (size_t i = 0; i < args->count; i++) {
        const char *const device = vm_qemu_value(args, i, "device");
        if (device && qemu_option_is(device, "driver", "memdev", id) &&
            qemu_option_is(device, "driver", "driver", "ivshmem-plain"))
            return false;
    }
    return true;
}

static void read_memory_backend(struct vm *vm, const struct vm_qemu_args *args, const char *text,
                                const char *kind)
{
    char id[64] = "", path[VM_PATH] = "", size[32];
    if (!object_get(text, "id", id, sizeof(id)) || !is_main_memory(args, id))
        return;
    if (!object_get(text, "mem-path", path, sizeof(path)))
        path[0] = '\0';
    if (object_get(text, "hugetlbsize", size, sizeof(size)))
        vm->hugepage_bytes = vm_qemu_bytes(size, 1);
    vm->hugepages |= has_on(text, "qom-type", "hugetlb") || vm_is_hugepage_path(path);
    vm->memory_shared |= has_on(text, "qom-type", "share");
    vm_put(vm, vm->memory_source, sizeof(vm->memory_source),
           strcmp(kind, "ram") == 0 ? "anonymous" : kind);
}

void vm_qemu_object(struct vm *vm, const struct vm_qemu_args *args, const char *text)
{
    static const char memory[] = "memory-backend-";
    char type[64];
    if (!object_get(text, "qom-type", type, sizeof(type)))
        return;
    if (strcmp(type, "input-linux") == 0)
        read_input_linux(vm, text);
    else if (strncmp(type, memory, strlen(memory)) == 0)
        read_memory_backend(vm, args, text, type + strlen(memory));
}
