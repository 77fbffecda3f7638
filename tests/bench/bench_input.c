/* SPDX-License-Identifier: GPL-2.0-or-later
 * How long a key takes from a compositor's virtual keyboard to bytes at the other end of a socket,
 * while the render thread computes 20 ms for each picture. On the way are sway (with its own
 * process switch: not ours, but counted), the seat on the input thread, and the router, whose sink
 * writes to the socket as the inputs channel does. */
#include "test.h"

#include <linux/input-event-codes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "client/display/window.h"
#include "display/seat.h"
#include "figure.h"
#include "injector/injector.h"
#include "input/input.h"
#include "sway.h"

enum { KEYS = 400, WARM_UP = 20, BUSY_MS = 20, PAUSE_US = 3000, PATIENCE_MS = 5000 };

struct bench {
    struct test_window *window;
    struct injector *injector;
    struct loop *loop; /* the input thread's */
    struct input *input;
    struct display_seat *seat;
    int sockets[2]; /* ours, the server's */
    pthread_t input_thread, server_thread;
    _Atomic uint32_t arrived;
    uint64_t sent_ns[KEYS], answered_ns[KEYS] /* by sway, to the injector */, arrived_ns[KEYS];
};

/* ---- the guest's side ---- */

static void key(void *ctx, uint32_t scancode, bool down)
{
    const struct bench *b = ctx;
    const uint32_t message[2] = { scancode, down };
    CHECK(write(b->sockets[0], message, sizeof(message)) == (ssize_t)sizeof(message));
}

static void scancodes(void *ctx, const uint8_t *codes, size_t count)
{
    (void)ctx, (void)codes, (void)count;
}

static void motion(void *ctx, int32_t dx, int32_t dy)
{
    (void)ctx, (void)dx, (void)dy;
}

static void position(void *ctx, uint32_t x, uint32_t y)
{
    (void)ctx, (void)x, (void)y;
}

static void button(void *ctx, enum input_button b, bool down)
{
    (void)ctx, (void)b, (void)down;
}

static void locks(void *ctx, uint32_t l)
{
    (void)ctx, (void)l;
}

static void request_mouse_mode(void *ctx, enum input_mouse_mode mode)
{
    (void)ctx, (void)mode;
}

static const struct input_sink_ops sink = {
    .key = key,
    .scancodes = scancodes,
    .motion = motion,
    .position = position,
    .button = button,
    .locks = locks,
    .request_mouse_mode = request_mouse_mode,
};

static void *serve(void *ctx)
{
    struct bench *b = ctx;
    uint32_t message[2];
    while (recv(b->sockets[1], message, sizeof(message), MSG_WAITALL) == (ssize_t)sizeof(message)) {
        const uint32_t n = atomic_load(&b->arrived);
        if (n < KEYS)
            b->arrived_ns[n] = clock_ns();
        atomic_store(&b->arrived, n + 1);
    }
    return NULL;
}

/* ---- the viewer's side ---- */

static void *run_input(void *ctx)
{
    struct bench *b = ctx;
    CHECK_INT(loop_run(b->loop), 0);
    return NULL;
}

static void start(struct bench *b)
{
    static const struct input_config config = { .release_keys_on_focus_loss = true };
    static const struct input_listener listener = { 0 };
    sway_start(640, 480);
    CHECK_INT(injector_create(NULL, &b->injector), 0);
    CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, b->sockets), 0);
    b->window = test_window_open(BUSY_MS);
    CHECK_INT(loop_create(&b->loop), 0);
    CHECK_INT(input_create(b->loop, &config, &sink, b, &listener, &b->input), 0);
    input_set_connected(b->input, true);
    const struct display_seat_listener seat = input_seat_listener(b->input);
    CHECK_INT(display_seat_create(test_window_display(b->window), b->loop, &seat, &b->seat), 0);
    input_set_seat(b->input, &input_display_seat_ops, b->seat);
    CHECK_INT(pthread_create(&b->input_thread, NULL, run_input, b), 0);
    CHECK_INT(pthread_create(&b->server_thread, NULL, serve, b), 0);
}

static void stop(struct bench *b)
{
    loop_stop(b->loop);
    pthread_join(b->input_thread, NULL);
    input_set_seat(b->input, NULL, NULL);
    display_seat_destroy(b->seat);
    input_destroy(b->input);
    loop_destroy(b->loop);
    test_window_close(b->window);
    injector_destroy(b->injector);
    shutdown(b->sockets[0], SHUT_RDWR);
    pthread_join(b->server_thread, NULL);
    close(b->sockets[0]);
    close(b->sockets[1]);
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void type(struct bench *b)
{
    for (uint32_t i = 0; i < KEYS; i++) {
        b->sent_ns[i] = clock_ns();
        CHECK_INT(injector_key(b->injector, KEY_A, i % 2 == 0), 0);
        b->answered_ns[i] = clock_ns();
        while (atomic_load(&b->arrived) <= i) {
            CHECK_MSG(clock_ns() - b->sent_ns[i] < PATIENCE_MS * NS_PER_MS, "key %u never came", i);
            clock_sleep_until_ns(clock_ns() + 100000);
        }
        clock_sleep_until_ns(clock_ns() + PAUSE_US * 1000ull); /* at any moment of a picture */
    }
}

static double quantile(double *values_us, size_t count, double q)
{
    qsort(values_us, count, sizeof(*values_us), by_value);
    return values_us[(size_t)((double)(count - 1) * q)];
}

/* sway's own answer takes as many process switches as the key does up to the input thread: on a
 * machine with other work its p99 shows what the scheduler alone costs. */
static void measure(struct bench *b)
{
    enum { COUNT = KEYS - WARM_UP };
    double key_us[COUNT], answer_us[COUNT];
    atomic_store(&b->arrived, 0);
    type(b);
    for (uint32_t i = 0; i < COUNT; i++) {
        const uint64_t sent_ns = b->sent_ns[i + WARM_UP];
        key_us[i] = (double)(b->arrived_ns[i + WARM_UP] - sent_ns) / 1e3;
        answer_us[i] = (double)(b->answered_ns[i + WARM_UP] - sent_ns) / 1e3;
    }
    const double p99_us = quantile(key_us, COUNT, 0.99),
                 answer_p99_us = quantile(answer_us, COUNT, 0.99);
    figure_at_most("key to server median, rendering 20 ms", quantile(key_us, COUNT, 0.5), 1000,
                   "us");
    figure_note("key to server p99", p99_us, "us");
    figure_note("sway's own answer p99", answer_p99_us, "us");
    figure_at_most("key to server p99, more than sway's answer", p99_us - answer_p99_us, 1000,
                   "us");
}

TEST(key_to_server)
{
    static struct bench b;
    start(&b);
    clock_sleep_until_ns(clock_ns() + 300 * NS_PER_MS); /* the focus comes */
    do
        measure(&b);
    while (bench_again());
    stop(&b);
    CHECK_INT(bench_result(), 0);
}
