/* SPDX-License-Identifier: GPL-2.0-or-later
 * Arbitrary bytes as a VM's XML, and as the command line of a QEMU: what comes out is terminated
 * and counted within bounds, or there is a message. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vm/vm.h"

static void check_text(const char *text, size_t room_bytes)
{
    const size_t len_bytes = strnlen(text, room_bytes);
    if (len_bytes == room_bytes)
        abort();
    for (size_t i = 0; i < len_bytes; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            abort();
}

#define CHECK_TEXT(field)         check_text(field, sizeof(field))
#define CHECK_COUNT(count, array) ((count) <= ARRAY_LEN(array) ? (void)0 : abort())

static void check_lists(const struct vm *vm)
{
    char path[VM_PATH];
    CHECK_COUNT(vm->pin_count, vm->pins);
    CHECK_COUNT(vm->hyperv_count, vm->hyperv);
    CHECK_COUNT(vm->features_on_count, vm->cpu_features_on);
    CHECK_COUNT(vm->features_off_count, vm->cpu_features_off);
    CHECK_COUNT(vm->nic_count, vm->nics);
    CHECK_COUNT(vm->network_count, vm->networks);
    CHECK_COUNT(vm->disk_count, vm->disks);
    CHECK_COUNT(vm->shmem_count, vm->shmems);
    for (size_t i = 0; i < vm->hyperv_count; i++)
        CHECK_TEXT(vm->hyperv[i]);
    for (size_t i = 0; i < vm->disk_count; i++)
        CHECK_TEXT(vm->disks[i]);
    for (size_t i = 0; i < vm->shmem_count; i++) {
        CHECK_TEXT(vm->shmems[i].name);
        if (vm_shmem_path(&vm->shmems[i], path) && (path[0] != '/' || strstr(path, "/../")))
            abort();
    }
}

static void check_devices(const struct vm *vm)
{
    CHECK_COUNT(vm->input_count, vm->inputs);
    CHECK_COUNT(vm->hostdev_count, vm->hostdevs);
    for (size_t i = 0; i < vm->input_count; i++) {
        CHECK_TEXT(vm->inputs[i].type);
        CHECK_TEXT(vm->inputs[i].path);
    }
    for (size_t i = 0; i < vm->hostdev_count; i++) {
        CHECK_TEXT(vm->hostdevs[i].address);
        CHECK_TEXT(vm->hostdevs[i].rom_file);
        if (!vm->hostdevs[i].address[0])
            abort();
    }
}

static void check(struct vm *vm)
{
    CHECK_TEXT(vm->name);
    CHECK_TEXT(vm->uuid);
    CHECK_TEXT(vm->machine);
    CHECK_TEXT(vm->loader);
    CHECK_TEXT(vm->cpu_mode);
    CHECK_TEXT(vm->spice_listen);
    CHECK_TEXT(vm->video);
    CHECK_TEXT(vm->sound);
    check_lists(vm);
    check_devices(vm);
    vm_free(vm);
}

static void fuzz_command_line(const uint8_t *data, size_t len_bytes)
{
    static const char program[] = "qemu-system-x86_64"; /* with its NUL */
    struct vm *vm;
    char *words = malloc(sizeof(program) + len_bytes);
    if (!words)
        return;
    memcpy(words, program, sizeof(program));
    if (len_bytes)
        memcpy(words + sizeof(program), data, len_bytes);
    for (size_t i = sizeof(program); i < sizeof(program) + len_bytes; i++)
        if (words[i] == '\n')
            words[i] = '\0'; /* lines: what a fuzzer makes more of */
    if (vm_from_command_line(words, sizeof(program) + len_bytes, "fuzz", &vm, NULL) != 0)
        abort();
    check(vm);
    free(words);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
    struct vm *vm;
    struct vm_problem problem = { .message = "" };
    if (vm_from_xml((const char *)data, len_bytes, "fuzz", &vm, &problem) == 0)
        check(vm);
    else if (!problem.message[0])
        abort();
    fuzz_command_line(data, len_bytes);
    return 0;
}
