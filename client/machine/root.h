/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/machine/root.h - the one way in which doctor and setup look at a machine: this one, or a
 * tree that was saved on another (`espelho doctor --collect`), or a fixture of the tests.
 *
 * Paths are absolute ("/sys/bus/pci/devices"). In a saved tree a path lies below its folder, and
 * links, absolute ones too, stay inside (openat2 with RESOLVE_IN_ROOT). Beside the files a tree has
 *   .espelho/commands/NAME   what a command printed, after a first line "status N"
 *   .espelho/stat            lines "MODE(octal, with type) UID GID BYTES RDEV-MAJOR:MINOR PATH"
 *   .espelho/denied          lines "PATH": there, but it could not be read without being root
 * where NAME is the command line with every byte but letters, digits, '.', '_' and '-' as '+'.
 * A file that is not in .espelho/stat has the owner and mode of the file in the tree. PATH is the
 * real one, without links on its way.
 *
 * Everything read is untrusted text: lengths are bounded, and NUL bytes end a text. Ownership: what
 * an `out` gets on the heap is the caller's, freed with free(). Threads: any one thread. Errors:
 * -ENOENT (not there; for a command also: not installed), -EACCES (needs root), -EFBIG (longer than
 * ROOT_MAX_BYTES), -ENOMEM, or what the system said. */
#ifndef ESPELHO_MACHINE_ROOT_H
#define ESPELHO_MACHINE_ROOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/macros.h"

enum { ROOT_MAX_BYTES = 8 << 20, ROOT_MAX_NAMES = 65536, ROOT_COMMAND_MS = 5000 };

struct root;

struct root_stat {
    mode_t mode; /* with the type, S_ISCHR() and kin */
    uid_t uid;
    gid_t gid;
    uint64_t len_bytes;
    unsigned int major, minor;
};

/* What was looked at, for --collect, with what came of it; entries may be NULL. Each may be called
 * again for the same path. Paths are real ones: the links on the way are told first, each by
 * on_link, so that a tree made of these calls is read as this machine was. */
struct root_observer {
    void (*on_file)(void *ctx, const char *path, const char *text, size_t len_bytes);
    void (*on_link)(void *ctx, const char *path, const char *target);
    void (*on_stat)(void *ctx, const char *path, const struct root_stat *stat);
    void (*on_list)(void *ctx, const char *path); /* the folder exists, even if empty */
    void (*on_denied)(void *ctx, const char *path);
    void (*on_command)(void *ctx, const char *name, int status, const char *text, size_t len_bytes);
    void *ctx;
};

/* `folder` NULL: this machine. -ENOTDIR and kin if it cannot be opened. */
int root_open(const char *folder, struct root **out) MUST_CHECK;
void root_close(struct root *root); /* NULL is fine */
bool root_is_live(const struct root *root);
void root_observe(struct root *root, const struct root_observer *observer); /* copied */

/* The whole file, with a NUL behind it. *len_bytes may be NULL. -EINVAL: no file but a device, a
 * folder ...: these are never opened. */
int root_read(struct root *root, const char *path, char **text, size_t *len_bytes) MUST_CHECK;
/* Its first line without white space around it, cut to `cap`: for sysfs. */
int root_read_line(struct root *root, const char *path, char *line, size_t cap) MUST_CHECK;
/* The same as a number, decimal or 0x...; -EPROTO: no number. */
int root_read_number(struct root *root, const char *path, uint64_t *number) MUST_CHECK;
bool root_exists(struct root *root, const char *path); /* follows links */
/* The text of a link. */
int root_link(struct root *root, const char *path, char *target, size_t cap) MUST_CHECK;
/* The last part of a link's text ("vfio-pci" of .../driver). */
int root_link_name(struct root *root, const char *path, char *name, size_t cap) MUST_CHECK;

int root_stat(struct root *root, const char *path, struct root_stat *out) MUST_CHECK;

/* Names in a folder, sorted, without "." and "..". One allocation: free(names). */
struct root_names { /* ROOT_MAX_NAMES at most */
    size_t count;
    const char *name[];
};
int root_list(struct root *root, const char *path, struct root_names **names) MUST_CHECK;

/* Runs a program (never a shell), stdin empty, stderr dropped, LC_ALL=C, looked for in /usr/sbin
 * too; or reads what it printed in the saved tree. *status: its exit status. -ETIMEDOUT: ended
 * after ROOT_COMMAND_MS; -EINTR: ended by a signal; both are told to no observer. */
int root_command(struct root *root, const char *const argv[], char **text, int *status) MUST_CHECK;

#endif
