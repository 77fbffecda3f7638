/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/setup/conf_lines.h - configuration files that consist of lines of words: pure functions on
 * their text. What is not ours stays as it is, comments too. Results are heap text; NULL: no
 * memory. Threads: any. */
#ifndef ESPELHO_SETUP_CONF_LINES_H
#define ESPELHO_SETUP_CONF_LINES_H

#include <stdbool.h>
#include <stddef.h>

/* The first line that begins with these words (parted by one space in `words`, by any white space
 * in the text), without its newline; NULL: none. */
const char *conf_line_find(const char *text, const char *words, size_t *len_bytes);
/* That line replaced by `line`, or `line` added at the end. */
char *conf_line_set(const char *text, const char *words, const char *line);
/* A word "key=VALUE" of a line: the value's length, or false. */
bool conf_word_find(const char *line, size_t len_bytes, const char *key, const char **value,
                    size_t *value_bytes);

/* /etc/libvirt/qemu.conf with `device` in cgroup_device_acl. The list is made from the commented
 * sample of this libvirt if none is active. The same text if it is there already. *understood is
 * false, and the text the same, if the list has no end. */
char *qemu_conf_allow_device(const char *text, const char *device, bool *understood);

#endif
