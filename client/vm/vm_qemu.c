/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/vm_qemu.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/units.h"
#include "domain/qemu_option.h"
#include "vm/vm_text.h"

/* ---- finding arguments ---- */

const char *vm_qemu_value(const struct vm_qemu_args *args, size_t index, const char *option)
{
    const char *word = index < args->count ? args->word[index] : NULL;
    if (!word || word[0] != '-' || index + 1 >= args->count)
        return NULL;
    word += word[1] == '-' ? 2 : 1;
    return strcmp(word, option) == 0 ? args->word[index + 1] : NULL;
}

bool vm_qemu_named(const struct vm_qemu_args *args, const char *option, const char *first,
                   const char *id, const char *key, char *out, size_t cap)
{
    for (size_t i = 0; i < args->count; i++) {
        const char *const text = vm_qemu_value(args, i, option);
        if (text && qemu_option_is(text, first, "id", id) &&
            qemu_option_get(text, first, key, out, cap))
            return true;
    }
    return false;
}

static bool is_yes(const char *text, const char *key)
{
    return qemu_option_is(text, NULL, key, "on") || qemu_option_is(text, NULL, key, "yes") ||
           qemu_option_is(text, NULL, key, "true");
}

/* ---- one reader per option; most take the rest of `args` for nothing ---- */

static void read_name(struct vm *vm, const struct vm_qemu_args *args, const char *text)
{
    (void)args;
    char name[VM_TEXT];
    if (qemu_option_get(text, "guest", "guest", name, sizeof(name)))
        vm_put(vm, vm->name, sizeof(vm->name), name);
}

static void read_uuid(struct vm *vm, const struct vm_qemu_args *args, const char *text)
{
    (void)args;
    vm_put(vm, vm->uuid, sizeof(vm->uuid), text);
}

static void read_machine(struct vm *vm, const struct vm_qemu_args *args, const char *text)
{
    (void)args;
    char word[64];
    if (qemu_option_get(text, "type", "type", word, sizeof(word)))
        vm_put(vm, vm->machine, sizeof(vm->machine), word);
    if (qemu_option_get(text, NULL, "accel", word, sizeof(word)))
        vm_put(vm, vm->type, sizeof(vm->type), strncmp(word, "kvm", 3) == 0 ? "kvm" : "qemu");
}

static void read_accel(struct vm *vm, const struct vm_qemu_args *args, const char *text)
{
    (void)args;
    vm_put(vm, vm->type, sizeof(vm->type), strncmp(text, "kvm", 3) == 0 ? "kvm" : "qemu");
}

static void read_memory(struct vm *vm, const struct vm_qemu_args *args, const char *text)
{
    (void)args;
    char size[32];
    if (qemu_option_get(text, "size", "size", size, sizeof(size)))
        vm->memory_bytes = vm_qemu_bytes(size, MIB);
}

static void read_mem_path(struct vm *vm, const struct vm_qemu_args *args, const char *text)
{
    (void)args;
    vm->hugepages |= vm_is_hugepage_path(text);
}

static void read_overcommit(struct vm *vm, const struct vm_qemu_args *args, const char *text)
{
    (void)args;
    vm->memory_locked |= is_yes(text, "mem-lock") || is_yes(text, "mlock");
}

static uint32_t count_of(const char *text, const char *first, const char *key)
{
    char number[16];
    return qemu_option_get(text, first, key, number, sizeof(number)) ? vm_number(number, 0) : 0;
}

/* QEMU leaves what is not said to sockets (before 6.2) or cores: one each is close enough for what
 * is said of threads. */
static void read_smp(struct vm *vm, const struct vm_qemu_args *args, const char *text)
{
    (void)args;
    const uint32_t cores = count_of(text, NULL, "cores"), threads = count_of(text, NULL, "threads");
    const uint32_t sockets = count_of(text, NULL, "sockets"), dies = count_of(text, NULL, "dies");
    vm->vcpus = count_of(text, "cpus", "cpus");
    vm->cpu_topology = cores || threads || sockets;
    vm->sockets = sockets ? sockets : 1;
    vm->dies = dies ? dies : 1;
    vm->threads = threads ? threads : 1;
    vm->cores = cores ? cores : vm->vcpus / vm->threads / vm->sockets / vm->dies;
    if (vm->vcpus == 0)
        vm->vcpus = vm->sockets * vm->dies * vm->cores * vm->threads;
}

/* ---- -cpu host,kvm=off,hv-vendor-id=x,+topoext ---- */

static void take_hyperv(struct vm *vm, const char *name, const char *value)
{
    char libvirts[32];
    const size_t len_bytes = strlen(name);
    if (len_bytes >= sizeof(libvirts))
        return;
    memcpy(libvirts, name, len_bytes + 1);
    for (char *c = libvirts; *c; c++)
        *c = *c == '-' ? '_' : *c;
    if (strcmp(libvirts, "time") == 0)
        vm->hypervclock = true;
    else
        vm_add_hyperv(vm, libvirts);
    if (strcmp(libvirts, "vendor_id") == 0 && value)
        vm_put(vm, vm->hyperv_vendor_id, sizeof(vm->hyperv_vendor_id), value);
}

static void take_cpu_word(struct vm *vm, const char *word)
{
    char name[64];
    const char *const equals = strchr(word, '=');
    const size_t len_bytes = equals ? (size_t)(equals - word) : strlen(word);
    if (len_bytes == 0 || len_bytes >= sizeof(name))
        return;
    snprintf(name, sizeof(name), "%.*s", (int)len_bytes, word);
    const bool off = equals && (strcmp(equals, "=off") == 0 || strcmp(equals, "=no") == 0);
    if (name[0] == '+' || name[0] == '-')
        vm_add_feature(vm, name + 1, name[0] == '+');
    else if (strcmp(name, "kvm") == 0)
        vm->kvm_hidden = off;
    else if (strncmp(name, "hv-", 3) == 0 || strncmp(name, "hv_", 3) == 0) {
        if (!off)
            take_hyperv(vm, name + 3, equals ? equals + 1 : NULL);
    } else if (strcmp(name, "host-cache-info") == 0)
        vm_put(vm, vm->cpu_cache, sizeof(vm->cpu_cache), off ? "" : "passthrough");
    else
        vm_add_feature(vm, name, !off);
}

static void read_cpu(struct vm *vm, const struct vm_qemu_args *args, const char *text)
{
    (void)args;
    char words[VM_QEMU_ARG_MAX_BYTES + 1], *rest = NULL;
    snprintf(words, sizeof(words), "%s", text);
    const char *word = strtok_r(words, ",", &rest);
    if (!word)
        return;
    vm_put(vm, vm->cpu_mode, sizeof(vm->cpu_mode),
           strcmp(word, "host") == 0 ? "host-passthrough" : "custom");
    while ((word = strtok_r(NULL, ",", &rest)) != NULL)
        take_cpu_word(vm, word);
}

/* ---- firmware, screen, SPICE ---- */

static void read_drive(struct vm *vm, const struct vm_qemu_args *args, const char *text)
{
    (void)args;
    char file[VM_PATH];
    if (!qemu_option_get(text, NULL, "file", file, sizeof(file)))
        return;
    if (!qemu_option_is(text, NULL, "if", "pflash")) {
        if (vm_grow(vm, &vm->disk_count, ARRAY_LEN(vm->disks)))
            vm_put(vm, vm->disks[vm->disk_count - 1], sizeof(vm->disks[0]), file);
    } else if (!vm->loader[0] || qemu_option_is(text, NULL, "unit", "0")) {
        vm_put(vm, vm->loader, sizeof(vm->loader), file);
        vm_put(vm, vm->loader_type, sizeof(vm->loader_type), "pflash");
    } else
        vm_put(vm, vm->nvram, sizeof(vm->nvram), file);
}

/* libvirt names them so, whatever they are called otherwise. */
static void read_blockdev(struct vm *vm, const struct vm_qemu_args *args, const char *text)
{
    (void)args;
    char file[VM_PATH], name[64];
    if (!qemu_option_get(text, "driver", "filename", file, sizeof(file)) ||
        !qemu_option_get(text, "driver", "node-name", name, sizeof(name)))
        return;
    if (strstr(name, "pflash0")) {
        vm_put(vm, vm->loader, sizeof(vm->loader), file);
        vm_put(vm, vm->loader_type, sizeof(vm->loader_type), "pflash");
    } else if (strstr(name, "pflash1"))
        vm_put(vm, vm->nvram, sizeof(vm->nvram), file);
}

static void read_bios(struct vm *vm, const struct vm_qemu_args *args, const char *text)
{
    (void)args;
    vm_put(vm, vm->loader, sizeof(vm->loader), text);
    vm_put(vm, vm->loader_type, sizeof(vm->loader_type), "rom");
}

static void read_vga(struct vm *vm, const struct vm_qemu_args *args, const char *text)
{
    (void)args;
    vm_put(vm, vm->video, sizeof(vm->video), strcmp(text, "std") == 0 ? "vga" : text);
    vm->video_count++;
}

static void read_spice(struct vm *vm, const struct vm_qemu_args *args, const char *text)
{
    (void)args;
    char address[VM_PATH] = "", both[VM_PATH + 16];
    vm_put(vm, vm->graphics, sizeof(vm->graphics), "spice");
    if (!qemu_option_get(text, NULL, "addr", address, sizeof(address)))
        address[0] = '\0';
    snprintf(both, sizeof(both), "%s%s%s", is_yes(text, "unix") ? "socket" : "address",
             address[0] ? " " : "", address);
    vm_put(vm, vm->spice_listen, sizeof(vm->spice_listen), both);
}

static void read_audiodev(struct vm *vm, const struct vm_qemu_args *args, const char *text)
{
    (void)args;
    char driver[32];
    if (!vm->audio[0] && qemu_option_get(text, "driver", "driver", driver, sizeof(driver)))
        vm_put(vm, vm->audio, sizeof(vm->audio), driver);
}

static void read_rtc(struct vm *vm, const struct vm_qemu_args *args, const char *text)
{
    (void)args;
    char base[32];
    if (qemu_option_get(text, NULL, "base", base, sizeof(base)))
        vm_put(vm, vm->clock_offset, sizeof(vm->clock_offset), base);
}

static const struct {
    const char *option;
    void (*read)(struct vm *vm, const struct vm_qemu_args *args, const char *text);
} readers[] = {
    { "name", read_name },
    { "uuid", read_uuid },
    { "machine", read_machine },
    { "M", read_machine },
    { "accel", read_accel },
    { "m", read_memory },
    { "mem-path", read_mem_path },
    { "overcommit", read_overcommit },
    { "realtime", read_overcommit },
    { "smp", read_smp },
    { "cpu", read_cpu },
    { "drive", read_drive },
    { "blockdev", read_blockdev },
    { "bios", read_bios },
    { "vga", read_vga },
    { "spice", read_spice },
    { "audiodev", read_audiodev },
    { "rtc", read_rtc },
    { "device", vm_qemu_device },
    { "object", vm_qemu_object },
};

/* An option that wants a value, at the end or before the next option: QEMU takes that one for it,
 * or does not start. */
static bool is_loose(const struct vm_qemu_args *args, size_t index)
{
    const char *const next = index + 1 < args->count ? args->word[index + 1] : "--";
    const char *name = args->word[index];
    if (name[0] != '-' || next[0] != '-' || !(next[1] == '-' || isalpha((unsigned char)next[1])))
        return false; /* -1 may be a value */
    name += name[1] == '-' ? 2 : 1;
    for (size_t i = 0; i < ARRAY_LEN(readers); i++)
        if (strcmp(name, readers[i].option) == 0)
            return true;
    return false;
}

static void read_option(struct vm *vm, const struct vm_qemu_args *args, size_t index)
{
    for (size_t i = 0; i < ARRAY_LEN(readers); i++) {
        const char *const text = vm_qemu_value(args, index, readers[i].option);
        if (text && strlen(text) > VM_QEMU_ARG_MAX_BYTES)
            vm->truncated = true;
        else if (text)
            readers[i].read(vm, args, text);
    }
}

void vm_qemu_read(struct vm *vm, const char *const *words, size_t count)
{
    const struct vm_qemu_args args = { .word = words, .count = count };
    for (size_t i = 0; i < count; i++) {
        if (is_loose(&args, i)) {
            vm_put(vm, vm->loose_option, sizeof(vm->loose_option), words[i]);
            continue;
        }
        read_option(vm, &args, i);
        if (strcmp(words[i], "-enable-kvm") == 0 || strcmp(words[i], "--enable-kvm") == 0)
            vm_put(vm, vm->type, sizeof(vm->type), "kvm");
    }
}

/* ---- a process ---- */

static size_t split(const char *words, size_t len_bytes, const char *out[VM_QEMU_ARGS_MAX])
{
    size_t count = 0;
    for (size_t at = 0; at < len_bytes && count < VM_QEMU_ARGS_MAX; at += strlen(words + at) + 1)
        out[count++] = words + at;
    return count;
}

/* "qemu-system-x86_64", "qemu-kvm", "/usr/libexec/qemu-kvm", a wrapper of NixOS ... */
static bool is_qemu(const char *program)
{
    const char *const slash = strrchr(program, '/');
    const char *const name = slash ? slash + 1 : program;
    return strncmp(name, "qemu-system-", 12) == 0 || strcmp(name, "qemu-kvm") == 0 ||
           strcmp(name, "kvm") == 0 || strncmp(name, ".qemu-system-", 13) == 0;
}

/* What a process has when nothing is said. */
static void set_defaults(struct vm *vm, const char *program)
{
    vm->running = true;
    vm->is_process = true;
    vm->vcpus = vm->sockets = vm->dies = vm->cores = vm->threads = 1;
    vm_put(vm, vm->emulator, sizeof(vm->emulator), program);
    const char *const name = strrchr(program, '/');
    const bool is_kvm = strstr(name ? name : program, "kvm") != NULL;
    vm_put(vm, vm->type, sizeof(vm->type), is_kvm ? "kvm" : "qemu");
    vm_put(vm, vm->machine, sizeof(vm->machine), "pc");
    vm_put(vm, vm->cpu_mode, sizeof(vm->cpu_mode), "custom");
    vm_put(vm, vm->memballoon, sizeof(vm->memballoon),
           "none"); /* libvirt adds one, QEMU does not */
}

/* `copy` ends with a NUL, which the last word of a process may lack. */
static int read_process(struct vm *vm, const char *copy, size_t len_bytes, const char **list,
                        const char *source, struct vm_problem *problem)
{
    const size_t count = split(copy, len_bytes, list);
    if (count == 0 || !is_qemu(list[0]))
        return vm_problem_set(problem, -ENOENT, _("%.200s is no QEMU process"), source);
    set_defaults(vm, list[0]);
    vm_put(vm, vm->source, sizeof(vm->source), source);
    vm->truncated |= count == VM_QEMU_ARGS_MAX;
    vm_qemu_read(vm, list, count);
    return 0;
}

int vm_from_command_line(const char *words, size_t len_bytes, const char *source, struct vm **out,
                         struct vm_problem *problem)
{
    if (len_bytes > VM_XML_MAX_BYTES)
        return vm_problem_set(problem, -EPROTO, _("The command line is larger than %d MiB"),
                              VM_XML_MAX_BYTES >> 20);
    char *copy = calloc(1, len_bytes + 1);
    const char **list = calloc(VM_QEMU_ARGS_MAX, sizeof(*list));
    struct vm *vm = calloc(1, sizeof(*vm));
    int err = -ENOMEM;
    if (copy && list && vm) {
        if (len_bytes)
            memcpy(copy, words, len_bytes);
        err = read_process(vm, copy, len_bytes, list, source, problem);
    } else
        vm_problem_set(problem, err, _("There is no memory left"));
    if (err == 0)
        *out = vm;
    else
        vm_free(vm);
    free(list);
    free(copy);
    return err;
}
