/* SPDX-License-Identifier: GPL-2.0-or-later
 * A region from an ivshmem server. The server here is a thread that says what a row tells it, right
 * or wrong. */
#include "test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "shm/doorbell.h"
#include "shm/ivshmem_wire.h"
#include "shm/region.h"

enum { MEMORY_BYTES = 1 << 20, OWN = 5, MAX_WORDS = 16, MANY = 700 };

enum what { NOTHING, MEMORY, BELL, PIPE, SMALL, ODD, PLAIN_FILE, TWO_BELLS };

struct word {
    int64_t number;
    enum what with;
};

static char dir[64], socket_path[96], name[112];

static void remove_dir(void)
{
    if (dir[0]) {
        unlink(socket_path);
        rmdir(dir);
    }
}

static int listen_there(void)
{
    if (!dir[0]) {
        snprintf(dir, sizeof(dir), "/tmp/espelho-test-XXXXXX");
        CHECK(mkdtemp(dir));
        atexit(remove_dir);
        snprintf(socket_path, sizeof(socket_path), "%s/vm.sock", dir);
        snprintf(name, sizeof(name), "unix:%s", socket_path);
    }
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", socket_path);
    unlink(socket_path);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 1) == 0);
    return fd;
}

static int memory(off_t len_bytes)
{
    const int fd = memfd_create("test", MFD_CLOEXEC);
    CHECK(fd >= 0 && ftruncate(fd, len_bytes) == 0);
    return fd;
}

static int plain_file(void)
{
    char path[] = "/var/tmp/espelho-test-XXXXXX";
    const int fd = mkstemp(path);
    CHECK(fd >= 0 && ftruncate(fd, MEMORY_BYTES) == 0 && unlink(path) == 0);
    return fd;
}

/* A descriptor of the kind, owned by the caller; -1: none. */
static int make(enum what what)
{
    int ends[2];
    switch (what) {
    case MEMORY:
        return memory(MEMORY_BYTES);
    case BELL:
    case TWO_BELLS:
        return eventfd(0, EFD_CLOEXEC);
    case PIPE:
        CHECK(pipe2(ends, O_CLOEXEC) == 0);
        close(ends[0]);
        return ends[1];
    case SMALL:
        return memory(4096);
    case ODD:
        return memory(MEMORY_BYTES + 1);
    case PLAIN_FILE:
        return plain_file();
    default:
        return -1;
    }
}

static void send_number(int to, int64_t number, const int *fds, size_t fd_count)
{
    uint8_t bytes[IVSHMEM_NUMBER_BYTES];
    ivshmem_wire_put(number, bytes);
    struct iovec iov = { .iov_base = bytes, .iov_len = sizeof(bytes) };
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(2 * sizeof(int))];
    } control = { 0 };
    struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
    if (fd_count) {
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
        struct cmsghdr *c = CMSG_FIRSTHDR(&message);
        *c = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
                               .cmsg_type = SCM_RIGHTS,
                               .cmsg_len = CMSG_LEN(fd_count * sizeof(int)) };
        memcpy(CMSG_DATA(c), fds, fd_count * sizeof(int));
    }
    (void)!sendmsg(to, &message, MSG_NOSIGNAL); /* who gets it may be gone, as in some rows */
}

struct server {
    const struct word *words;
    size_t count;
    int listener;
    bool hang_up;
    int connection;       /* -1: closed */
    int bells[MAX_WORDS]; /* of words[i], kept; -1 */
    pthread_t thread;
};

static void say(struct server *s, size_t i)
{
    const struct word *w = &s->words[i];
    const int fd = make(w->with);
    const int twice[2] = { fd, fd };
    send_number(s->connection, w->number, twice, w->with == TWO_BELLS ? 2 : fd >= 0);
    s->bells[i] = w->with == BELL ? fd : -1;
    if (w->with != BELL && fd >= 0)
        close(fd);
}

static void *serve(void *ctx)
{
    struct server *s = ctx;
    s->connection = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
    CHECK(s->connection >= 0);
    for (size_t i = 0; i < s->count; i++)
        say(s, i);
    if (s->hang_up) {
        close(s->connection);
        s->connection = -1;
    }
    return NULL;
}

static void server_start(struct server *s, const struct word *words, size_t count, bool hang_up)
{
    CHECK(count <= MAX_WORDS);
    *s = (struct server){
        .words = words, .count = count, .hang_up = hang_up, .listener = listen_there()
    };
    CHECK(pthread_create(&s->thread, NULL, serve, s) == 0);
}

/* It has said all. */
static void server_join(struct server *s)
{
    if (s->listener < 0)
        return;
    pthread_join(s->thread, NULL);
    close(s->listener);
    s->listener = -1;
}

static void server_stop(struct server *s)
{
    server_join(s);
    if (s->connection >= 0)
        close(s->connection);
    for (size_t i = 0; i < s->count; i++) {
        if (s->bells[i] >= 0)
            close(s->bells[i]);
    }
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

static void expect_problem(enum shm_fault fault, const char *in_message)
{
    struct shm_region *r = NULL;
    struct shm_problem problem = { 0 };
    CHECK(shm_region_open(name, &r, &problem) < 0 && !r);
    CHECK_MSG(problem.fault == fault && strstr(problem.message, in_message),
              "expected %d, '%s', got %d: %s", fault, in_message, problem.fault, problem.message);
    CHECK_MSG(strstr(problem.message, socket_path), "no path in: %s", problem.message);
    CHECK(problem.advice[0]);
}

#define GREETING                                                                                   \
    { 0, NOTHING },                                                                                \
    {                                                                                              \
        OWN, NOTHING                                                                               \
    }

TEST(servers_that_say_something_else)
{
    static const struct {
        struct word words[6];
        size_t count;
        enum shm_fault fault;
        const char *in_message;
    } rows[] = {
        { { { 0 } }, 0, SHM_FAULT_SYSTEM, "closed" },
        { { { 1, NOTHING } }, 1, SHM_FAULT_TYPE, "version 1" },
        { { { 0x0a0d30353120, NOTHING } }, 1, SHM_FAULT_TYPE, "version" },
        { { { 0, BELL } }, 1, SHM_FAULT_TYPE, "no ivshmem server" },
        { { { IVSHMEM_REFUSED_USER, NOTHING } }, 1, SHM_FAULT_PERMISSION, "does not let" },
        { { { IVSHMEM_REFUSED_FULL, NOTHING } }, 1, SHM_FAULT_BUSY, "as many peers" },
        { { { IVSHMEM_REFUSED_FDS, NOTHING } }, 1, SHM_FAULT_BUSY, "open more files" },
        { { { 0, NOTHING }, { 65536, NOTHING } }, 2, SHM_FAULT_TYPE, "no ivshmem server" },
        { { { 0, NOTHING }, { OWN, BELL } }, 2, SHM_FAULT_TYPE, "no ivshmem server" },
        { { GREETING }, 2, SHM_FAULT_SYSTEM, "closed" },
        { { GREETING, { -1, NOTHING } }, 3, SHM_FAULT_TYPE, "no ivshmem server" },
        { { GREETING, { -1, TWO_BELLS } }, 3, SHM_FAULT_TYPE, "no ivshmem server" },
        { { GREETING, { -1, MEMORY } }, 3, SHM_FAULT_SYSTEM, "closed" },
        { { GREETING, { -1, MEMORY }, { -1, MEMORY } }, 4, SHM_FAULT_TYPE, "no ivshmem server" },
        { { GREETING, { -1, MEMORY }, { OWN, PIPE } }, 4, SHM_FAULT_TYPE, "no ivshmem server" },
        { { GREETING, { -1, MEMORY }, { OWN, MEMORY } }, 4, SHM_FAULT_TYPE, "no ivshmem server" },
        { { GREETING, { -1, MEMORY }, { OWN, TWO_BELLS } }, 4, SHM_FAULT_TYPE, "no ivshmem" },
        { { GREETING, { -1, MEMORY }, { OWN, NOTHING } }, 4, SHM_FAULT_TYPE, "no ivshmem server" },
        { { GREETING, { -1, MEMORY }, { 9, PIPE } }, 4, SHM_FAULT_TYPE, "no ivshmem server" },
        { { GREETING, { -1, BELL }, { OWN, BELL }, { OWN, BELL } },
          5,
          SHM_FAULT_TYPE,
          "no shared" },
        { { GREETING, { -1, PIPE }, { OWN, BELL }, { OWN, BELL } },
          5,
          SHM_FAULT_TYPE,
          "no shared" },
        { { GREETING, { -1, PLAIN_FILE }, { OWN, BELL }, { OWN, BELL } },
          5,
          SHM_FAULT_TYPE,
          "no shared" },
        { { GREETING, { -1, SMALL }, { OWN, BELL }, { OWN, BELL } }, 5, SHM_FAULT_SIZE, "too few" },
        { { GREETING, { -1, ODD }, { OWN, BELL }, { OWN, BELL } }, 5, SHM_FAULT_SIZE, "multiple" },
    };
    const size_t files = open_files();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct server s;
        server_start(&s, rows[i].words, rows[i].count, true);
        expect_problem(rows[i].fault, rows[i].in_message);
        server_stop(&s);
    }
    CHECK_INT(open_files(), files);
}

TEST(no_server)
{
    close(listen_there());
    expect_problem(SHM_FAULT_MISSING, "no server listens");
    unlink(socket_path);
    expect_problem(SHM_FAULT_MISSING, "does not exist");
    close(open(socket_path, O_CREAT | O_RDWR | O_CLOEXEC, 0600));
    expect_problem(SHM_FAULT_TYPE, "is not a socket");
    unlink(socket_path);
    CHECK(mkdir(socket_path, 0700) == 0);
    expect_problem(SHM_FAULT_TYPE, "is not a socket");
    rmdir(socket_path);
    struct shm_region *r;
    struct shm_problem problem;
    char far[200];
    memset(far, 'x', sizeof(far) - 1);
    far[sizeof(far) - 1] = '\0';
    memcpy(far, "unix:/", 6);
    CHECK(shm_region_open(far, &r, &problem) < 0);
    CHECK(shm_region_open("unix:", &r, &problem) == -ENOENT);
    CHECK(shm_region_open(name, &r, NULL) == -ENOENT); /* the problem is optional */
}

TEST(servers_that_do_not_answer)
{
    const size_t files = open_files();
    const int listener = listen_there(); /* nobody accepts */
    const uint64_t start_ns = clock_ns();
    expect_problem(SHM_FAULT_SYSTEM, "did not greet within");
    CHECK(clock_ns() - start_ns < 5 * NS_PER_S);
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", socket_path);
    int queue[8];
    for (size_t i = 0; i < ARRAY_LEN(queue); i++) { /* and now the queue is full */
        queue[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)!connect(queue[i], (struct sockaddr *)&address, sizeof(address));
    }
    expect_problem(SHM_FAULT_SYSTEM, "did not greet within");
    for (size_t i = 0; i < ARRAY_LEN(queue); i++)
        close(queue[i]);
    close(listener);
    CHECK_INT(open_files(), files);
}

/* ---- servers as they should be ---- */

static struct shm_region *open_good(void)
{
    struct shm_region *r;
    struct shm_problem problem = { 0 };
    CHECK_MSG(shm_region_open(name, &r, &problem) == 0, "%s", problem.message);
    CHECK_INT(r->kind, SHM_KIND_SERVER);
    CHECK_INT(r->len_bytes, MEMORY_BYTES);
    CHECK(r->doorbell && r->doorbell->own_id == OWN);
    return r;
}

static uint64_t rings_of(int bell)
{
    uint64_t count = 0;
    const int flags = fcntl(bell, F_GETFL);
    fcntl(bell, F_SETFL, flags | O_NONBLOCK);
    return read(bell, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

static void ring(int bell)
{
    const uint64_t one = 1;
    CHECK(write(bell, &one, sizeof(one)) == sizeof(one));
}

/* Two others with two vectors each, before ours. */
static const struct word two_others[] = {
    GREETING,    { -1, MEMORY }, { 0, BELL },   { 0, BELL },
    { 9, BELL }, { 9, BELL },    { OWN, BELL }, { OWN, BELL }
};

TEST(bells_ring_and_are_rung)
{
    const size_t files = open_files();
    struct server s;
    server_start(&s, two_others, ARRAY_LEN(two_others), false);
    struct shm_region *r = open_good();
    struct shm_doorbell *d = r->doorbell;
    server_join(&s);
    CHECK_INT(d->vectors, 2);
    CHECK(d->ops->ring(d, 9, 1) == 0 && d->ops->ring(d, 9, 1) == 0);
    CHECK(rings_of(s.bells[6]) == 2 && rings_of(s.bells[5]) == 0 && rings_of(s.bells[3]) == 0);
    CHECK_INT(d->ops->ring(d, 9, 2), -ENOENT);
    CHECK_INT(d->ops->ring(d, 8, 0), -ENOENT);
    CHECK_INT(d->ops->ring(d, SHM_DOORBELL_NO_PEER, 0), -ENOENT);
    CHECK(d->ops->peer_present(d, 0) && d->ops->peer_present(d, 9) && !d->ops->peer_present(d, 8));

    CHECK_INT(d->ops->wait(d, 0, 0), 0);
    CHECK(!d->ops->clear(d, 0));
    ring(s.bells[8]);
    ring(s.bells[8]); /* before the call, twice: once */
    CHECK_INT(d->ops->wait(d, 0, 20), 0);
    CHECK_INT(d->ops->wait(d, 1, 1000), 1);
    CHECK_INT(d->ops->wait(d, 1, 0), 0);
    ring(s.bells[7]);
    struct pollfd p = { .fd = d->ops->fd(d, 0), .events = POLLIN };
    CHECK(poll(&p, 1, 0) == 1 && d->ops->clear(d, 0) && poll(&p, 1, 0) == 0);
    CHECK_INT(d->ops->fd(d, 2), -1);
    CHECK_INT(d->ops->wait(d, 2, 0), -ENOENT);
    CHECK(d->ops->ring(d, OWN, 1) == 0 && d->ops->wait(d, 1, 1000) == 1);
    shm_region_close(r);
    server_stop(&s);
    CHECK_INT(open_files(), files);
}

/* A peer fills the counter, and takes away the flag that keeps writing from blocking. */
TEST(a_full_bell_does_not_block)
{
    struct server s;
    server_start(&s, two_others, ARRAY_LEN(two_others), false);
    struct shm_region *r = open_good();
    struct shm_doorbell *d = r->doorbell;
    server_join(&s);
    const uint64_t full = UINT64_MAX - 1;
    CHECK(write(s.bells[3], &full, sizeof(full)) == sizeof(full));
    CHECK_INT(d->ops->ring(d, 0, 0), 0);
    CHECK(rings_of(s.bells[3]) == full);
    const int flags = fcntl(s.bells[7], F_GETFL);
    CHECK(flags & O_NONBLOCK);
    CHECK(fcntl(s.bells[7], F_SETFL, flags & ~O_NONBLOCK) == 0);
    CHECK(!d->ops->clear(d, 0));
    CHECK_INT(d->ops->wait(d, 0, 10), 0);
    shm_region_close(r);
    server_stop(&s);
}

static void wait_for_news(struct shm_doorbell *d)
{
    struct pollfd p = { .fd = d->ops->news_fd(d), .events = POLLIN };
    CHECK_INT(poll(&p, 1, 5000), 1);
}

TEST(peers_come_and_go)
{
    struct server s;
    server_start(&s, two_others, ARRAY_LEN(two_others), false);
    struct shm_region *r = open_good();
    struct shm_doorbell *d = r->doorbell;
    server_join(&s);
    const size_t files = open_files();
    CHECK(d->ops->refresh(d));
    const int bell = eventfd(0, EFD_CLOEXEC);
    send_number(s.connection, 700, &bell, 1);
    wait_for_news(d);
    CHECK(!d->ops->peer_present(d, 700)); /* not before the refresh */
    CHECK(d->ops->refresh(d) && d->ops->peer_present(d, 700));
    CHECK(d->ops->ring(d, 700, 0) == 0 && rings_of(bell) == 1);
    CHECK_INT(d->ops->ring(d, 700, 1), -ENOENT);
    send_number(s.connection, 700, NULL, 0);
    send_number(s.connection, 701, NULL, 0);  /* never heard of: no harm */
    send_number(s.connection, OWN, &bell, 1); /* one more vector of ours */
    CHECK(d->ops->refresh(d) && !d->ops->peer_present(d, 700));
    CHECK_INT(d->vectors, 3);
    ring(bell);
    CHECK_INT(d->ops->wait(d, 2, 0), 1);
    CHECK_INT(open_files(), files + 2); /* `bell`, here and there */
    send_number(s.connection, 0, NULL, 0);
    CHECK(d->ops->refresh(d));
    CHECK_INT(d->ops->ring(d, 0, 0), -ENOENT);

    send_number(s.connection, 9, NULL, 0);
    send_number(s.connection, -3, NULL,
                0); /* nonsense: as good as gone, but what was said counts */
    CHECK(!d->ops->refresh(d));
    CHECK_INT(d->ops->ring(d, 9, 0), -EPIPE);
    CHECK_INT(d->ops->ring(d, OWN, 0), 0);
    CHECK(!d->ops->refresh(d));
    shm_region_close(r);
    close(bell);
    server_stop(&s);
}

TEST(one_vector_is_enough_and_more_than_eight_are_not_kept)
{
    static const struct word one[] = { GREETING, { -1, MEMORY }, { OWN, BELL } };
    static const struct word ten[] = {
        GREETING,      { -1, MEMORY }, { OWN, BELL }, { OWN, BELL }, { OWN, BELL }, { OWN, BELL },
        { OWN, BELL }, { OWN, BELL },  { OWN, BELL }, { OWN, BELL }, { OWN, BELL }, { OWN, BELL },
    };
    struct server s;
    server_start(&s, one, ARRAY_LEN(one), false);
    struct shm_region *r = open_good();
    server_join(&s);
    CHECK_INT(r->doorbell->vectors, 1);
    shm_region_close(r);
    server_stop(&s);
    server_start(&s, ten, ARRAY_LEN(ten), false);
    r = open_good();
    server_join(&s);
    CHECK(r->doorbell->ops->refresh(r->doorbell));
    CHECK_INT(r->doorbell->vectors, 8);
    shm_region_close(r);
    server_stop(&s);
}

/* More peers than are remembered, and more descriptors than this process may have. */
TEST(floods)
{
    struct server s;
    server_start(&s, two_others, ARRAY_LEN(two_others), false);
    struct shm_region *r = open_good();
    struct shm_doorbell *d = r->doorbell;
    server_join(&s);
    const size_t files = open_files();
    const int bell = eventfd(0, EFD_CLOEXEC);
    for (int id = 1000; id < 1000 + MANY; id++) {
        send_number(s.connection, id, &bell, 1);
        CHECK(d->ops->refresh(d));
    }
    CHECK(d->ops->peer_present(d, 1000) && d->ops->ring(d, 1000, 0) == 0);
    CHECK(!d->ops->peer_present(d, 999 + MANY));
    CHECK(open_files() < files + MANY);
    for (int id = 1000; id < 1000 + MANY; id++) {
        send_number(s.connection, id, NULL, 0);
        CHECK(d->ops->refresh(d));
    }
    CHECK_INT(open_files(), files + 1);

    struct rlimit old, low;
    CHECK(getrlimit(RLIMIT_NOFILE, &old) == 0);
    low = (struct rlimit){ .rlim_cur = 3, .rlim_max = old.rlim_max };
    CHECK(setrlimit(RLIMIT_NOFILE, &low) == 0);
    send_number(s.connection, 2000, &bell, 1);
    CHECK(d->ops->refresh(d));
    CHECK(setrlimit(RLIMIT_NOFILE, &old) == 0);
    send_number(s.connection, 2001, &bell, 1);
    CHECK(d->ops->refresh(d));
    CHECK(!d->ops->peer_present(d, 2000) && d->ops->peer_present(d, 2001));
    shm_region_close(r);
    close(bell);
    server_stop(&s);
}

/* Accepts one connection and greets with this memory. */
static int greet_with(int listener, int fd)
{
    const int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    CHECK(connection >= 0);
    const int bell = eventfd(0, EFD_CLOEXEC);
    send_number(connection, 0, NULL, 0);
    send_number(connection, OWN, NULL, 0);
    send_number(connection, -1, &fd, 1);
    send_number(connection, OWN, &bell, 1);
    close(bell);
    return connection;
}

TEST(a_server_that_starts_anew_replaces_nothing_until_a_host_is_on_it)
{
    const size_t files = open_files();
    struct server s;
    server_start(&s, two_others, ARRAY_LEN(two_others), false);
    struct shm_region *r = open_good();
    struct shm_doorbell *d = r->doorbell;
    server_join(&s);
    CHECK(!shm_region_replaced(r));
    send_number(s.connection, 9, NULL, 0); /* unread when the connection ends */
    close(s.connection);
    s.connection = -1;
    CHECK(!shm_region_replaced(r)); /* nobody listens */
    CHECK(!d->ops->refresh(d) && !d->ops->peer_present(d, 9));
    CHECK(d->ops->ring(d, 0, 1) == 0 && rings_of(s.bells[4]) == 1); /* the others are there still */
    unlink(socket_path);
    CHECK(!shm_region_replaced(r));

    const int listener = listen_there();
    CHECK(!shm_region_replaced(r)); /* connected, not greeted */
    const int fd = memory(MEMORY_BYTES);
    const int connection = greet_with(listener, fd);
    CHECK(!shm_region_replaced(r)); /* another memory, and nobody uses it */
    const char magic[8] = "a host";
    CHECK(pwrite(fd, magic, sizeof(magic), 0) == sizeof(magic));
    CHECK(shm_region_replaced(r));
    CHECK(shm_region_replaced(r));
    CHECK(!shm_region_lost(r));
    shm_region_close(r);
    close(connection);
    close(listener);
    close(fd);
    server_stop(&s);
    CHECK_INT(open_files(), files);
}

/* It dropped us: others cannot ring us any more, so we have to introduce ourselves again. */
TEST(a_server_that_forgot_us_is_opened_again)
{
    static const struct word words[] = { GREETING, { -1, MEMORY }, { OWN, BELL }, { OWN, BELL } };
    struct server s;
    server_start(&s, words, ARRAY_LEN(words), true);
    struct shm_region *r = open_good();
    server_join(&s);
    const int listener = listen_there();
    CHECK(!shm_region_replaced(r));
    const int connection = greet_with(listener, r->fd);
    CHECK(shm_region_replaced(r));
    shm_region_close(r);
    close(connection);
    close(listener);
    server_stop(&s);
}

TEST(hostile_scouting)
{
    static const struct {
        int64_t first;
        enum what memory;
    } rows[] = { { 1, MEMORY }, { IVSHMEM_REFUSED_USER, MEMORY }, { 0, PIPE }, { 0, BELL } };
    struct server s;
    server_start(&s, two_others, ARRAY_LEN(two_others), false);
    struct shm_region *r = open_good();
    server_join(&s);
    close(s.connection);
    s.connection = -1;
    const size_t files = open_files();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const int listener = listen_there();
        CHECK(!shm_region_replaced(r));
        const int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        const int fd = make(rows[i].memory);
        send_number(connection, rows[i].first, NULL, 0);
        send_number(connection, OWN, NULL, 0);
        send_number(connection, -1, &fd, 1);
        CHECK(!shm_region_replaced(r));
        close(connection);
        close(listener);
        close(fd);
        CHECK(!shm_region_replaced(r));
    }
    CHECK_INT(open_files(), files);
    shm_region_close(r);
    server_stop(&s);
}
