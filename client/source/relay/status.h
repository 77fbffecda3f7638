/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/source/relay/status.h - what the waiting screen says about the relay. Pure functions; any
 * thread. */
#ifndef ESPELHO_SOURCE_RELAY_STATUS_H
#define ESPELHO_SOURCE_RELAY_STATUS_H

#include "kvmfr/client.h"
#include "shm/region.h"
#include "source/source.h"

/* The region could not be opened. */
void relay_status_no_region(struct source_status *out, const struct shm_problem *problem);
/* The file behind the region shrank or was replaced; another look at the path follows. */
void relay_status_region_gone(struct source_status *out, const char *path, bool shrank);
/* An open region in `state`. `session` is read for CONNECTED and must outlive *out then. */
void relay_status_of(struct source_status *out, enum kvmfr_state state, const char *path,
                     const struct kvmfr_versions *versions, const struct kvmfr_session *session);
/* Same state and texts? */
bool relay_status_equal(const struct source_status *a, const struct source_status *b);

#endif
