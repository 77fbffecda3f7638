/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/capture/dxgi/display.h - what Windows' display configuration knows of an output and DXGI
 * does not: the monitor's name, and how bright SDR white is. Any thread; asks the system each time
 * (some milliseconds). */
#ifndef ESPELHO_CAPTURE_DXGI_DISPLAY_H
#define ESPELHO_CAPTURE_DXGI_DISPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/dxgi/com.h"

struct display_facts {
    char monitor[64 * 3 + 1];    /* UTF-8; empty: unknown */
    uint32_t sdr_white_permille; /* of 80 cd/m2; 0: unknown */
};
/* Of the output with this GDI name ("\\.\DISPLAY1"). Nothing known: all empty. */
void display_facts_find(const WCHAR *gdi_name, struct display_facts *out);
/* sdr_white_permille alone. */
uint32_t display_sdr_white(const char *gdi_name_utf8);

#endif
