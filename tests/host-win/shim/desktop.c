/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shim/desktop.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { EXIT_BAD_SCRIPT = 120 };

/* The one exception from "no globals": a DLL has no owner that could hold its state. */
static struct desktop *the_desktop;
static FILE *log_file;

uint64_t desktop_now_ms(void)
{
    return GetTickCount64();
}

static double log_ms(void)
{
    LARGE_INTEGER now, hz;
    QueryPerformanceCounter(&now);
    QueryPerformanceFrequency(&hz);
    return (double)now.QuadPart * 1000.0 / (double)hz.QuadPart;
}

void desktop_log(const char *format, ...)
{
    char text[400];
    if (!log_file)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    fprintf(log_file, "%.3f %s\n", log_ms(), text); /* stdio locks: lines stay whole */
    fflush(log_file);
}

static void arm_failures(struct desktop *d, uint32_t event)
{
    const struct shim_event *e = &d->script.events[event];
    for (uint32_t i = 0; i < e->command_count; i++) {
        const struct shim_command *c = &d->script.commands[e->first_command + i];
        if (c->op != SHIM_OP_FAIL)
            continue;
        d->fails[c->n[0]].left = (uint32_t)c->n[1];
        d->fails[c->n[0]].hr = c->n[2];
    }
}

static bool add_outputs(struct desktop *d)
{
    const struct shim_event *setup = &d->script.events[0];
    for (uint32_t i = 0; i < setup->command_count; i++) {
        const struct shim_command *c = &d->script.commands[setup->first_command + i];
        if (c->op == SHIM_OP_OUTPUT && d->output_count < SHIM_MAX_OUTPUTS)
            d->outputs[d->output_count++] =
                (struct desktop_output){ .name = c->text, .x_px = c->n[0], .y_px = c->n[1] };
    }
    if (d->output_count == 0)
        d->outputs[d->output_count++].name = "\\\\.\\DISPLAY1";
    for (uint32_t i = 0; i < d->output_count; i++)
        if (shim_screen_init(&d->outputs[i].screen, &d->script, i) < 0)
            return false;
    return true;
}

static bool use_screen_size(struct desktop *d)
{
    return shim_screen_resize(&d->outputs[0].screen, (uint32_t)GetSystemMetrics(SM_CXSCREEN),
                              (uint32_t)GetSystemMetrics(SM_CYSCREEN), 0) == 0;
}

static _Noreturn void refuse(const char *path, const char *why)
{
    fprintf(stderr, "dxgi.dll of the tests: %s: %s\n", path, why);
    desktop_log("script %s: %s", path, why);
    ExitProcess(EXIT_BAD_SCRIPT);
}

static BOOL CALLBACK make(PINIT_ONCE once, void *parameter, void **context)
{
    (void)once, (void)parameter, (void)context;
    const char *path = getenv("ESPELHO_SHIM_SCRIPT"), *log = getenv("ESPELHO_SHIM_LOG");
    if (log)
        log_file = fopen(log, "a");
    if (!path)
        return TRUE;
    struct desktop *d = calloc(1, sizeof(*d));
    char error[160] = "no memory";
    if (!d || shim_script_load(path, &d->script, error) < 0 || !add_outputs(d))
        refuse(path, error);
    InitializeCriticalSection(&d->lock);
    d->live = shim_script_find(&d->script, 0, SHIM_OP_LIVE);
    d->scribble = shim_script_find(&d->script, 0, SHIM_OP_SCRIBBLE);
    d->old_interfaces = shim_script_find(&d->script, 0, SHIM_OP_OLD_INTERFACES);
    d->next_event = 1;
    d->event_ms = desktop_now_ms();
    arm_failures(d, 0);
    if (d->live && !use_screen_size(d))
        refuse(path, "no memory for the live desktop");
    desktop_log("script %u events, %u outputs", d->script.event_count - 1, d->output_count);
    the_desktop = d;
    return TRUE;
}

struct desktop *desktop_get(void)
{
    static INIT_ONCE once = INIT_ONCE_STATIC_INIT;
    InitOnceExecuteOnce(&once, make, NULL, NULL);
    return the_desktop;
}

HRESULT desktop_failure(struct desktop *d, enum shim_call call)
{
    if (d->fails[call].left == 0)
        return S_OK;
    d->fails[call].left--;
    return d->fails[call].hr;
}

static bool gate_open(const char *word)
{
    char path[MAX_PATH + SHIM_TEXT_BYTES];
    snprintf(path, sizeof(path), "%.*s.%s", MAX_PATH - 1, getenv("ESPELHO_SHIM_SCRIPT"), word);
    return GetFileAttributesA(path) != INVALID_FILE_ATTRIBUTES;
}

uint32_t desktop_wait_ms(const struct desktop *d)
{
    if (d->next_event >= d->script.event_count)
        return UINT32_MAX;
    const struct shim_command *gate = shim_script_find(&d->script, d->next_event, SHIM_OP_GATE);
    if (gate && !gate_open(gate->text))
        return UINT32_MAX;
    const struct shim_command *wait = shim_script_find(&d->script, d->next_event, SHIM_OP_WAIT);
    const uint64_t due_ms = d->event_ms + (wait ? (uint64_t)wait->n[0] : 0),
                   now_ms = desktop_now_ms();
    return due_ms <= now_ms ? 0 : (uint32_t)(due_ms - now_ms);
}

enum shim_event_kind desktop_step(struct desktop *d)
{
    const uint32_t event = d->next_event++;
    const struct shim_event *e = &d->script.events[event];
    bool remade = false;
    for (uint32_t i = 0; i < d->output_count; i++) {
        if (shim_screen_apply(&d->outputs[i].screen, &d->script, event, &d->outputs[i].news) < 0)
            refuse("event", "no memory");
        remade |= d->outputs[i].news.remade;
    }
    arm_failures(d, event);
    d->event_ms = desktop_now_ms();
    if (remade || e->kind == SHIM_EVENT_LOST)
        d->losses++;
    if (e->kind == SHIM_EVENT_REMOVED)
        d->removed_reason = e->hr;
    return remade && e->kind == SHIM_EVENT_NEWS ? SHIM_EVENT_LOST : e->kind;
}

void desktop_use_device(struct desktop *d, ID3D11Device *device)
{
    if (!d->removed || d->removed == device)
        return;
    ID3D11Device_Release(d->removed);
    d->removed = NULL;
}

static const DXGI_COLOR_SPACE_TYPE colour_spaces[] = {
    [SHIM_COLOUR_SDR] = DXGI_COLOR_SPACE_RGB_FULL_G22_NONE_P709,
    [SHIM_COLOUR_SCRGB] = DXGI_COLOR_SPACE_RGB_FULL_G10_NONE_P709,
    [SHIM_COLOUR_PQ] = DXGI_COLOR_SPACE_RGB_FULL_G2084_NONE_P2020,
};

void desktop_describe(struct desktop *d, uint32_t output, HMONITOR monitor, DXGI_OUTPUT_DESC1 *out)
{
    EnterCriticalSection(&d->lock);
    const struct desktop_output *o = &d->outputs[output];
    const struct shim_screen *s = &o->screen;
    const bool lies = s->quarter_turns % 2, primary = o->x_px == 0 && o->y_px == 0;
    *out = (DXGI_OUTPUT_DESC1){
        .DesktopCoordinates = { o->x_px, o->y_px,
                                o->x_px + (LONG)(lies ? s->height_px : s->width_px),
                                o->y_px + (LONG)(lies ? s->width_px : s->height_px) },
        .AttachedToDesktop = TRUE,
        .Rotation = (DXGI_MODE_ROTATION)(DXGI_MODE_ROTATION_IDENTITY + s->quarter_turns),
        /* What is no handle of a monitor makes GetMonitorInfo() fail. */
        .Monitor = primary ? monitor : (HMONITOR)(uintptr_t)(0x7E570 + output),
        .BitsPerColor = s->colour == SHIM_COLOUR_SDR ? 8 : 10,
        .ColorSpace = colour_spaces[s->colour],
        .MaxLuminance = s->colour == SHIM_COLOUR_SDR ? 270.0f : 1000.0f,
    };
    MultiByteToWideChar(CP_UTF8, 0, o->name, -1, out->DeviceName, ARRAY_LEN(out->DeviceName));
    LeaveCriticalSection(&d->lock);
}
