/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/win/priority.h - so that a game that takes all processors does not stop the picture.
 * Windows. What an older Windows lacks is left out. */
#ifndef ESPELHO_WIN_PRIORITY_H
#define ESPELHO_WIN_PRIORITY_H

#include <stdbool.h>

/* Once, any thread: high priority class, timers of 1 ms, no saving of power at our cost, also while
 * no window is seen. */
void priority_enter_process(void);
/* The calling thread, for the rest of its life: the multimedia class "Capture", or where there is
 * none the highest normal priority. `copy`: the thread that moves pixels, which may be late without
 * losing any; it comes after the one that waits for pictures. True: the multimedia class. */
bool priority_enter_thread(bool copy);

#endif
