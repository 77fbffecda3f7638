/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/commands/setup_domain.h - a domain for `espelho setup`, asked of virsh. */
#ifndef ESPELHO_COMMANDS_SETUP_DOMAIN_H
#define ESPELHO_COMMANDS_SETUP_DOMAIN_H

#include "setup/setup.h"

/* Fills in the rest of a domain whose uri is set: of the one that people call `called`, by its
 * name, number or UUID. *xml and *name own the texts. 0, or -errno with a sentence. */
int setup_domain_read(struct setup_domain *domain, const char *called, char **xml, char **name,
                      char *problem, size_t problem_bytes) MUST_CHECK;

#endif
