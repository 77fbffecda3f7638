/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tray/tray.h"

#include <stdbool.h>
#include <string.h>
#include <windows.h>

#include <shellapi.h>

#include "base/log.h"
#include "base/macros.h"
#include "base/utf16.h"
#include "control/control_client.h"
#include "control/stop_event.h"
#include "installer/resource.h"
#include "tray/tray_text.h"

#define LOG_MODULE   "tray"
#define WINDOW_CLASS L"EspelhoTray"

enum {
    ICON_ID = 1,
    TIMER_ID = 1,
    POLL_MS = 1000,
    ASK_MS = 300, /* the icon's menu does not answer so long */
    ICON_MESSAGE = WM_APP + 1,
};

enum menu_item { ITEM_NONE, ITEM_OPEN_LOG, ITEM_RESTART, ITEM_QUIT };

struct tray {
    const char *pipe_suffix; /* borrowed */
    enum tray_language language;
    HWND window;                  /* owned, as what follows */
    HANDLE stop;                  /* NULL: nobody but the user ends us */
    HICON icons[TRAY_ICON_COUNT]; /* shared: not to be destroyed */
    UINT taskbar_created;         /* Explorer says so when it has (re)started */
    bool busy;                    /* a menu or a question is open */
    bool answered;                /* `status` is that of now */
    struct control_status status;
};

static const struct control_status *status_of(const struct tray *t)
{
    return t->answered ? &t->status : NULL;
}

static void to_wide(const char *text, wchar_t *wide, size_t units)
{
    utf16_from_utf8(text, (uint16_t *)wide, units); /* cut where it is too long */
}

/* ---- the icon ---- */

static NOTIFYICONDATAW icon_data(const struct tray *t)
{
    char text[TRAY_TEXT_BYTES];
    NOTIFYICONDATAW data = {
        .cbSize = sizeof(data),
        .hWnd = t->window,
        .uID = ICON_ID,
        .uFlags = NIF_MESSAGE | NIF_ICON | NIF_TIP | NIF_SHOWTIP,
        .uCallbackMessage = ICON_MESSAGE,
        .hIcon = t->icons[tray_icon_for(status_of(t))],
    };
    tray_tooltip(t->language, status_of(t), text);
    to_wide(text, data.szTip, ARRAY_LEN(data.szTip));
    data.uVersion = NOTIFYICON_VERSION_4; /* for NIM_SETVERSION */
    return data;
}

/* Explorer may not be there yet, or have lost the icon: then it is tried again at the next poll. */
static void show(const struct tray *t)
{
    NOTIFYICONDATAW data = icon_data(t);
    if (Shell_NotifyIconW(NIM_MODIFY, &data))
        return;
    if (Shell_NotifyIconW(NIM_ADD, &data))
        Shell_NotifyIconW(NIM_SETVERSION, &data);
}

static void hide(const struct tray *t)
{
    NOTIFYICONDATAW data = icon_data(t);
    Shell_NotifyIconW(NIM_DELETE, &data);
}

static void load_icons(struct tray *t)
{
    static const WORD ids[TRAY_ICON_COUNT] = {
        [TRAY_ICON_IDLE] = ESPELHO_ICON,
        [TRAY_ICON_CONNECTED] = ESPELHO_ICON_CONNECTED,
        [TRAY_ICON_FAILED] = ESPELHO_ICON_FAILED,
    };
    for (size_t i = 0; i < TRAY_ICON_COUNT; i++) {
        t->icons[i] =
            LoadImageW(GetModuleHandleW(NULL), MAKEINTRESOURCEW(ids[i]), IMAGE_ICON,
                       GetSystemMetrics(SM_CXSMICON), GetSystemMetrics(SM_CYSMICON), LR_SHARED);
        if (!t->icons[i]) /* a program without our resources */
            t->icons[i] = LoadIconW(NULL, IDI_APPLICATION);
    }
}

static void poll_host(struct tray *t)
{
    t->answered = control_ask_status(t->pipe_suffix, ASK_MS, &t->status) == 0;
    show(t);
    if (t->stop && WaitForSingleObject(t->stop, 0) == WAIT_OBJECT_0)
        DestroyWindow(t->window); /* a menu that is open ends with it */
}

/* ---- the user's wishes ---- */

static int say(const struct tray *t, enum tray_word word, UINT kind)
{
    wchar_t text[TRAY_TEXT_BYTES];
    to_wide(tray_word(t->language, word), text, ARRAY_LEN(text));
    return MessageBoxW(t->window, text, L"Espelho", kind | MB_SETFOREGROUND);
}

/* The text came through the pipe: nothing but a folder of this machine is opened, nothing run. */
static bool is_local_folder(const wchar_t *path)
{
    const bool drive =
        ((path[0] >= L'A' && path[0] <= L'Z') || (path[0] >= L'a' && path[0] <= L'z')) &&
        path[1] == L':' && path[2] == L'\\';
    const DWORD attributes = drive ? GetFileAttributesW(path) : INVALID_FILE_ATTRIBUTES;
    return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY);
}

static void open_log(const struct tray *t)
{
    wchar_t folder[sizeof(t->status.log)];
    to_wide(t->status.log, folder, ARRAY_LEN(folder));
    if (!t->answered || !is_local_folder(folder) ||
        (INT_PTR)ShellExecuteW(t->window, L"explore", folder, NULL, NULL, SW_SHOWNORMAL) <= 32)
        say(t, TRAY_WORD_NO_LOG, MB_ICONINFORMATION);
}

static void ask_host(const struct tray *t, enum control_command command)
{
    if (control_ask(t->pipe_suffix, command, POLL_MS) < 0)
        say(t, TRAY_WORD_NO_ANSWER, MB_ICONWARNING);
}

/* Who looks at this screen through the viewer loses it: better asked. */
static void quit(struct tray *t)
{
    if (t->answered) {
        if (say(t, TRAY_WORD_QUIT_QUESTION, MB_ICONQUESTION | MB_YESNO) != IDYES)
            return;
        ask_host(t, CONTROL_QUIT);
    }
    DestroyWindow(t->window);
}

static void add_item(const struct tray *t, HMENU menu, enum menu_item item, enum tray_word word,
                     bool enabled)
{
    wchar_t text[TRAY_TEXT_BYTES];
    to_wide(tray_word(t->language, word), text, ARRAY_LEN(text));
    AppendMenuW(menu, (UINT)(enabled ? MF_STRING : MF_GRAYED), item, text);
}

static HMENU make_menu(const struct tray *t)
{
    char line[TRAY_TEXT_BYTES];
    wchar_t text[TRAY_TEXT_BYTES];
    HMENU menu = CreatePopupMenu();
    if (!menu)
        return NULL;
    tray_state_line(t->language, status_of(t), line);
    to_wide(line, text, ARRAY_LEN(text));
    AppendMenuW(menu, MF_GRAYED, ITEM_NONE, text);
    AppendMenuW(menu, MF_SEPARATOR, ITEM_NONE, NULL);
    add_item(t, menu, ITEM_OPEN_LOG, TRAY_WORD_OPEN_LOG, t->answered && t->status.log[0]);
    add_item(t, menu, ITEM_RESTART, TRAY_WORD_RESTART, t->answered);
    AppendMenuW(menu, MF_SEPARATOR, ITEM_NONE, NULL);
    add_item(t, menu, ITEM_QUIT, TRAY_WORD_QUIT, true);
    return menu;
}

static enum menu_item choose(const struct tray *t)
{
    POINT at;
    HMENU menu = make_menu(t);
    if (!menu)
        return ITEM_NONE;
    GetCursorPos(&at);
    SetForegroundWindow(t->window); /* or a click beside the menu would not close it */
    const BOOL item = TrackPopupMenuEx(menu, TPM_RETURNCMD | TPM_NONOTIFY | TPM_RIGHTBUTTON, at.x,
                                       at.y, t->window, NULL);
    PostMessageW(t->window, WM_NULL, 0, 0);
    DestroyMenu(menu);
    return (enum menu_item)item;
}

static void carry_out(struct tray *t, enum menu_item item)
{
    switch (item) {
    case ITEM_NONE:
        break;
    case ITEM_OPEN_LOG:
        open_log(t);
        break;
    case ITEM_RESTART:
        ask_host(t, CONTROL_RESTART);
        break;
    case ITEM_QUIT:
        quit(t);
        break;
    }
}

static void on_icon(struct tray *t)
{
    if (t->busy)
        return;
    t->busy = true;
    carry_out(t, choose(t));
    t->busy = false;
}

/* ---- the window ---- */

static bool wants_menu(LPARAM lparam)
{
    const WORD what = LOWORD(lparam);
    return what == WM_CONTEXTMENU || what == NIN_SELECT || what == NIN_KEYSELECT;
}

static LRESULT CALLBACK on_message(HWND window, UINT message, WPARAM wparam, LPARAM lparam)
{
    struct tray *t = (struct tray *)GetWindowLongPtrW(window, GWLP_USERDATA);
    if (t && message == ICON_MESSAGE) {
        if (wants_menu(lparam))
            on_icon(t);
        return 0;
    }
    if (t && message == WM_TIMER) {
        poll_host(t);
        return 0;
    }
    if (t && message == t->taskbar_created) {
        show(t);
        return 0;
    }
    if (t && message == WM_DESTROY) {
        hide(t);
        t->window = NULL;
        PostQuitMessage(0);
        return 0;
    }
    return DefWindowProcW(window, message, wparam, lparam);
}

/* Not a message-only window: those get no TaskbarCreated. */
static bool open_window(struct tray *t)
{
    const WNDCLASSEXW window_class = { .cbSize = sizeof(window_class),
                                       .lpfnWndProc = on_message,
                                       .hInstance = GetModuleHandleW(NULL),
                                       .lpszClassName = WINDOW_CLASS };
    if (!RegisterClassExW(&window_class))
        return false;
    t->window = CreateWindowExW(WS_EX_TOOLWINDOW, window_class.lpszClassName, L"Espelho", WS_POPUP,
                                0, 0, 0, 0, NULL, NULL, window_class.hInstance, NULL);
    if (!t->window)
        return false;
    SetWindowLongPtrW(t->window, GWLP_USERDATA, (LONG_PTR)t);
    t->taskbar_created = RegisterWindowMessageW(L"TaskbarCreated");
    return SetTimer(t->window, TIMER_ID, POLL_MS, NULL) != 0;
}

static void run_messages(struct tray *t)
{
    MSG message;
    const DWORD handles = t->stop ? 1 : 0;
    for (;;) {
        while (PeekMessageW(&message, NULL, 0, 0, PM_REMOVE)) {
            if (message.message == WM_QUIT)
                return;
            DispatchMessageW(&message);
        }
        if (MsgWaitForMultipleObjects(handles, &t->stop, FALSE, INFINITE, QS_ALLINPUT) ==
                WAIT_OBJECT_0 &&
            handles)
            return;
    }
}

static int run(struct tray *t)
{
    if (!open_window(t)) {
        log_err("cannot open a window: error %lu", GetLastError());
        return 1;
    }
    load_icons(t);
    poll_host(t);
    run_messages(t);
    if (t->window)
        DestroyWindow(t->window);
    return 0;
}

int tray_run(const char *pipe_suffix)
{
    struct tray t = { .pipe_suffix = pipe_suffix,
                      .language = tray_language_of(GetUserDefaultUILanguage()) };
    HANDLE once = CreateMutexW(NULL, FALSE, L"Local\\EspelhoHostTray");
    int status = 0;
    if (once && GetLastError() != ERROR_ALREADY_EXISTS) {
        t.stop = stop_event_open();
        status = run(&t);
        UnregisterClassW(WINDOW_CLASS, GetModuleHandleW(NULL));
    }
    if (t.stop)
        CloseHandle(t.stop);
    if (once)
        CloseHandle(once);
    return status;
}
