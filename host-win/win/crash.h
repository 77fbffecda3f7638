/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/win/crash.h - a crash leaves a small dump beside the log, and a line in it. Windows.
 * Call from the main thread.
 *
 * A thread of its own, made beforehand, writes the dump: the one that crashed may have no stack
 * left. The process then ends with the exception's code, without a dialog. Aborts (assertions) are
 * crashes too. */
#ifndef ESPELHO_WIN_CRASH_H
#define ESPELHO_WIN_CRASH_H

#include "base/macros.h"

enum { CRASH_DUMPS_KEPT = 3 };

/* Dumps go to `folder` (it exists), named PROGRAM-TIME-....dmp; older ones than the newest
 * CRASH_DUMPS_KEPT - 1 are deleted now. 0; -ENOENT: this Windows has no dbghelp.dll; -ENAMETOOLONG;
 * -EAGAIN: no thread. May be called again, with another folder. */
int crash_install(const char *folder, const char *program) MUST_CHECK;

#endif
