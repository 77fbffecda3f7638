/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shm/region.h"

enum { REGION_BYTES = 1 << 20 };

static char dir[64];

static void remove_dir(void)
{
    if (!dir[0])
        return;
    static const char *const names[] = { "region", "other", "fifo", "socket", "dir", "link" };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char path[128];
        snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
        remove(path);
    }
    remove(dir);
}

/* A path in a directory of our own on tmpfs. Static text. */
static const char *at(const char *name)
{
    static char path[4][128];
    static unsigned next;
    if (!dir[0]) {
        snprintf(dir, sizeof(dir), "/dev/shm/espelho-test-XXXXXX");
        CHECK(mkdtemp(dir));
        atexit(remove_dir);
    }
    char *p = path[next++ % 4];
    snprintf(p, sizeof(path[0]), "%s/%s", dir, name);
    return p;
}

static const char *make_file(const char *name, off_t len_bytes)
{
    const char *path = at(name);
    const int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    CHECK(fd >= 0 && ftruncate(fd, len_bytes) == 0);
    close(fd);
    return path;
}

static struct shm_region *open_good(const char *path)
{
    struct shm_region *r;
    struct shm_problem problem;
    const int err = shm_region_open(path, &r, &problem);
    CHECK_MSG(err == 0, "%s", problem.message);
    return r;
}

static void expect_fault(const char *path, enum shm_fault fault, const char *in_message,
                         const char *in_advice)
{
    struct shm_region *r = NULL;
    struct shm_problem problem;
    const int err = shm_region_open(path, &r, &problem);
    CHECK_MSG(err < 0 && !r, "%s was opened", path);
    CHECK_MSG(problem.fault == fault, "%s: fault %d, expected %d", path, problem.fault, fault);
    CHECK_MSG(strstr(problem.message, path), "no path in: %s", problem.message);
    CHECK_MSG(strstr(problem.message, in_message), "no '%s' in: %s", in_message, problem.message);
    CHECK_MSG(strstr(problem.advice, in_advice), "no '%s' in: %s", in_advice, problem.advice);
    CHECK(shm_region_open(path, &r, NULL) == err); /* the problem is optional */
}

TEST(wrong_types)
{
    CHECK(mkdir(at("dir"), 0700) == 0);
    expect_fault(at("dir"), SHM_FAULT_TYPE, "directory", "ivshmem");
    CHECK(mkfifo(at("fifo"), 0600) == 0);
    expect_fault(at("fifo"), SHM_FAULT_TYPE, "FIFO", "ivshmem"); /* and it did not block */
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", at("socket"));
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0);
    expect_fault(at("socket"), SHM_FAULT_TYPE, "socket", "ivshmem");
    close(fd);
    expect_fault("/dev/null", SHM_FAULT_TYPE, "not a kvmfr", "ivshmem");
    expect_fault("/dev/null/x", SHM_FAULT_TYPE, "no region", "ivshmem");
    CHECK(symlink(at("link"), at("link")) == 0);
    expect_fault(at("link"), SHM_FAULT_TYPE, "no region", "ivshmem");
}

TEST(wrong_sizes)
{
    static const struct {
        off_t len_bytes;
        const char *in_message;
    } rows[] = {
        { 0, "empty" },
        { 100, "100 bytes, too few" },
        { 4096, "4096 bytes, too few" },
        { 8191, "not a multiple" },
        { REGION_BYTES + 1, "not a multiple" },
        { (off_t)1 << 32, "less than 4 GiB" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        expect_fault(make_file("region", rows[i].len_bytes), SHM_FAULT_SIZE, rows[i].in_message,
                     "64 MiB");
}

TEST(missing_says_how_to_configure_the_vm)
{
    expect_fault(at("absent"), SHM_FAULT_MISSING, "does not exist", "<shmem name='espelho-test-");
    expect_fault(at("absent"), SHM_FAULT_MISSING, "does not exist", "ivshmem-plain,memdev=");
    expect_fault("/nonexistent/x", SHM_FAULT_MISSING, "does not exist", "mem-path=/nonexistent/x,");
    expect_fault("/dev/kvmfr97", SHM_FAULT_MISSING, "does not exist", "static_size_mb");
}

TEST(too_long_a_path_is_not_cut)
{
    char path[300];
    memset(path, 'x', sizeof(path));
    path[0] = '/';
    path[sizeof(path) - 1] = '\0';
    struct shm_region *r;
    struct shm_problem problem;
    CHECK_INT(shm_region_open(path, &r, &problem), -ENAMETOOLONG);
    CHECK_INT(problem.fault, SHM_FAULT_SYSTEM);
}

/* Runs `body` in a child; its exit status. A signal counts as 1000 + its number. */
static int in_child(void (*body)(void))
{
    fflush(NULL);
    const pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        dir[0] = '\0'; /* the directory is the parent's to remove */
        body();
        _exit(0);
    }
    int status;
    CHECK(waitpid(pid, &status, 0) == pid);
    return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

static const char *child_path;

static void open_as_nobody(void)
{
    CHECK(setgid(65534) == 0 && setuid(65534) == 0);
    expect_fault(child_path, SHM_FAULT_PERMISSION, "mode 0600", "0660 nobody");
    expect_fault(child_path, SHM_FAULT_PERMISSION, "mode 0600", "tmpfiles.d");
    expect_fault(child_path, SHM_FAULT_PERMISSION, "mode 0600", "usermod -aG kvm nobody");
}

static void open_read_only_file(void)
{
    expect_fault(child_path, SHM_FAULT_PERMISSION, "mode 0400", "0660");
}

TEST(permission_names_the_fix)
{
    child_path = make_file("region", REGION_BYTES);
    if (geteuid() != 0) {
        CHECK(chmod(child_path, 0400) == 0);
        open_read_only_file();
        return;
    }
    CHECK(chmod(dir, 0755) == 0);
    CHECK_INT(in_child(open_as_nobody), 0);
}

TEST(opens_and_shares)
{
    const char *path = make_file("region", REGION_BYTES);
    struct shm_region *a = open_good(path), *b = open_good(path);
    CHECK_INT(a->len_bytes, REGION_BYTES);
    CHECK_INT(a->kind, SHM_KIND_FILE);
    CHECK_STR(a->path, path);
    *(volatile uint32_t *)a->mem = 0x12345678;
    CHECK_INT(*(volatile uint32_t *)b->mem, 0x12345678);
    CHECK(!shm_region_lost(a) && !shm_region_replaced(a));
    shm_region_close(a);
    shm_region_close(b);
    shm_region_close(NULL);
}

TEST(opens_a_descriptor_and_leaves_it_to_the_caller)
{
    const int fd = memfd_create("espelho-test", MFD_CLOEXEC);
    CHECK(fd >= 0 && ftruncate(fd, REGION_BYTES) == 0);
    struct shm_region *r;
    struct shm_problem problem;
    CHECK_INT(shm_region_open_fd(fd, "memfd", &r, &problem), 0);
    close(fd);
    memset(r->mem, 1, r->len_bytes);
    CHECK(!shm_region_replaced(r));
    shm_region_close(r);
    CHECK_INT(shm_region_open_fd(-1, "nothing", &r, &problem), -EBADF);
    CHECK(strstr(problem.message, "nothing"));
}

TEST(read_only_descriptor_is_a_permission_problem)
{
    const int fd = open(make_file("region", REGION_BYTES), O_RDONLY | O_CLOEXEC);
    struct shm_region *r;
    struct shm_problem problem;
    CHECK_INT(shm_region_open_fd(fd, "read-only", &r, &problem), -EACCES);
    CHECK_INT(problem.fault, SHM_FAULT_PERMISSION);
    close(fd);
}

TEST(replaced_when_deleted_recreated_or_resized)
{
    const char *path = make_file("region", REGION_BYTES);
    struct shm_region *r = open_good(path);
    CHECK(truncate(path, 2 * REGION_BYTES) == 0);
    CHECK(shm_region_replaced(r));
    CHECK(truncate(path, REGION_BYTES) == 0);
    CHECK(!shm_region_replaced(r));
    const char *other = make_file("other", REGION_BYTES);
    CHECK(rename(other, path) == 0);
    CHECK(shm_region_replaced(r));
    CHECK(unlink(path) == 0);
    CHECK(shm_region_replaced(r));
    memset(r->mem, 7, r->len_bytes); /* the mapping lives on */
    CHECK(!shm_region_lost(r));
    shm_region_close(r);
}

static uint32_t sum(const volatile uint8_t *p, size_t len_bytes)
{
    uint32_t total = 0;
    for (size_t i = 0; i < len_bytes; i++)
        total += p[i];
    return total;
}

TEST(truncation_reads_zeroes_and_is_reported)
{
    const char *path = make_file("region", REGION_BYTES);
    struct shm_region *r = open_good(path);
    uint8_t *mem = r->mem;
    memset(mem, 1, REGION_BYTES);
    CHECK(truncate(path, 8192) == 0);
    CHECK(!shm_region_lost(r)); /* nobody has noticed yet */
    CHECK_INT(sum(mem, 8192), 8192);
    CHECK(!shm_region_lost(r));
    CHECK_INT(sum(mem + REGION_BYTES / 2, 10), 0);
    CHECK(shm_region_lost(r));
    CHECK_INT(sum(mem, REGION_BYTES), 8192);
    memset(mem, 2, REGION_BYTES); /* writing is harmless as well */
    CHECK_INT(sum(mem + 8192, 4096), 2 * 4096);
    shm_region_close(r);

    r = open_good(path); /* 8192 bytes are a good region; the old loss is not inherited */
    CHECK(!shm_region_lost(r));
    shm_region_close(r);
}

TEST(only_the_truncated_region_is_lost)
{
    struct shm_region *a = open_good(make_file("region", REGION_BYTES));
    struct shm_region *b = open_good(make_file("other", REGION_BYTES));
    memset(a->mem, 1, REGION_BYTES);
    memset(b->mem, 1, REGION_BYTES);
    CHECK(truncate(a->path, 0) == 0);
    CHECK_INT(sum(a->mem, REGION_BYTES), 0);
    CHECK_INT(sum(b->mem, REGION_BYTES), REGION_BYTES);
    CHECK(shm_region_lost(a) && !shm_region_lost(b));
    shm_region_close(a);
    shm_region_close(b);
}

static volatile sig_atomic_t others_caught;

static void others_handler(int sig)
{
    (void)sig;
    others_caught++;
    _exit(42);
}

/* A truncated mapping that is not a region of ours. */
static volatile uint8_t *truncated_foreign_mapping(void)
{
    const int fd = memfd_create("espelho-test", MFD_CLOEXEC);
    CHECK(fd >= 0 && ftruncate(fd, 8192) == 0);
    uint8_t *mem = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(mem != MAP_FAILED && ftruncate(fd, 0) == 0);
    return mem;
}

static void foreign_fault_with_handler(void)
{
    const struct sigaction action = { .sa_handler = others_handler };
    CHECK(sigaction(SIGBUS, &action, NULL) == 0);
    struct shm_region *r = open_good(child_path);
    (void)r;
    (void)*truncated_foreign_mapping();
}

static void no_core_and_default_action(void)
{
    const struct rlimit none = { 0, 0 };
    setrlimit(RLIMIT_CORE, &none);
    signal(SIGBUS, SIG_DFL); /* a sanitizer may have put its own there */
}

static void foreign_fault_by_default(void)
{
    no_core_and_default_action();
    struct shm_region *r = open_good(child_path);
    (void)r;
    (void)*truncated_foreign_mapping();
}

static void sent_signal_by_default(void)
{
    no_core_and_default_action();
    struct shm_region *r = open_good(child_path);
    (void)r;
    raise(SIGBUS);
}

static void sent_signal_when_ignored(void)
{
    signal(SIGBUS, SIG_IGN);
    struct shm_region *r = open_good(child_path);
    (void)r;
    raise(SIGBUS);
    _exit(7);
}

TEST(other_bus_errors_go_to_the_previous_handler)
{
    child_path = make_file("region", REGION_BYTES);
    CHECK_INT(in_child(foreign_fault_with_handler), 42);
    CHECK_INT(in_child(foreign_fault_by_default), 1000 + SIGBUS);
    CHECK_INT(in_child(sent_signal_by_default), 1000 + SIGBUS);
    CHECK_INT(in_child(sent_signal_when_ignored), 7);
}

TEST(many_regions_end_in_an_error_not_in_an_unguarded_one)
{
    const char *path = make_file("region", 8192);
    struct shm_region *r[64];
    struct shm_problem problem;
    size_t n = 0;
    while (n < ARRAY_LEN(r) && shm_region_open(path, &r[n], &problem) == 0)
        n++;
    CHECK_INT(n, 32);
    CHECK_INT(problem.err, ENFILE);
    shm_region_close(r[--n]);
    r[n] = open_good(path); /* and entries are reused */
    for (size_t i = 0; i <= n; i++)
        shm_region_close(r[i]);
}

TEST(default_path_is_one_of_two)
{
    const char *path = shm_default_path();
    CHECK_STR(path, access("/dev/kvmfr0", F_OK) == 0 ? "/dev/kvmfr0" : "/dev/shm/looking-glass");
}
