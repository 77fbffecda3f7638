/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/doctor/tar.h - writes a tar file (ustar, with GNU's entries for long names).
 *
 * Every entry belongs to root and has no time: the same tree makes the same bytes. Errors are kept
 * by the stream; whoever closes it asks. Threads: any one. */
#ifndef ESPELHO_DOCTOR_TAR_H
#define ESPELHO_DOCTOR_TAR_H

#include <stdio.h>

/* Paths without a leading '/'. */
void tar_folder(FILE *to, const char *path);
void tar_file(FILE *to, const char *path, const char *content, size_t len_bytes);
void tar_link(FILE *to, const char *path, const char *target);
void tar_end(FILE *to);

#endif
