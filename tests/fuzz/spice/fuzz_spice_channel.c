/* SPDX-License-Identifier: GPL-2.0-or-later
 * A whole channel on a real socket: the input is what a server sends after it has let the client
 * in (mini headers), to the main channel or, built with FUZZ_INPUTS, to the inputs channel. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <spice/protocol.h>

#include "base/log.h"
#include "loop/loop.h"
#include "spice/channel.h"
#include "spice/inputs.h"
#include "spice/link.h"
#include "spice/main_channel.h"
#include "spice/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_ROUNDS = 64 };

static char path[64], dir[] = "/tmp/espelho-fuzz-XXXXXX";
static int listen_fd = -1;
static struct loop *loop;
static struct main_channel main_state;
static struct inputs inputs_state;

static void remove_socket(void)
{
    unlink(path);
    rmdir(dir);
}

static void listen_once(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    if (listen_fd >= 0)
        return;
    log_set_level(LOG_LEVEL_NONE);
    if (!mkdtemp(dir))
        abort();
    snprintf(path, sizeof(path), "%s/s", dir);
    memcpy(address.sun_path, path, sizeof(path));
    atexit(remove_socket);
    listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listen_fd < 0 || bind(listen_fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(listen_fd, 4) < 0 || loop_create(&loop) < 0)
        abort();
}

static void nothing(void *ctx)
{
    (void)ctx;
}

static void read_all(void *ctx, const uint8_t *bytes, size_t count)
{
    static volatile uint8_t sum;
    (void)ctx;
    for (size_t i = 0; i < count; i++)
        sum = (uint8_t)(sum + bytes[i]);
}

static const struct main_events events = {
    .on_init = nothing,
    .on_channels = nothing,
    .on_info = nothing,
    .on_mouse_mode = nothing,
    .on_agent = nothing,
    .on_agent_data = read_all,
    .on_agent_room = nothing,
};

static void on_locks(void *ctx, uint32_t locks)
{
    struct inputs *in = ctx;
    if (locks > 7)
        abort();
    for (int i = 0; i < 20; i++)
        inputs_position(in, locks, (uint32_t)i);
}

static void run_loop(void)
{
    for (int i = 0; i < MAX_ROUNDS && loop_run_once(loop, 0) > 0; i++)
        ;
}

/* SubjectPublicKeyInfo with some odd number. */
static void put_key(uint8_t *key)
{
    static const uint8_t head[] = { 0x30, 0x81, 0x9f, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48,
                                    0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00, 0x03, 0x81,
                                    0x8d, 0x00, 0x30, 0x81, 0x89, 0x02, 0x81, 0x81, 0x00 };
    memset(key, 0xc5, TICKET_KEY_BYTES);
    memcpy(key, head, sizeof(head));
    memcpy(key + TICKET_KEY_BYTES - 5, "\x02\x03\x01\x00\x01", 5);
}

static void let_in(int fd)
{
    uint8_t reply[LINK_HEADER_BYTES + 178 + 8 + 4] = { 'R', 'E', 'D', 'Q', 2, 0, 0, 0, 2 };
    uint8_t *body = reply + LINK_HEADER_BYTES;
    spice_put_u32(reply + 12, 178 + 8);
    put_key(body + 4);
    spice_put_u32(body + 166, 1);
    spice_put_u32(body + 170, 1);
    spice_put_u32(body + 174, 178);
    spice_put_u32(body + 178, 1u << SPICE_COMMON_CAP_MINI_HEADER);
    if (send(fd, reply, sizeof(reply), MSG_NOSIGNAL) != (ssize_t)sizeof(reply))
        abort(); /* the link result, 0, is the last of it */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    listen_once();
    main_state = (struct main_channel){ .events = &events };
    inputs_state = (struct inputs){ .on_locks = on_locks, .ctx = &inputs_state };
    const struct spice_server server = { .socket_path = path };
    struct spice_channel *channel;
#ifdef FUZZ_INPUTS
    const struct spice_channel_ops *ops = &inputs_ops;
    void *ctx = &inputs_state;
#else
    const struct spice_channel_ops *ops = &main_channel_ops;
    void *ctx = &main_state;
#endif
    if (spice_channel_create(loop, &server, 1, 0, ops, ctx, &channel) < 0)
        abort();
    (void)!loop_run_once(loop, 100); /* the connection begins */
    const int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        abort();
    run_loop();
    let_in(fd);
    run_loop();
    if (!inputs_state.up && !main_state.channel)
        abort(); /* else the target would test nothing */
    (void)!send(fd, data, size, MSG_NOSIGNAL);
    run_loop();
    close(fd);
    run_loop();
    spice_channel_destroy(channel);
    return 0;
}
