/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/service/child.h - a process of this program that the service runs in a session.
 *
 * It cannot outlive us: it is in a job that ends with its last handle, which is ours. It gets a
 * stop event (control/stop_event.h) before its first instruction. Windows. Threads: the service's
 * main one. */
#ifndef ESPELHO_SERVICE_CHILD_H
#define ESPELHO_SERVICE_CHILD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"

struct child;

enum child_kind {
    /* With the service's own rights, so that it sees the secure desktop too; no error dialogs. */
    CHILD_CAPTURE,
    /* With the rights of the user of that session. What it starts (a folder's window) is not in
     * the job and stays. */
    CHILD_TRAY,
};

/* 0; -ENOENT: nobody is logged on in that session (CHILD_TRAY); -ENOMEM; -EIO: said in the log. */
int child_start(enum child_kind kind, uint32_t session, struct child **out) MUST_CHECK;
/* Ends the process, if it runs still. NULL is fine. */
void child_destroy(struct child *child);

void *child_process(const struct child *child); /* HANDLE, borrowed: signalled when it has ended */
bool child_has_ended(const struct child *child, uint32_t *exit_code);
/* A child without an event (somebody else made one of its name) is killed instead. */
void child_ask_to_stop(struct child *child);
void child_kill(struct child *child);

#endif
