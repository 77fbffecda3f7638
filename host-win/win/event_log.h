/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/win/event_log.h - entries in Windows' event log ("Application", source "Espelho") for
 * what an administrator wants to know. Windows. Any thread. */
#ifndef ESPELHO_WIN_EVENT_LOG_H
#define ESPELHO_WIN_EVENT_LOG_H

#include "base/macros.h"

/* Numbers that the log shows: never renumber. 1..1000. */
enum event_log_id {
    EVENT_LOG_STARTED = 1,
    EVENT_LOG_STOPPED = 2,
    EVENT_LOG_FAILED = 3,  /* the capture process ended with an error */
    EVENT_LOG_CRASHED = 4, /* it crashed */
    EVENT_LOG_FATAL = 5,   /* the service cannot go on */
};

/* Registers the source, so that the event viewer shows the text as it is. 0; -EACCES: for
 * administrators only; -EIO. */
int event_log_install(void) MUST_CHECK;
int event_log_uninstall(void) MUST_CHECK; /* 0 as well if it is not registered */

/* One entry. 0; -EIO: the log service is off, or full. Works without the source as well; the viewer
 * then adds a sentence of its own. */
int event_log_write(enum event_log_id id, const char *text) MUST_CHECK;

#endif
