/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/host_options.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "kvmfr/format.h"
#include "test.h"

#ifdef _WIN32
#include <direct.h>
#define make_folder(path) _mkdir(path)
#else
#define make_folder(path) mkdir(path, 0700)
#endif

/* Two folders of our own: beside the program, and ProgramData. */
struct folders {
    char path[2][128];
    const char *list[3];
};

static void write_ini(const char *folder, const char *text)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", folder, HOST_OPTIONS_FILE);
    const int fd = file_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CHECK_MSG(fd >= 0, "%s: %d", path, fd);
    CHECK_INT(write(fd, text, (unsigned)strlen(text)), strlen(text));
    close(fd);
}

static void folders_init(struct folders *f, const char *beside, const char *data)
{
    const char *const texts[] = { beside, data };
    const uint64_t unique = clock_ns(); /* process ids of two Wine prefixes are the same */
    f->list[0] = NULL;                  /* a folder that could not be found out */
    for (int i = 0; i < 2; i++) {
        snprintf(f->path[i], sizeof(f->path[i]), "/tmp/espelho-host-options-%" PRIu64 "-%d", unique,
                 i);
        CHECK_INT(make_folder(f->path[i]), 0);
        if (texts[i])
            write_ini(f->path[i], texts[i]);
        f->list[1 + i] = f->path[i];
    }
}

static void folders_fini(const struct folders *f)
{
    for (int i = 0; i < 2; i++) {
        char path[256];
        snprintf(path, sizeof(path), "%s/%s", f->path[i], HOST_OPTIONS_FILE);
        remove(path);
        CHECK_INT(rmdir(f->path[i]), 0);
    }
}

static int load(const struct folders *f, const char *const *words, struct host_options *options,
                struct option_error *error)
{
    static char copies[8][128];
    char *argv[8];
    int argc = 0, rest = -1;
    for (; words && words[argc]; argc++) {
        snprintf(copies[argc], sizeof(copies[argc]), "%s", words[argc]);
        argv[argc] = copies[argc];
    }
    error->message[0] = '\0';
    const int err = host_options_load(options, f->list, 3, argc, argv, &rest, error);
    if (err == 0)
        CHECK_INT(rest, 0);
    return err;
}

static const struct {
    const char *beside, *data, *word;
    int err;
    const char *message; /* part of it */
} bad_rows[] = {
    { "[capture]\nbackend=dxgii\n", NULL, NULL, -EINVAL,
      "-0/espelho-host.ini:2: capture.backend: 'dxgii' is not valid; expected "
      "auto|dxgi|gdi|synthetic; nearest is dxgi" },
    { NULL, "[capture]\nmaxFsp=60\n", NULL, -ENOENT,
      "-1/espelho-host.ini:2: unknown option 'capture.maxFsp'; nearest is capture.maxFps" },
    { NULL, "\xff\xfe[\0c", NULL, -EINVAL, "espelho-host.ini:1: not UTF-8" },
    { NULL, NULL, "--captur=gdi", -ENOENT, "nearest is capture.backend" },
    { NULL, NULL, "--qqqqqqqq", -ENOENT, "`espelho-host --options` lists all" },
    { NULL, NULL, "capture:maxFps=1001", -EINVAL, "0..1000" },
    { NULL, NULL, "--downsample=15x9999999", -EINVAL, "capture.downsample" },
    { NULL, NULL, "--synthetic.format=bgr24", -EINVAL, "rgb24" },
    { NULL, NULL, "--log-level=verbose", -EINVAL, "none|error|warn|info|debug|trace" },
};

TEST(mistakes_name_the_place_and_the_nearest)
{
    for (size_t i = 0; i < ARRAY_LEN(bad_rows); i++) {
        struct folders f;
        struct host_options o;
        struct option_error error;
        const char *const words[] = { bad_rows[i].word, NULL };
        folders_init(&f, bad_rows[i].beside, bad_rows[i].data);
        CHECK_INT(load(&f, words, &o, &error), bad_rows[i].err);
        CHECK_MSG(strstr(error.message, bad_rows[i].message), "row %zu: %s", i, error.message);
        host_options_free(&o);
        folders_fini(&f);
    }
}

TEST(a_too_long_folder_is_an_error)
{
    static char folder[2000];
    memset(folder, 'x', sizeof(folder) - 1);
    const char *const list[] = { folder };
    struct host_options o;
    struct option_error error;
    int rest;
    CHECK_INT(host_options_load(&o, list, 1, 0, NULL, &rest, &error), -ENAMETOOLONG);
    CHECK(strstr(error.message, "too long"));
    host_options_free(&o);
}

TEST(defaults_without_any_file)
{
    struct folders f;
    struct host_options o;
    struct option_error error;
    folders_init(&f, NULL, NULL);
    CHECK_INT(load(&f, NULL, &o, &error), 0);
    CHECK_INT(o.backend, HOST_BACKEND_AUTO);
    CHECK_STR(o.adapter, "");
    CHECK_STR(o.output, "");
    CHECK_INT(o.max_fps, 0);
    CHECK_INT(o.downsample.width, 0);
    CHECK_INT(o.hdr, HOST_HDR_KEEP);
    CHECK_INT(o.synthetic_size.width, 1920);
    CHECK_INT(o.synthetic_hz, 60);
    CHECK_INT(o.synthetic_format, FRAME_FORMAT_BGRA - 1);
    CHECK_STR(o.shm_device, "0");
    CHECK(o.flash_activation && o.block_screensaver);
    CHECK_INT(o.log_level, LOG_LEVEL_INFO);
    CHECK_STR(o.log_folder, "");
    host_options_free(&o);
    folders_fini(&f);
}

TEST(later_files_win_and_the_command_line_over_all)
{
    struct folders f;
    struct host_options o;
    struct option_error error;
    const char *const words[] = { "--capture", "synthetic", "os:shmDevice=1", NULL };
    folders_init(&f, "[capture]\r\nbackend=gdi\r\nhdr=to-sdr\r\nmaxFps=30\r\n",
                 "\xef\xbb\xbf[capture]\nbackend=dxgi\nmaxFps=90\n[log]\nlevel=debug\n"
                 "folder=D:\\logs\n");
    CHECK_MSG(load(&f, words, &o, &error) == 0, "%s", error.message);
    CHECK_INT(o.backend, HOST_BACKEND_SYNTHETIC);
    CHECK_INT(o.hdr, HOST_HDR_TO_SDR);
    CHECK_INT(o.max_fps, 90);
    CHECK_INT(o.log_level, LOG_LEVEL_DEBUG);
    CHECK_STR(o.log_folder, "D:\\logs");
    CHECK_STR(o.shm_device, "1");
    host_options_free(&o);
    folders_fini(&f);
}

TEST(every_pixel_type_has_its_name)
{
    for (uint32_t wire = FRAME_FORMAT_BGRA; wire <= FRAME_FORMAT_RGB_24; wire++) {
        struct host_options o;
        struct option_error error;
        host_options_init(&o);
        CHECK_INT(options_set(&host_option_table, &o, "synthetic.format",
                              frame_format_find(wire)->name, &error),
                  0);
        CHECK_INT(o.synthetic_format + 1, wire);
        host_options_free(&o);
    }
}

TEST(the_region_is_a_file_or_a_device)
{
    static const struct {
        const char *file, *device, *path;
    } rows[] = {
        { "", "", "ivshmem" },
        { "", "0", "ivshmem:0" },
        { "", "0:16.0", "ivshmem:0:16.0" },
        { "Z:\\dev\\shm\\x", "3", "Z:\\dev\\shm\\x" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct host_options o;
        struct option_error error;
        char path[64];
        host_options_init(&o);
        CHECK_INT(options_set(&host_option_table, &o, "shm-file", rows[i].file, &error), 0);
        CHECK_INT(options_set(&host_option_table, &o, "os.shmDevice", rows[i].device, &error), 0);
        host_options_region_path(&o, path, sizeof(path));
        CHECK_STR(path, rows[i].path);
        host_options_free(&o);
    }
}
