/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/config/host_options.h - everything a user can set in the host: espelho-host.ini and the
 * command line. Portable.
 *
 * Read once at start (the service starts the capture process anew after a change of the file).
 * Threads: constant after host_options_load(). */
#ifndef ESPELHO_CONFIG_HOST_OPTIONS_H
#define ESPELHO_CONFIG_HOST_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "options/options.h"

enum host_backend {
    HOST_BACKEND_AUTO, /* dxgi, then gdi */
    HOST_BACKEND_DXGI,
    HOST_BACKEND_GDI,
    HOST_BACKEND_SYNTHETIC,
};
enum host_hdr { HOST_HDR_KEEP, HOST_HDR_TO_SDR };

struct host_options {
    /* capture.* */
    int backend; /* enum host_backend; also --capture */
    char *adapter, *output;
    uint32_t max_fps;
    struct option_size downsample; /* fit into this; 0x0: no scaling */
    int hdr;                       /* enum host_hdr */
    /* synthetic.* */
    struct option_size synthetic_size;
    uint32_t synthetic_hz;
    int synthetic_format; /* enum frame_format - 1, of the choices in the table */
    /* os.*, shm.* */
    char *shm_device; /* os.shmDevice: index, or "BUS:DEVICE.FUNCTION" */
    char *shm_file;   /* a plain file instead of the device, for tests and debugging */
    bool flash_activation, block_screensaver; /* tell the viewer */
    /* log.* */
    char *log_level;  /* of base/log.h */
    char *log_folder; /* "": ProgramData\Espelho; in the foreground: none */
};

extern const struct option_table host_option_table;

#endif
