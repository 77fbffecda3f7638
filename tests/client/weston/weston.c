/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "weston.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <png.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "test.h"

#define BACKGROUND 0x336699u /* as in weston.ini below */

static char dir[64];
static pid_t weston;
static uint32_t *pixels;

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

void weston_kill(void)
{
    if (weston > 0) {
        kill(weston, SIGKILL);
        waitpid(weston, NULL, 0);
    }
    weston = 0;
}

void weston_pause(bool pause)
{
    kill(weston, pause ? SIGSTOP : SIGCONT);
}

static void clean_up(void)
{
    weston_kill();
    if (dir[0])
        nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(pixels);
}

/* In the child: output to a file in the directory, death with the parent. */
static void run(const char *file, char *const argv[])
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    const int log = open("log", O_CREAT | O_WRONLY | O_APPEND, 0600);
    if (chdir(dir) == 0 && log >= 0 && dup2(log, 1) >= 0 && dup2(log, 2) >= 0)
        execvp(file, argv);
    _exit(127);
}

/* No fading in: what is committed is on the screen with the next frame. */
static void write_config(void)
{
    FILE *f = fopen("weston.ini", "w");
    CHECK(f != NULL);
    fputs("[core]\nidle-time=0\n[shell]\nstartup-animation=none\nanimation=none\nclose-animation="
          "none\n"
          "panel-position=none\nlocking=false\nbackground-color=0xff336699\n",
          f);
    CHECK(fclose(f) == 0);
}

void weston_start(uint32_t width_px, uint32_t height_px, uint32_t scale)
{
    char width[32], height[32], factor[32], config[128], socket[128];
    if (access("/usr/bin/weston", X_OK) != 0)
        SKIP("weston is not installed");
    snprintf(dir, sizeof(dir), "/tmp/espelho-weston-XXXXXX");
    CHECK(mkdtemp(dir) != NULL);
    CHECK(chdir(dir) == 0);
    atexit(clean_up);
    write_config();
    setenv("XDG_RUNTIME_DIR", dir, 1);
    setenv("WAYLAND_DISPLAY", "wayland-test", 1);
    snprintf(config, sizeof(config), "--config=%s/weston.ini", dir);
    snprintf(width, sizeof(width), "--width=%u",
             width_px / scale); /* it counts in logical pixels */
    snprintf(height, sizeof(height), "--height=%u", height_px / scale);
    snprintf(factor, sizeof(factor), "--scale=%u", scale);
    char *const argv[] = { "weston",       "--backend=headless-backend.so",
                           "--use-pixman", "--debug",
                           config,         "--socket=wayland-test",
                           width,          height,
                           factor,         NULL };
    weston = fork();
    CHECK(weston >= 0);
    if (weston == 0)
        run("weston", argv);
    snprintf(socket, sizeof(socket), "%s/wayland-test", dir);
    const uint64_t deadline_ns = clock_ns() + 10 * NS_PER_S;
    while (access(socket, F_OK) != 0) {
        CHECK_MSG(clock_ns() < deadline_ns && waitpid(weston, NULL, WNOHANG) == 0,
                  "weston did not start");
        clock_sleep_until_ns(clock_ns() + 5 * NS_PER_MS);
    }
    /* Until its shell is up, black covers everything. */
    uint32_t w, h;
    while (weston_screenshot(&w, &h)[0] != BACKGROUND)
        CHECK_MSG(clock_ns() < deadline_ns, "weston shows no background");
}

static void load(const char *path, uint32_t *width_px, uint32_t *height_px)
{
    png_image image = { .version = PNG_IMAGE_VERSION };
    CHECK_MSG(png_image_begin_read_from_file(&image, path), "%s: %s", path, image.message);
    image.format = PNG_FORMAT_BGRA;
    free(pixels);
    pixels = malloc(PNG_IMAGE_SIZE(image));
    CHECK(pixels && png_image_finish_read(&image, NULL, pixels, 0, NULL));
    for (size_t i = 0; i < (size_t)image.width * image.height; i++)
        pixels[i] &= 0xffffff;
    *width_px = image.width;
    *height_px = image.height;
}

const uint32_t *weston_screenshot(uint32_t *width_px, uint32_t *height_px)
{
    char pattern[128];
    int status = -1;
    const pid_t shooter = fork();
    CHECK(shooter >= 0);
    if (shooter == 0)
        run("weston-screenshooter", (char *const[]){ "weston-screenshooter", NULL });
    CHECK(waitpid(shooter, &status, 0) == shooter && status == 0);
    snprintf(pattern, sizeof(pattern), "%s/wayland-screenshot-*.png", dir);
    glob_t found;
    CHECK(glob(pattern, 0, NULL, &found) == 0 && found.gl_pathc == 1);
    load(found.gl_pathv[0], width_px, height_px);
    const char *keep = getenv("ESPELHO_TEST_KEEP"); /* to look at them */
    if (!keep || rename(found.gl_pathv[0], keep) != 0)
        remove(found.gl_pathv[0]);
    globfree(&found);
    return pixels;
}
