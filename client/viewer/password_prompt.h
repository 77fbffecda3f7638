/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/viewer/password_prompt.h - asks for the SPICE password on the controlling terminal,
 * without echo. The loop reads the answer: the window lives on meanwhile. Threads: the loop's. */
#ifndef ESPELHO_VIEWER_PASSWORD_PROMPT_H
#define ESPELHO_VIEWER_PASSWORD_PROMPT_H

#include "base/macros.h"
#include "loop/loop.h"

struct password_prompt;

enum { PASSWORD_PROMPT_MAX_BYTES = 128 };

/* `on_answer`: once; "" when the user gave none. The text is wiped after the
 * call. 0; -ENOTTY: there is no terminal to ask on; another -errno. */
int password_prompt_create(struct loop *loop, const char *question,
                           void (*on_answer)(void *ctx, const char *password), void *ctx,
                           struct password_prompt **out) MUST_CHECK;
/* Gives up, restores the terminal. NULL is fine. */
void password_prompt_destroy(struct password_prompt *prompt);

#endif
