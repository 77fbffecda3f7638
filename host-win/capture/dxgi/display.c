/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/dxgi/display.h"

#include <stdlib.h>

#include "base/macros.h"
#include "base/utf16.h"

enum { MAX_PATHS = 64, MAX_MODES = 2 * MAX_PATHS };

struct config {
    DISPLAYCONFIG_PATH_INFO paths[MAX_PATHS];
    DISPLAYCONFIG_MODE_INFO modes[MAX_MODES];
    UINT32 path_count, mode_count;
};

static bool is_source_of(const DISPLAYCONFIG_PATH_INFO *path, const WCHAR *gdi_name)
{
    DISPLAYCONFIG_SOURCE_DEVICE_NAME name = {
        .header = { .type = DISPLAYCONFIG_DEVICE_INFO_GET_SOURCE_NAME,
                    .size = sizeof(name),
                    .adapterId = path->sourceInfo.adapterId,
                    .id = path->sourceInfo.id },
    };
    if (DisplayConfigGetDeviceInfo(&name.header) != ERROR_SUCCESS)
        return false;
    name.viewGdiDeviceName[ARRAY_LEN(name.viewGdiDeviceName) - 1] = 0;
    return lstrcmpiW(name.viewGdiDeviceName, gdi_name) == 0;
}

static void read_monitor(const DISPLAYCONFIG_PATH_INFO *path, struct display_facts *out)
{
    DISPLAYCONFIG_TARGET_DEVICE_NAME name = {
        .header = { .type = DISPLAYCONFIG_DEVICE_INFO_GET_TARGET_NAME,
                    .size = sizeof(name),
                    .adapterId = path->targetInfo.adapterId,
                    .id = path->targetInfo.id },
    };
    if (DisplayConfigGetDeviceInfo(&name.header) == ERROR_SUCCESS &&
        utf16_span_to_utf8(name.monitorFriendlyDeviceName,
                           ARRAY_LEN(name.monitorFriendlyDeviceName), out->monitor,
                           sizeof(out->monitor)) < 0)
        out->monitor[0] = 0;
}

static void read_white(const DISPLAYCONFIG_PATH_INFO *path, struct display_facts *out)
{
    DISPLAYCONFIG_SDR_WHITE_LEVEL white = {
        .header = { .type = DISPLAYCONFIG_DEVICE_INFO_GET_SDR_WHITE_LEVEL,
                    .size = sizeof(white),
                    .adapterId = path->targetInfo.adapterId,
                    .id = path->targetInfo.id },
    };
    if (DisplayConfigGetDeviceInfo(&white.header) == ERROR_SUCCESS)
        out->sdr_white_permille = white.SDRWhiteLevel;
}

static void find_in(const struct config *c, const WCHAR *gdi_name, struct display_facts *out)
{
    for (UINT32 i = 0; i < c->path_count; i++) {
        if (!is_source_of(&c->paths[i], gdi_name))
            continue;
        read_monitor(&c->paths[i], out);
        read_white(&c->paths[i], out);
        return;
    }
}

void display_facts_find(const WCHAR *gdi_name, struct display_facts *out)
{
    *out = (struct display_facts){ 0 };
    struct config *c = calloc(1, sizeof(*c));
    if (!c)
        return;
    c->path_count = MAX_PATHS;
    c->mode_count = MAX_MODES;
    if (QueryDisplayConfig(QDC_ONLY_ACTIVE_PATHS, &c->path_count, c->paths, &c->mode_count,
                           c->modes, NULL) == ERROR_SUCCESS)
        find_in(c, gdi_name, out);
    free(c);
}

uint32_t display_sdr_white(const char *gdi_name_utf8)
{
    WCHAR name[64];
    struct display_facts facts;
    if (utf16_from_utf8(gdi_name_utf8, name, ARRAY_LEN(name)) < 0)
        return 0;
    display_facts_find(name, &facts);
    return facts.sdr_white_permille;
}
