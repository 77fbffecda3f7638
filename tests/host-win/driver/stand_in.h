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
#define STAND_IN_VECTORS  L"Vectors" /* of each device; 0: plain devices, without doorbells */
#define STAND_IN_PEER     L"Peer"    /* device 0's peer id; the next device has the next */

/* A control code that the real driver does not have: what was rung through it. Output: struct
 * stand_in_rings. */
#define STAND_IN_IOCTL_RINGS 0x222400u /* function 0x900 */
#define STAND_IN_RINGS_KEPT  16

#define STAND_IN_EVENTS_MAX  32 /* as the real driver */

/* What it does wrong, on purpose. */
#define STAND_IN_LIE_NONE         0u
#define STAND_IN_LIE_MAPPED_BYTES 1u /* map: another size than the size query */
#define STAND_IN_LIE_NULL         2u /* map: no address */
#define STAND_IN_LIE_UNALIGNED    3u /* map: an address inside a page */
#define STAND_IN_LIE_SHORT_MAP    4u /* map: fewer bytes than the reply has */
#define STAND_IN_LIE_SHORT_SIZE   5u
#define STAND_IN_LIE_HUGE         6u /* size: 2^63 */
#define STAND_IN_LIE_NO_EVENTS    7u /* takes no events, though it has vectors */

struct stand_in_rings {
    unsigned count; /* all; the last of them, newest last, are below */
    struct {
        unsigned short peer, vector;
    } last[STAND_IN_RINGS_KEPT];
};

#endif
