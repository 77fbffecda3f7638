/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <nettle/sha2.h>
#include <stdarg.h>
#include <string.h>

#include "base/checked.h"
#include "inspect/inspect_private.h"

bool image_has(const struct inspect_image *image, uint64_t offset, uint64_t len_bytes)
{
    return range_inside(offset, len_bytes, image->len_bytes);
}

uint32_t image_u32(const struct inspect_image *image, uint64_t offset)
{
    uint32_t v;
    memcpy(&v, image->mem + offset, sizeof(v));
    return v;
}

uint64_t image_u64(const struct inspect_image *image, uint64_t offset)
{
    uint64_t v;
    memcpy(&v, image->mem + offset, sizeof(v));
    return v;
}

/* Raw text: a double would lose digits of 64-bit values. */
void add_u64(cJSON *object, const char *name, uint64_t v)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRIu64, v);
    cJSON_AddRawToObject(object, name, text);
}

void add_i64(cJSON *object, const char *name, int64_t v)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRId64, v);
    cJSON_AddRawToObject(object, name, text);
}

void add_sha256(cJSON *object, const char *name, const uint8_t *data, size_t len_bytes)
{
    struct sha256_ctx ctx;
    uint8_t digest[SHA256_DIGEST_SIZE];
    char text[2 * SHA256_DIGEST_SIZE + 1];
    sha256_init(&ctx);
    sha256_update(&ctx, len_bytes, data);
    sha256_digest(&ctx, sizeof(digest), digest);
    for (size_t i = 0; i < sizeof(digest); i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
    cJSON_AddStringToObject(object, name, text);
}

void add_error(struct decoder *d, const char *fmt, ...)
{
    char text[256];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    cJSON_AddItemToArray(d->errors, cJSON_CreateString(text));
}

bool take_budget(struct decoder *d, uint32_t slot, uint64_t bytes)
{
    if (bytes > d->budget_bytes) {
        add_error(d, "message in slot %u: not hashed, the messages before it were too large", slot);
        return false;
    }
    d->budget_bytes -= bytes;
    return true;
}
