/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "demo"

#include "demo/headless.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"

extern char **environ;

enum {
    START_TIMEOUT_MS = 10000,
    SCREENSHOT_TIMEOUT_MS = 10000,
    STOP_TIMEOUT_MS = 3000,
    LOOK_MS = 10,
};

struct headless {
    const char *program;
    char dir[64]; /* private runtime directory, removed at the end */
    char socket[32];
    pid_t pid; /* 0: not running */
};

static bool installed(const char *program)
{
    const char *dirs = getenv("PATH");
    if (!dirs)
        dirs = "/usr/bin:/bin";
    for (size_t len; *dirs; dirs += len + (dirs[len] == ':')) {
        char file[4096];
        len = strcspn(dirs, ":");
        const int n = snprintf(file, sizeof(file), "%.*s/%s", (int)len, dirs, program);
        if (n > 0 && (size_t)n < sizeof(file) && access(file, X_OK) == 0)
            return true;
    }
    return false;
}

bool headless_session_exists(void)
{
    const char *display = getenv("WAYLAND_DISPLAY");
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    char path[4096];
    if (display && display[0] == '/')
        return access(display, R_OK | W_OK) == 0;
    if (!runtime)
        return false;
    snprintf(path, sizeof(path), "%s/%s", runtime, display ? display : "wayland-0");
    return access(path, R_OK | W_OK) == 0;
}

/* Waits for our child at most `timeout_ms`; true if it ended. */
static bool wait_child(pid_t pid, uint32_t timeout_ms, int *status)
{
    const uint64_t end_ns = clock_ns() + timeout_ms * NS_PER_MS;
    for (;;) {
        const pid_t got = waitpid(pid, status, WNOHANG);
        if (got == pid || (got < 0 && errno == ECHILD))
            return true;
        if (clock_ns() >= end_ns)
            return false;
        clock_sleep_until_ns(clock_ns() + LOOK_MS * NS_PER_MS);
    }
}

static void end_child(pid_t pid)
{
    int status;
    kill(pid, SIGTERM);
    if (!wait_child(pid, STOP_TIMEOUT_MS, &status)) {
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
    }
}

/* Starts argv[0] with its output in DIR/NAME.log and DIR as working directory. */
static int spawn(struct headless *h, char *const argv[], pid_t *pid)
{
    char log_path[128];
    snprintf(log_path, sizeof(log_path), "%s/%s.log", h->dir, argv[0]);
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigemptyset(&none);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    /* own process group: Ctrl-C in the terminal ends the viewer first, which then ends this */
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, log_path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    posix_spawn_file_actions_addchdir_np(&actions, h->dir);
    const int err = posix_spawnp(pid, argv[0], &actions, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return -err;
}

/* weston 13 renamed its backend and renderer options. */
static bool weston_is_old(void)
{
    FILE *f = popen("weston --version 2>/dev/null", "r");
    unsigned major = 0;
    const bool known = f && fscanf(f, "weston %u", &major) == 1;
    if (f)
        pclose(f);
    return known && major < 13;
}

/* No panel, no fading: what a client draws is on the output at once, and nothing else. */
static int write_weston_config(const struct headless *h, char *path, size_t path_bytes)
{
    snprintf(path, path_bytes, "%s/weston.ini", h->dir);
    FILE *f = fopen(path, "we");
    if (!f)
        return -errno;
    fputs("[shell]\npanel-position=none\nlocking=false\nanimation=none\nclose-animation="
          "none\nstartup-animation=none\n"
          "focus-animation=none\nbackground-color=0xff000000\n",
          f);
    return fclose(f) == 0 ? 0 : -errno;
}

static int start_weston(struct headless *h, uint32_t width_px, uint32_t height_px)
{
    char config[128] = "--config=";
    const size_t prefix = strlen(config);
    const int err = write_weston_config(h, config + prefix, sizeof(config) - prefix);
    if (err < 0)
        return err;
    const bool old = weston_is_old();
    char width[32], height[32], socket[64];
    snprintf(width, sizeof(width), "--width=%u", width_px);
    snprintf(height, sizeof(height), "--height=%u", height_px);
    snprintf(h->socket, sizeof(h->socket), "wayland-espelho");
    snprintf(socket, sizeof(socket), "--socket=%s", h->socket);
    char *argv[] = { (char[]){ "weston" },
                     old ? (char[]){ "--backend=headless-backend.so" }
                         : (char[]){ "--backend=headless" },
                     old ? (char[]){ "--use-pixman" } : (char[]){ "--renderer=pixman" },
                     /* not the kiosk shell: weston 10's sends no frame callbacks when there is no
                      * seat. Fullscreen windows cover the panel. */
                     (char[]){ "--shell=desktop-shell.so" }, config,
                     (char[]){ "--debug" }, /* lets weston-screenshooter in */
                     (char[]){ "--idle-time=0" }, width, height, socket, NULL };
    return spawn(h, argv, &h->pid);
}

static int start_sway(struct headless *h, uint32_t width_px, uint32_t height_px)
{
    char config[128];
    snprintf(config, sizeof(config), "%s/sway.conf", h->dir);
    FILE *f = fopen(config, "we");
    if (!f)
        return -errno;
    fprintf(
        f,
        "output HEADLESS-1 resolution %ux%u position 0 0\ndefault_border none\nxwayland disable\n",
        width_px, height_px);
    fclose(f);
    snprintf(h->socket, sizeof(h->socket), "wayland-1"); /* sway takes the first free name */
    setenv("WLR_BACKENDS", "headless", 1);
    setenv("WLR_RENDERER", "pixman", 1);
    setenv("WLR_LIBINPUT_NO_DEVICES", "1", 1);
    char *argv[] = { (char[]){ "sway" }, (char[]){ "-c" }, config, NULL };
    return spawn(h, argv, &h->pid);
}

static int wait_for_socket(struct headless *h)
{
    char path[128];
    int status;
    snprintf(path, sizeof(path), "%s/%s", h->dir, h->socket);
    const uint64_t end_ns = clock_ns() + START_TIMEOUT_MS * NS_PER_MS;
    while (clock_ns() < end_ns) {
        if (access(path, R_OK | W_OK) == 0)
            return 0;
        if (wait_child(h->pid, LOOK_MS, &status)) {
            h->pid = 0;
            return -ECHILD;
        }
    }
    return -ETIMEDOUT;
}

static void print_log(const struct headless *h)
{
    char path[128], line[512];
    snprintf(path, sizeof(path), "%s/%s.log", h->dir, h->program);
    autofclose FILE *f = fopen(path, "re");
    while (f && fgets(line, sizeof(line), f)) {
        line[strcspn(line, "\n")] = 0;
        log_err("%s: %s", h->program, line);
    }
}

int headless_start(uint32_t width_px, uint32_t height_px, struct headless **out)
{
    /* sway refuses to run as root */
    const bool weston = installed("weston") && installed("weston-screenshooter");
    const bool sway = !weston && geteuid() != 0 && installed("sway") && installed("grim");
    if (!weston && !sway) {
        log_err("there is no Wayland session, and no compositor to start one: install weston (apt "
                "install weston)");
        return -ENOENT;
    }
    struct headless *h = calloc(1, sizeof(*h));
    if (!h)
        return -ENOMEM;
    h->program = weston ? "weston" : "sway";
    snprintf(h->dir, sizeof(h->dir), "/tmp/espelho-demo-XXXXXX");
    int err = 0;
    if (!mkdtemp(h->dir)) {
        err = -errno;
        h->dir[0] = 0;
        goto fail;
    }
    unsetenv("WAYLAND_DISPLAY");
    unsetenv("DISPLAY");
    setenv("XDG_RUNTIME_DIR", h->dir, 1);
    err = weston ? start_weston(h, width_px, height_px) : start_sway(h, width_px, height_px);
    if (err == 0)
        err = wait_for_socket(h);
    if (err < 0) {
        log_err("%s did not start: %s", h->program, err_str(err));
        print_log(h);
        goto fail;
    }
    setenv("WAYLAND_DISPLAY", h->socket, 1);
    *out = h;
    return 0;
fail:
    headless_stop(h);
    return err;
}

const char *headless_compositor(const struct headless *h)
{
    return h->program;
}

/* weston-screenshooter chooses a dated name itself. */
static int find_png(const char *dir, char *path, size_t path_bytes)
{
    DIR *d = opendir(dir);
    int err = -ENOENT;
    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
        const size_t len = strlen(e->d_name);
        if (len > 4 && strcmp(e->d_name + len - 4, ".png") == 0) {
            snprintf(path, path_bytes, "%s/%s", dir, e->d_name);
            err = 0;
        }
    }
    if (d)
        closedir(d);
    return err;
}

/* Across file systems, so no rename. */
static int copy_file(const char *from, const char *to)
{
    autoclose int in = open(from, O_RDONLY | O_CLOEXEC);
    autoclose int out = in < 0 ? -1 : open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (in < 0 || out < 0)
        return -errno;
    char buffer[65536];
    for (;;) {
        const ssize_t n = read(in, buffer, sizeof(buffer));
        if (n == 0)
            return 0;
        if (n < 0 || write(out, buffer, (size_t)n) != n)
            return errno ? -errno : -EIO;
    }
}

int headless_screenshot(struct headless *h, const char *path)
{
    char file[512];
    snprintf(file, sizeof(file), "%s/shot.png", h->dir);
    char *weston_argv[] = { (char[]){ "weston-screenshooter" }, NULL };
    char *sway_argv[] = { (char[]){ "grim" }, file, NULL };
    pid_t pid;
    int status = 0;
    int err = spawn(h, strcmp(h->program, "weston") == 0 ? weston_argv : sway_argv, &pid);
    if (err == 0 && !wait_child(pid, SCREENSHOT_TIMEOUT_MS, &status)) {
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        err = -ETIMEDOUT;
    }
    if (err == 0 && !(WIFEXITED(status) && WEXITSTATUS(status) == 0))
        err = -EIO;
    if (err == 0)
        err = find_png(h->dir, file, sizeof(file));
    if (err == 0) {
        err = copy_file(file, path);
        unlink(file);
    }
    if (err < 0)
        log_err("no screenshot in %s: %s", path, err_str(err));
    return err;
}

static void remove_dir(const char *dir)
{
    DIR *d = opendir(dir);
    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            unlinkat(dirfd(d), e->d_name, 0);
    }
    if (d)
        closedir(d);
    rmdir(dir);
}

void headless_stop(struct headless *h)
{
    if (!h)
        return;
    if (h->pid > 0)
        end_child(h->pid);
    if (h->dir[0])
        remove_dir(h->dir);
    free(h);
}
