/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/doctor/access.h - who may open a file, device or socket. Inside client/doctor only. Any
 * one thread. */
#ifndef ESPELHO_DOCTOR_ACCESS_H
#define ESPELHO_DOCTOR_ACCESS_H

#include "doctor/check.h"

struct access {
    int err; /* 0, or why it could not be looked at: -ENOENT, -EACCES ... */
    struct root_stat stat;
    char owner[64], group[64]; /* names, or numbers without one */
    bool user_may;             /* read and write: by owner, group, others, or an access list */
    bool group_may, others_may;
};

/* Always fills in *out. */
void access_look(const struct doctor_facts *facts, const char *path, struct access *out);
/* The name of a group or user by its number, of /etc/group or /etc/passwd; else the number. */
void access_group_name(struct root *root, gid_t gid, char *name, size_t cap);
void access_user_name(struct root *root, uid_t uid, char *name, size_t cap);

#endif
