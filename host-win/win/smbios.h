/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/win/smbios.h - the machine's UUID in a SMBIOS table. Portable, pure, any thread.
 * Source: DMTF DSP0134 (SMBIOS), "System Information (Type 1)". The table is the hypervisor's:
 * checked as any input. */
#ifndef ESPELHO_WIN_SMBIOS_H
#define ESPELHO_WIN_SMBIOS_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

/* `raw`: what Windows gives for the provider 'RSMB': a header of 8 bytes with the SMBIOS version,
 * then the structures. The UUID in text order: from version 2.6 on its first three fields are
 * little-endian in the table. 0; -ENOENT: the table has none, or one that says "not set"; -EPROTO:
 * broken before it was found. */
int smbios_uuid(const uint8_t *raw, size_t raw_bytes, uint8_t out[16]) MUST_CHECK;

#endif
