/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/commands/setup_domain.h - a domain for `espelho setup`, asked of virsh. */
#ifndef ESPELHO_COMMANDS_SETUP_DOMAIN_H
#define ESPELHO_COMMANDS_SETUP_DOMAIN_H

#include "setup/setup.h"

/* Fills in xml and running of a domain whose uri and name are set; *xml owns the text. 0, or -errno
 * with a sentence. */
int setup_domain_read(struct setup_domain *domain, char **xml, char *problem,
                      size_t problem_bytes) MUST_CHECK;

#endif
