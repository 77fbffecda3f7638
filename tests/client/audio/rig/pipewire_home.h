/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/client/audio/rig/pipewire_home.h - a private PipeWire with a session manager, in a folder
 * of its own under /tmp: two null sinks, no devices, no D-Bus. Sets this process's XDG_RUNTIME_DIR,
 * XDG_STATE_HOME, XDG_CONFIG_HOME and HOME. One thread; one at a time. */
#ifndef ESPELHO_TESTS_PIPEWIRE_HOME_H
#define ESPELHO_TESTS_PIPEWIRE_HOME_H

#include <sys/types.h>

#define SINK_1 "test-sink" /* the default one */
#define SINK_2 "other-sink"

struct pipewire_home {
    char path[64];
    pid_t pipewire, wireplumber; /* 0: not running */
};

/* Skips the test if the programs are not installed. The daemons are not started. */
void pipewire_home_make(struct pipewire_home *home);
void pipewire_home_start(struct pipewire_home *home); /* returns when the sinks are there */
void pipewire_home_kill(struct pipewire_home *home);  /* SIGKILL to both */
void pipewire_home_remove(struct pipewire_home *home);

#endif
