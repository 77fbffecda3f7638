/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/control/control_client.h - asks the capture process over the control pipe. Windows. Any
 * thread; blocks up to the timeout. Only a pipe of the system, of administrators or of this user is
 * spoken to; its words are checked nevertheless, and it cannot act as us. */
#ifndef ESPELHO_CONTROL_CONTROL_CLIENT_H
#define ESPELHO_CONTROL_CONTROL_CLIENT_H

#include "base/macros.h"
#include "control/control_text.h"

/* `suffix`: of the pipe's name, for tests; NULL: none.
 * Errors: -ENOENT no capture process runs; -EACCES not for this user, or an impostor's; -ETIMEDOUT
 * no answer; -EPROTO an answer that is none; -EOPNOTSUPP it does not know the request (another
 * version); -EINVAL bad suffix; -ENOMEM; -EIO. */
int control_ask_status(const char *suffix, uint32_t timeout_ms,
                       struct control_status *out) MUST_CHECK;
/* CONTROL_RESTART or CONTROL_QUIT. 0: it will. */
int control_ask(const char *suffix, enum control_command command, uint32_t timeout_ms) MUST_CHECK;

#endif
