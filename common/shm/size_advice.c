/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shm/region.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/decimal.h"
#include "base/text.h"
#include "base/units.h"

static uint64_t round_up_mib(uint64_t bytes)
{
    uint64_t mib = 1;
    while (mib < UINT64_C(1) << 43 && mib * MIB < bytes)
        mib *= 2;
    return mib;
}

void shm_size_advice(uint64_t have_bytes, uint64_t needed_bytes, char *text, size_t text_bytes)
{
    const uint64_t mib = round_up_mib(needed_bytes);
    const uint64_t have_tenths = have_bytes * 10 / MIB; /* rounded down: never "64 of 64" */
    if (mib * MIB > UINT64_C(0x80000000)) {
        snprintf(text, text_bytes,
                 _("No size is enough for this (it would need %" PRIu64
                   " MiB; 2048 are the most): choose a smaller picture."),
                 mib);
        return;
    }
    snprintf(text, text_bytes,
             _("The shared memory has %s MiB; %" PRIu64 " MiB are needed. Shut the VM down, then\n"
               "libvirt: 'virsh edit VM', inside <shmem>:\n"
               "    <size unit='M'>%" PRIu64 "</size>\n"
               "QEMU: size=%" PRIu64 "M of the memory-backend object of its ivshmem device\n"
               "and delete the old file (/dev/shm/...) before the VM starts again."),
             DECIMAL((double)have_tenths / 10.0, 1), mib, mib, mib);
}
