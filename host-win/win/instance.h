/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/win/instance.h - one capture process per region, in all sessions of the machine.
 * Windows. One thread at a time.
 *
 * A named object that exists as long as somebody holds it: it ends with its process, however that
 * ends. */
#ifndef ESPELHO_WIN_INSTANCE_H
#define ESPELHO_WIN_INSTANCE_H

#include <stddef.h>

#include "base/macros.h"

struct instance;

/* `region`: the path that shm_region_open() gets. 0; -EBUSY: another process has it, and `holder`
 * says which ("C:\...\espelho-host.exe, process 1234", or "another process"); -ENOMEM; -EIO. */
int instance_acquire(const char *region, struct instance **out, char *holder,
                     size_t holder_bytes) MUST_CHECK;
void instance_release(struct instance *instance); /* NULL is fine */

#endif
