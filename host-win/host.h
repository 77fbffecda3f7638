/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/host.h - the capture process: opens the region, publishes until it is told to stop.
 * The composition root; no logic of its own. */
#ifndef ESPELHO_HOST_H
#define ESPELHO_HOST_H

#include "config/host_options.h"

/* Exit codes of the capture process; the service looks at them. */
enum host_exit {
    HOST_EXIT_STOPPED = 0,  /* asked to: Ctrl+C, stop event; at a log-off */
    HOST_EXIT_FAILED = 1,   /* said why in the log; trying again may help */
    HOST_EXIT_USAGE = 2,    /* options */
    HOST_EXIT_RESTART = 10, /* asked to be started again (tray, changed settings) */
    HOST_EXIT_BUSY = 11,    /* another host program has the region or runs already */
    HOST_EXIT_QUIT = 12,    /* a person asked over the control pipe: the service ends as well */
};

/* Returns an exit code. `foreground`: log goes to the console as well. */
int host_run(const struct host_options *options, bool foreground);

#endif
