/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "client/spice/script.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <spice/enums.h>
#include <spice/protocol.h>

#include "client/spice/peer.h"
#include "spice/link.h"
#include "spice/reader.h"
#include "test.h"

static void *serve(void *arg)
{
    const struct script *s = arg;
    struct pollfd fd = { .fd = s->listen_fd, .events = POLLIN };
    if (poll(&fd, 1, 10000) <= 0)
        return NULL;
    const int client = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC);
    if (client < 0)
        return NULL;
    const struct timeval patience = { .tv_sec = 10 };
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    s->run(client);
    close(client);
    return NULL;
}

void script_start(struct script *s, script_fn run)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    snprintf(s->path, sizeof(s->path), "%s/script.sock", peer_dir());
    unlink(s->path);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/script.sock", peer_dir());
    s->run = run;
    s->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(s->listen_fd >= 0 &&
          bind(s->listen_fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
          listen(s->listen_fd, 4) == 0);
    CHECK_INT(pthread_create(&s->thread, NULL, serve, s), 0);
}

void script_end(struct script *s)
{
    pthread_join(s->thread, NULL);
    close(s->listen_fd);
}

bool script_read(int fd, void *out, size_t bytes)
{
    for (size_t got = 0; got < bytes;) {
        const ssize_t n = recv(fd, (uint8_t *)out + got, bytes - got, 0);
        if (n <= 0)
            return false;
        got += (size_t)n;
    }
    return true;
}

void script_write(int fd, const void *bytes, size_t count)
{
    for (size_t sent = 0; sent < count;) {
        const ssize_t n = send(fd, (const uint8_t *)bytes + sent, count - sent, MSG_NOSIGNAL);
        if (n <= 0)
            return; /* the client left: that is for the test to judge */
        sent += (size_t)n;
    }
}

/* SubjectPublicKeyInfo of some odd 1024-bit number with exponent 65537. */
static void put_key(uint8_t key[TICKET_KEY_BYTES])
{
    static const uint8_t head[] = { 0x30, 0x81, 0x9f, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48,
                                    0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00, 0x03, 0x81,
                                    0x8d, 0x00, 0x30, 0x81, 0x89, 0x02, 0x81, 0x81, 0x00 };
    static const uint8_t tail[] = { 0x02, 0x03, 0x01, 0x00, 0x01 };
    static_assert(sizeof(head) + 128 + sizeof(tail) == TICKET_KEY_BYTES, "DER");
    memset(key, 0xc5, TICKET_KEY_BYTES);
    memcpy(key, head, sizeof(head));
    memcpy(key + sizeof(head) + 128, tail, sizeof(tail));
}

void script_link(int fd, uint32_t common_caps, uint32_t error)
{
    uint8_t message[LINK_MESSAGE_BYTES],
        reply[LINK_HEADER_BYTES + 178 + 8] = { 'R', 'E', 'D', 'Q' };
    if (!script_read(fd, message, sizeof(message)))
        return;
    spice_put_u32(reply + 4, 2);
    spice_put_u32(reply + 8, 2);
    spice_put_u32(reply + 12, sizeof(reply) - LINK_HEADER_BYTES);
    uint8_t *body = reply + LINK_HEADER_BYTES;
    spice_put_u32(body, error);
    put_key(body + 4);
    spice_put_u32(body + 166, 1);
    spice_put_u32(body + 170, 1);
    spice_put_u32(body + 174, 178);
    spice_put_u32(body + 178, common_caps);
    spice_put_u32(body + 182, 1);
    script_write(fd, reply, sizeof(reply));
}

void script_let_in(int fd, bool mini)
{
    uint8_t ticket[4 + TICKET_BYTES];
    script_link(fd,
                1u << SPICE_COMMON_CAP_PROTOCOL_AUTH_SELECTION | 1u << SPICE_COMMON_CAP_AUTH_SPICE |
                    (mini ? 1u << SPICE_COMMON_CAP_MINI_HEADER : 0),
                SPICE_LINK_ERR_OK);
    if (script_read(fd, ticket, sizeof(ticket)))
        script_write(fd, (const uint8_t[4]){ 0 }, 4);
}

void script_message(int fd, bool mini, uint16_t type, const void *body, size_t body_bytes)
{
    uint8_t header[18] = { 0 };
    uint8_t *at = mini ? header : header + 8;
    spice_put_u16(at, type);
    spice_put_u32(at + 2, (uint32_t)body_bytes);
    script_write(fd, header, mini ? 6 : 18);
    script_write(fd, body, body_bytes);
}

int script_read_message(int fd, uint8_t *body, size_t room)
{
    uint8_t header[6];
    if (!script_read(fd, header, sizeof(header)))
        return -1;
    struct spice_reader r = spice_reader_of(header, sizeof(header));
    const uint16_t type = spice_read_u16(&r);
    const uint32_t bytes = spice_read_u32(&r);
    if (bytes > room || !script_read(fd, body, bytes))
        return -1;
    return type;
}
