/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/control/stop_event.h - how the service asks a process that it started to end: an event
 * named after that process's id, made before the process runs. Windows. Any thread.
 *
 * An event and not a request over the control pipe: it also reaches a process whose control thread
 * is not up yet, and a "quit" over the pipe then always means that a person wanted it. */
#ifndef ESPELHO_CONTROL_STOP_EVENT_H
#define ESPELHO_CONTROL_STOP_EVENT_H

#include "base/macros.h"

/* The service's side. A HANDLE, CloseHandle() it. 0; -EEXIST: somebody else made one of this name
 * (then the process must be ended the hard way); -ENOMEM; -EIO. */
int stop_event_create(unsigned long process_id, void **out) MUST_CHECK;
/* The started process's side: this process's own event, to wait for. NULL: the service did not
 * start this process. CloseHandle() it. */
void *stop_event_open(void);

#endif
