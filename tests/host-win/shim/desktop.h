/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/host-win/shim/desktop.h - the scripted desktop of this process: its outputs, which event
 * comes next and when, which calls fail, and the log of calls.
 *
 * There is one per process, since there is one dxgi.dll: made from ESPELHO_SHIM_SCRIPT (path of a
 * script, see script.h) when DXGI is first used, never freed. ESPELHO_SHIM_LOG: path of a file that
 * gets a line per call: "<milliseconds> <call> ... -> <result>". A script with an error ends the
 * process with status 120. Threads: any; `lock` guards all but what is said to be constant. */
#ifndef ESPELHO_TESTS_SHIM_DESKTOP_H
#define ESPELHO_TESTS_SHIM_DESKTOP_H

#include <windows.h>

#include <d3d11.h>
#include <dxgi1_6.h>

#include "base/macros.h"
#include "shim/screen.h"

struct duplication;

struct desktop_output {
    const char *name; /* constant, as are x and y */
    int32_t x_px, y_px;
    struct shim_screen screen;
    struct shim_news news;     /* of the last event */
    struct duplication *taken; /* a process duplicates an output once */
};

struct desktop {
    CRITICAL_SECTION lock;
    struct shim_script script;           /* constant, as are the next two */
    bool live, scribble, old_interfaces; /* the words of the setup */
    uint32_t output_count;
    struct desktop_output outputs[SHIM_MAX_OUTPUTS];

    uint32_t next_event;
    uint64_t event_ms; /* when the last one was delivered */
    uint32_t losses;   /* a duplication that was made before the last one is lost */
    struct {
        uint32_t left;
        HRESULT hr;
    } fails[SHIM_CALL_COUNT];
    ID3D11Device *removed; /* holds a reference, until another device is used */
    HRESULT removed_reason;
};

/* NULL: no script is set; then everything is as if this DLL were not there. */
struct desktop *desktop_get(void);
void desktop_log(const char *format, ...) PRINTF_LIKE(1, 2);
uint64_t desktop_now_ms(void);

/* --- with `lock` held */

/* The failure that the script wants of this call, counted down; S_OK: none. */
HRESULT desktop_failure(struct desktop *d, enum shim_call call);
/* Milliseconds until the next event; UINT32_MAX: there is none, or a gate is shut. */
uint32_t desktop_wait_ms(const struct desktop *d);
/* Applies the next event to all outputs and returns its kind. */
enum shim_event_kind desktop_step(struct desktop *d);
/* A device is used for a duplication: if another one was removed, that is history. */
void desktop_use_device(struct desktop *d, ID3D11Device *device);

/* --- with or without */

/* As the desktop is now. Monitor: the handle of output `monitor`, if this is the primary one. */
void desktop_describe(struct desktop *d, uint32_t output, HMONITOR monitor, DXGI_OUTPUT_DESC1 *out);

#endif
