/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/commands/shm_server.c - `espelho shm-server`: checks its words, then becomes the small
 * program that does the work (client/shm_server/main.c). */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "commands/commands.h"
#include "shm_server/shm_server.h"

/* Beside this program (a build), or where it was installed. Returns only if there is none. */
static void become_server(char **argv)
{
    static const char name[] = "espelho-shm-server";
    char path[PATH_MAX + sizeof(name)];
    const ssize_t len = readlink("/proc/self/exe", path, PATH_MAX);
    char *slash = len > 0 ? (path[len] = '\0', strrchr(path, '/')) : NULL;
    if (slash) {
        memcpy(slash + 1, name, sizeof(name));
        execv(path, argv);
    }
    execv(ESPELHO_LIBEXEC_DIR "/espelho-shm-server", argv);
}

static int run(int argc, char **argv)
{
    struct shm_server_options options;
    struct option_error error;
    int status = COMMAND_USAGE;
    if (shm_server_options_load(&options, argc, argv, &error) < 0) {
        command_fail(&command_shm_server, "%s", error.message);
    } else {
        become_server(argv);
        status = shm_server_run(&options); /* the same, only larger */
    }
    shm_server_options_free(&options);
    return status;
}

const struct command command_shm_server = {
    .name = "shm-server",
    .summary = N_("gives QEMU (ivshmem-doorbell) and viewers one memory, and bells"),
    .words_text = "[SOCKET]",
    .help =
        N_("An ivshmem server for one VM: it makes the shared memory and lets QEMU and the viewers "
           "ring\n"
           "each other, so that nobody has to look again and again. It has to run before the VM\n"
           "starts. `espelho size` prints the VM's lines; the viewer's is --shm-file=unix:SOCKET.\n"
           "With systemd: systemctl enable --now espelho-shm@NAME.socket\n"),
    .words = COMMAND_WORDS_FILE,
    .min_words = 0,
    .max_words = 1,
    .options = &shm_server_option_table,
    .run = run,
};
