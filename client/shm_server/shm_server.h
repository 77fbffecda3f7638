/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/shm_server/shm_server.h - `espelho shm-server`: the shared memory of one VM, for QEMU's
 * ivshmem-doorbell device and for viewers. Options, and the whole of a server's life.
 *
 * It is a program of its own (espelho-shm-server) as well as a verb: the libraries of the viewer
 * would be several times the size of the server. Threads: the main thread. */
#ifndef ESPELHO_SHM_SERVER_SHM_SERVER_H
#define ESPELHO_SHM_SERVER_SHM_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "options/options.h"

struct shm_server_options {
    char *vm;     /* names defaults: the socket, the file of options */
    char *config; /* file of options; "": that of the VM, if there is one */
    char *size;   /* "64M"; "": for the mode */
    struct option_size mode;
    bool hdr, huge, prefault;
    int32_t numa;
    uint32_t vectors, max_peers;
    char *group, *socket_mode;
    char *allow_users, *allow_groups;
    char *socket; /* owned; the word of the command line, or made of `vm`; NULL: systemd's */
};
extern const struct option_table shm_server_option_table;

enum { SHM_SERVER_WHY_BYTES = 768 };

/* Reads the file, then the command line (argv[0] is skipped; as options_parse_args_sets() leaves
 * it). What is wrong with it, in *error: -EINVAL and others. Free in any case. */
int shm_server_options_load(struct shm_server_options *o, int argc, char **argv,
                            struct option_error *error) MUST_CHECK;
void shm_server_options_free(struct shm_server_options *o);
/* How large the memory is to be, a power of two. 0 or -EINVAL and why. */
int shm_server_options_bytes(const struct shm_server_options *o, uint64_t *len_bytes, char *why,
                             size_t why_bytes) MUST_CHECK;

/* Serves until SIGTERM or SIGINT. The exit status of the program: 0; 1 after it said why. */
int shm_server_run(const struct shm_server_options *o);

#endif
