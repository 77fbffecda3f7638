/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "attention"
#include "win/attention.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <windows.h>

#include "base/clock.h"
#include "base/log.h"
#include "kvmfr/frame.h"

enum {
    SYSTEM_EXECUTION_STATE = 16, /* enum POWER_INFORMATION_LEVEL */
    SHELL_FLASH = 0x8006,        /* HSHELL_REDRAW | HSHELL_HIGHBIT */
    LOOK_INTERVAL_MS = 1000,
};

typedef LONG(WINAPI *power_information_call)(int, void *, ULONG, void *, ULONG);

struct attention {
    struct { /* constant after create */
        HMODULE powrprof;
        power_information_call power_information; /* NULL: off */
        HANDLE thread, ready;                     /* NULL: off */
    } made;
    struct { /* the thread that publishes */
        uint64_t next_look_ms;
        bool display_wanted;
    } publisher;
    struct {          /* the window's thread */
        UINT message; /* the shell's */
    } shell;
    struct { /* any thread */
        _Atomic bool flashed;
        _Atomic(HWND) window; /* NULL: there is none */
    } shared;
};

static const wchar_t class_name[] = L"EspelhoAttention";

static LRESULT CALLBACK on_message(HWND window, UINT message, WPARAM wparam, LPARAM lparam)
{
    struct attention *a = (struct attention *)GetWindowLongPtrW(window, GWLP_USERDATA);
    if (message == WM_CLOSE) {
        DestroyWindow(window);
        return 0;
    }
    if (message == WM_DESTROY) {
        DeregisterShellHookWindow(window);
        PostQuitMessage(0);
        return 0;
    }
    if (a && message == a->shell.message && wparam == SHELL_FLASH) {
        /* relaxed: a flag that orders nothing */
        atomic_store_explicit(&a->shared.flashed, true, memory_order_relaxed);
        return 0;
    }
    return DefWindowProcW(window, message, wparam, lparam);
}

/* Hidden, but a real window: message-only ones do not hear what is sent to all. */
static HWND create_window(struct attention *a)
{
    const WNDCLASSW window_class = { .lpfnWndProc = on_message,
                                     .hInstance = GetModuleHandleW(NULL),
                                     .lpszClassName = class_name };
    RegisterClassW(&window_class); /* fails the second time, which does no harm */
    HWND window = CreateWindowExW(WS_EX_TOOLWINDOW | WS_EX_NOACTIVATE, class_name, L"", WS_POPUP, 0,
                                  0, 0, 0, NULL, NULL, window_class.hInstance, NULL);
    if (!window)
        return NULL;
    SetWindowLongPtrW(window, GWLP_USERDATA, (LONG_PTR)a);
    a->shell.message = RegisterWindowMessageW(L"SHELLHOOK");
    if (!RegisterShellHookWindow(window))
        log_debug("the shell does not tell of flashing windows (error %lu)", GetLastError());
    return window;
}

static DWORD WINAPI shell_thread(void *arg)
{
    struct attention *a = arg;
    HWND window = create_window(a);
    if (!window)
        log_debug("no window to hear of flashing ones (error %lu)", GetLastError());
    atomic_store(&a->shared.window, window);
    SetEvent(a->made.ready);
    MSG message;
    while (window && GetMessageW(&message, NULL, 0, 0) > 0)
        DispatchMessageW(&message);
    return 0;
}

static int start_shell_thread(struct attention *a)
{
    a->made.ready = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (!a->made.ready)
        return -ENOMEM;
    a->made.thread = CreateThread(NULL, 0, shell_thread, a, 0, NULL);
    if (!a->made.thread)
        return -EAGAIN;
    WaitForSingleObject(a->made.ready, INFINITE);
    return 0;
}

int attention_create(bool block_screensaver, bool flash, struct attention **out)
{
    struct attention *a = calloc(1, sizeof(*a));
    if (!a)
        return -ENOMEM;
    if (block_screensaver) {
        a->made.powrprof = LoadLibraryExW(L"powrprof.dll", NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
        if (a->made.powrprof)
            a->made.power_information = (power_information_call)(void *)GetProcAddress(
                a->made.powrprof, "CallNtPowerInformation");
    }
    const int err = flash ? start_shell_thread(a) : 0;
    if (err < 0) {
        attention_destroy(a);
        return err;
    }
    *out = a;
    return 0;
}

void attention_destroy(struct attention *a)
{
    if (!a)
        return;
    if (a->made.thread) {
        HWND window = atomic_load(&a->shared.window);
        if (window)
            PostMessageW(window, WM_CLOSE, 0, 0);
        WaitForSingleObject(a->made.thread, INFINITE);
        CloseHandle(a->made.thread);
    }
    if (a->made.ready)
        CloseHandle(a->made.ready);
    if (a->made.powrprof)
        FreeLibrary(a->made.powrprof);
    free(a);
}

static bool display_wanted(const struct attention *a)
{
    ULONG state = 0;
    return a->made.power_information(SYSTEM_EXECUTION_STATE, NULL, 0, &state, sizeof(state)) == 0 &&
           (state & ES_DISPLAY_REQUIRED);
}

uint32_t attention_frame_flags(struct attention *a)
{
    uint32_t flags = 0;
    const uint64_t now_ms = clock_ms();
    if (a->made.power_information && now_ms >= a->publisher.next_look_ms) {
        a->publisher.next_look_ms = now_ms + LOOK_INTERVAL_MS;
        a->publisher.display_wanted = display_wanted(a);
    }
    if (a->publisher.display_wanted)
        flags |= FRAME_FLAG_BLOCK_SCREENSAVER;
    if (atomic_exchange_explicit(&a->shared.flashed, false, memory_order_relaxed))
        flags |= FRAME_FLAG_REQUEST_ACTIVATION;
    return flags;
}
