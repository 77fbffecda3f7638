/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/gdi/screen.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kvmfr/frame.h"

struct search {
    const char *output;
    bool by_index, found;
    unsigned long wanted, index;
    MONITORINFOEXW info;
};

static void to_utf8(const WCHAR *wide, char *text, int text_bytes)
{
    if (WideCharToMultiByte(CP_UTF8, 0, wide, -1, text, text_bytes, NULL, NULL) == 0)
        text[0] = 0;
}

static bool contains(const char *text, const char *part)
{
    const size_t len = strlen(part);
    for (; *text; text++)
        if (_strnicmp(text, part, len) == 0)
            return true;
    return false;
}

static bool matches(const struct search *s, const MONITORINFOEXW *info)
{
    char name[96];
    if (s->by_index)
        return s->index == s->wanted;
    if (!s->output)
        return (info->dwFlags & MONITORINFOF_PRIMARY) != 0;
    to_utf8(info->szDevice, name, sizeof(name));
    return contains(name, s->output);
}

static BOOL CALLBACK look_at_monitor(HMONITOR monitor, HDC dc, LPRECT area, LPARAM ctx)
{
    struct search *s = (struct search *)ctx;
    MONITORINFOEXW info = { .cbSize = sizeof(info) };
    (void)dc;
    (void)area;
    if (GetMonitorInfoW(monitor, (MONITORINFO *)(void *)&info) && matches(s, &info)) {
        s->info = info;
        s->found = true;
        return FALSE;
    }
    s->index++;
    return TRUE;
}

static enum screen_fault find_monitor(struct screen *s, const char *output)
{
    struct search search = { .output = output && *output ? output : NULL };
    char *end = NULL;
    if (search.output && isdigit((unsigned char)*search.output)) {
        search.wanted = strtoul(search.output, &end, 10);
        search.by_index = *end == 0;
    }
    EnumDisplayMonitors(NULL, NULL, look_at_monitor, (LPARAM)&search);
    if (!search.found)
        return search.output ? SCREEN_NO_MATCH : SCREEN_NONE;
    s->area = search.info.rcMonitor;
    memcpy(s->device, search.info.szDevice, sizeof(s->device));
    to_utf8(s->device, s->name, sizeof(s->name));
    const LONG width = s->area.right - s->area.left, height = s->area.bottom - s->area.top;
    if (width <= 0 || height <= 0 || width > (LONG)FRAME_MAX_PX || height > (LONG)FRAME_MAX_PX)
        return SCREEN_NONE;
    s->width_px = (uint32_t)width;
    s->height_px = (uint32_t)height;
    s->pitch_bytes = s->width_px * 4;
    return SCREEN_OK;
}

static bool make_shot(struct screen *s, uint32_t i)
{
    const BITMAPINFO info = { .bmiHeader = { .biSize = sizeof(info.bmiHeader),
                                             .biWidth = (LONG)s->width_px,
                                             .biHeight = -(LONG)s->height_px,
                                             .biPlanes = 1,
                                             .biBitCount = 32,
                                             .biCompression = BI_RGB } };
    void *pixels = NULL;
    s->shots[i].dc = CreateCompatibleDC(s->desktop_dc);
    s->shots[i].bitmap = CreateDIBSection(s->desktop_dc, &info, DIB_RGB_COLORS, &pixels, NULL, 0);
    if (!s->shots[i].dc || !s->shots[i].bitmap || !pixels)
        return false;
    s->shots[i].pixels = pixels;
    s->shots[i].previous = SelectObject(s->shots[i].dc, s->shots[i].bitmap);
    return true;
}

static void read_rate(struct screen *s)
{
    DEVMODEW mode = { .dmSize = sizeof(mode) };
    s->hz = 60;
    if (EnumDisplaySettingsW(s->device, ENUM_CURRENT_SETTINGS, &mode) &&
        mode.dmDisplayFrequency > 1) /* 0 and 1: the hardware's own */
        s->hz = mode.dmDisplayFrequency;
}

enum screen_fault screen_open(struct screen *s, const char *output)
{
    *s = (struct screen){ 0 };
    const enum screen_fault fault = find_monitor(s, output);
    if (fault != SCREEN_OK)
        return fault;
    read_rate(s);
    s->desktop_dc = GetDC(NULL);
    if (!s->desktop_dc)
        return SCREEN_NOT_ALLOWED;
    if (!make_shot(s, 0) || !make_shot(s, 1)) {
        screen_close(s);
        return SCREEN_NO_MEMORY;
    }
    if (!screen_shoot(s) || !screen_shoot(s)) {
        screen_close(s);
        return SCREEN_NOT_ALLOWED;
    }
    return SCREEN_OK;
}

void screen_close(struct screen *s)
{
    for (uint32_t i = 0; i < 2; i++) {
        if (s->shots[i].previous)
            SelectObject(s->shots[i].dc, s->shots[i].previous);
        if (s->shots[i].bitmap)
            DeleteObject(s->shots[i].bitmap);
        if (s->shots[i].dc)
            DeleteDC(s->shots[i].dc);
    }
    if (s->desktop_dc)
        ReleaseDC(NULL, s->desktop_dc);
    *s = (struct screen){ 0 };
}

bool screen_shoot(struct screen *s)
{
    const uint32_t next = 1 - s->newest;
    if (!BitBlt(s->shots[next].dc, 0, 0, (int)s->width_px, (int)s->height_px, s->desktop_dc,
                s->area.left, s->area.top, SRCCOPY))
        return false;
    GdiFlush(); /* the bitmap's bytes are read next */
    s->newest = next;
    return true;
}

bool screen_unchanged(const struct screen *s)
{
    const POINT inside = { s->area.left, s->area.top };
    MONITORINFOEXW info = { .cbSize = sizeof(info) };
    HMONITOR monitor = MonitorFromPoint(inside, MONITOR_DEFAULTTONULL);
    return monitor && GetMonitorInfoW(monitor, (MONITORINFO *)(void *)&info) &&
           EqualRect(&info.rcMonitor, &s->area);
}
