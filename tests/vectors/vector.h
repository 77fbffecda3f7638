/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/vectors/vector.h - a golden image and what it means. */
#ifndef ESPELHO_TESTS_VECTOR_H
#define ESPELHO_TESTS_VECTOR_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "inspect/inspect.h"
#include "shm/region.h"

struct vector {
    struct inspect_image image; /* extended to the region's size */
    cJSON *expect;
};

/* By name, such as "08-frame-bgra-partial". Ends the test on failure. */
void vector_load(const char *name, struct vector *out);
void vector_fini(struct vector *v);
/* A page-aligned copy as a region; free it with vector_region_fini(). */
struct shm_region vector_region(const struct vector *v);
void vector_region_fini(struct shm_region *region);

/* Everything in `want` is in `got` and equal; `path` names the place in complaints. Keys that
 * cannot be in an image (formula) are left out. Returns the number of leaves compared. */
uint32_t vector_compare(const cJSON *got, const cJSON *want, const char *path);
uint64_t vector_number(const cJSON *object, const char *name);

#endif
