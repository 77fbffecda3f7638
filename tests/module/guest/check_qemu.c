/* SPDX-License-Identifier: GPL-2.0-or-later
 * Before and after QEMU used /dev/kvmfr1 as its machine's memory (tests/module/guest/init). */
#include <fcntl.h>

#include "device.h"

static volatile uint32_t *memory(void)
{
    return map(open_device(OTHER_DEVICE, O_RDWR), OTHER_BYTES, 0);
}

TEST(before)
{
    volatile uint32_t *words = memory();
    words[0x200000 / 4] = 0xc0ffee;
    words[0x200004 / 4] = 0xbed;
    words[0x300000 / 4] = 0;
}

TEST(after)
{
    CHECK_INT(memory()[0x300000 / 4], 0x1234567);
}
