/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/audio/mic_memory.h - which VMs may use the microphone, as the user once answered.
 *
 * A text file, $XDG_STATE_HOME/espelho/microphone: one "allow KEY" or "deny KEY" per line, KEY is
 * the VM's UUID or name; other lines are ignored. It may hold anything: what cannot be understood
 * means "not answered". Written whole to a new file (0600) that replaces the old one. Any thread,
 * but only one writer. */
#ifndef ESPELHO_AUDIO_MIC_MEMORY_H
#define ESPELHO_AUDIO_MIC_MEMORY_H

#include <stddef.h>

#include "base/macros.h"

enum mic_answer { MIC_ANSWER_NONE, MIC_ANSWER_ALLOW, MIC_ANSWER_DENY };
enum { MIC_MEMORY_MAX_BYTES = 64 * 1024, MIC_MEMORY_MAX_VMS = 500 };

/* The file's path. 0; -ENOENT: neither XDG_STATE_HOME nor HOME is an absolute path; -ENAMETOOLONG.
 */
int mic_memory_path(char *out, size_t out_bytes) MUST_CHECK;
/* What the file says; MIC_ANSWER_NONE if it cannot be read. */
enum mic_answer mic_memory_load(const char *path, const char *key);
/* Makes the folders if need be. 0; -EINVAL: an empty key or one with control characters; -errno. */
int mic_memory_store(const char *path, const char *key, enum mic_answer answer) MUST_CHECK;

/* The same on the file's text. The last line about a key counts. */
enum mic_answer mic_memory_find(const char *text, size_t bytes, const char *key);
/* The text with `key` answered anew: its lines are dropped, the new one is the last; of more than
 * MIC_MEMORY_MAX_VMS lines the first are dropped, and all that are no answers. *out is the
 * caller's. 0 or -ENOMEM. */
int mic_memory_edit(const char *text, size_t bytes, const char *key, enum mic_answer answer,
                    char **out, size_t *out_bytes) MUST_CHECK;

#endif
