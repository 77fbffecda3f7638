/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"
#include "vector.h"
#include "vector_check.h"

static cJSON *decode_and_read_back(const struct inspect_image *image)
{
    cJSON *tree = inspect_decode(image);
    CHECK(tree);
    char *text = cJSON_PrintUnformatted(tree); /* numbers were text so far */
    cJSON *read = cJSON_Parse(text);
    CHECK(read);
    cJSON_Delete(tree);
    free(text);
    return read;
}

static void check_section(const cJSON *got, const cJSON *want, const char *name)
{
    const cJSON *g = cJSON_GetObjectItemCaseSensitive(got, name),
                *w = cJSON_GetObjectItemCaseSensitive(want, name);
    CHECK_MSG(g && w, "no %s", name);
    const uint32_t leaves = vector_compare(g, w, name);
    CHECK_MSG(leaves > 0 || !w->child, "%s: nothing compared", name);
}

/* Every value of the expectation file, and not a word of complaint. */
TEST(decode)
{
    static const char *const sections[] = { "region_size",    "header",           "kvmfr",
                                            "queues",         "pointer_messages", "frame_messages",
                                            "undefined_bytes" };
    struct vector v;
    vector_load(vector_name(), &v);
    cJSON *got = decode_and_read_back(&v.image);
    const cJSON *errors = cJSON_GetObjectItemCaseSensitive(got, "errors");
    CHECK_MSG(cJSON_GetArraySize(errors) == 0, "error: %s",
              cJSON_GetArrayItem(errors, 0)->valuestring);
    for (size_t i = 0; i < ARRAY_LEN(sections); i++)
        check_section(got, v.expect, sections[i]);
    cJSON_Delete(got);
    vector_fini(&v);
}
