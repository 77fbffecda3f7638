/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/viewer/spice_target.h - which SPICE server: options and what libvirt knows, as one
 * address. Threads: start-up; constant afterwards. */
#ifndef ESPELHO_VIEWER_SPICE_TARGET_H
#define ESPELHO_VIEWER_SPICE_TARGET_H

#include <stdbool.h>

#include "base/macros.h"
#include "config/client_options.h"
#include "spice/server.h"

struct spice_target {
    bool wanted;                /* false: spice.enable=no */
    struct spice_server server; /* points into the fields below and into the options */
    char *password;             /* owned; NULL: none */
};

/* Options alone decide where it is; viewer/domain fills them in from libvirt before. Reads the
 * password file. 0; -errno after logging why. `options` is borrowed. */
int spice_target_init(struct spice_target *target, const struct client_options *options) MUST_CHECK;
/* For channels that are created from now on. Keeps the old one when there is no memory. */
void spice_target_set_password(struct spice_target *target, const char *password);
void spice_target_fini(struct spice_target *target); /* wipes the password */

#endif
