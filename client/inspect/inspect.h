/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/inspect/inspect.h - decodes a region, or an image of one, into a tree of names and values.
 *
 * The names are those of the tables in docs/protocol, as in the expectation files of tests/vectors.
 * Everything in the image is hostile: what breaks a rule becomes an entry of "errors" and the rest
 * is still shown. Works on a private copy, so nothing changes under it. Pure but for memory; any
 * thread; fuzzed. */
#ifndef ESPELHO_INSPECT_INSPECT_H
#define ESPELHO_INSPECT_INSPECT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/macros.h"

struct cJSON;

/* The image's bytes, 8-aligned. */
struct inspect_image {
    uint8_t *mem;
    size_t len_bytes;
};

/* Copies a region or an image file (plain or gzip) into memory. Shorter ones are extended by zeros
 * to `region_bytes` (0: not). 0 or -errno, then `message` says what and where. */
int inspect_image_load(const char *path, uint64_t region_bytes, struct inspect_image *out,
                       char *message, size_t message_bytes) MUST_CHECK;
void inspect_image_fini(struct inspect_image *image);

/* Owned by the caller (cJSON_Delete); NULL: out of memory. */
struct cJSON *inspect_decode(const struct inspect_image *image) MUST_CHECK;

/* For people: indented names and values. Text in the tree is printable already. */
void inspect_print(const struct cJSON *tree, FILE *out);

#endif
