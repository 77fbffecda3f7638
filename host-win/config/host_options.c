/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/host_options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define AT(member) offsetof(struct host_options, member)

/* In the order of enum host_backend, host_hdr, frame_format (from 1) and log_level. */
static const char *const backends[] = { "auto", "dxgi", "gdi", "synthetic", NULL };
static const char *const hdr_modes[] = { "keep", "to-sdr", NULL };
static const char *const formats[] = {
    "bgra", "rgba", "rgba10", "rgba16f", "bgr32", "rgb24", NULL
};
static const char *const log_levels[] = { "none", "error", "warn", "info", "debug", "trace", NULL };

/* The second names are those of a host that users may come from, where it has the option. */
static const struct option_def defs[] = {
    { "capture.backend", .alias = "capture;app.capture", .type = OPTION_ENUM, .offset = AT(backend),
      .choices = backends, .default_text = "auto",
      .help = "how the desktop is captured: dxgi is Desktop Duplication, gdi a slow way that works "
              "nearly everywhere, synthetic a moving test card; auto takes dxgi, else gdi" },
    { "capture.adapter", .alias = "dxgi.adapter", .type = OPTION_STRING, .offset = AT(adapter),
      .default_text = "", .value_name = "NAME|LUID|INDEX",
      .help = "the graphics adapter, by part of its name, LUID or index as --list-outputs shows "
              "them; without it the one of the primary monitor" },
    { "capture.output", .alias = "dxgi.output", .type = OPTION_STRING, .offset = AT(output),
      .default_text = "", .value_name = "NAME|INDEX",
      .help = "the adapter's output, by part of its or its monitor's name, or index; without it "
              "the primary monitor" },
    { "capture.maxFps", .type = OPTION_U32, .offset = AT(max_fps), .max = 1000, .default_text = "0",
      .help = "at most so many pictures per second; 0: the output's own rate" },
    { "capture.downsample", .alias = "dxgi.downsample", .type = OPTION_SIZE,
      .offset = AT(downsample), .min = 16, .max = 16384, .default_text = "auto",
      .help =
          "larger pictures are scaled down, in the guest, to fit into this; auto: they are not" },
    { "capture.hdr", .type = OPTION_ENUM, .offset = AT(hdr), .choices = hdr_modes,
      .default_text = "keep",
      .help = "an HDR desktop: keep its pixels, or convert them to SDR in the guest, which needs "
              "half of the memory" },

    { "synthetic.size", .type = OPTION_SIZE, .offset = AT(synthetic_size), .min = 16, .max = 16384,
      .default_text = "1920x1080", .help = "size of the test card" },
    { "synthetic.hz", .type = OPTION_U32, .offset = AT(synthetic_hz), .min = 1, .max = 1000,
      .default_text = "60", .help = "its pictures per second" },
    { "synthetic.format", .type = OPTION_ENUM, .offset = AT(synthetic_format), .choices = formats,
      .default_text = "bgra", .help = "its pixel type" },

    { "os.shmDevice", .type = OPTION_STRING, .offset = AT(shm_device), .default_text = "0",
      .value_name = "INDEX|BUS:DEVICE.FUNCTION",
      .help = "which IVSHMEM device, if the VM has several: counted from 0 in the order of their "
              "PCI addresses, or the address" },
    { "os.flashActivation", .alias = "os.requestActivation", .type = OPTION_BOOL,
      .offset = AT(flash_activation), .default_text = "yes",
      .help = "tell the viewer when a window asks for attention" },
    { "os.blockScreensaver", .type = OPTION_BOOL, .offset = AT(block_screensaver),
      .default_text = "yes", .help = "tell the viewer while a program keeps the display on" },

    { "shm.file", .alias = "shmFile;app.shmFile", .type = OPTION_STRING, .offset = AT(shm_file),
      .default_text = "", .value_name = "PATH",
      .help = "map this file instead of the IVSHMEM device, for tests" },

    { "log.level", .alias = "logLevel", .type = OPTION_ENUM, .offset = AT(log_level),
      .choices = log_levels, .default_text = "info",
      .help = "the least important lines that are logged" },
    { "log.folder", .alias = "logFolder", .type = OPTION_STRING, .offset = AT(log_folder),
      .default_text = "", .value_name = "PATH",
      .help = "the folder of the log files; without it ProgramData\\Espelho, or in the foreground "
              "the console alone" },
};
const struct option_table host_option_table = { .defs = defs,
                                                .count = ARRAY_LEN(defs),
                                                .list_hint = "`espelho-host --options` lists all" };

void host_options_init(struct host_options *options)
{
    options_init(&host_option_table, options);
}

void host_options_free(struct host_options *options)
{
    options_free(&host_option_table, options);
}

static int load_file(struct host_options *options, const char *folder, struct option_error *error)
{
    char path[1024];
    const int len = snprintf(path, sizeof(path), "%s/%s", folder, HOST_OPTIONS_FILE);
    if (len < 0 || (size_t)len >= sizeof(path)) {
        snprintf(error->message, sizeof(error->message), "%.200s...: the path is too long", folder);
        return -ENAMETOOLONG;
    }
    error->message[0] = '\0';
    const int err = options_load_ini(&host_option_table, options, path, false, NULL, error);
    return err == -ENOENT && !error->message[0] ? 0 : err; /* no file is fine, no option is not */
}

int host_options_load(struct host_options *options, const char *const *folders, size_t folder_count,
                      int argc, char **argv, int *rest_count, struct option_error *error)
{
    host_options_init(options);
    for (size_t i = 0; i < folder_count; i++) {
        const int err = folders[i] ? load_file(options, folders[i], error) : 0;
        if (err < 0)
            return err;
    }
    return options_parse_args(&host_option_table, options, argc, argv, rest_count, error);
}

void host_options_region_path(const struct host_options *options, char *path, size_t path_bytes)
{
    if (options->shm_file[0])
        snprintf(path, path_bytes, "%s", options->shm_file);
    else
        snprintf(path, path_bytes, "ivshmem%s%s", options->shm_device[0] ? ":" : "",
                 options->shm_device);
}
