/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vector.h"

#include <stdlib.h>

#include "test.h"

void vector_load(const char *name, struct vector *out)
{
    char path[512], message[512];
    struct inspect_image text;
    snprintf(path, sizeof(path), "%s/%s.json", VECTOR_DIR, name);
    CHECK_MSG(inspect_image_load(path, 0, &text, message, sizeof(message)) == 0, "%s", message);
    out->expect = cJSON_ParseWithLength((const char *)text.mem, text.len_bytes);
    CHECK_MSG(out->expect, "%s is not JSON", path);
    inspect_image_fini(&text);
    snprintf(path, sizeof(path), "%s/%s.bin.gz", VECTOR_DIR, name);
    CHECK_MSG(inspect_image_load(path, vector_number(out->expect, "region_size"), &out->image,
                                 message, sizeof(message)) == 0,
              "%s", message);
}

void vector_fini(struct vector *v)
{
    inspect_image_fini(&v->image);
    cJSON_Delete(v->expect);
}

struct shm_region vector_region(const struct vector *v)
{
    struct shm_region r = { .len_bytes = v->image.len_bytes, .fd = -1, .kind = SHM_KIND_FILE };
    CHECK(posix_memalign(&r.mem, 4096, r.len_bytes) == 0);
    memcpy(r.mem, v->image.mem, r.len_bytes);
    return r;
}

void vector_region_fini(struct shm_region *region)
{
    free(region->mem);
}

uint64_t vector_number(const cJSON *object, const char *name)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(object, name);
    CHECK_MSG(cJSON_IsNumber(v), "no number %s", name);
    return (uint64_t)v->valuedouble;
}

static uint32_t compare_children(const cJSON *got, const cJSON *want, const char *path)
{
    uint32_t leaves = 0;
    int index = 0;
    for (const cJSON *w = want->child; w; w = w->next, index++) {
        char place[256];
        snprintf(place, sizeof(place), "%s/%s%.0d", path, w->string ? w->string : "",
                 w->string ? 0 : index + 1);
        if (w->string && strcmp(w->string, "formula") == 0)
            continue;
        const cJSON *g = w->string ? cJSON_GetObjectItemCaseSensitive(got, w->string)
                                   : cJSON_GetArrayItem(got, index);
        CHECK_MSG(g, "%s is missing", place);
        leaves += vector_compare(g, w, place);
    }
    if (cJSON_IsArray(want))
        CHECK_MSG(cJSON_GetArraySize(got) == index, "%s has %d entries, expected %d", path,
                  cJSON_GetArraySize(got), index);
    return leaves;
}

uint32_t vector_compare(const cJSON *got, const cJSON *want, const char *path)
{
    CHECK_MSG((got->type & 0xff) == (want->type & 0xff), "%s is of another kind", path);
    if (cJSON_IsObject(want) || cJSON_IsArray(want))
        return compare_children(got, want, path);
    if (cJSON_IsString(want))
        CHECK_MSG(strcmp(got->valuestring, want->valuestring) == 0, "%s is '%s', expected '%s'",
                  path, got->valuestring, want->valuestring);
    if (cJSON_IsNumber(want))
        CHECK_MSG(got->valuedouble == want->valuedouble, "%s is %.0f, expected %.0f", path,
                  got->valuedouble, want->valuedouble);
    return 1;
}
