/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/setup/domain_memory_private.h - what domain_memory.c and domain_kvmfr.c share. */
#ifndef ESPELHO_SETUP_DOMAIN_MEMORY_PRIVATE_H
#define ESPELHO_SETUP_DOMAIN_MEMORY_PRIVATE_H

#include "setup/domain_edit_private.h"

/* What is there. */
struct memory_now {
    size_t count; /* of relays' memories */
    enum memory_backend backend;
    xmlNode *shmem;                   /* PLAIN, DOORBELL */
    xmlNode *object_arg, *device_arg; /* KVMFR: the <qemu:arg> with the value; device: or NULL */
    char object_id[128];
    const char *valueless; /* an option that <qemu:commandline> ends in; NULL */
    size_t arg_devices;    /* ivshmem devices on the command line, whatever their memory is */
};

/* MiB that will do: what there is, if it is enough and QEMU takes it. */
uint32_t domain_memory_size_for(uint64_t now_bytes, uint32_t wish_mib);

/* The kvmfr module's device, in <qemu:commandline>. */
void domain_kvmfr_look(const struct domain_edit *edit, struct memory_now *now);
int domain_kvmfr_adjust(struct domain_edit *edit, const struct memory_now *now,
                        const struct memory_wish *wish, struct memory_result *result) MUST_CHECK;
int domain_kvmfr_add(struct domain_edit *edit, const struct memory_wish *wish,
                     struct memory_result *result) MUST_CHECK;
int domain_kvmfr_remove(struct domain_edit *edit, const struct memory_now *now) MUST_CHECK;

#endif
