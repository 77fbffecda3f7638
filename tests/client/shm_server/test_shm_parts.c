/* SPDX-License-Identifier: GPL-2.0-or-later
 * The parts of the server that need no peers: queue, lists of users, memory, options, socket, what
 * systemd hands over. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "shm_server/access.h"
#include "shm_server/listener.h"
#include "shm_server/memory.h"
#include "shm_server/notify.h"
#include "shm_server/outbox.h"
#include "shm_server/shm_server.h"

/* ---- outbox ---- */

static struct shm_word word(uint8_t type, uint16_t id, uint8_t vector)
{
    return (struct shm_word){ .type = type, .id = id, .vector = vector };
}

TEST(outbox_keeps_order_and_bounds)
{
    struct outbox o;
    outbox_init(&o, 100);
    CHECK(!outbox_first(&o));
    uint16_t in = 0, out = 0;
    for (int round = 0; round < 50; round++) { /* runs round its ring, and grows in the middle */
        for (int i = 0; i < 7 && o.count < 100; i++)
            CHECK(outbox_push(&o, word(SHM_WORD_VECTOR, in++, 1)));
        for (int i = 0; i < 5; i++) {
            CHECK_INT(outbox_first(&o)->id, out++);
            outbox_pop(&o);
        }
    }
    while (o.count < 100)
        CHECK(outbox_push(&o, word(SHM_WORD_GONE, in++, 0)));
    CHECK(!outbox_push(&o, word(SHM_WORD_GONE, 0, 0)));
    while (outbox_first(&o)) {
        CHECK_INT(outbox_first(&o)->id, out++);
        outbox_pop(&o);
    }
    CHECK_INT(in, out);
    CHECK(!o.words); /* an empty one costs nothing */
    outbox_fini(&o);
}

TEST(outbox_forgets_bells_of_one_peer_only)
{
    struct outbox o;
    outbox_init(&o, 100);
    for (uint16_t i = 0; i < 20; i++)
        CHECK(outbox_push(&o, word(i % 5 ? SHM_WORD_VECTOR : SHM_WORD_GONE, i % 3, (uint8_t)i)));
    outbox_pop(&o);
    const size_t removed = outbox_forget(&o, 1);
    size_t bells = 0;
    for (uint16_t i = 1; i < 20; i++)
        bells += i % 3 == 1 && i % 5;
    CHECK_INT(removed, bells);
    for (uint16_t i = 1; i < 20; i++) {
        if (i % 3 == 1 && i % 5)
            continue;
        CHECK_INT(outbox_first(&o)->vector, i);
        outbox_pop(&o);
    }
    CHECK(!outbox_first(&o));
    CHECK_INT(outbox_forget(&o, 1), 0);
    outbox_fini(&o);
}

/* ---- access ---- */

TEST(lists_of_users)
{
    static const struct {
        const char *names;
        int err;
        size_t count;
        const char *in_why;
    } rows[] = {
        { "", 0, 0, NULL },
        { ",,", 0, 0, NULL },
        { "root", 0, 1, NULL },
        { "root,1234, 0", 0, 3, NULL },
        { "0,", 0, 1, NULL },
        { "no-such-user", -EINVAL, 0, "no user 'no-such-user'" },
        { "root,no-such-user,0", -EINVAL, 1, "no user 'no-such-user'" },
        { "-1", -EINVAL, 0, "no user '-1'" },
        { "4294967295", -EINVAL, 0, "no user" }, /* the kernel's "nobody at all" */
        { "99999999999999999999", -EINVAL, 0, "no user" },
        { "12x", -EINVAL, 0, "no user '12x'" },
        { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
          -EINVAL, 0, "no user" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct shm_access a = { 0 };
        char why[200] = "";
        CHECK_INT(shm_access_add_users(&a, rows[i].names, false, why, sizeof(why)), rows[i].err);
        CHECK_INT(a.user_count, rows[i].count);
        CHECK_MSG(!rows[i].in_why || strstr(why, rows[i].in_why), "%s", why);
        CHECK_INT(shm_access_add_groups(&a, rows[i].names, true, why, sizeof(why)), 0);
        CHECK_INT(a.user_count, rows[i].count);
    }
    struct shm_access a = { 0 };
    char why[200], many[600] = "";
    for (int i = 0; i <= SHM_ACCESS_MAX; i++)
        snprintf(many + strlen(many), sizeof(many) - strlen(many), "%d,", i + 1000);
    CHECK_INT(shm_access_add_groups(&a, many, false, why, sizeof(why)), -EINVAL);
    CHECK(strstr(why, "more than 64 groups"));
    CHECK_INT(a.group_count, SHM_ACCESS_MAX);
}

/* ---- memory ---- */

TEST(memory_is_sealed)
{
    const struct shm_memory_config c = {
        .name = "test", .len_bytes = 4 << 20, .prefault = true, .numa_node = 0
    };
    char why[SHM_SERVER_WHY_BYTES] = "";
    int fd = -1;
    int err = shm_memory_create(&c, &fd, why, sizeof(why));
    if (err == -ENOSYS || err == -EPERM) /* containers may forbid mbind() */
        SKIP("no NUMA policies here: %s", why);
    CHECK_MSG(err == 0, "%s", why);
    struct stat st;
    CHECK(fstat(fd, &st) == 0 && st.st_size == 4 << 20);
    CHECK_INT(st.st_blocks, (4 << 20) / 512); /* all there */
    CHECK_INT(shm_memory_check(fd), 4 << 20);
    CHECK(ftruncate(fd, 2 << 20) != 0 && errno == EPERM);
    CHECK(ftruncate(fd, 8 << 20) != 0 && errno == EPERM);
    CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) != 0 &&
          errno == EPERM); /* nor can a peer seal more */
    char *mem = mmap(NULL, 4 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(mem != MAP_FAILED && mem[0] == 0);
    mem[(4 << 20) - 1] = 1;
    munmap(mem, 4 << 20);
    close(fd);
}

TEST(memory_that_cannot_be_had)
{
    struct shm_memory_config c = { .name = "test", .len_bytes = 64 << 20, .numa_node = 1000 };
    char why[SHM_SERVER_WHY_BYTES] = "";
    int fd = -1;
    int err = shm_memory_create(&c, &fd, why, sizeof(why));
    CHECK(err < 0 && fd == -1);
    CHECK_MSG(strstr(why, "NUMA node 1000"), "%s", why);
    c.numa_node = SHM_MEMORY_ANY_NODE;
    c.huge = true;
    c.len_bytes = 1 << 20;
    CHECK(shm_memory_create(&c, &fd, why, sizeof(why)) < 0);
    CHECK_MSG(strstr(why, "smaller than one huge page"), "%s", why);
    c.len_bytes = UINT64_C(1) << 31; /* nobody has reserved that much for a test */
    CHECK(shm_memory_create(&c, &fd, why, sizeof(why)) < 0 && fd == -1);
    CHECK_MSG(strstr(why, "1024 huge pages of 2 MiB are needed") &&
                  strstr(why, "sysctl vm.nr_hugepages=1024"),
              "%s", why);
}

TEST(memory_of_others_is_no_memory_of_ours)
{
    autoclose int unsealed = memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    autoclose int odd = memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int ends[2];
    CHECK(ftruncate(unsealed, 1 << 20) == 0 && ftruncate(odd, 3 << 20) == 0 && pipe(ends) == 0);
    CHECK(fcntl(odd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0);
    CHECK_INT(shm_memory_check(unsealed), 0);
    CHECK_INT(shm_memory_check(odd), 0);
    CHECK_INT(shm_memory_check(ends[0]), 0);
    CHECK_INT(shm_memory_check(-1), 0);
    close(ends[0]);
    close(ends[1]);
}

/* ---- options ---- */

struct line {
    const char *words[8];
    uint64_t mib; /* 0: refused */
    const char *in_message;
};

static void check_line(const struct line *row)
{
    char *argv[10] = { (char *)"shm-server" };
    int argc = 1;
    while (argc < 9 && row->words[argc - 1]) {
        argv[argc] = (char *)row->words[argc - 1];
        argc++;
    }
    struct shm_server_options o;
    struct option_error error;
    char why[SHM_SERVER_WHY_BYTES] = "";
    uint64_t len_bytes = 0;
    int err = shm_server_options_load(&o, argc, argv, &error);
    const char *message = error.message;
    if (err == 0) {
        err = shm_server_options_bytes(&o, &len_bytes, why, sizeof(why));
        message = why;
    }
    CHECK_MSG((err == 0) == (row->mib != 0), "%s: %s", row->words[0], message);
    CHECK_INT(len_bytes, row->mib << 20);
    CHECK_MSG(!row->in_message || strstr(message, row->in_message), "%s: %s", row->words[0],
              message);
    shm_server_options_free(&o);
}

TEST(sizes_and_modes)
{
    static const struct line rows[] = {
        { { "--size=48M" }, 0, "power of two" },
        { { "--size=0" }, 0, "power of two" },
        { { "--size=4G" }, 0, "power of two from 1M to 2G" },
        { { "--size=18446744073709551615G" }, 0, "no size" },
        { { "--size=-64M" }, 0, "no size" },
        { { "--size=64K" }, 0, "no size" },
        { { "--size=64MB" }, 0, "no size" },
        { { "--size=M" }, 0, "no size" },
        { { "--mode=16384x16384" }, 0, "no size is enough" },
        { { "--mode=auto" }, 0, "mode" },
        { { "--mode=1920" }, 0, "mode" },
        { { "--vectors=0" }, 0, "vectors" },
        { { "--vectors=65" }, 0, "vectors" },
        { { "--maxPeers=65536" }, 0, "maxPeers" },
        { { "--numa=-2" }, 0, "numa" },
        { { "--vm=../x" }, 0, "not a name" },
        { { "--vm=.x" }, 0, "not a name" },
        { { "--nonsense" }, 0, "nonsense" },
        { { "/run/a", "/run/b" }, 0, "'/run/b'" },
        { { "--config=/nonexistent/x.conf" }, 0, "/nonexistent/x.conf" },
        { { "--size=64M" }, 64, NULL },
        { { "--size=64" }, 64, NULL },
        { { "--size=1G" }, 1024, NULL },
        { { "--size=2GiB" }, 2048, NULL },
        { { "--mode=1920x1080" }, 32, NULL },
        { { "--mode=3840x2160", "--hdr" }, 256, NULL },
        { { "--vm=win11" }, 128, NULL },
        { { "--size=1M", "--mode=3840x2160" }, 1, NULL },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_line(&rows[i]);
}

TEST(a_file_of_options_and_the_line_before_it)
{
    char path[] = "/tmp/espelho-test-XXXXXX", word[64];
    static const char text[] = "# the VM's\nsize=512M\nvectors=3\nallow-users=root\nhuge=yes\n";
    const int fd = mkstemp(path);
    CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    snprintf(word, sizeof(word), "--config=%s", path);
    char *argv[] = { (char *)"shm-server", word, (char *)"--vectors=5", (char *)"/tmp/x.sock",
                     NULL };
    struct shm_server_options o;
    struct option_error error;
    CHECK_MSG(shm_server_options_load(&o, 4, argv, &error) == 0, "%s", error.message);
    CHECK_STR(o.size, "512M");
    CHECK_INT(o.vectors, 5);
    CHECK(o.huge && !o.prefault);
    CHECK_STR(o.allow_users, "root");
    CHECK_STR(o.socket, "/tmp/x.sock");
    shm_server_options_free(&o);
    CHECK(write(fd, "sise=1M\n", 8) == 8);
    CHECK(shm_server_options_load(&o, 4, argv, &error) < 0);
    CHECK_MSG(strstr(error.message, ":6:") && strstr(error.message, "size"), "%s", error.message);
    shm_server_options_free(&o);
    close(fd);
    unlink(path);

    argv[1] = (char *)"--vm=win11";
    CHECK_INT(shm_server_options_load(&o, 2, argv, &error), 0);
    CHECK_STR(o.socket, "/run/espelho/win11.sock");
    shm_server_options_free(&o);
}

/* ---- the socket ---- */

static char folder[64];

static void remove_folder(void)
{
    if (folder[0])
        rmdir(folder);
}

static const char *at(const char *name)
{
    static char path[2][160];
    static unsigned next;
    if (!folder[0]) {
        snprintf(folder, sizeof(folder), "/tmp/espelho-test-XXXXXX");
        CHECK(mkdtemp(folder));
        atexit(remove_folder);
    }
    char *p = path[next++ % 2];
    snprintf(p, sizeof(path[0]), "%s/%s", folder, name);
    return p;
}

static void expect_no_listener(const char *path, int err, const char *in_why)
{
    const struct listener_config c = { .path = path, .mode = 0660 };
    struct listener l = { .fd = -1 };
    char why[SHM_SERVER_WHY_BYTES] = "";
    CHECK_INT(listener_open(&c, &l, why, sizeof(why)), err);
    CHECK_MSG(strstr(why, in_why), "%s", why);
    CHECK_INT(l.fd, -1);
}

TEST(sockets_that_cannot_be_made)
{
    char far[200];
    memset(far, 'x', sizeof(far));
    far[sizeof(far) - 1] = '\0';
    expect_no_listener(far, -ENAMETOOLONG, "at most 107 bytes");
    expect_no_listener("/nonexistent/a/b.sock", -ENOENT, "folder");
    expect_no_listener("/dev/null/x.sock", -ENOTDIR, "folder");
    const char *file = at("file");
    close(open(file, O_CREAT | O_RDWR | O_CLOEXEC, 0600));
    expect_no_listener(file, -EEXIST, "no socket");
    CHECK(access(file, F_OK) == 0); /* not ours to remove */
    unlink(file);
    const struct listener_config c = { .path = at("g.sock"), .group = "no-such-group" };
    struct listener l;
    char why[SHM_SERVER_WHY_BYTES];
    CHECK_INT(listener_open(&c, &l, why, sizeof(why)), -EINVAL);
    CHECK_MSG(strstr(why, "no group 'no-such-group'"), "%s", why);
    CHECK(access(c.path, F_OK) != 0); /* and nothing stays behind */
}

TEST(one_server_per_socket)
{
    const struct listener_config c = { .path = at("vm.sock"), .mode = 0620 };
    struct listener a = { .fd = -1 }, b = { .fd = -1 };
    char why[SHM_SERVER_WHY_BYTES];
    struct stat st;
    const mode_t mask = umask(0);
    CHECK_INT(listener_open(&c, &a, why, sizeof(why)), 0);
    CHECK(umask(mask) == 0); /* as it was */
    CHECK(stat(c.path, &st) == 0 && (st.st_mode & 07777) == 0620);
    expect_no_listener(c.path, -EADDRINUSE, "another server");
    close(a.fd); /* as if killed: the file stays */
    CHECK_INT(listener_open(&c, &b, why, sizeof(why)), 0);
    a.fd = -1;
    listener_close(&a); /* the file is the second one's by now */
    CHECK(access(c.path, F_OK) == 0);
    listener_close(&b);
    CHECK(access(c.path, F_OK) != 0);
    listener_close(&b);
}

TEST(the_last_folder_is_made)
{
    char path[160];
    snprintf(path, sizeof(path), "%s/vm.sock", at("sub"));
    const struct listener_config c = { .path = path, .mode = 0660 };
    struct listener l;
    char why[SHM_SERVER_WHY_BYTES];
    CHECK_INT(listener_open(&c, &l, why, sizeof(why)), 0);
    listener_close(&l);
    CHECK(rmdir(at("sub")) == 0);
}

/* ---- what systemd hands over ---- */

TEST(given_descriptors)
{
    char pid[16];
    size_t count;
    snprintf(pid, sizeof(pid), "%d", (int)getpid());
    static const struct {
        const char *count, *pid, *names;
    } nothing[] = {
        { NULL, NULL, NULL }, { "1", NULL, NULL },       { "1", "1", NULL },
        { "0", "me", "a" },   { "-1", "me", NULL },      { "1x", "me", NULL },
        { "", "me", NULL },   { "999999999", "me", "" }, { "1", "me2", NULL },
    };
    for (size_t i = 0; i < ARRAY_LEN(nothing); i++) {
        unsetenv("LISTEN_FDS");
        unsetenv("LISTEN_PID");
        if (nothing[i].count)
            setenv("LISTEN_FDS", nothing[i].count, 1);
        if (nothing[i].pid)
            setenv("LISTEN_PID", strcmp(nothing[i].pid, "me") == 0 ? pid : nothing[i].pid, 1);
        CHECK_MSG(!notify_given_fds(&count) && count == 0, "row %zu", i);
        CHECK(!getenv("LISTEN_FDS") && !getenv("LISTEN_PID"));
    }
    const int none = open("/dev/null", O_RDONLY); /* whatever 3, 4 and 5 are here */
    CHECK(dup2(none, 3) == 3 && dup2(none, 4) == 4);
    close(5);
    setenv("LISTEN_FDS", "3", 1);
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDNAMES", "memory:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 1);
    struct notify_given *given = notify_given_fds(&count);
    CHECK_INT(count, 3);
    CHECK_STR(given[0].name, "memory");
    CHECK_STR(given[1].name, "");
    CHECK_STR(given[2].name, "");
    CHECK(given[0].fd == 3 && given[2].fd == -1); /* there is no 5 */
    CHECK(fcntl(3, F_GETFD) == FD_CLOEXEC);
    free(given);
}
