/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/setup/scaled_size.h - numbers with units as libvirt and people write them. Threads: any.
 */
#ifndef ESPELHO_SETUP_SCALED_SIZE_H
#define ESPELHO_SETUP_SCALED_SIZE_H

#include <stdbool.h>
#include <stdint.h>

/* libvirt's units: "" or "b", "bytes"; "K", "KiB" = 1024; "KB" = 1000; and so on to T. False: not a
 * number, not a unit, or too large. */
bool scaled_size(const char *number, const char *unit, uint64_t *bytes);
/* "16G", "512M", "16 GiB": a number and, behind it, a unit, which has to be there. */
bool scaled_size_of_text(const char *text, uint64_t *bytes);

#endif
