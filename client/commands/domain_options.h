/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/commands/domain_options.h - app.domain: what libvirt knows, as if it had been given as
 * options. Threads: start-up, before others exist. */
#ifndef ESPELHO_COMMANDS_DOMAIN_OPTIONS_H
#define ESPELHO_COMMANDS_DOMAIN_OPTIONS_H

#include "base/macros.h"
#include "config/client_options.h"

/* Fills in app.shmFile and the SPICE address where the user gave none. Nothing to do without
 * app.domain. 0; -errno with one text for a person in `why`. */
int domain_options_apply(struct client_options *options, char *why, size_t why_bytes) MUST_CHECK;

#endif
