/* SPDX-License-Identifier: GPL-2.0-or-later
 * Clipboard, primary selection and dropped files with a real compositor (headless sway) and real
 * programs (wl-copy, wl-paste); the guest's agent is scripted. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/input-event-codes.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <spice/vd_agent.h>

#include "base/clock.h"
#include "client/spice/guest.h"
#include "clipboard/exchange.h"
#include "display/wayland/seat_native.h"
#include "injector/injector.h"
#include "loop/loop.h"
#include "sway.h"

#include "xdg-shell-client-protocol.h"

#define CAP(name) (1u << VD_AGENT_CAP_##name)
#define CAPS                                                                                       \
    (CAP(CLIPBOARD_BY_DEMAND) | CAP(CLIPBOARD_SELECTION) | CAP(CLIPBOARD_NO_RELEASE_ON_REGRAB) |   \
     CAP(CLIPBOARD_GRAB_SERIAL))
#define TEXT        VD_AGENT_CLIPBOARD_UTF8_TEXT
#define PNG         VD_AGENT_CLIPBOARD_IMAGE_PNG
#define MIB         (1024u * 1024)
#define LIMIT       (60 * MIB)
#define WIDTH_PX    640u
#define HEIGHT_PX   480u
#define PATIENCE_MS 30000u

/* A connection with one window. */
struct window {
    struct wl_display *display;
    struct wl_registry *registry;
    struct wl_compositor *compositor;
    struct wl_shm *shm;
    struct xdg_wm_base *wm_base;
    struct wl_seat *seat;
    struct wl_data_device_manager *data_manager;
    struct wl_surface *surface;
    struct xdg_surface *xdg_surface;
    struct xdg_toplevel *toplevel;
    struct wl_buffer *buffer;
    struct wl_event_queue *queue; /* of the selection */
    struct loop_source *source;
    bool shown;
};

static struct desk {
    struct loop *loop;
    struct window window, other;
    struct seat_native native;
    uint32_t serial; /* stays 0: the selection has to live with its own */
    struct exchange *exchange;
    struct guest guest;
    struct injector *injector;
    uint32_t grab_serial;
    int notices;
    char notice[512];
    uint64_t done, total;
    pid_t copier;
} desk;

/* ---- the window ---- */

static void on_global(void *ctx, struct wl_registry *r, uint32_t name, const char *interface,
                      uint32_t version)
{
    struct window *w = ctx;
    (void)version;
    if (strcmp(interface, wl_compositor_interface.name) == 0)
        w->compositor = wl_registry_bind(r, name, &wl_compositor_interface, 4);
    else if (strcmp(interface, wl_shm_interface.name) == 0)
        w->shm = wl_registry_bind(r, name, &wl_shm_interface, 1);
    else if (strcmp(interface, xdg_wm_base_interface.name) == 0)
        w->wm_base = wl_registry_bind(r, name, &xdg_wm_base_interface, 1);
    else if (strcmp(interface, wl_seat_interface.name) == 0)
        w->seat = wl_registry_bind(r, name, &wl_seat_interface, 1);
    else if (strcmp(interface, wl_data_device_manager_interface.name) == 0)
        w->data_manager = wl_registry_bind(r, name, &wl_data_device_manager_interface, 3);
}

static void on_global_remove(void *ctx, struct wl_registry *r, uint32_t name)
{
    (void)ctx, (void)r, (void)name;
}

static const struct wl_registry_listener registry_listener = { .global = on_global,
                                                               .global_remove = on_global_remove };

static void on_ping(void *ctx, struct xdg_wm_base *base, uint32_t serial)
{
    (void)ctx;
    xdg_wm_base_pong(base, serial);
}

static const struct xdg_wm_base_listener wm_base_listener = { .ping = on_ping };

static void on_configure(void *ctx, struct xdg_surface *s, uint32_t serial)
{
    struct window *w = ctx;
    xdg_surface_ack_configure(s, serial);
    if (w->shown) {
        wl_surface_commit(w->surface); /* sway waits for it */
        return;
    }
    const int32_t stride = 4 * WIDTH_PX, bytes = stride * (int32_t)HEIGHT_PX;
    const int fd = memfd_create("window", MFD_CLOEXEC);
    CHECK(fd >= 0 && ftruncate(fd, bytes) == 0);
    struct wl_shm_pool *pool = wl_shm_create_pool(w->shm, fd, bytes);
    w->buffer =
        wl_shm_pool_create_buffer(pool, 0, WIDTH_PX, HEIGHT_PX, stride, WL_SHM_FORMAT_XRGB8888);
    wl_shm_pool_destroy(pool);
    close(fd);
    wl_surface_attach(w->surface, w->buffer, 0, 0);
    wl_surface_damage(w->surface, 0, 0, WIDTH_PX, HEIGHT_PX);
    wl_surface_commit(w->surface);
    w->shown = true;
}

static const struct xdg_surface_listener xdg_surface_listener = { .configure = on_configure };

static void on_toplevel_configure(void *ctx, struct xdg_toplevel *t, int32_t w, int32_t h,
                                  struct wl_array *states)
{
    (void)ctx, (void)t, (void)w, (void)h, (void)states;
}

static void on_close(void *ctx, struct xdg_toplevel *t)
{
    (void)ctx, (void)t;
}

static const struct xdg_toplevel_listener toplevel_listener = { .configure = on_toplevel_configure,
                                                                .close = on_close };

static void dispatch(struct window *w)
{
    CHECK(wl_display_dispatch_pending(w->display) >= 0);
    if (w->queue)
        CHECK(wl_display_dispatch_queue_pending(w->display, w->queue) >= 0);
    wl_display_flush(w->display);
}

static void on_display(void *ctx, uint32_t events)
{
    struct window *w = ctx;
    (void)events;
    CHECK(wl_display_dispatch(w->display) >= 0);
    dispatch(w);
}

static void before_wait(void *ctx)
{
    struct desk *d = ctx;
    dispatch(&d->window);
    if (d->other.display)
        dispatch(&d->other);
}

static void turn(struct desk *d)
{
    CHECK(loop_run_once(d->loop, 10) >= 0);
}

static void open_window(struct desk *d, struct window *w)
{
    w->display = wl_display_connect(NULL);
    CHECK(w->display);
    w->registry = wl_display_get_registry(w->display);
    wl_registry_add_listener(w->registry, &registry_listener, w);
    CHECK(wl_display_roundtrip(w->display) >= 0);
    CHECK(w->compositor && w->shm && w->wm_base && w->seat && w->data_manager);
    xdg_wm_base_add_listener(w->wm_base, &wm_base_listener, w);
    w->surface = wl_compositor_create_surface(w->compositor);
    w->xdg_surface = xdg_wm_base_get_xdg_surface(w->wm_base, w->surface);
    xdg_surface_add_listener(w->xdg_surface, &xdg_surface_listener, w);
    w->toplevel = xdg_surface_get_toplevel(w->xdg_surface);
    xdg_toplevel_add_listener(w->toplevel, &toplevel_listener, w);
    wl_surface_commit(w->surface);
    while (!w->shown)
        CHECK(wl_display_roundtrip(w->display) >= 0);
    CHECK(wl_display_roundtrip(w->display) >= 0);
    CHECK_INT(
        loop_add_fd(d->loop, wl_display_get_fd(w->display), EPOLLIN, on_display, w, &w->source), 0);
}

static void close_window(struct window *w)
{
    loop_source_destroy(w->source);
    xdg_toplevel_destroy(w->toplevel);
    xdg_surface_destroy(w->xdg_surface);
    wl_surface_destroy(w->surface);
    wl_buffer_destroy(w->buffer);
    xdg_wm_base_destroy(w->wm_base);
    wl_data_device_manager_destroy(w->data_manager);
    wl_seat_destroy(w->seat);
    wl_shm_destroy(w->shm);
    wl_compositor_destroy(w->compositor);
    wl_registry_destroy(w->registry);
    if (w->queue)
        wl_event_queue_destroy(w->queue);
    wl_display_disconnect(w->display);
    *w = (struct window){ 0 };
}

/* ---- the exchange ---- */

static void on_notice(void *ctx, const char *text)
{
    struct desk *d = ctx;
    d->notices++;
    snprintf(d->notice, sizeof(d->notice), "%s", text);
}

static void on_progress(void *ctx, const char *what, uint64_t done, uint64_t total)
{
    struct desk *d = ctx;
    (void)what;
    d->done = done;
    d->total = total;
}

/* guest_come(), by way of the exchange; `guest.agent` is not known here. */
static void say(struct desk *d, uint32_t type, const uint32_t *words, size_t count,
                const uint8_t *data, size_t bytes)
{
    const size_t all = 20 + 4 * count + bytes;
    uint8_t *message = calloc(1, all);
    CHECK(message);
    const uint32_t head[] = { VD_AGENT_PROTOCOL, type, 0, 0, (uint32_t)(4 * count + bytes) };
    memcpy(message, head, sizeof(head));
    memcpy(message + 20, words, 4 * count);
    if (bytes > 0)
        memcpy(message + 20 + 4 * count, data, bytes);
    for (size_t at = 0; at < all;) { /* as the server cuts it */
        const size_t take = all - at < 2048 ? all - at : 2048;
        exchange_on_agent_data(d->exchange, message + at, take);
        at += take;
    }
    free(message);
}

static struct guest_message wait_for(struct desk *d, uint32_t type)
{
    const uint64_t end_ms = clock_ms() + PATIENCE_MS;
    struct guest_message m;
    while (!guest_next(&d->guest, &m)) {
        CHECK_MSG(clock_ms() < end_ms, "no message of type %u; last notice: %s", type, d->notice);
        turn(d);
    }
    CHECK_INT(m.type, type);
    return m;
}

static void settle(struct desk *d, uint32_t ms)
{
    const uint64_t end_ms = clock_ms() + ms;
    while (clock_ms() < end_ms)
        turn(d);
}

static void come(struct desk *d)
{
    exchange_on_agent(d->exchange, true);
    wait_for(d, VD_AGENT_ANNOUNCE_CAPABILITIES);
    d->grab_serial = 0;
    say(d, VD_AGENT_ANNOUNCE_CAPABILITIES, (uint32_t[]){ 0, CAPS }, 2, NULL, 0);
}

/* Dragging: the other window is the program that files are dragged from. */
static struct drag {
    struct window *window;
    struct wl_pointer *pointer;
    struct wl_data_device *device;
    struct wl_data_source *source;
    struct wl_data_offer *own;
    const char *uris;
    uint32_t action;
    bool started, dropped, finished, cancelled;
} drag;

static void end_drag(void);

static void stop(struct desk *d)
{
    exchange_destroy(d->exchange);
    end_drag();
    close_window(&d->window);
    if (d->other.display)
        close_window(&d->other);
    injector_destroy(d->injector);
    guest_free(&d->guest);
    loop_destroy(d->loop);
    if (d->copier > 0) {
        kill(d->copier, SIGKILL);
        waitpid(d->copier, NULL, 0);
    }
}

static struct desk *start(bool primary)
{
    static const char *const programs[] = { "/usr/bin/wl-copy", "/usr/bin/wl-paste" };
    struct desk *d = &desk;
    for (size_t i = 0; i < ARRAY_LEN(programs); i++)
        if (access(programs[i], X_OK) != 0)
            SKIP("wl-clipboard is not installed");
    sway_start(2 * WIDTH_PX, HEIGHT_PX);
    *d = (struct desk){ 0 };
    CHECK_INT(injector_create(NULL, &d->injector), 0);
    CHECK_INT(loop_create(&d->loop), 0);
    open_window(d, &d->window);
    d->window.queue = wl_display_create_queue(d->window.display);
    d->native = (struct seat_native){ .display = d->window.display,
                                      .queue = d->window.queue,
                                      .surface = d->window.surface,
                                      .serial = &d->serial };
    const struct exchange_config config = {
        .clipboard = { .limit_bytes = LIMIT,
                       .to_guest = true,
                       .to_host = true,
                       .primary = primary,
                       .timeout_ms = 3000 },
        .file_transfer = true,
    };
    const struct transfer_listener person = { .on_notice = on_notice,
                                              .on_progress = on_progress,
                                              .ctx = d };
    const struct spice_agent_port port = guest_port(&d->guest);
    CHECK_INT(exchange_create(d->loop, &port, &d->native, &config, &person, &d->exchange), 0);
    loop_set_prepare(d->loop, before_wait, d);
    come(d);
    settle(d, 200); /* the focus arrives, and what the clipboard is: nothing */
    guest_expect_nothing(&d->guest);
    return d;
}

/* ---- programs ---- */

static pid_t spawn(const char *const argv[], const char *in, const char *out)
{
    const pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid > 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    const int in_fd = open(in ? in : "/dev/null", O_RDONLY);
    const int out_fd = open(out ? out : "/dev/null", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    unsetenv("LD_PRELOAD");
    if (in_fd >= 0 && out_fd >= 0 && dup2(in_fd, 0) >= 0 && dup2(out_fd, 1) >= 0)
        execvp(argv[0], (char *const *)argv);
    _exit(127);
}

static void wait_child(struct desk *d, pid_t pid)
{
    const uint64_t end_ms = clock_ms() + PATIENCE_MS;
    while (waitpid(pid, NULL, WNOHANG) == 0) {
        CHECK_MSG(clock_ms() < end_ms, "a program does not end; last notice: %s", d->notice);
        turn(d);
    }
}

/* Deterministic bytes; a text has lines and no zero. */
static uint8_t *make_data(size_t bytes, bool text)
{
    uint8_t *data = malloc(bytes + 1);
    CHECK(data);
    uint32_t state = 12345;
    for (size_t i = 0; i < bytes; i++) {
        state = state * 1664525 + 1013904223;
        data[i] = text ? (i % 61 == 60 ? '\n' : (uint8_t)('a' + (state >> 24) % 26))
                       : (uint8_t)(state >> 24);
    }
    return data;
}

static void write_file(const char *path, const uint8_t *data, size_t bytes)
{
    FILE *f = fopen(path, "w");
    CHECK(f && fwrite(data, 1, bytes, f) == bytes && fclose(f) == 0);
}

static size_t file_bytes(const char *path)
{
    struct stat st;
    CHECK(stat(path, &st) == 0);
    return (size_t)st.st_size;
}

static void expect_file(const char *path, const uint8_t *data, size_t bytes)
{
    CHECK_INT(file_bytes(path), bytes);
    uint8_t *got = malloc(bytes + 1);
    FILE *f = fopen(path, "r");
    CHECK(got && f && fread(got, 1, bytes, f) == bytes && memcmp(got, data, bytes) == 0);
    fclose(f);
    free(got);
}

/* A program here copies; the guest is told. */
static void copy_here(struct desk *d, const char *mime, const uint8_t *data, size_t bytes)
{
    const char *const argv[] = { "wl-copy", "--foreground", "--type", mime, NULL };
    write_file("copied", data, bytes);
    if (d->copier > 0) {
        kill(d->copier, SIGKILL);
        waitpid(d->copier, NULL, 0);
    }
    d->copier = spawn(argv, "copied", NULL);
}

static void expect_grab(struct desk *d, uint32_t selection, uint32_t type)
{
    const struct guest_message m = wait_for(d, VD_AGENT_CLIPBOARD_GRAB);
    CHECK_INT(guest_word(&m, 0), selection);
    d->grab_serial = guest_word(&m, 1) + 1;
    CHECK_INT(guest_word(&m, 2), type);
}

static void ask(struct desk *d, uint32_t selection, uint32_t type)
{
    say(d, VD_AGENT_CLIPBOARD_REQUEST, (uint32_t[]){ selection, type }, 2, NULL, 0);
}

static void expect_data(struct desk *d, uint32_t type, const uint8_t *data, size_t bytes)
{
    const struct guest_message m = wait_for(d, VD_AGENT_CLIPBOARD);
    CHECK_INT(guest_word(&m, 1), type);
    CHECK_INT(m.count, 8 + bytes);
    CHECK(memcmp(m.body + 8, data, bytes) == 0);
}

/* Somebody in the guest presses Ctrl+C: the key goes through this window, and is what allows it to
 * set the selection. */
static void grab(struct desk *d, uint32_t selection, uint32_t type)
{
    CHECK_INT(injector_key(d->injector, KEY_C, true), 0);
    CHECK_INT(injector_key(d->injector, KEY_C, false), 0);
    settle(d, 50);
    say(d, VD_AGENT_CLIPBOARD_GRAB, (uint32_t[]){ selection, d->grab_serial++, type }, 3, NULL, 0);
    settle(d, 200);
}

static pid_t paste_here(const char *mime, bool primary)
{
    const char *const argv[] = {
        "wl-paste", "--no-newline", "--type", mime, primary ? "--primary" : NULL, NULL
    };
    return spawn(argv, NULL, "pasted");
}

/* ---- cases ---- */

static void round_trip(size_t bytes, const char *mime, uint32_t type)
{
    struct desk *d = start(false);
    uint8_t *data = make_data(bytes, type == TEXT);
    copy_here(d, mime, data, bytes);
    expect_grab(d, 0, type);
    ask(d, 0, type);
    expect_data(d, type, data, bytes);
    grab(d, 0, type);
    guest_expect_nothing(&d->guest); /* no echo of what the guest itself copied */
    const pid_t paster = paste_here(mime, false);
    wait_for(d, VD_AGENT_CLIPBOARD_REQUEST);
    say(d, VD_AGENT_CLIPBOARD, (uint32_t[]){ 0, type }, 2, data, bytes);
    wait_child(d, paster);
    expect_file("pasted", data, bytes);
    CHECK_MSG(d->notices == 0, "%s", d->notice);
    if (bytes > 2 * MIB)
        CHECK_INT(d->done, bytes);
    free(data);
    stop(d);
}

TEST(one_byte)
{
    round_trip(1, "text/plain;charset=utf-8", TEXT);
}

TEST(one_mebibyte_of_text)
{
    round_trip(MIB, "text/plain", TEXT);
}

TEST(fifty_mebibytes)
{
    round_trip(50 * MIB, "text/plain;charset=utf-8", TEXT);
}

TEST(binary_image)
{
    round_trip(3 * MIB + 1, "image/png", PNG);
}

TEST(too_large_both_ways)
{
    struct desk *d = start(false);
    uint8_t *data = make_data(LIMIT + 1, false);
    copy_here(d, "image/png", data, LIMIT + 1);
    expect_grab(d, 0, PNG);
    ask(d, 0, PNG);
    struct guest_message m = wait_for(d, VD_AGENT_CLIPBOARD);
    CHECK_INT(guest_word(&m, 1), VD_AGENT_CLIPBOARD_NONE);
    CHECK_INT(d->notices, 1);
    grab(d, 0, PNG);
    const pid_t paster = paste_here("image/png", false);
    wait_for(d, VD_AGENT_CLIPBOARD_REQUEST);
    say(d, VD_AGENT_CLIPBOARD, (uint32_t[]){ 0, PNG }, 2, data, LIMIT + 1);
    wait_child(d, paster);
    CHECK_INT(file_bytes("pasted"), 0);
    CHECK_INT(d->notices, 2);
    free(data);
    stop(d);
}

TEST(owner_here_ends)
{
    struct desk *d = start(false);
    copy_here(d, "text/plain", (const uint8_t *)"x", 1);
    expect_grab(d, 0, TEXT);
    kill(d->copier, SIGKILL);
    waitpid(d->copier, NULL, 0);
    d->copier = 0;
    wait_for(d, VD_AGENT_CLIPBOARD_RELEASE);
    ask(d, 0, TEXT);
    const struct guest_message m = wait_for(d, VD_AGENT_CLIPBOARD);
    CHECK_INT(guest_word(&m, 1), VD_AGENT_CLIPBOARD_NONE);
    stop(d);
}

TEST(owner_in_the_guest_ends_in_mid_transfer)
{
    struct desk *d = start(false);
    grab(d, 0, TEXT);
    const pid_t paster = paste_here("text/plain", false);
    wait_for(d, VD_AGENT_CLIPBOARD_REQUEST);
    const uint32_t head[] = { VD_AGENT_PROTOCOL, VD_AGENT_CLIPBOARD, 0, 0, 1000, 0, TEXT };
    exchange_on_agent_data(d->exchange, (const uint8_t *)head, sizeof(head));
    exchange_on_agent_data(d->exchange, (const uint8_t *)"rm -rf", 6);
    settle(d, 50);
    exchange_on_agent(d->exchange, false);
    wait_child(d, paster);
    CHECK_INT(file_bytes("pasted"), 0);
    const char *const list[] = { "wl-paste", "--list-types", NULL };
    wait_child(d, spawn(list, NULL, "types"));
    CHECK_INT(file_bytes("types"), 0); /* the offer went with it */
    stop(d);
}

TEST(guest_offers_the_names_programs_look_for)
{
    struct desk *d = start(false);
    grab(d, 0, TEXT);
    const char *const list[] = { "wl-paste", "--list-types", NULL };
    wait_child(d, spawn(list, NULL, "types"));
    char types[512] = "";
    FILE *f = fopen("types", "r");
    CHECK(f && fread(types, 1, sizeof(types) - 1, f) > 0);
    fclose(f);
    CHECK_MSG(strstr(types, "text/plain;charset=utf-8\n") && strstr(types, "UTF8_STRING\n"), "%s",
              types);
    guest_expect_nothing(&d->guest); /* looking at the names is no paste */
    say(d, VD_AGENT_CLIPBOARD_RELEASE, (uint32_t[]){ 0 }, 1, NULL, 0);
    settle(d, 100);
    wait_child(d, spawn(list, NULL, "types"));
    CHECK_INT(file_bytes("types"), 0);
    stop(d);
}

TEST(primary_selection_is_its_own)
{
    struct desk *d = start(true);
    const char *const copy[] = { "wl-copy", "--foreground", "--primary",
                                 "--type",  "text/plain",   NULL };
    write_file("copied", (const uint8_t *)"primary", 7);
    d->copier = spawn(copy, "copied", NULL);
    expect_grab(d, 1, TEXT);
    ask(d, 0, TEXT);
    struct guest_message m = wait_for(d, VD_AGENT_CLIPBOARD);
    CHECK_INT(guest_word(&m, 1), VD_AGENT_CLIPBOARD_NONE);
    ask(d, 1, TEXT);
    expect_data(d, TEXT, (const uint8_t *)"primary", 7);
    grab(d, 1, TEXT);
    const pid_t paster = paste_here("text/plain", true);
    wait_for(d, VD_AGENT_CLIPBOARD_REQUEST);
    say(d, VD_AGENT_CLIPBOARD, (uint32_t[]){ 1, TEXT }, 2, (const uint8_t *)"guest", 5);
    wait_child(d, paster);
    expect_file("pasted", (const uint8_t *)"guest", 5);
    stop(d);
}

TEST(another_window_has_the_focus)
{
    struct desk *d = start(false);
    copy_here(d, "text/plain", (const uint8_t *)"x", 1);
    expect_grab(d, 0, TEXT);
    open_window(d, &d->other); /* a new window gets the focus */
    settle(d, 200);
    ask(d, 0, TEXT);
    const struct guest_message m = wait_for(d, VD_AGENT_CLIPBOARD);
    CHECK_INT(guest_word(&m, 1), VD_AGENT_CLIPBOARD_NONE);
    copy_here(d, "image/png", (const uint8_t *)"secret", 6);
    settle(d, 200);
    guest_expect_nothing(&d->guest); /* not even that there is something */
    close_window(&d->other);
    expect_grab(d, 0, PNG);
    ask(d, 0, PNG);
    expect_data(d, PNG, (const uint8_t *)"secret", 6);
    stop(d);
}

/* ---- dragging ---- */

static void end_drag(void)
{
    if (!drag.window)
        return;
    wl_data_source_destroy(drag.source);
    wl_data_device_destroy(drag.device);
    wl_pointer_destroy(drag.pointer);
}

/* It drags over itself, too, where it is offered its own. */
static void device_offer(void *ctx, struct wl_data_device *device, struct wl_data_offer *offer)
{
    (void)device;
    ((struct drag *)ctx)->own = offer;
}

static void device_enter(void *ctx, struct wl_data_device *device, uint32_t serial,
                         struct wl_surface *s, wl_fixed_t x, wl_fixed_t y,
                         struct wl_data_offer *offer)
{
    (void)ctx, (void)device, (void)serial, (void)s, (void)x, (void)y, (void)offer;
}

static void device_leave(void *ctx, struct wl_data_device *device)
{
    struct drag *g = ctx;
    (void)device;
    if (g->own)
        wl_data_offer_destroy(g->own);
    g->own = NULL;
}

static void device_motion(void *ctx, struct wl_data_device *device, uint32_t t, wl_fixed_t x,
                          wl_fixed_t y)
{
    (void)ctx, (void)device, (void)t, (void)x, (void)y;
}

static void device_selection(void *ctx, struct wl_data_device *device, struct wl_data_offer *offer)
{
    (void)ctx, (void)device, (void)offer;
}

static const struct wl_data_device_listener device_listener = {
    .data_offer = device_offer,
    .enter = device_enter,
    .leave = device_leave,
    .motion = device_motion,
    .drop = device_leave,
    .selection = device_selection,
};

static void source_target(void *ctx, struct wl_data_source *s, const char *mime)
{
    (void)ctx, (void)s, (void)mime;
}

static void source_send(void *ctx, struct wl_data_source *s, const char *mime, int32_t fd)
{
    struct drag *g = ctx;
    (void)s, (void)mime;
    const ssize_t n = (ssize_t)strlen(g->uris);
    CHECK(write(fd, g->uris, (size_t)n) == n);
    close(fd);
}

static void source_cancelled(void *ctx, struct wl_data_source *s)
{
    (void)s;
    ((struct drag *)ctx)->cancelled = true;
}

static void source_dropped(void *ctx, struct wl_data_source *s)
{
    (void)s;
    ((struct drag *)ctx)->dropped = true;
}

static void source_finished(void *ctx, struct wl_data_source *s)
{
    (void)s;
    ((struct drag *)ctx)->finished = true;
}

static void source_action(void *ctx, struct wl_data_source *s, uint32_t action)
{
    (void)s;
    ((struct drag *)ctx)->action = action;
}

static const struct wl_data_source_listener source_listener = {
    .target = source_target,
    .send = source_send,
    .cancelled = source_cancelled,
    .dnd_drop_performed = source_dropped,
    .dnd_finished = source_finished,
    .action = source_action,
};

static void pointer_enter(void *ctx, struct wl_pointer *p, uint32_t serial, struct wl_surface *s,
                          wl_fixed_t x, wl_fixed_t y)
{
    (void)ctx, (void)p, (void)serial, (void)s, (void)x, (void)y;
}

static void pointer_leave(void *ctx, struct wl_pointer *p, uint32_t serial, struct wl_surface *s)
{
    (void)ctx, (void)p, (void)serial, (void)s;
}

static void pointer_motion(void *ctx, struct wl_pointer *p, uint32_t t, wl_fixed_t x, wl_fixed_t y)
{
    (void)ctx, (void)p, (void)t, (void)x, (void)y;
}

static void pointer_button(void *ctx, struct wl_pointer *p, uint32_t serial, uint32_t t,
                           uint32_t button, uint32_t state)
{
    struct drag *g = ctx;
    (void)p, (void)t, (void)button;
    if (state != WL_POINTER_BUTTON_STATE_PRESSED || g->started)
        return;
    wl_data_device_start_drag(g->device, g->source, g->window->surface, NULL, serial);
    g->started = true;
}

static void pointer_axis(void *ctx, struct wl_pointer *p, uint32_t t, uint32_t axis, wl_fixed_t v)
{
    (void)ctx, (void)p, (void)t, (void)axis, (void)v;
}

static const struct wl_pointer_listener pointer_listener = { .enter = pointer_enter,
                                                             .leave = pointer_leave,
                                                             .motion = pointer_motion,
                                                             .button = pointer_button,
                                                             .axis = pointer_axis };

static void point(struct desk *d, uint32_t x)
{
    CHECK_INT(injector_abs(d->injector, x, HEIGHT_PX / 2, 2 * WIDTH_PX, HEIGHT_PX), 0);
    settle(d, 60);
}

/* From the right window, the program's, onto the left one, ours. */
static void drag_onto_us(struct desk *d, const char *mime, const char *uris)
{
    open_window(d, &d->other);
    drag = (struct drag){ .window = &d->other, .uris = uris };
    drag.pointer = wl_seat_get_pointer(d->other.seat);
    wl_pointer_add_listener(drag.pointer, &pointer_listener, &drag);
    drag.device = wl_data_device_manager_get_data_device(d->other.data_manager, d->other.seat);
    wl_data_device_add_listener(drag.device, &device_listener, &drag);
    drag.source = wl_data_device_manager_create_data_source(d->other.data_manager);
    wl_data_source_add_listener(drag.source, &source_listener, &drag);
    wl_data_source_offer(drag.source, mime);
    wl_data_source_set_actions(drag.source, WL_DATA_DEVICE_MANAGER_DND_ACTION_COPY |
                                                WL_DATA_DEVICE_MANAGER_DND_ACTION_MOVE);
    settle(d, 100);
    point(d, WIDTH_PX + 300);
    CHECK_INT(injector_button(d->injector, BTN_LEFT, true), 0);
    settle(d, 60);
    CHECK(drag.started);
    for (uint32_t x = WIDTH_PX + 200; x > 200; x -= 100)
        point(d, x);
    CHECK(!drag.cancelled); /* who does not want it does not end it */
    CHECK_INT(injector_button(d->injector, BTN_LEFT, false), 0);
    settle(d, 200);
}

TEST(files_dropped_onto_the_window_reach_the_agent)
{
    struct desk *d = start(false);
    char cwd[128], uris[512];
    CHECK(getcwd(cwd, sizeof(cwd)));
    write_file("a b.txt", (const uint8_t *)"hello", 5);
    snprintf(uris, sizeof(uris),
             "# from a file manager\r\nfile://%s/a%%20b.txt\r\n"
             "http://example.org/x\r\n",
             cwd);
    drag_onto_us(d, "text/uri-list", uris);
    const struct guest_message m = wait_for(d, VD_AGENT_FILE_XFER_START);
    CHECK_STR((const char *)m.body + 4, "[vdagent-file-xfer]\nname=a b.txt\nsize=5\n");
    CHECK(drag.dropped && drag.finished);
    CHECK_INT(drag.action, WL_DATA_DEVICE_MANAGER_DND_ACTION_COPY); /* never moved away */
    CHECK_INT(d->notices, 1);                                       /* about the foreign one */
    const uint32_t id = guest_word(&m, 0);
    say(d, VD_AGENT_FILE_XFER_STATUS, (uint32_t[]){ id, VD_AGENT_FILE_XFER_STATUS_CAN_SEND_DATA },
        2, NULL, 0);
    const struct guest_message data = wait_for(d, VD_AGENT_FILE_XFER_DATA);
    CHECK(data.count == 17 && memcmp(data.body + 12, "hello", 5) == 0);
    say(d, VD_AGENT_FILE_XFER_STATUS, (uint32_t[]){ id, VD_AGENT_FILE_XFER_STATUS_SUCCESS }, 2,
        NULL, 0);
    CHECK_STR(d->notice, "1 file was sent to the guest");
    CHECK(!exchange_cancel_files(d->exchange));
    stop(d);
}

TEST(dropped_text_is_not_taken)
{
    struct desk *d = start(false);
    drag_onto_us(d, "text/plain", "hello");
    CHECK(drag.cancelled && !drag.finished);
    guest_expect_nothing(&d->guest);
    CHECK_INT(d->notices, 0);
    stop(d);
}
