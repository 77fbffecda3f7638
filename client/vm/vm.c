/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/vm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void vm_free(struct vm *vm)
{
    free(vm);
}

bool vm_pin_has(const uint8_t *cpus, uint32_t cpu)
{
    return cpu < VM_CPUS && (cpus[cpu / 8] >> (cpu % 8) & 1);
}

bool vm_has_hyperv(const struct vm *vm, const char *feature)
{
    for (size_t i = 0; i < vm->hyperv_count; i++)
        if (strcmp(vm->hyperv[i], feature) == 0)
            return true;
    return false;
}

const struct vm_hostdev *vm_hostdev(const struct vm *vm, const char *address)
{
    for (size_t i = 0; i < vm->hostdev_count; i++)
        if (strcmp(vm->hostdevs[i].address, address) == 0)
            return &vm->hostdevs[i];
    return NULL;
}

/* Absolute, and without a way up. */
static bool is_safe_path(const char *path)
{
    const size_t len_bytes = strlen(path);
    return path[0] == '/' && !strstr(path, "/../") &&
           !(len_bytes >= 3 && strcmp(path + len_bytes - 3, "/..") == 0);
}

bool vm_shmem_path(const struct vm_shmem *shmem, char path[VM_PATH])
{
    if (shmem->path[0]) {
        if (!is_safe_path(shmem->path))
            return false;
        snprintf(path, VM_PATH, "%s", shmem->path);
        return true;
    }
    if (!shmem->name[0] || shmem->name[0] == '.' || strchr(shmem->name, '/'))
        return false;
    if (shmem->model == VM_SHMEM_DOORBELL) /* where libvirt looks when no server is named */
        snprintf(path, VM_PATH, "/var/lib/libvirt/shmem-%s-sock", shmem->name);
    else
        snprintf(path, VM_PATH, "/dev/shm/%s", shmem->name);
    return true;
}

static bool named_for_relay(const struct vm_shmem *shmem)
{
    char path[VM_PATH];
    return vm_shmem_path(shmem, path) &&
           (strstr(path, "looking-glass") || strstr(path, "kvmfr") || strstr(path, "espelho"));
}

const struct vm_shmem *vm_relay_shmem(const struct vm *vm)
{
    for (size_t i = 0; i < vm->shmem_count; i++)
        if (named_for_relay(&vm->shmems[i]))
            return &vm->shmems[i];
    return vm->shmem_count ? &vm->shmems[0] : NULL;
}
