/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/commands/doctor_probes.h - what only the running session can tell, tried for real:
 * compositor, graphics driver, sound, and the guest's own words in the shared memory.
 *
 * Each waits for its peer no longer than some seconds. What was asked once is remembered, since
 * several checks ask. Threads: main thread. */
#ifndef ESPELHO_COMMANDS_DOCTOR_PROBES_H
#define ESPELHO_COMMANDS_DOCTOR_PROBES_H

#include "base/macros.h"
#include "doctor/doctor.h"

struct probe_memory;
/* Into *out, whose ctx is the memory. -ENOMEM. */
int doctor_probes_init(struct doctor_probes *out) MUST_CHECK;
void doctor_probes_fini(struct doctor_probes *probes);

#endif
