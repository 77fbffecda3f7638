/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/control/control_text.h - what our processes say to each other over the control pipe, as
 * text. Portable, pure, any thread.
 *
 * A request is one message of one line: "status", "restart" or "quit", with or without line end. A
 * reply is one message of lines: "ok" or "error WHY", and after the "ok" of a status one key=value
 * per line. Values hold no control characters. Both sides check: any program of the logged-on user
 * may be at the other end. Unknown keys are ignored, so that versions may differ during an upgrade.
 */
#ifndef ESPELHO_CONTROL_CONTROL_TEXT_H
#define ESPELHO_CONTROL_CONTROL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

enum control_command { CONTROL_NONE, CONTROL_STATUS, CONTROL_RESTART, CONTROL_QUIT };

enum {
    CONTROL_REQUEST_MAX_BYTES = 64,
    CONTROL_REPLY_MAX_BYTES = 4096,
};

enum control_state {
    CONTROL_STATE_NONE,
    CONTROL_STARTING,  /* no region or no capture yet */
    CONTROL_IDLE,      /* ready; nobody looks, so nothing is captured */
    CONTROL_CAPTURING, /* a viewer gets frames */
    CONTROL_FAILED,    /* something is missing; `problem` says what. It is tried again */
};

/* What the capture process tells of itself. Texts are UTF-8, terminated; "": unknown. */
struct control_status {
    enum control_state state;
    bool viewer_connected;
    char capture[128]; /* backend and output: "dxgi, \\.\DISPLAY1 on ..." */
    uint32_t width_px, height_px;
    char format[16];   /* of the pixels: "BGRA8" */
    uint32_t rate_mhz; /* frames published in the last second or so, in thousandths per second */
    uint64_t frames;   /* published since the start */
    char problem[256]; /* why CONTROL_FAILED, for a person */
    char log[512];     /* the folder; "": the log goes to the console */
    char version[32];  /* of the program */
    uint32_t process_id;
};

/* 0; -EPROTO: no command of ours. */
int control_command_parse(const char *text, size_t text_bytes,
                          enum control_command *out) MUST_CHECK;
/* "status"; never NULL for a command that is not CONTROL_NONE. */
const char *control_command_text(enum control_command command);
/* "capturing" */
const char *control_state_text(enum control_state state);

/* A status reply into `text`, CONTROL_REPLY_MAX_BYTES long; returns its length without the
 * terminating zero. Control characters become '?'; a value that is not terminated within its field
 * is cut. */
size_t control_status_format(const struct control_status *status, char *text);
/* Replies without values: NULL: "ok"; else "error WHY". The same buffer. */
size_t control_answer_format(const char *why, char *text);

/* 0; -EOPNOTSUPP: the answer is an "error" (its reason in why, always terminated, "" otherwise);
 * -EPROTO: not a reply. */
int control_answer_parse(const char *text, size_t text_bytes, char *why,
                         size_t why_bytes) MUST_CHECK;
/* Likewise, with the values. */
int control_status_parse(const char *text, size_t text_bytes,
                         struct control_status *out) MUST_CHECK;

#endif
