/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/machine/root_private.h - what the root_*.c files share. */
#ifndef ESPELHO_MACHINE_ROOT_PRIVATE_H
#define ESPELHO_MACHINE_ROOT_PRIVATE_H

#include "machine/root.h"

struct saved_stat {
    struct root_stat stat;
    char *path;
};
/* What .espelho/stat and .espelho/denied say; sorted by path. All zero on the live machine. */
struct saved_facts {
    struct saved_stat *stats;
    size_t stat_count;
    char **denied;
    size_t denied_count;
};

struct root {
    int folder_fd; /* owned; -1: this machine */
    struct root_observer observer;
    struct saved_facts saved;
};

/* A descriptor or -errno as root.h has them. `flags` of openat(), without O_CREAT. */
int root_open_path(const struct root *root, const char *path, int flags) MUST_CHECK;
/* The whole of an open descriptor. */
int root_read_fd(int fd, char **text, size_t *len_bytes) MUST_CHECK;
int root_read_file(const struct root *root, const char *path, char **text,
                   size_t *len_bytes) MUST_CHECK;

/* ---- root_saved.c ---- */
int saved_facts_load(const struct root *root, struct saved_facts *out) MUST_CHECK;
void saved_facts_free(struct saved_facts *facts);
const struct root_stat *saved_facts_stat(const struct saved_facts *facts, const char *path);
bool root_denied(const struct root *root, const char *path);
/* The path without links on its way, as far as it exists. */
int root_real_path(const struct root *root, const char *path, char *real, size_t cap) MUST_CHECK;

/* ---- root_observe.c: each does nothing without an observer ---- */
enum root_event { ROOT_EVENT_LIST, ROOT_EVENT_DENIED };
void root_tell(const struct root *root, enum root_event event, const char *path);
void root_tell_file(const struct root *root, const char *path, const char *text, size_t len_bytes);
void root_tell_link(const struct root *root, const char *path);
void root_tell_stat(const struct root *root, const char *path, const struct root_stat *stat);
void root_tell_command(const struct root *root, const char *name, int status, const char *text,
                       size_t len_bytes);

#endif
