/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/clipboard/report.h - what transfers tell a person. Threads: called on the input thread;
 * the texts are valid during the call. */
#ifndef ESPELHO_CLIPBOARD_REPORT_H
#define ESPELHO_CLIPBOARD_REPORT_H

#include <stdint.h>

struct transfer_listener { /* every entry is optional */
    /* Something did not work or needs to be known: one line, what and why and what to do. */
    void (*on_notice)(void *ctx, const char *text);
    /* A transfer that is large enough to be shown; at most ten times a second. Ends with done ==
     * total, or with 0 of 0 when it failed. */
    void (*on_progress)(void *ctx, const char *what, uint64_t done_bytes, uint64_t total_bytes);
    void *ctx;
};

#endif
