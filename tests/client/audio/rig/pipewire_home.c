/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pipewire_home.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "test.h"

static const char sinks_conf[] =
    "context.objects = [\n"
    "  { factory = adapter args = { factory.name = support.null-audio-sink node.name = \"" SINK_1
    "\" media.class = \"Audio/Sink\" audio.position = [ FL FR ] object.linger = true\n"
    "      monitor.channel-volumes = true priority.session = 2000 } }\n"
    "  { factory = adapter args = { factory.name = support.null-audio-sink node.name = \"" SINK_2
    "\" media.class = \"Audio/Sink\" audio.position = [ FL FR ] object.linger = true\n"
    "      monitor.channel-volumes = true priority.session = 1000 } }\n"
    "]\n";

/* WirePlumber 0.4 (Debian 12) reads Lua, 0.5 (Debian 13) reads .conf. */
static const struct {
    const char *path, *text;
} files[] = {
    { "cfg/pipewire/pipewire.conf.d/10-test.conf", sinks_conf },
    { "cfg/wireplumber/main.lua.d/60-nodbus.lua",
      "alsa_monitor.enabled = false\nv4l2_monitor.enabled = false\n"
      "libcamera_monitor.enabled = false\n"
      "default_access.properties[\"enable-flatpak-portal\"] = false\n" },
    { "cfg/wireplumber/bluetooth.lua.d/60-off.lua", "bluez_monitor.enabled = false\n" },
    { "cfg/wireplumber/wireplumber.conf.d/60-off.conf",
      "wireplumber.profiles = { main = { monitor.alsa = disabled monitor.bluez = disabled\n"
      "  monitor.bluez-midi = disabled monitor.alsa-midi = disabled monitor.v4l2 = disabled\n"
      "  monitor.libcamera = disabled support.reserve-device = disabled\n"
      "  support.portal-permissionstore = disabled support.logind = disabled } }\n" },
};

static void put_file(const char *home, const char *path, const char *text)
{
    char full[256];
    (void)snprintf(full, sizeof(full), "%s/%s", home, path);
    for (char *slash = full + strlen(home) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        (void)mkdir(full, 0700);
        *slash = '/';
    }
    FILE *f = fopen(full, "w");
    CHECK(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

static bool installed(const char *program)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "/usr/bin/%s", program);
    return access(path, X_OK) == 0;
}

void pipewire_home_make(struct pipewire_home *home)
{
    *home = (struct pipewire_home){ .path = "/tmp/espelho-sound-XXXXXX" };
    if (!installed("pipewire") || !installed("wireplumber") || !installed("pw-metadata"))
        SKIP("pipewire and wireplumber are not installed");
    CHECK(mkdtemp(home->path) != NULL);
    for (size_t i = 0; i < ARRAY_LEN(files); i++)
        put_file(home->path, files[i].path, files[i].text);
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/cfg", home->path);
    setenv("XDG_CONFIG_HOME", path, 1);
    (void)snprintf(path, sizeof(path), "%s/state", home->path);
    setenv("XDG_STATE_HOME", path, 1);
    setenv("XDG_RUNTIME_DIR", home->path, 1);
    setenv("HOME", home->path, 1);
    setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent", 1);
    /* As on a desktop, where rtkit or limits.conf grants it: PipeWire's threads, and ours in it,
     * ask for real-time priority. Where this process may not raise the limit they go without. */
    (void)setrlimit(RLIMIT_RTPRIO, &(struct rlimit){ .rlim_cur = 88, .rlim_max = 88 });
    unsetenv("DISPLAY");
    unsetenv("PIPEWIRE_REMOTE");
}

static pid_t start(const struct pipewire_home *home, const char *program, const char *log)
{
    const pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid > 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed CHECK must leave nothing behind */
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/%s", home->path, log);
    const int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(fd, 1);
    dup2(fd, 2);
    execlp(program, program, (char *)NULL);
    _exit(127);
}

static bool sinks_are_there(void)
{
    return system("pw-metadata 0 default.audio.sink 2>/dev/null | grep -q " SINK_1) == 0;
}

void pipewire_home_start(struct pipewire_home *home)
{
    char socket_path[128];
    (void)snprintf(socket_path, sizeof(socket_path), "%s/pipewire-0", home->path);
    home->pipewire = start(home, "pipewire", "pipewire.log");
    for (int i = 0; access(socket_path, F_OK) != 0; i++) {
        CHECK_MSG(i < 1000, "pipewire did not start: %s/pipewire.log", home->path);
        usleep(10000);
    }
    home->wireplumber = start(home, "wireplumber", "wireplumber.log");
    for (int i = 0; !sinks_are_there(); i++)
        CHECK_MSG(i < 300, "no default sink: %s/wireplumber.log", home->path);
}

static void end(pid_t *pid)
{
    if (*pid > 0) {
        kill(*pid, SIGKILL);
        waitpid(*pid, NULL, 0);
    }
    *pid = 0;
}

void pipewire_home_kill(struct pipewire_home *home)
{
    end(&home->wireplumber);
    end(&home->pipewire);
    char path[128];
    for (const char *const *name =
             (const char *const[]){ "pipewire-0", "pipewire-0.lock", "pipewire-0-manager",
                                    "pipewire-0-manager.lock", NULL };
         *name; name++) {
        (void)snprintf(path, sizeof(path), "%s/%s", home->path, *name);
        (void)unlink(path);
    }
}

void pipewire_home_remove(struct pipewire_home *home)
{
    pipewire_home_kill(home);
    char command[128];
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", home->path);
    CHECK_INT(system(command), 0);
}
