/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/setup/domain_same.h - whether two definitions of a VM say the same. libvirt adds devices
 * of its own (controllers) at the end when it reads a definition, and prints them in an order of
 * its own afterwards, so the order of devices does not count; everything else does. Threads: any.
 */
#ifndef ESPELHO_SETUP_DOMAIN_SAME_H
#define ESPELHO_SETUP_DOMAIN_SAME_H

#include <stdbool.h>

#include "base/macros.h"

/* -ENOMEM. Texts that are no XML are compared byte by byte. */
int domain_same(const char *a, const char *b, bool *same) MUST_CHECK;

#endif
