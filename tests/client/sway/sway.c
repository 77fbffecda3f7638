/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sway.h"

#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "test.h"

enum { NOBODY = 65534 };

static char dir[64];
static pid_t sway;

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

void sway_kill(void)
{
    if (sway > 0) {
        kill(sway, SIGKILL);
        waitpid(sway, NULL, 0);
    }
    sway = 0;
}

static void clean_up(void)
{
    sway_kill();
    if (dir[0])
        nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void write_config(uint32_t width_px, uint32_t height_px)
{
    FILE *f = fopen("config", "w");
    CHECK(f != NULL);
    fprintf(f,
            "output HEADLESS-1 resolution %ux%u@60Hz position 0 0\n"
            "default_border none\nxwayland disable\nfocus_follows_mouse no\n"
            "seat * pointer_constraint enable\n",
            width_px, height_px);
    CHECK(fclose(f) == 0);
}

/* In the child. It refuses to be root; what it writes lies in the directory. */
static void run(void)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setgid(NOBODY) < 0 || setuid(NOBODY) < 0))
        _exit(127);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* forgotten when the user changes */
    const int log = open("log", O_CREAT | O_WRONLY | O_APPEND, 0600);
    if (log < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
        _exit(127);
    unsetenv("DISPLAY");
    unsetenv("WAYLAND_DISPLAY");
    unsetenv("LD_PRELOAD");
    setenv("HOME", dir, 1);
    setenv("WLR_BACKENDS", "headless", 1);
    setenv("WLR_RENDERER", "pixman", 1);
    setenv("WLR_LIBINPUT_NO_DEVICES", "1", 1);
    execlp("sway", "sway", "--unsupported-gpu", "-c", "config", (char *)NULL);
    _exit(127);
}

/* Does it take clients? Then WAYLAND_DISPLAY names its socket, which is there a moment earlier. */
static bool listens(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    glob_t found = { 0 };
    if (glob("wayland-*[0-9]", 0, NULL, &found) != 0)
        return false;
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", found.gl_pathv[0]);
    globfree(&found);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0);
    const bool taken = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
    close(fd);
    if (taken)
        setenv("WAYLAND_DISPLAY", address.sun_path, 1);
    return taken;
}

void sway_start(uint32_t width_px, uint32_t height_px)
{
    if (access("/usr/bin/sway", X_OK) != 0)
        SKIP("sway is not installed");
    snprintf(dir, sizeof(dir), "/tmp/espelho-sway-XXXXXX");
    CHECK(mkdtemp(dir) != NULL);
    atexit(clean_up);
    CHECK(chdir(dir) == 0);
    write_config(width_px, height_px);
    if (geteuid() == 0)
        CHECK(chown(dir, NOBODY, NOBODY) == 0 && chmod("config", 0644) == 0);
    setenv("XDG_RUNTIME_DIR", dir, 1);
    sway = fork();
    CHECK(sway >= 0);
    if (sway == 0)
        run();
    const uint64_t deadline_ns = clock_ns() + 20 * NS_PER_S;
    while (!listens()) {
        CHECK_MSG(clock_ns() < deadline_ns && waitpid(sway, NULL, WNOHANG) == 0,
                  "sway did not start");
        clock_sleep_until_ns(clock_ns() + 5 * NS_PER_MS);
    }
}
