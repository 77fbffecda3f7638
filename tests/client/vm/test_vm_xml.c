/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include <errno.h>

#include "base/cleanup.h"
#include "vm/vm.h"

#define DATA TEST_SOURCE_DIR "/client/vm/data/"

static char *read_file(const char *name, size_t *len_bytes)
{
    char path[512];
    snprintf(path, sizeof(path), DATA "%s", name);
    FILE *f = fopen(path, "re");
    CHECK_MSG(f, "%s", path);
    char *text = malloc(1 << 16);
    CHECK(text);
    *len_bytes = fread(text, 1, 1 << 16, f);
    fclose(f);
    return text;
}

static struct vm *load(const char *xml, size_t len_bytes)
{
    struct vm *vm = NULL;
    struct vm_problem problem = { .message = "" };
    const int err = vm_from_xml(xml, len_bytes, "a test", &vm, &problem);
    CHECK_MSG(err == 0, "%s", problem.message);
    return vm;
}

static struct vm *load_file(const char *name)
{
    size_t len_bytes;
    autofree char *xml = read_file(name, &len_bytes);
    return load(xml, len_bytes);
}

static struct vm *load_text(const char *xml)
{
    return load(xml, strlen(xml));
}

TEST(identity_and_firmware)
{
    autofree struct vm *vm = load_file("gaming.xml");
    CHECK_STR(vm->name, "win11");
    CHECK_STR(vm->uuid, "0f4e7a5c-1b2d-4c3e-8f90-a1b2c3d4e5f6");
    CHECK_STR(vm->source, "a test");
    CHECK(vm->running && !vm->truncated && !vm->is_process);
    CHECK_STR(vm->type, "kvm");
    CHECK_STR(vm->machine, "pc-q35-7.2");
    CHECK_STR(vm->arch, "x86_64");
    CHECK_STR(vm->emulator, "/usr/bin/qemu-system-x86_64");
    CHECK_STR(vm->loader, "/usr/share/OVMF/OVMF_CODE_4M.ms.fd");
    CHECK_STR(vm->loader_type, "pflash");
    CHECK_STR(vm->nvram, "/var/lib/libvirt/qemu/nvram/win11_VARS.fd");
    CHECK(vm->secure_boot && !vm->firmware_efi);
    CHECK_STR(vm->tpm, "2.0");
}

TEST(memory_and_cpus)
{
    autofree struct vm *vm = load_file("gaming.xml");
    CHECK_INT(vm->memory_bytes, UINT64_C(16) << 30);
    CHECK(vm->hugepages && vm->memory_locked && vm->memory_shared);
    CHECK_INT(vm->hugepage_bytes, 2 << 20);
    CHECK_STR(vm->memory_source, "memfd");
    CHECK_STR(vm->memballoon, "none");
    CHECK_STR(vm->cpu_mode, "host-passthrough");
    CHECK_STR(vm->cpu_cache, "passthrough");
    CHECK(vm->cpu_topology);
    CHECK_INT(vm->vcpus, 8);
    CHECK_INT(vm->sockets * 1000 + vm->dies * 100 + vm->cores * 10 + vm->threads, 1142);
    CHECK_INT(vm->iothreads, 1);
    CHECK_INT(vm->features_on_count, 1);
    CHECK_STR(vm->cpu_features_on[0], "topoext");
    CHECK_INT(vm->features_off_count, 1);
    CHECK_STR(vm->cpu_features_off[0], "svm");
}

TEST(pins)
{
    autofree struct vm *vm = load_file("gaming.xml");
    CHECK_INT(vm->pin_count, 4);
    CHECK(vm_pin_has(vm->pins[0].cpus, 4) && !vm_pin_has(vm->pins[0].cpus, 5));
    CHECK_INT(vm->pins[2].index, 2);
    CHECK(vm_pin_has(vm->pins[2].cpus, 5) && !vm_pin_has(vm->pins[2].cpus, 6) &&
          vm_pin_has(vm->pins[2].cpus, 7));
    CHECK(!vm->pins[2].is_iothread && vm->pins[3].is_iothread);
    CHECK(vm->emulator_pinned && vm_pin_has(vm->emulator_cpus, 8));
}

TEST(what_windows_is_told)
{
    autofree struct vm *vm = load_file("gaming.xml");
    CHECK(vm_has_hyperv(vm, "relaxed") && vm_has_hyperv(vm, "spinlocks"));
    CHECK(!vm_has_hyperv(vm, "synic"));
    CHECK_STR(vm->hyperv_vendor_id, "espelho");
    CHECK(vm->kvm_hidden && vm->hypervclock && vm->tsc);
    CHECK_STR(vm->clock_offset, "localtime");
}

TEST(devices)
{
    autofree struct vm *vm = load_file("gaming.xml");
    CHECK_STR(vm->video, "none");
    CHECK_STR(vm->graphics, "spice");
    CHECK_STR(vm->spice_listen, "address 127.0.0.1");
    CHECK(vm->spicevmc_agent && !vm->tablet);
    CHECK_STR(vm->sound, "ich9");
    CHECK_STR(vm->audio, "spice");
    CHECK_STR(vm->usb_controller, "qemu-xhci");
    CHECK_INT(vm->disk_count, 1);
    CHECK_STR(vm->disks[0], "/dev/disk/by-id/nvme-windows");
    CHECK_INT(vm->nic_count, 1);
    CHECK_STR(vm->nics[0], "virtio");
    CHECK_STR(vm->networks[0], "default");
    CHECK_INT(vm->input_count, 3);
    CHECK_STR(vm->inputs[0].type, "evdev");
    CHECK_STR(vm->inputs[0].path, "/dev/input/by-id/usb-A-event-kbd");
    CHECK_STR(vm->inputs[0].grab, "all");
    CHECK_STR(vm->inputs[0].toggle, "ctrl-ctrl");
    CHECK(vm->inputs[0].repeat);
    CHECK_STR(vm->inputs[1].bus, "virtio");
}

TEST(passed_through_devices)
{
    autofree struct vm *vm = load_file("gaming.xml");
    CHECK_INT(vm->hostdev_count, 2);
    CHECK_INT(vm->usb_hostdev_count, 1);
    const struct vm_hostdev *gpu = vm_hostdev(vm, "0000:0b:00.0");
    CHECK(gpu && gpu->managed && gpu->multifunction && !gpu->rom_bar_off);
    CHECK_STR(gpu->guest, "0000:06:00.0");
    CHECK_STR(gpu->rom_file, "/usr/share/vgabios/gpu.rom");
    const struct vm_hostdev *audio = vm_hostdev(vm, "0000:0b:00.1");
    CHECK(audio && !audio->managed && audio->rom_bar_off);
    CHECK(!vm_hostdev(vm, "0000:0b:00.2"));
}

/* libvirt's own and one of <qemu:commandline>; the one whose name says so is the relay's. */
TEST(shared_memory)
{
    autofree struct vm *vm = load_file("gaming.xml");
    CHECK_INT(vm->shmem_count, 2);
    CHECK_INT(vm->shmems[0].model, VM_SHMEM_PLAIN);
    CHECK_STR(vm->shmems[0].name, "looking-glass");
    CHECK_INT(vm->shmems[0].len_bytes, 64 << 20);
    CHECK(!vm->shmems[0].from_qemu_commandline && vm->shmems[1].from_qemu_commandline);
    CHECK_STR(vm->shmems[1].path, "/dev/kvmfr0");
    CHECK_INT(vm->shmems[1].len_bytes, 128 << 20);
    CHECK(vm_relay_shmem(vm) == &vm->shmems[0]);
}

TEST(what_is_not_said_is_empty)
{
    autofree struct vm *vm = load_file("bare.xml");
    CHECK(!vm->running && !vm->truncated && vm->firmware_efi);
    CHECK_STR(vm->loader, "");
    CHECK_INT(vm->memory_bytes, UINT64_C(2) << 30);
    CHECK_INT(vm->vcpus, 2);
    CHECK(!vm->cpu_topology && !vm->hugepages && !vm->emulator_pinned);
    CHECK_STR(vm->graphics, "spice"); /* although VNC comes first */
    CHECK_STR(vm->spice_listen, "none");
    CHECK_STR(vm->memballoon, "");
    CHECK(vm->tablet && !vm->spicevmc_agent);
    CHECK_INT(vm->shmems[0].model, VM_SHMEM_DOORBELL);
    CHECK_STR(vm->shmems[0].path, "/run/espelho/bare.sock");
    CHECK_INT(vm->shmems[0].vectors, 2);
    CHECK(vm_relay_shmem(vm) == &vm->shmems[0]);
    autofree struct vm *nothing = load_text("<domain/>");
    CHECK(!vm_relay_shmem(nothing) && !vm_hostdev(nothing, ""));
}

TEST(the_status_file_of_a_running_vm)
{
    autofree struct vm *vm =
        load_text("<domstatus state='running'><domain id='1'><name>x</name></domain></domstatus>");
    CHECK_STR(vm->name, "x");
    CHECK(vm->running);
}

/* Every shorter file is refused, and none is read beyond its end (asan looks). */
TEST(cut_files_are_refused)
{
    size_t len_bytes;
    autofree char *xml = read_file("bare.xml", &len_bytes);
    while (len_bytes > 0 && xml[len_bytes - 1] != '>')
        len_bytes--;
    for (size_t n = 0; n < len_bytes; n++) {
        autofree char *cut = malloc(n + (n == 0));
        CHECK(cut);
        memcpy(cut, xml, n);
        struct vm *vm = NULL;
        struct vm_problem problem = { .message = "" };
        CHECK_INT(vm_from_xml(cut, n, "cut", &vm, &problem), -EPROTO);
        CHECK(problem.message[0] && !vm);
    }
}

TEST(what_is_no_domain_is_refused)
{
    static const struct {
        const char *xml, *word; /* that the message has */
    } rows[] = {
        { "", "empty" },
        { "\xff\xfe", "line" },
        { "error: failed to connect", "line 1" },
        { "<network><name>default</name></network>", "network" },
        { "<domstatus/>", "domain" },
        { "<!DOCTYPE d [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><domain>&e;</domain>", "DOCTYPE" },
        { "<!DOCTYPE d [<!ENTITY a 'x'><!ENTITY b '&a;&a;'>]><domain>&b;</domain>", "DOCTYPE" },
        { "<domain>&unknown;</domain>", "unknown" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct vm *vm = NULL;
        struct vm_problem problem = { .message = "" };
        CHECK_INT(vm_from_xml(rows[i].xml, strlen(rows[i].xml), "x", &vm, &problem), -EPROTO);
        CHECK_MSG(strstr(problem.message, rows[i].word), "%s", problem.message);
        CHECK(!vm);
        CHECK_INT(vm_from_xml(rows[i].xml, strlen(rows[i].xml), "x", &vm, NULL), -EPROTO);
    }
    struct vm *vm = NULL;
    CHECK_INT(vm_from_xml("<domain/>", (size_t)VM_XML_MAX_BYTES + 1, "x", &vm, NULL), -EPROTO);
}

/* One value that cannot be kept is left out; the rest is there, and it is told. */
TEST(values_that_cannot_be_kept)
{
    static const char *const rows[] = {
        "<name>a&#127;</name>",
        "<cputune><vcpupin vcpu='0' cpuset='0-99999'/></cputune>",
        "<cputune><vcpupin vcpu='-1' cpuset='0'/></cputune>",
        "<cputune><vcpupin vcpu='0'/></cputune>",
        "<cputune><emulatorpin cpuset='x'/></cputune>",
        "<devices><hostdev type='pci'/></devices>",
        "<devices><hostdev type='pci'><source><address bus='0x100'/></source></hostdev></devices>",
        "<devices><hostdev type='pci'><source><address bus='3y'/></source></hostdev></devices>",
        "<devices><sound model='a-model-that-is-longer-than-any-other'/></devices>",
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char xml[512];
        snprintf(xml, sizeof(xml), "<domain>%s<vcpu>3</vcpu></domain>", rows[i]);
        autofree struct vm *vm = load_text(xml);
        CHECK_MSG(vm->truncated, "%s", rows[i]);
        CHECK_INT(vm->vcpus, 3);
        CHECK_INT(vm->pin_count + vm->hostdev_count, 0);
        CHECK(!vm->emulator_pinned && !vm->sound[0] && !vm->name[0]);
    }
}

TEST(more_than_there_is_room_for)
{
    autofree char *xml = calloc(1, 1 << 20);
    CHECK(xml);
    char *end = xml + sprintf(xml, "<domain><devices>");
    for (int i = 0; i < 300; i++)
        end += sprintf(end,
                       "<hostdev type='pci'><source><address bus='%d'/></source></hostdev>"
                       "<shmem name='s%d'/><input type='mouse'/><disk><source file='/d'/></disk>"
                       "<interface><source network='n'/></interface>",
                       i % 256, i);
    end += sprintf(end, "</devices><cputune>");
    for (int i = 0; i < 300; i++)
        end += sprintf(end, "<vcpupin vcpu='%d' cpuset='1'/>", i);
    sprintf(end, "</cputune></domain>");
    autofree struct vm *vm = load_text(xml);
    CHECK(vm->truncated);
    CHECK_INT(vm->hostdev_count, VM_LIST);
    CHECK_INT(vm->input_count, VM_LIST);
    CHECK_INT(vm->disk_count, VM_LIST);
    CHECK_INT(vm->shmem_count, ARRAY_LEN(vm->shmems));
    CHECK_INT(vm->nic_count, ARRAY_LEN(vm->nics));
    CHECK_INT(vm->network_count, ARRAY_LEN(vm->networks));
    CHECK_INT(vm->pin_count, ARRAY_LEN(vm->pins));
}
