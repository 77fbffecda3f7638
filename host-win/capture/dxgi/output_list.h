/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/capture/dxgi/output_list.h - which output of which adapter is captured, and how the list
 * of them reads. Portable, no state, any thread; outputs.c fills the list. */
#ifndef ESPELHO_CAPTURE_DXGI_OUTPUT_LIST_H
#define ESPELHO_CAPTURE_DXGI_OUTPUT_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kvmfr/frame.h"

enum { OUTPUT_LIST_MAX = 64 };

struct output_entry {
    uint32_t adapter_index;
    bool has_output; /* false: an adapter without outputs, everything of the output is 0 */
    uint32_t output_index;
    int32_t luid_high;
    uint32_t luid_low;
    bool software; /* draws with the CPU: Microsoft Basic Render Driver, WARP */
    bool attached; /* part of the desktop */
    bool primary;
    bool hdr;                     /* its colour space is HDR10 now */
    int32_t x_px, y_px;           /* in the virtual desktop */
    uint32_t width_px, height_px; /* rotated, as the desktop sees it */
    uint32_t sdr_white_permille;  /* of 80 cd/m2; 0: unknown */
    uint32_t mode_rotation;       /* DXGI_MODE_ROTATION */
    char adapter[128 * 3 + 1];    /* UTF-8: "NVIDIA GeForce RTX 4070" */
    char device[32 * 3 + 1];      /* "\\.\DISPLAY1" */
    char monitor[64 * 3 + 1];     /* "DELL U2720Q", or empty */
};
struct output_list {
    uint32_t count;
    struct output_entry entries[OUTPUT_LIST_MAX];
};

/* Chooses among outputs that are part of the desktop. `adapter`: digits: index; "0xH:0xL": LUID;
 * else part of the name, in any case. `output`: digits: index within the adapter; else part of the
 * device's or the monitor's name. NULL or "" leaves the choice: outputs of real GPUs before those
 * of software adapters, then the primary one, then the first. >= 0: index of the entry; -ENOENT: no
 * output is like that; -ENODEV: there is none at all. */
int output_list_choose(const struct output_list *list, const char *adapter, const char *output);

/* One line without line end: \\.\DISPLAY1 "DELL U2720Q" of NVIDIA ..., 2560x1440 at 0,0, primary
 * (what applies). For an adapter without outputs: its name. Always terminated. */
void output_entry_format(const struct output_entry *entry, char *text, size_t text_bytes);
/* The adapter alone: NVIDIA ... (LUID 0x0:0xb2c4), software. */
void output_entry_format_adapter(const struct output_entry *entry, char *text, size_t text_bytes);

#endif
