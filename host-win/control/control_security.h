/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/control/control_security.h - who may open what we share between our processes. Windows.
 * Any thread. */
#ifndef ESPELHO_CONTROL_CONTROL_SECURITY_H
#define ESPELHO_CONTROL_CONTROL_SECURITY_H

#include <stdbool.h>
#include <windows.h>

#include "base/macros.h"

enum control_security_kind {
    /* The system, administrators and this process's user: everything. Users logged on at this
     * machine: read and write, but not open further ends of the server (that right,
     * FILE_CREATE_PIPE_INSTANCE, is part of GENERIC_WRITE). Over the network: nobody. */
    CONTROL_SECURITY_PIPE,
    /* The same; users logged on at this machine may wait for the event, not set it. */
    CONTROL_SECURITY_EVENT,
};

struct control_security;

/* 0; -ENOMEM; -EIO. */
int control_security_create(enum control_security_kind kind,
                            struct control_security **out) MUST_CHECK;
void control_security_destroy(struct control_security *security); /* NULL is fine */
/* Borrowed. */
SECURITY_ATTRIBUTES *control_security_attributes(struct control_security *security);
/* Whether `object`, opened with READ_CONTROL, belongs to the system, the administrators or this
 * process's user. Others could have made a pipe of our name before us. */
bool control_security_trusts_owner(HANDLE object);

#endif
