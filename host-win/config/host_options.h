/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/config/host_options.h - everything a user can set in the host: espelho-host.ini and the
 * command line. Portable.
 *
 * Read once at start (the service starts the capture process anew after a change of the file).
 * Threads: constant after host_options_load(). */
#ifndef ESPELHO_CONFIG_HOST_OPTIONS_H
#define ESPELHO_CONFIG_HOST_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
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
    int log_level;    /* enum log_level of base/log.h */
    char *log_folder; /* "": ProgramData\Espelho; in the foreground: none */
};

extern const struct option_table host_option_table;

#define HOST_OPTIONS_FILE "espelho-host.ini"

void host_options_init(struct host_options *options); /* defaults */
void host_options_free(struct host_options *options);

/* Initialises *options; reads HOST_OPTIONS_FILE in each of `folders` (UTF-8; NULL entries and
 * folders without the file are skipped, later ones win), then the command line, which wins over
 * all. `argv` without the program's name; words that are no options are moved to
 * argv[0..*rest_count). 0 or -errno with a message for a person, which names the nearest option;
 * *options is to be freed in either case. Texts are never NULL afterwards, but may be "". */
int host_options_load(struct host_options *options, const char *const *folders, size_t folder_count,
                      int argc, char **argv, int *rest_count,
                      struct option_error *error) MUST_CHECK;

/* What shm_region_open() is to open: shm.file, or the device of os.shmDevice. Always terminated. */
void host_options_region_path(const struct host_options *options, char *path, size_t path_bytes);

#endif
