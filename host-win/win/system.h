/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/win/system.h - what a viewer is told about this machine. Windows. Any thread. */
#ifndef ESPELHO_WIN_SYSTEM_H
#define ESPELHO_WIN_SYSTEM_H

#include "kvmfr/session.h"

/* Fills in UUID (of SMBIOS), processors and their model, and the operating system; the other fields
 * stay. What cannot be found out is left empty. */
void system_describe(struct kvmfr_session *session);

#endif
