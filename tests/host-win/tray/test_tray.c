/* SPDX-License-Identifier: GPL-2.0-or-later
 * The real icon in a thread, and a control server of the test's own behind it. Its menu is opened
 * as Explorer does, read back, and used with the keyboard. */
#include "test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <windows.h>

#include "base/clock.h"
#include "base/utf16.h"
#include "control/control_server.h"
#include "control/stop_event.h"
#include "tray/tray.h"

enum { PATIENCE_MS = 20000, ICON_MESSAGE = WM_APP + 1, GET_MENU = 0x1e1 /* MN_GETHMENU */ };

#define SUFFIX "-test-tray"

struct rig {
    struct control_server *server;
    pthread_t thread;
    HWND window; /* of the tray */
    HANDLE stop;
    _Atomic int restarts, quits;
    pthread_mutex_t mutex;
    struct control_status status; /* under `mutex` */
};

static void on_status(void *ctx, struct control_status *out)
{
    struct rig *r = ctx;
    pthread_mutex_lock(&r->mutex);
    *out = r->status;
    pthread_mutex_unlock(&r->mutex);
}

static void on_restart(void *ctx)
{
    atomic_fetch_add(&((struct rig *)ctx)->restarts, 1);
}

static void on_quit(void *ctx)
{
    atomic_fetch_add(&((struct rig *)ctx)->quits, 1);
}

static void *tray_thread(void *ctx)
{
    (void)ctx;
    CHECK_INT(tray_run(SUFFIX), 0);
    return NULL;
}

static HWND wait_window(const wchar_t *window_class)
{
    const uint64_t until_ms = clock_ms() + PATIENCE_MS;
    HWND window;
    while (!(window = FindWindowW(window_class, NULL))) {
        CHECK_MSG(clock_ms() < until_ms, "no window %ls", window_class);
        Sleep(10);
    }
    return window;
}

static void wait_no_window(const wchar_t *window_class)
{
    const uint64_t until_ms = clock_ms() + PATIENCE_MS;
    while (FindWindowW(window_class, NULL)) {
        CHECK_MSG(clock_ms() < until_ms, "window %ls stays", window_class);
        Sleep(10);
    }
}

static void start_server(struct rig *r)
{
    const struct control_server_config config = {
        .status = on_status, .restart = on_restart, .quit = on_quit, .ctx = r, .suffix = SUFFIX
    };
    CHECK_INT(control_server_create(&config, &r->server), 0);
}

/* Not only after the second. */
static void poll_now(const struct rig *r)
{
    SendMessageW(r->window, WM_TIMER, 1, 0);
}

static void start_tray(struct rig *r)
{
    CHECK_INT(stop_event_create(GetCurrentProcessId(), &r->stop), 0);
    CHECK_INT(pthread_create(&r->thread, NULL, tray_thread, NULL), 0);
    r->window = wait_window(L"EspelhoTray");
    poll_now(r);
}

static void end(struct rig *r)
{
    SetEvent(r->stop);
    pthread_join(r->thread, NULL);
    CHECK(!FindWindowW(L"EspelhoTray", NULL));
    control_server_destroy(r->server);
    CloseHandle(r->stop);
}

static struct control_status capturing(const char *log)
{
    struct control_status s = { .state = CONTROL_CAPTURING,
                                .viewer_connected = true,
                                .width_px = 1920,
                                .height_px = 1080,
                                .rate_mhz = 60000 };
    snprintf(s.log, sizeof(s.log), "%s", log);
    return s;
}

static HMENU open_menu(struct rig *r)
{
    PostMessageW(r->window, ICON_MESSAGE, 0, MAKELPARAM(WM_CONTEXTMENU, 1));
    HWND menu_window = wait_window(L"#32768");
    return (HMENU)SendMessageW(menu_window, GET_MENU, 0, 0);
}

static void check_item(HMENU menu, UINT at, const char *text, bool enabled)
{
    wchar_t wide[256];
    char got[256];
    CHECK(GetMenuStringW(menu, at, wide, ARRAY_LEN(wide), MF_BYPOSITION));
    utf16_to_utf8((const uint16_t *)wide, got, sizeof(got));
    CHECK_STR(got, text);
    CHECK_INT(!(GetMenuState(menu, at, MF_BYPOSITION) & MF_GRAYED), enabled);
}

static void press(const struct rig *r, int key)
{
    PostMessageW(r->window, WM_KEYDOWN, (WPARAM)key, 0);
    PostMessageW(r->window, WM_KEYUP, (WPARAM)key, 0);
}

/* The `n`th from below. */
static void choose(struct rig *r, int n)
{
    open_menu(r);
    for (int i = 0; i < n; i++)
        press(r, VK_UP);
    press(r, VK_RETURN);
    wait_no_window(L"#32768");
}

static void close_menu(struct rig *r)
{
    press(r, VK_ESCAPE);
    wait_no_window(L"#32768");
}

static void answer(int button)
{
    HWND box = wait_window(L"#32770");
    PostMessageW(box, WM_COMMAND, (WPARAM)button, 0);
    wait_no_window(L"#32770");
}

static void wait_count(_Atomic int *count, int wanted)
{
    const uint64_t until_ms = clock_ms() + PATIENCE_MS;
    while (atomic_load(count) != wanted && clock_ms() < until_ms)
        Sleep(10);
    CHECK_INT(atomic_load(count), wanted);
}

TEST(menu_with_a_viewer)
{
    struct rig r = { .mutex = PTHREAD_MUTEX_INITIALIZER, .status = capturing("C:\\windows") };
    start_server(&r);
    start_tray(&r);
    HMENU menu = open_menu(&r);
    CHECK_INT(GetMenuItemCount(menu), 6);
    check_item(menu, 0, "Viewer connected, 1920x1080, 60 fps", false);
    check_item(menu, 2, "Open log folder", true);
    check_item(menu, 3, "Restart capture", true);
    check_item(menu, 5, "Quit", true);
    close_menu(&r);
    end(&r);
}

TEST(menu_without_a_host)
{
    struct rig r = { .mutex = PTHREAD_MUTEX_INITIALIZER,
                     .status = { .state = CONTROL_STATE_NONE } };
    start_tray(&r);
    HMENU menu = open_menu(&r);
    check_item(menu, 0, "Host does not run", false);
    check_item(menu, 2, "Open log folder", false);
    check_item(menu, 3, "Restart capture", false);
    check_item(menu, 5, "Quit", true);
    close_menu(&r);
    end(&r);
}

TEST(restart_reaches_the_host)
{
    struct rig r = { .mutex = PTHREAD_MUTEX_INITIALIZER, .status = capturing("C:\\windows") };
    start_server(&r);
    start_tray(&r);
    choose(&r, 2);
    wait_count(&r.restarts, 1);
    CHECK_INT(atomic_load(&r.quits), 0);
    end(&r);
}

TEST(quit_is_asked_first)
{
    struct rig r = { .mutex = PTHREAD_MUTEX_INITIALIZER, .status = capturing("C:\\windows") };
    start_server(&r);
    start_tray(&r);
    choose(&r, 1);
    answer(IDNO);
    CHECK_INT(atomic_load(&r.quits), 0);
    CHECK(IsWindow(r.window));
    choose(&r, 1);
    answer(IDYES);
    wait_count(&r.quits, 1);
    end(&r); /* it has ended by itself */
}

/* What the pipe says is opened only if it is a folder of this machine; nothing is ever run. */
TEST(hostile_log_folders)
{
    static const char *const logs[] = {
        "notepad.exe",         "C:\\windows\\notepad.exe", "..\\x",      "\\\\somewhere\\share",
        "http://example.org/", "C:\\no such folder",       "1:\\windows"
    };
    struct rig r = { .mutex = PTHREAD_MUTEX_INITIALIZER };
    start_server(&r);
    start_tray(&r);
    for (size_t i = 0; i < ARRAY_LEN(logs); i++) {
        pthread_mutex_lock(&r.mutex);
        r.status = capturing(logs[i]);
        pthread_mutex_unlock(&r.mutex);
        poll_now(&r);
        choose(&r, 3);
        answer(IDOK); /* "there is no log folder" */
        CHECK_MSG(!FindWindowW(L"Notepad", NULL), "%s was run", logs[i]);
    }
    end(&r);
}

TEST(stops_while_its_menu_is_open)
{
    struct rig r = { .mutex = PTHREAD_MUTEX_INITIALIZER, .status = capturing("C:\\windows") };
    start_server(&r);
    start_tray(&r);
    open_menu(&r);
    end(&r);
    CHECK(!FindWindowW(L"#32768", NULL));
}

TEST(the_host_goes_and_comes_back)
{
    struct rig r = { .mutex = PTHREAD_MUTEX_INITIALIZER, .status = capturing("C:\\windows") };
    start_server(&r);
    start_tray(&r);
    control_server_destroy(r.server);
    poll_now(&r);
    check_item(open_menu(&r), 0, "Host does not run", false);
    close_menu(&r);
    start_server(&r);
    poll_now(&r);
    check_item(open_menu(&r), 0, "Viewer connected, 1920x1080, 60 fps", false);
    close_menu(&r);
    end(&r);
}

TEST(one_per_session)
{
    struct rig r = { .mutex = PTHREAD_MUTEX_INITIALIZER, .status = capturing("C:\\windows") };
    start_server(&r);
    start_tray(&r);
    const uint64_t before_ms = clock_ms();
    CHECK_INT(tray_run(SUFFIX), 0);
    CHECK(clock_ms() - before_ms < 5000);
    CHECK(IsWindow(r.window));
    end(&r);
}

/* Explorer was restarted: it says so, and gets the icon again. */
TEST(explorer_comes_back)
{
    struct rig r = { .mutex = PTHREAD_MUTEX_INITIALIZER, .status = capturing("C:\\windows") };
    start_server(&r);
    start_tray(&r);
    SendMessageW(r.window, RegisterWindowMessageW(L"TaskbarCreated"), 0, 0);
    check_item(open_menu(&r), 0, "Viewer connected, 1920x1080, 60 fps", false);
    close_menu(&r);
    end(&r);
}
