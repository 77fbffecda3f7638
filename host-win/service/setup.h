/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/service/setup.h - the verbs --install-service, --uninstall-service, --start, --stop and
 * --status. Windows.
 *
 * Each says on the console what it did or why not, in words for a person, and returns an exit
 * status: 0 done (also when it was so already), 1 failed. Threads: the main one. */
#ifndef ESPELHO_SERVICE_SETUP_H
#define ESPELHO_SERVICE_SETUP_H

/* Installs this very file, or makes an installed service use it: automatic start, not delayed (the
 * log-on screen is to be seen), restart after a crash. Does not start it. */
int setup_install(void);
/* Stops it first. */
int setup_uninstall(void);
/* Both wait until it is done. */
int setup_start(void);
int setup_stop(void);
/* The service's state, and what the capture process says of itself. 0 if capture runs; 3 if not. */
int setup_status(void);

#endif
