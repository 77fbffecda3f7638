/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/client/machine/tree.h - a saved tree that a test writes itself, below /tmp; one per
 * process, removed at its end. Paths are those of the tree ("/etc/os-release"). */
#ifndef ESPELHO_TESTS_MACHINE_TREE_H
#define ESPELHO_TESTS_MACHINE_TREE_H

#include "machine/root.h"

void tree_begin(void);
/* Folders on the way are made. */
void tree_folder(const char *path);
void tree_file(const char *path, const char *text);
void tree_link(const char *path, const char *target);
/* The real path; until the next call. */
const char *tree_path(const char *path);
struct root *tree_open(void);

#endif
