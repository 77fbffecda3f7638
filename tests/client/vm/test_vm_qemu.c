/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include <errno.h>

#include "base/cleanup.h"
#include "vm/vm.h"

/* Words parted by '|' here, by NUL in /proc. */
static int read_line(const char *line, struct vm **vm, struct vm_problem *problem)
{
    const size_t len_bytes = strlen(line);
    autofree char *words = malloc(len_bytes + 1);
    CHECK(words);
    for (size_t i = 0; i <= len_bytes; i++)
        words[i] = line[i] == '|' ? '\0' : line[i];
    return vm_from_command_line(words, len_bytes, "process 7", vm, problem);
}

static struct vm *load(const char *line)
{
    struct vm *vm = NULL;
    struct vm_problem problem = { .message = "" };
    CHECK_MSG(read_line(line, &vm, &problem) == 0, "%s", problem.message);
    return vm;
}

#define QEMU "/usr/bin/qemu-system-x86_64|"

/* The word behind an option is its value, so none may be missing. */
TEST(options_without_a_value)
{
    static const struct {
        const char *words, *loose;
        size_t len_bytes;
    } rows[] = {
#define WORDS(text) text, .len_bytes = sizeof(text)
        { WORDS("qemu-kvm\0-object\0memory-backend-file,id=a\0-device\0ivshmem-plain"),
          .loose = "" },
        { WORDS("qemu-kvm\0-S\0-device\0ivshmem-plain\0-enable-kvm"), .loose = "" },
        { WORDS("qemu-kvm\0-device\0ivshmem-plain\0-object"), .loose = "-object" },
        { WORDS("qemu-kvm\0-object\0-device\0ivshmem-plain,memdev=a"), .loose = "-object" },
        { WORDS("qemu-kvm\0--device\0-object\0memory-backend-file,id=a"), .loose = "--device" },
        { WORDS("qemu-kvm\0-device"), .loose = "-device" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct vm *vm = NULL;
        CHECK_INT(vm_from_command_line(rows[i].words, rows[i].len_bytes, "process 1", &vm, NULL),
                  0);
        CHECK_STR(vm->loose_option, rows[i].loose);
        vm_free(vm);
    }
}

TEST(a_script_by_hand)
{
    autofree struct vm *vm = load(
        QEMU
        "-name|guest=win10,debug-threads=on|-machine|q35,accel=kvm|-enable-kvm|-m|8G|"
        "-smp|8,sockets=1,cores=4,threads=2|-cpu|host,kvm=off,hv_time,hv_vapic,hv_synic=off,"
        "hv-vendor-id=null,+topoext,-svm,hypervisor=off,host-cache-info=on|"
        "-drive|if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE.fd|"
        "-drive|if=pflash,format=raw,file=/home/u/VARS.fd|-drive|file=/home/u/disk.qcow2|"
        "-device|vfio-pci,host=0b:00.0,multifunction=on,romfile=/home/u/gpu.rom|"
        "-device|vfio-pci,host=0000:0b:00.1,rombar=0|-vga|none|"
        "-object|memory-backend-file,id=lg,share=on,mem-path=/dev/shm/looking-glass,size=64M|"
        "-device|ivshmem-plain,memdev=lg|-spice|port=5900,addr=127.0.0.1|"
        "-chardev|spicevmc,id=vdagent,name=vdagent|"
        "-device|virtserialport,chardev=vdagent,name=com.redhat.spice.0|"
        "-device|virtio-keyboard-pci|-device|usb-tablet|-device|qemu-xhci|"
        "-object|input-linux,id=k,evdev=/dev/input/by-id/k,grab_all=on,repeat=on,"
        "grab-toggle=ctrl-ctrl|-device|ich9-intel-hda|-audiodev|pipewire,id=a|-rtc|base=localtime");
    CHECK_STR(vm->name, "win10");
    CHECK(vm->is_process && vm->running && !vm->truncated);
    CHECK_STR(vm->type, "kvm");
    CHECK_STR(vm->machine, "q35");
    CHECK_INT(vm->memory_bytes, UINT64_C(8) << 30);
    CHECK_INT(vm->vcpus, 8);
    CHECK_INT(vm->cores * 10 + vm->threads, 42);
    CHECK_STR(vm->cpu_mode, "host-passthrough");
    CHECK_STR(vm->cpu_cache, "passthrough");
    CHECK(vm->kvm_hidden && vm->hypervclock && vm_has_hyperv(vm, "vapic"));
    CHECK(!vm_has_hyperv(vm, "synic"));
    CHECK_STR(vm->hyperv_vendor_id, "null");
    CHECK_STR(vm->cpu_features_on[0], "topoext");
    CHECK_STR(vm->cpu_features_off[0], "svm");
    CHECK_STR(vm->cpu_features_off[1], "hypervisor");
    CHECK_STR(vm->loader, "/usr/share/OVMF/OVMF_CODE.fd");
    CHECK_STR(vm->nvram, "/home/u/VARS.fd");
    CHECK_INT(vm->disk_count, 1);
    CHECK_INT(vm->hostdev_count, 2);
    CHECK_STR(vm->hostdevs[0].address, "0000:0b:00.0");
    CHECK_STR(vm->hostdevs[0].rom_file, "/home/u/gpu.rom");
    CHECK(vm->hostdevs[0].multifunction && vm->hostdevs[1].rom_bar_off);
    CHECK_STR(vm->video, "none");
    CHECK_INT(vm->shmem_count, 1);
    CHECK_STR(vm->shmems[0].path, "/dev/shm/looking-glass");
    CHECK_INT(vm->shmems[0].len_bytes, 64 << 20);
    CHECK(!vm->hugepages && !vm->memory_shared); /* that object is not the guest's memory */
    CHECK_STR(vm->spice_listen, "address 127.0.0.1");
    CHECK(vm->spicevmc_agent && vm->tablet);
    CHECK_INT(vm->input_count, 3);
    CHECK_STR(vm->inputs[0].type, "keyboard");
    CHECK_STR(vm->inputs[2].path, "/dev/input/by-id/k");
    CHECK_STR(vm->inputs[2].toggle, "ctrl-ctrl");
    CHECK_STR(vm->usb_controller, "qemu-xhci");
    CHECK_STR(vm->sound, "ich9");
    CHECK_STR(vm->audio, "pipewire");
    CHECK_STR(vm->memballoon, "none");
}

/* As libvirt starts it. */
TEST(json_and_its_own_names)
{
    autofree struct vm *vm = load(
        "/usr/libexec/qemu-kvm|-blockdev|{\"driver\":\"file\",\"filename\":\"/o/"
        "CODE.fd\",\"node-name\":"
        "\"libvirt-pflash0-storage\"}|-blockdev|{\"driver\":\"file\",\"filename\":\"/o/VARS.fd\","
        "\"node-name\":\"libvirt-pflash1-storage\"}|-m|size=4194304k|-object|"
        "{\"qom-type\":\"memory-backend-file\",\"id\":\"pc.ram\",\"mem-path\":"
        "\"/dev/hugepages/libvirt/qemu/1\",\"share\":true,\"size\":4294967296}|"
        "-overcommit|mem-lock=on|-device|{\"driver\":\"vfio-pci\",\"host\":\"0000:01:00.0\"}|"
        "-device|{\"driver\":\"ivshmem-doorbell\",\"chardev\":\"c\",\"vectors\":2}|"
        "-chardev|socket,id=c,path=/run/espelho/x.sock|-device|virtio-balloon-pci");
    CHECK_STR(vm->type, "kvm");
    CHECK_STR(vm->loader, "/o/CODE.fd");
    CHECK_STR(vm->nvram, "/o/VARS.fd");
    CHECK_INT(vm->memory_bytes, UINT64_C(4) << 30);
    CHECK(vm->hugepages && vm->memory_shared && vm->memory_locked);
    CHECK_STR(vm->memory_source, "file");
    CHECK_STR(vm->hostdevs[0].address, "0000:01:00.0");
    CHECK_INT(vm->shmems[0].model, VM_SHMEM_DOORBELL);
    CHECK_INT(vm->shmems[0].vectors, 2);
    CHECK_STR(vm->shmems[0].path, "/run/espelho/x.sock");
    CHECK_STR(vm->memballoon, "virtio");
}

TEST(topologies)
{
    static const struct {
        const char *text;
        uint32_t vcpus, cores, threads;
        bool said;
    } rows[] = {
        { "4", 4, 4, 1, false },
        { "cpus=8,threads=2", 8, 4, 2, true },
        { "cores=6,threads=2", 12, 6, 2, true },
        { "x", 0, 0, 1, false },
        { "-4", 0, 0, 1, false },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char line[128];
        snprintf(line, sizeof(line), QEMU "-smp|%s", rows[i].text);
        autofree struct vm *vm = load(line);
        CHECK_INT(vm->vcpus, rows[i].vcpus);
        CHECK_INT(vm->cores, rows[i].cores);
        CHECK_INT(vm->threads, rows[i].threads);
        CHECK_INT(vm->cpu_topology, rows[i].said);
    }
}

TEST(what_is_no_qemu)
{
    static const char *const rows[] = { "", "|", "/bin/sh|-c|qemu-system-x86_64", "qemu-img|info",
                                        "/usr/bin/qemu-system-x86_64.sh/../sh" };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct vm *vm = NULL;
        struct vm_problem problem = { .message = "" };
        CHECK_INT(read_line(rows[i], &vm, &problem), -ENOENT);
        CHECK(!vm && strstr(problem.message, "process 7"));
    }
}

/* Options without a value, devices without a name, references to nothing: no harm, nothing kept. */
TEST(broken_arguments)
{
    static const char *const rows[] = {
        QEMU "-device",
        QEMU "-device|",
        QEMU "-cpu|",
        QEMU "-cpu|,,,",
        QEMU "-smp|",
        QEMU "-m|",
        QEMU "-device|vfio-pci",
        QEMU "-device|ivshmem-plain",
        QEMU "-device|ivshmem-plain,memdev=x",
        QEMU "-device|{",
        QEMU "-object|",
        QEMU "-spice|",
        QEMU "-name|",
        QEMU "-machine|",
        QEMU "-device|virtserialport,name=com.redhat.spice.0,chardev=none",
        QEMU "-",
        QEMU "--|-|--",
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        autofree struct vm *vm = load(rows[i]);
        CHECK_INT(vm->hostdev_count, 0);
        CHECK_STR(vm->name, "");
        CHECK(!vm->spicevmc_agent);
        CHECK(vm->shmem_count == 0 || !vm->shmems[0].path[0]);
    }
    autofree struct vm *vm = load(QEMU "-device|vfio-pci,host=nonsense");
    CHECK(vm->truncated && vm->hostdev_count == 0);
}

TEST(too_many_words)
{
    autofree char *line = calloc(1, 1 << 16);
    CHECK(line);
    char *end = line + sprintf(line, QEMU);
    for (int i = 0; i < 3000; i++)
        end += sprintf(end, "-device|vfio-pci,|");
    autofree struct vm *vm = load(line);
    CHECK(vm->truncated);
}
