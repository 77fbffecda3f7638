/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "clipboard/mime.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#include <spice/vd_agent.h>

#include "base/macros.h"
#include "base/text.h"

static const struct {
    uint32_t agent;
    const char *text;
} types[CLIP_TYPES] = {
    [CLIP_TEXT] = { VD_AGENT_CLIPBOARD_UTF8_TEXT, N_("text") },
    [CLIP_PNG] = { VD_AGENT_CLIPBOARD_IMAGE_PNG, N_("PNG image") },
    [CLIP_BMP] = { VD_AGENT_CLIPBOARD_IMAGE_BMP, N_("BMP image") },
    [CLIP_TIFF] = { VD_AGENT_CLIPBOARD_IMAGE_TIFF, N_("TIFF image") },
    [CLIP_JPEG] = { VD_AGENT_CLIPBOARD_IMAGE_JPG, N_("JPEG image") },
};

static const struct {
    enum clip_type type;
    const char *name;
} mimes[] = {
    /* best first within a type */
    { CLIP_TEXT, "text/plain;charset=utf-8" },
    { CLIP_TEXT, "UTF8_STRING" },
    { CLIP_TEXT, "text/plain" },
    { CLIP_PNG, "image/png" },
    { CLIP_BMP, "image/bmp" },
    { CLIP_BMP, "image/x-bmp" },
    { CLIP_BMP, "image/x-MS-bmp" },
    { CLIP_TIFF, "image/tiff" },
    { CLIP_JPEG, "image/jpeg" },
};
static_assert(ARRAY_LEN(mimes) <= MIME_NAMES_MAX, "callers reserve so many");

uint32_t clip_type_to_agent(enum clip_type type)
{
    return types[type].agent;
}

enum clip_type clip_type_from_agent(uint32_t agent_type)
{
    for (size_t i = 0; i < CLIP_TYPES; i++)
        if (types[i].agent == agent_type)
            return (enum clip_type)i;
    return CLIP_TYPES;
}

enum clip_type clip_type_from_mime(const char *mime)
{
    for (size_t i = 0; i < ARRAY_LEN(mimes); i++)
        if (strcasecmp(mimes[i].name, mime) == 0)
            return mimes[i].type;
    return CLIP_TYPES;
}

const char *clip_type_text(enum clip_type type)
{
    return _(types[type].text);
}

static const char *find(const char *const *offered, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(offered[i], name) == 0)
            return name;
    return NULL;
}

void mime_pick(const char *const *offered, size_t count, const char *picked[CLIP_TYPES])
{
    memset(picked, 0, CLIP_TYPES * sizeof(picked[0]));
    for (size_t i = 0; i < ARRAY_LEN(mimes); i++)
        if (!picked[mimes[i].type])
            picked[mimes[i].type] = find(offered, count, mimes[i].name);
}

size_t mime_names(uint32_t type_mask, const char *names[MIME_NAMES_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < ARRAY_LEN(mimes); i++)
        if (type_mask >> mimes[i].type & 1)
            names[n++] = mimes[i].name;
    return n;
}
