/* SPDX-License-Identifier: GPL-2.0-or-later
 * A SPICE server without a VM, by libspice-server: keyboard, mouse, tablet and an agent port. What
 * clients do to them is printed to stdout, one line each; the agent sends back what it gets.
 *
 *     spice_test_server --socket PATH | [--addr A] [--port N] [--tls-port N --tls-dir DIR]
 *         [--password TEXT [--lifetime S]] [--name TEXT] [--uuid 32-HEX-DIGITS] [--no-tablet]
 *         [--no-agent] [--times]
 *
 * DIR holds ca-cert.pem, server-cert.pem and server-key.pem. Lines printed:
 *     ready                      clients can connect
 *     channel up|gone TYPE       SPICE_CHANNEL_* number
 *     key HH [NS]                one byte from the client's keyboard; with --times when it came
 *                                (CLOCK_MONOTONIC)
 *     motion DX DY DZ BUTTONS    mouse (server mode)
 *     position X Y BUTTONS       tablet (client mode)
 *     wheel DZ BUTTONS           tablet
 *     buttons BUTTONS            mouse or tablet; QEMU's mask: 1 left 2 right 4 middle ...
 *     agent BYTES                bytes that came for the agent
 * Lines read from stdin: `locks N` (keyboard LEDs: 1 scroll 2 num 4 caps), `agent on|off`,
 * `tablet on|off`, `password TEXT`. It ends at the end of stdin. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <spice.h>

#include "base/clock.h"
#include "base/macros.h"
#include "base/thread.h"
#include "loop/loop.h"

enum { AGENT_ROOM_BYTES = 8 * 1024 * 1024 };

struct options {
    const char *socket, *addr, *tls_dir, *password, *name, *uuid;
    int port, tls_port, lifetime;
    bool no_tablet, no_agent, times;
};

struct device_state {
    uint8_t leds;
    uint8_t *agent_bytes; /* AGENT_ROOM_BYTES */
    size_t agent_at, agent_end;
    bool tablet_on, agent_on, times;
};

/* libspice-server's callbacks have no context of ours, so the program has one of each. */
static struct loop *loop;
static SpiceServer *server;
static struct device_state state;

static void print(const char *fmt, ...) PRINTF_LIKE(1, 2);
static void print(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);
    fflush(stdout);
}

static void check(int err, const char *what)
{
    if (err == 0)
        return;
    fprintf(stderr, "spice_test_server: %s failed (%d)\n", what, err);
    exit(1);
}

/* ---- the loop that the library runs on ---- */

struct SpiceTimer {
    SpiceTimerFunc fn;
    void *opaque;
    struct loop_source *source;
};

static void on_timer(void *ctx)
{
    const SpiceTimer *t = ctx;
    t->fn(t->opaque);
}

static SpiceTimer *timer_add(SpiceTimerFunc fn, void *opaque)
{
    SpiceTimer *t = calloc(1, sizeof(*t));
    if (!t)
        abort();
    *t = (SpiceTimer){ .fn = fn, .opaque = opaque };
    check(loop_add_timer(loop, on_timer, t, &t->source), "a timer");
    return t;
}

static void timer_start(SpiceTimer *t, uint32_t ms)
{
    loop_timer_set_ns(t->source, clock_ns() + ms * NS_PER_MS + 1, 0);
}

static void timer_cancel(SpiceTimer *t)
{
    loop_timer_set_ns(t->source, 0, 0);
}

static void timer_remove(SpiceTimer *t)
{
    loop_source_destroy(t->source);
    free(t);
}

struct SpiceWatch {
    int fd;
    SpiceWatchFunc fn;
    void *opaque;
    struct loop_source *source;
};

static void on_fd(void *ctx, uint32_t events)
{
    const SpiceWatch *w = ctx;
    const int spice_events = (events & ~(uint32_t)EPOLLOUT ? SPICE_WATCH_EVENT_READ : 0) |
                             (events & EPOLLOUT ? SPICE_WATCH_EVENT_WRITE : 0);
    w->fn(w->fd, spice_events, w->opaque);
}

static void watch_update_mask(SpiceWatch *w, int mask)
{
    loop_source_destroy(w->source);
    w->source = NULL;
    const uint32_t events = (mask & SPICE_WATCH_EVENT_READ ? EPOLLIN : 0u) |
                            (mask & SPICE_WATCH_EVENT_WRITE ? EPOLLOUT : 0u);
    if (events)
        check(loop_add_fd(loop, w->fd, events, on_fd, w, &w->source), "a watch");
}

static SpiceWatch *watch_add(int fd, int mask, SpiceWatchFunc fn, void *opaque)
{
    SpiceWatch *w = calloc(1, sizeof(*w));
    if (!w)
        abort();
    *w = (SpiceWatch){ .fd = fd, .fn = fn, .opaque = opaque };
    watch_update_mask(w, mask);
    return w;
}

/* The loop may still hold an event of this round for it, but never calls a destroyed source; its
 * context is not touched after that, so it can go. */
static void watch_remove(SpiceWatch *w)
{
    loop_source_destroy(w->source);
    free(w);
}

static void channel_event(int event, SpiceChannelEventInfo *info)
{
    if (event == SPICE_CHANNEL_EVENT_INITIALIZED)
        print("channel up %d\n", info->type);
    else if (event == SPICE_CHANNEL_EVENT_DISCONNECTED)
        print("channel gone %d\n", info->type);
}

static SpiceCoreInterface core = {
    .base = { .type = SPICE_INTERFACE_CORE,
              .description = "test",
              .major_version = SPICE_INTERFACE_CORE_MAJOR,
              .minor_version = SPICE_INTERFACE_CORE_MINOR },
    .timer_add = timer_add,
    .timer_start = timer_start,
    .timer_cancel = timer_cancel,
    .timer_remove = timer_remove,
    .watch_add = watch_add,
    .watch_update_mask = watch_update_mask,
    .watch_remove = watch_remove,
    .channel_event = channel_event,
};

/* ---- devices ---- */

static SpiceKbdInstance keyboard;

static void push_scan(SpiceKbdInstance *sin, uint8_t code)
{
    /* Lock keys change the LEDs, as a guest would have it. */
    static const struct {
        uint8_t code, led;
    } locks[] = { { 0x46, 1 }, { 0x45, 2 }, { 0x3a, 4 } };
    if (state.times)
        print("key %02x %llu\n", code, (unsigned long long)clock_ns());
    else
        print("key %02x\n", code);
    for (size_t i = 0; i < ARRAY_LEN(locks); i++)
        if (code == locks[i].code) {
            state.leds ^= locks[i].led;
            spice_server_kbd_leds(sin, state.leds);
        }
}

static uint8_t get_leds(SpiceKbdInstance *sin)
{
    (void)sin;
    return state.leds;
}

static const SpiceKbdInterface keyboard_interface = {
    .base = { SPICE_INTERFACE_KEYBOARD, "test", SPICE_INTERFACE_KEYBOARD_MAJOR,
              SPICE_INTERFACE_KEYBOARD_MINOR },
    .push_scan_freg = push_scan,
    .get_leds = get_leds,
};
static SpiceKbdInstance keyboard = { .base.sif = &keyboard_interface.base };

static void mouse_motion(SpiceMouseInstance *sin, int dx, int dy, int dz, uint32_t buttons)
{
    (void)sin;
    print("motion %d %d %d %u\n", dx, dy, dz, buttons);
}

static void mouse_buttons(SpiceMouseInstance *sin, uint32_t buttons)
{
    (void)sin;
    print("buttons %u\n", buttons);
}

static const SpiceMouseInterface mouse_interface = {
    .base = { SPICE_INTERFACE_MOUSE, "test", SPICE_INTERFACE_MOUSE_MAJOR,
              SPICE_INTERFACE_MOUSE_MINOR },
    .motion = mouse_motion,
    .buttons = mouse_buttons,
};
static SpiceMouseInstance mouse = { .base.sif = &mouse_interface.base };

static void tablet_size(SpiceTabletInstance *sin, int width, int height)
{
    (void)sin, (void)width, (void)height;
}

static void tablet_position(SpiceTabletInstance *sin, int x, int y, uint32_t buttons)
{
    (void)sin;
    print("position %d %d %u\n", x, y, buttons);
}

static void tablet_wheel(SpiceTabletInstance *sin, int dz, uint32_t buttons)
{
    (void)sin;
    print("wheel %d %u\n", dz, buttons);
}

static void tablet_buttons(SpiceTabletInstance *sin, uint32_t buttons)
{
    (void)sin;
    print("buttons %u\n", buttons);
}

static const SpiceTabletInterface tablet_interface = {
    .base = { SPICE_INTERFACE_TABLET, "test", SPICE_INTERFACE_TABLET_MAJOR,
              SPICE_INTERFACE_TABLET_MINOR },
    .set_logical_size = tablet_size,
    .position = tablet_position,
    .wheel = tablet_wheel,
    .buttons = tablet_buttons,
};
static SpiceTabletInstance tablet = { .base.sif = &tablet_interface.base };

static void agent_state(SpiceCharDeviceInstance *sin, int connected)
{
    (void)sin, (void)connected;
}

static int agent_write(SpiceCharDeviceInstance *sin, const uint8_t *bytes, int count)
{
    print("agent %d\n", count);
    if (state.agent_at == state.agent_end)
        state.agent_at = state.agent_end = 0;
    if ((size_t)count > AGENT_ROOM_BYTES - state.agent_end)
        return 0;
    memcpy(state.agent_bytes + state.agent_end, bytes, (size_t)count);
    state.agent_end += (size_t)count;
    spice_server_char_device_wakeup(sin);
    return count;
}

static int agent_read(SpiceCharDeviceInstance *sin, uint8_t *out, int count)
{
    (void)sin;
    const size_t waiting = state.agent_end - state.agent_at;
    const size_t n = waiting < (size_t)count ? waiting : (size_t)count;
    memcpy(out, state.agent_bytes + state.agent_at, n);
    state.agent_at += n;
    return (int)n;
}

static const SpiceCharDeviceInterface agent_interface = {
    .base = { SPICE_INTERFACE_CHAR_DEVICE, "test", SPICE_INTERFACE_CHAR_DEVICE_MAJOR,
              SPICE_INTERFACE_CHAR_DEVICE_MINOR },
    .state = agent_state,
    .write = agent_write,
    .read = agent_read,
};
static SpiceCharDeviceInstance agent = { .base.sif = &agent_interface.base, .subtype = "vdagent" };

/* A graphics device that shows one grey picture: a tablet counts only beside one. Its callbacks run
 * in the library's worker thread and touch nothing. */
static void qxl_attached(QXLInstance *sin)
{
    (void)sin;
}

static void qxl_compression(QXLInstance *sin, int level)
{
    (void)sin, (void)level;
}

static void qxl_init_info(QXLInstance *sin, QXLDevInitInfo *info)
{
    (void)sin;
    *info = (QXLDevInitInfo){ .num_memslots_groups = 1,
                              .num_memslots = 1,
                              .memslot_gen_bits = 8,
                              .memslot_id_bits = 8,
                              .n_surfaces = 1 };
}

static int qxl_no_command(QXLInstance *sin, struct QXLCommandExt *command)
{
    (void)sin, (void)command;
    return 0;
}

static int qxl_notification(QXLInstance *sin)
{
    (void)sin;
    return 1;
}

static void qxl_release(QXLInstance *sin, struct QXLReleaseInfoExt info)
{
    (void)sin, (void)info;
}

static void qxl_update(QXLInstance *sin, uint32_t id)
{
    (void)sin, (void)id;
}

static int qxl_flush(QXLInstance *sin)
{
    (void)sin;
    return 0;
}

static const QXLInterface qxl_interface = {
    .base = { SPICE_INTERFACE_QXL, "test", SPICE_INTERFACE_QXL_MAJOR, SPICE_INTERFACE_QXL_MINOR },
    .attached_worker = qxl_attached,
    .set_compression_level = qxl_compression,
    .get_init_info = qxl_init_info,
    .get_command = qxl_no_command,
    .req_cmd_notification = qxl_notification,
    .release_resource = qxl_release,
    .get_cursor_command = qxl_no_command,
    .req_cursor_notification = qxl_notification,
    .notify_update = qxl_update,
    .flush_resources = qxl_flush,
};
static QXLInstance qxl = { .base.sif = &qxl_interface.base };

static void show_picture(void)
{
    enum { WIDTH_PX = 1024, HEIGHT_PX = 768, STRIDE_BYTES = WIDTH_PX * 4 };
    static uint8_t pixels[HEIGHT_PX * STRIDE_BYTES];
    QXLDevMemSlot all = { .virt_end = UINTPTR_MAX };
    memset(pixels, 0x80, sizeof(pixels));
    spice_qxl_add_memslot(&qxl, &all);
    QXLDevSurfaceCreate surface = { .width = WIDTH_PX,
                                    .height = HEIGHT_PX,
                                    .stride = STRIDE_BYTES,
                                    .format = SPICE_SURFACE_FMT_32_xRGB,
                                    .mouse_mode = 1,
                                    .type = QXL_SURF_TYPE_PRIMARY,
                                    .mem = (uintptr_t)pixels };
    spice_qxl_create_primary_surface(&qxl, 0, &surface);
}

static void plug(SpiceBaseInstance *device, bool *is_in, bool in)
{
    if (*is_in == in)
        return;
    if (in)
        check(spice_server_add_interface(server, device), "a device");
    else
        check(spice_server_remove_interface(device), "taking a device away");
    *is_in = in;
}

/* ---- commands on stdin ---- */

static void command(char *line)
{
    char *argument = strchr(line, ' ');
    line[strcspn(line, "\n")] = '\0';
    if (!argument)
        return;
    *argument++ = '\0';
    const bool on = strcmp(argument, "on") == 0;
    if (strcmp(line, "locks") == 0) {
        state.leds = (uint8_t)atoi(argument);
        spice_server_kbd_leds(&keyboard, state.leds);
    } else if (strcmp(line, "agent") == 0) {
        plug(&agent.base, &state.agent_on, on);
    } else if (strcmp(line, "tablet") == 0) {
        plug(&tablet.base, &state.tablet_on, on);
    } else if (strcmp(line, "password") == 0) {
        check(spice_server_set_ticket(server, argument, 0, 0, 0), "the password");
    }
    print("done %s\n", line);
}

static void on_stdin(void *ctx, uint32_t events)
{
    static char line[256];
    static size_t used;
    (void)ctx, (void)events;
    const ssize_t n = read(STDIN_FILENO, line + used, sizeof(line) - 1 - used);
    if (n <= 0)
        exit(0); /* at once: as a killed VM does */
    used += (size_t)n;
    line[used] = '\0';
    for (char *end; (end = strchr(line, '\n'));) {
        *end = '\0';
        const size_t bytes = (size_t)(end - line) + 1;
        command(line);
        memmove(line, line + bytes, used - bytes + 1);
        used -= bytes;
    }
}

/* ---- start ---- */

static void parse_options(int argc, char **argv, struct options *o)
{
    enum {
        SOCKET = 1,
        ADDR,
        PORT,
        TLS_PORT,
        TLS_DIR,
        PASSWORD,
        LIFETIME,
        NAME,
        UUID,
        NO_TABLET,
        NO_AGENT,
        TIMES
    };
    static const struct option names[] = {
        { "socket", required_argument, NULL, SOCKET },
        { "addr", required_argument, NULL, ADDR },
        { "port", required_argument, NULL, PORT },
        { "tls-port", required_argument, NULL, TLS_PORT },
        { "tls-dir", required_argument, NULL, TLS_DIR },
        { "password", required_argument, NULL, PASSWORD },
        { "lifetime", required_argument, NULL, LIFETIME },
        { "name", required_argument, NULL, NAME },
        { "uuid", required_argument, NULL, UUID },
        { "no-tablet", no_argument, NULL, NO_TABLET },
        { "no-agent", no_argument, NULL, NO_AGENT },
        { "times", no_argument, NULL, TIMES },
        { 0 },
    };
    for (int option; (option = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        const char **const texts[] = {
            [SOCKET] = &o->socket,     [ADDR] = &o->addr, [TLS_DIR] = &o->tls_dir,
            [PASSWORD] = &o->password, [NAME] = &o->name, [UUID] = &o->uuid
        };
        int *const numbers[] = {
            [PORT] = &o->port, [TLS_PORT] = &o->tls_port, [LIFETIME] = &o->lifetime
        };
        if (option == '?')
            exit(2);
        if (option == NO_TABLET)
            o->no_tablet = true;
        else if (option == NO_AGENT)
            o->no_agent = true;
        else if (option == TIMES)
            o->times = true;
        else if ((size_t)option < ARRAY_LEN(texts) && texts[option])
            *texts[option] = optarg;
        else if ((size_t)option < ARRAY_LEN(numbers) && numbers[option])
            *numbers[option] = atoi(optarg);
    }
}

static void set_tls(const struct options *o)
{
    char ca[512], certificate[512], key[512];
    snprintf(ca, sizeof(ca), "%s/ca-cert.pem", o->tls_dir);
    snprintf(certificate, sizeof(certificate), "%s/server-cert.pem", o->tls_dir);
    snprintf(key, sizeof(key), "%s/server-key.pem", o->tls_dir);
    check(spice_server_set_tls(server, o->tls_port, ca, certificate, key, NULL, NULL, NULL), "TLS");
}

static void set_uuid(const char *digits)
{
    uint8_t uuid[16] = { 0 };
    for (size_t i = 0; i < sizeof(uuid) && digits[2 * i] && digits[2 * i + 1]; i++) {
        const char pair[3] = { digits[2 * i], digits[2 * i + 1], '\0' };
        uuid[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    spice_server_set_uuid(server, uuid);
}

static void set_up(const struct options *o)
{
    if (o->socket)
        spice_server_set_addr(server, o->socket, SPICE_ADDR_FLAG_UNIX_ONLY);
    else if (o->addr)
        spice_server_set_addr(server, o->addr, 0);
    if (o->port)
        check(spice_server_set_port(server, o->port), "the port");
    if (o->tls_port)
        set_tls(o);
    if (o->password)
        check(spice_server_set_ticket(server, o->password, o->lifetime, 0, 0), "the password");
    else
        check(spice_server_set_noauth(server), "no password");
    if (o->name)
        spice_server_set_name(server, o->name);
    if (o->uuid)
        set_uuid(o->uuid);
    check(spice_server_init(server, &core), "listening");
}

int main(int argc, char **argv)
{
    struct options o = { 0 };
    parse_options(argc, argv, &o);
    signal(SIGPIPE, SIG_IGN);
    state.times = o.times;
    if (o.times && thread_run_when_woken(THREAD_EVENTS) < 0)
        fprintf(stderr, "spice_test_server: times may be late\n");
    state.agent_bytes = malloc(AGENT_ROOM_BYTES);
    server = spice_server_new();
    if (!server || !state.agent_bytes)
        return 1;
    check(loop_create(&loop), "the loop");
    set_up(&o);
    bool qxl_in = false, keyboard_in = false, mouse_in = false;
    plug(&qxl.base, &qxl_in, true);
    plug(&keyboard.base, &keyboard_in, true);
    plug(&mouse.base, &mouse_in, true);
    plug(&tablet.base, &state.tablet_on, !o.no_tablet);
    plug(&agent.base, &state.agent_on, !o.no_agent);
    spice_server_vm_start(server);
    show_picture();
    struct loop_source *input;
    check(loop_add_fd(loop, STDIN_FILENO, EPOLLIN, on_stdin, NULL, &input), "stdin");
    print("ready\n");
    return loop_run(loop) < 0;
}
