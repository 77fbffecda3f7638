/* SPDX-License-Identifier: GPL-2.0-or-later
 * The server against peers that do not read, in one process: its loop is turned by hand. What can
 * be shown with programs is in shm_server_live.py. */
#include "test.h"

#include <dirent.h>
#include <errno.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "shm/ivshmem_wire.h"
#include "shm_server/server.h"

enum { PATIENCE_MS = 150, VECTORS = 2 };

struct rig {
    char path[64];
    struct sockaddr_un address;
    struct shm_access access;
    struct notify notify;
    struct loop *loop;
    struct shm_server *server;
    int listener, memory;
};

static void rig_start(struct rig *r, uint32_t max_peers)
{
    log_set_level(LOG_LEVEL_NONE); /* thousands come and go */
    *r = (struct rig){ .notify = { .fd = -1 }, .address = { .sun_family = AF_UNIX } };
    snprintf(r->path, sizeof(r->path), "/tmp/espelho-test-%d.sock", (int)getpid());
    snprintf(r->address.sun_path, sizeof(r->address.sun_path), "%s", r->path);
    unlink(r->path);
    r->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    CHECK(bind(r->listener, (struct sockaddr *)&r->address, sizeof(r->address)) == 0);
    CHECK(listen(r->listener, 64) == 0);
    r->memory = memfd_create("test", MFD_CLOEXEC);
    CHECK(r->memory >= 0 && ftruncate(r->memory, 1 << 20) == 0);
    CHECK_INT(loop_create(&r->loop), 0);
    const struct shm_server_config c = { .loop = r->loop,
                                         .access = &r->access,
                                         .notify = &r->notify,
                                         .listener_fd = r->listener,
                                         .memory_fd = r->memory,
                                         .vectors = VECTORS,
                                         .max_peers = max_peers,
                                         .patience_ms = PATIENCE_MS };
    CHECK_INT(shm_server_create(&c, &r->server), 0);
}

static void rig_stop(struct rig *r)
{
    shm_server_destroy(r->server);
    loop_destroy(r->loop);
    close(r->listener);
    close(r->memory);
    unlink(r->path);
}

static void turn(struct rig *r, uint32_t ms)
{
    const uint64_t end_ns = clock_ns() + ms * NS_PER_MS;
    do
        CHECK(loop_run_once(r->loop, 5) >= 0);
    while (clock_ns() < end_ns);
}

static int connect_one(struct rig *r)
{
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&r->address, sizeof(r->address)) == 0);
    turn(r, 0);
    return fd;
}

/* One number; *fd as it came. False: nothing to read, or the end. */
static bool read_number(int from, int64_t *number, int *fd)
{
    struct ivshmem_wire w; /* for its numbers only */
    struct ivshmem_event e;
    uint8_t bytes[IVSHMEM_NUMBER_BYTES];
    struct iovec iov = { .iov_base = bytes, .iov_len = sizeof(bytes) };
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    struct msghdr message = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
    };
    if (recvmsg(from, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != sizeof(bytes))
        return false;
    *fd = -1;
    if (CMSG_FIRSTHDR(&message))
        memcpy(fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(*fd));
    ivshmem_wire_init(&w);
    ivshmem_wire_push(&w, bytes, sizeof(bytes), -1, &e);
    *number = e.number;
    return true;
}

static size_t open_files(void)
{
    size_t count = 0;
    DIR *d = opendir("/proc/self/fd");
    CHECK(d);
    while (readdir(d))
        count++;
    closedir(d);
    return count;
}

enum { CROWD = 200 };

TEST(who_does_not_read_is_dropped_and_costs_no_others)
{
    struct rig r;
    int crowd[CROWD];
    int64_t number;
    int fd, gone = 0;
    rig_start(&r, 256);
    const int sleeper = connect_one(&r), reader = connect_one(&r);
    const size_t files = open_files();
    for (int i = 0; i < CROWD; i++) /* news until the sleeper's socket is full */
        crowd[i] = connect_one(&r);
    const uint64_t end_ns = clock_ns() + 20 * NS_PER_S;
    do {
        turn(&r, 1);
        for (int i = -1; i < CROWD; i++) {
            const int from = i < 0 ? reader : crowd[i];
            while (read_number(from, &number, &fd)) {
                gone += i < 0 && number == 0 && fd < 0; /* the version, or the sleeper that went */
                if (fd >= 0)
                    close(fd);
            }
        }
    } while (gone < 2 && clock_ns() < end_ns);
    CHECK_INT(gone, 2);
    CHECK_INT(shm_server_peer_count(r.server), CROWD + 1);
    size_t words = 0;
    while (read_number(sleeper, &number, &fd)) { /* what was sent is there, then comes the end */
        words++;
        if (fd >= 0)
            close(fd);
    }
    char byte;
    CHECK(recv(sleeper, &byte, 1, MSG_DONTWAIT) == 0);
    CHECK(words > 50 && words < 3 + VECTORS * (CROWD + 1));
    close(sleeper);
    for (int i = 0; i < CROWD; i++)
        close(crowd[i]);
    turn(&r, 20);
    CHECK_INT(open_files(), files - 1 - 1 - VECTORS); /* the sleeper's two ends and its bells */
    close(reader);
    rig_stop(&r);
}

TEST(a_slow_reader_gets_everything_in_order)
{
    struct rig r;
    rig_start(&r, 256);
    const int slow = connect_one(&r);
    enum { MANY = 120 };
    int others[MANY];
    for (int i = 0; i < MANY; i++)
        others[i] = connect_one(&r);
    int64_t number = -9, want = 0;
    int fd, rank = 0;
    for (int i = 0; i < 3 + VECTORS; i++) { /* its own greeting */
        CHECK(read_number(slow, &number, &fd));
        if (fd >= 0)
            close(fd);
    }
    CHECK_INT(number, 0);
    while (want < MANY) {
        if (!read_number(slow, &number, &fd)) {
            turn(&r, 1);
            continue;
        }
        CHECK_INT(number, want + 1);
        CHECK(fd >= 0);
        close(fd);
        rank = (rank + 1) % VECTORS;
        want += rank == 0;
    }
    CHECK_INT(shm_server_peer_count(r.server), MANY + 1);
    for (int i = 0; i < MANY; i++)
        close(others[i]);
    turn(&r, 20);
    CHECK_INT(shm_server_peer_count(r.server), 1);
    close(slow);
    rig_stop(&r);
}

/* Somebody who comes and goes before the slow one reads of it has never been there. */
TEST(news_that_is_old_is_not_told)
{
    struct rig r;
    rig_start(&r, 4000);
    const int slow = connect_one(&r);
    static bool known[1001]; /* it was told of them, and not yet that they went */
    int64_t number;
    int fd, words = 0, left = 0;
    for (int i = 0; i < 1000; i++)
        close(connect_one(&r));
    turn(&r, 0);
    while (read_number(slow, &number, &fd) || (turn(&r, 1), read_number(slow, &number, &fd))) {
        if (fd >= 0)
            close(fd);
        if (++words <= 3 + VECTORS) /* its own greeting */
            continue;
        CHECK(number > 0 && number <= 1000 && (fd >= 0 || known[number]));
        left += (fd >= 0) - known[number];
        known[number] = fd >= 0;
    }
    CHECK_INT(left, 0);
    CHECK(words > 100 && words < 3 + VECTORS + 1000 * (VECTORS + 1));
    CHECK_INT(shm_server_peer_count(r.server), 1);
    close(slow);
    rig_stop(&r);
}

/* ---- what systemd kept ---- */

struct kept_row {
    const char *name;
    char what; /* 's': a socket, 'e': an eventfd, '-': no descriptor */
};

TEST(names_in_the_store_that_make_no_peer)
{
    static const struct {
        struct kept_row kept[4];
        size_t peers;
    } rows[] = {
        { { { "", 's' }, { "peer-", 's' }, { "peer-x", 's' }, { "memory", 's' } }, 0 },
        { { { "peer-7", 's' } }, 0 },                                           /* no bells */
        { { { "bell-7-0", 'e' } }, 0 },                                         /* no connection */
        { { { "peer-7", 'e' }, { "bell-7-0", 'e' } }, 0 },                      /* no socket */
        { { { "peer-7", 's' }, { "bell-7-1", 'e' } }, 0 },                      /* a gap */
        { { { "peer-7", 's' }, { "bell-7-0", 'e' }, { "bell-7-0", 'e' } }, 0 }, /* twice */
        { { { "peer-7", 's' }, { "peer-7", 's' }, { "bell-7-0", 'e' } }, 0 },
        { { { "peer-65535", 's' }, { "bell-65535-0", 'e' } }, 0 },
        { { { "peer-99999", 's' }, { "bell-99999-0", 'e' } }, 0 },
        { { { "peer--1", 's' }, { "bell--1-0", 'e' } }, 0 },
        { { { "peer-7", '-' }, { "bell-7-0", 'e' } }, 0 },
        { { { "peer-7", 's' }, { "bell-7-64", 'e' } }, 0 },
        { { { "peer-7", 's' }, { "bell-7-0", 'e' }, { "bell-8-0", 'e' } }, 1 },
        { { { "bell-7-1", 'e' }, { "bell-7-0", 'e' }, { "peer-7", 's' }, { "peer-7x", 's' } }, 1 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rig r;
        struct notify_given given[4] = { 0 };
        int far_ends[4] = { -1, -1, -1, -1 };
        const size_t files = open_files();
        rig_start(&r, 16);
        size_t count = 0;
        for (; count < 4 && rows[i].kept[count].name; count++) {
            int pair[2] = { -1, -1 };
            snprintf(given[count].name, sizeof(given[count].name), "%s", rows[i].kept[count].name);
            if (rows[i].kept[count].what == 's')
                CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
            if (rows[i].kept[count].what == 'e')
                pair[0] = eventfd(0, EFD_CLOEXEC);
            given[count].fd = pair[0];
            far_ends[count] = pair[1];
        }
        const size_t got = shm_server_restore(r.server, given, count);
        CHECK_MSG(got == rows[i].peers, "row %zu: %zu peers", i, got);
        turn(&r, 0);
        rig_stop(&r);
        for (size_t n = 0; n < 4; n++) {
            if (n < count && given[n].fd >= 0)
                close(given[n].fd);
            if (far_ends[n] >= 0)
                close(far_ends[n]);
        }
        CHECK_INT(open_files(), files);
    }
}

static void keep(struct notify_given *given, const char *name, int fd)
{
    snprintf(given->name, sizeof(given->name), "%s", name);
    given->fd = fd;
}

TEST(ids_go_round_and_leave_out_who_is_there_and_the_one_that_means_nobody)
{
    static const int64_t want[] = { 65534, 1, 2, 3 };
    struct rig r;
    struct notify_given given[4];
    int a[2], b[2];
    rig_start(&r, 16);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, a) == 0);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, b) == 0);
    keep(&given[0], "peer-0", a[0]);
    keep(&given[1], "bell-0-0", eventfd(0, EFD_CLOEXEC));
    keep(&given[2], "peer-65533", b[0]);
    keep(&given[3], "bell-65533-0", eventfd(0, EFD_CLOEXEC));
    CHECK_INT(shm_server_restore(r.server, given, 4), 2);
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        int64_t number;
        int fd;
        const int one = connect_one(&r);
        CHECK(read_number(one, &number, &fd) && read_number(one, &number, &fd));
        CHECK_INT(number, want[i]);
        close(one);
    }
    close(a[1]);
    close(b[1]);
    turn(&r, 0);
    CHECK_INT(shm_server_peer_count(r.server), 0);
    rig_stop(&r);
}
