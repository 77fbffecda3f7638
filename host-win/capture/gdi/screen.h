/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/capture/gdi/screen.h - one monitor of the desktop as bitmaps, by BitBlt. Capture thread.
 * Windows only. */
#ifndef ESPELHO_CAPTURE_GDI_SCREEN_H
#define ESPELHO_CAPTURE_GDI_SCREEN_H

#include <windows.h>

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"

struct screen {
    RECT area; /* in the virtual desktop */
    uint32_t width_px, height_px, pitch_bytes, hz;
    char name[96]; /* UTF-8: "\\.\DISPLAY1" */
    WCHAR device[32];
    HDC desktop_dc; /* the screen's */
    struct {        /* the last two pictures; both hold the same after screen_open() */
        HDC dc;
        HBITMAP bitmap;
        HGDIOBJ previous;
        uint8_t *pixels; /* rows from the top, B G R and a byte that says nothing */
    } shots[2];
    uint32_t newest;
};

enum screen_fault { SCREEN_OK, SCREEN_NONE, SCREEN_NO_MATCH, SCREEN_NOT_ALLOWED, SCREEN_NO_MEMORY };

/* `output`: digits: index among the monitors; else part of the device's name, in any case; NULL or
 * "": the primary one. Embedded; on failure there is nothing to close. */
enum screen_fault screen_open(struct screen *s, const char *output) MUST_CHECK;
void screen_close(struct screen *s);
/* Takes a picture: shots[newest], and the one before it is the other. False: not allowed now
 * (another desktop has the screen). */
bool screen_shoot(struct screen *s) MUST_CHECK;
/* Same place, same size? */
bool screen_unchanged(const struct screen *s);

#endif
