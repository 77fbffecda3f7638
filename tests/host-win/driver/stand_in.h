/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/host-win/driver/stand_in.h - names that the stand-in driver and its installer share. Plain
 * defines: one side is kernel code. */
#ifndef ESPELHO_TESTS_STAND_IN_H
#define ESPELHO_TESTS_STAND_IN_H

#define STAND_IN_SERVICE     L"espelho_ivshmem"
#define STAND_IN_GUID        L"{df576976-569d-4672-95a0-f57e4ea0b210}" /* of the real driver */
#define STAND_IN_INSTANCE    L"ESPELHOIV"                              /* ROOT\ESPELHOIV\0000 */
#define STAND_IN_DEVICES_MAX 4
#define STAND_IN_PATH_UNITS  260

/* Values in the service's registry key. ShmPath0, ShmPath1, ...: NT paths of the memory. */
#define STAND_IN_SHM_PATH L"ShmPath"
#define STAND_IN_LIE      L"Lie"

/* What it does wrong, on purpose. */
#define STAND_IN_LIE_NONE         0u
#define STAND_IN_LIE_MAPPED_BYTES 1u /* map: another size than the size query */
#define STAND_IN_LIE_NULL         2u /* map: no address */
#define STAND_IN_LIE_UNALIGNED    3u /* map: an address inside a page */
#define STAND_IN_LIE_SHORT_MAP    4u /* map: fewer bytes than the reply has */
#define STAND_IN_LIE_SHORT_SIZE   5u
#define STAND_IN_LIE_HUGE         6u /* size: 2^63 */

#endif
