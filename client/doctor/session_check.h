/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/doctor/session_check.h - checks of the session with a file of their own. Inside
 * client/doctor only. */
#ifndef ESPELHO_DOCTOR_SESSION_CHECK_H
#define ESPELHO_DOCTOR_SESSION_CHECK_H

#include "doctor/check.h"

void session_sleep(const struct doctor_facts *facts, struct findings *out);

#endif
