/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/clipboard/mime.h - the agent's data types and the desktop's names for them. Constant data,
 * any thread. The agent's protocol has text and four image formats; it has no type for HTML, so of
 * what a browser copies the guest gets the plain text. */
#ifndef ESPELHO_CLIPBOARD_MIME_H
#define ESPELHO_CLIPBOARD_MIME_H

#include <stddef.h>
#include <stdint.h>

enum clip_type { /* our numbers: 0.. without a gap, for tables */
                 CLIP_TEXT,
                 CLIP_PNG,
                 CLIP_BMP,
                 CLIP_TIFF,
                 CLIP_JPEG,
                 CLIP_TYPES,
};
#define MIME_NAMES_MAX 12u /* of all types together */

/* VD_AGENT_CLIPBOARD_*. */
uint32_t clip_type_to_agent(enum clip_type type);
/* CLIP_TYPES: not one of ours. */
enum clip_type clip_type_from_agent(uint32_t agent_type);
enum clip_type clip_type_from_mime(const char *mime);
const char *clip_type_text(enum clip_type type); /* "text", "PNG image": for people */

/* For each type the best name among those offered, NULL: not offered. The names returned are
 * constant. */
void mime_pick(const char *const *offered, size_t count, const char *picked[CLIP_TYPES]);
/* All names of the types whose bit (1 << clip_type) is set, best first; how many. */
size_t mime_names(uint32_t type_mask, const char *names[MIME_NAMES_MAX]);

#endif
