/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/service/ini_change.h - whether the settings files say something new. Portable. Threads:
 * one.
 *
 * What counts is what is in them, not when they were written: saving a file unchanged restarts
 * nothing. A change counts when it has stood for INI_CHANGE_SETTLE_MS: editors write in steps. */
#ifndef ESPELHO_SERVICE_INI_CHANGE_H
#define ESPELHO_SERVICE_INI_CHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

enum { INI_CHANGE_SETTLE_MS = 500 };

struct ini_change { /* its own; embedded */
    uint64_t known, seen, seen_ms;
};

/* A number that differs when the files' contents differ. Files that are missing or cannot be read
 * count as such; of longer ones than the option system reads only the beginning counts. */
uint64_t ini_fingerprint(const char *const *paths, size_t count);

void ini_change_init(struct ini_change *change, uint64_t fingerprint);
/* True once for each change. */
bool ini_change_look(struct ini_change *change, uint64_t fingerprint, uint64_t now_ms) MUST_CHECK;
/* When to look again without being told; UINT64_MAX: no need. */
uint64_t ini_change_due_ms(const struct ini_change *change);

#endif
