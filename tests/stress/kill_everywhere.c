/* SPDX-License-Identifier: GPL-2.0-or-later
 * Trap T3 without luck: each operation of either side runs in a child that is single-stepped and
 * killed after 0, 1, 2, ... instructions; after every death the others must go on. Random kills
 * (stress_lgmp) hit a critical section once in thousands. */
#include "test.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/random.h"

#include "../common/lgmp/rig.h"

/* Operations with more instructions are sampled, from another start in every run;
 * ESPELHO_KILL_POINTS in the environment sets another limit. Sanitizers multiply the instructions,
 * and each step costs the same. */
#if defined(__SANITIZE_ADDRESS__)
enum { DEFAULT_KILL_POINTS = 60 };
#else
enum { DEFAULT_KILL_POINTS = 300 };
#endif

static uint32_t kill_points(void)
{
    const char *text = getenv("ESPELHO_KILL_POINTS");
    const unsigned long n = text ? strtoul(text, NULL, 10) : 0;
    return n ? (uint32_t)n : DEFAULT_KILL_POINTS;
}

struct victim {
    struct rig rig;
    struct lgmp_client *client;
    struct lgmp_subscription *sub;
};

struct operation {
    const char *name;
    bool by_host;
    bool inbox_used; /* a message waits in the inbox before */
    void (*run)(struct victim *v);
};

/* Printed at the end of a test that failed. */
static char where[128];

static void print_where(void)
{
    if (where[0])
        fprintf(stderr, "%s\n", where);
}

/* ---- the operations; results do not matter to the dying ---- */

static void op_subscribe(struct victim *v)
{
    struct lgmp_subscription *sub;
    (void)!lgmp_client_subscribe(v->client, RIG_QUEUE_ID, &sub);
}

static void op_finish(struct victim *v)
{
    (void)!lgmp_client_finish(v->sub);
}

static void op_skip(struct victim *v)
{
    (void)!lgmp_client_skip_to_newest(v->sub);
}

static void op_unsubscribe(struct victim *v)
{
    lgmp_client_unsubscribe(v->sub);
}

static void op_send(struct victim *v)
{
    uint32_t serial;
    (void)!lgmp_client_send(v->sub, "0123456789", 10, &serial);
}

static void op_post(struct victim *v)
{
    (void)!rig_post(&v->rig, 77);
}

static void op_process(struct victim *v)
{
    (void)!lgmp_host_process(v->rig.host, v->rig.now_ms + RIG_TIMEOUT_MS + 1);
}

static void op_read_inbox(struct victim *v)
{
    uint8_t data[LGMP_INBOX_BYTES];
    uint32_t len_bytes;
    (void)!lgmp_host_read_inbox(v->rig.queue, data, &len_bytes);
    lgmp_host_ack_inbox(v->rig.queue);
}

static void op_restart(struct victim *v)
{
    rig_restart_host(&v->rig);
}

/* ---- stepping ---- */

static pid_t start_stopped(const struct operation *op, struct victim *v)
{
    fflush(NULL);
    const pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
            _exit(77);
        raise(SIGSTOP);
        op->run(v);
        raise(SIGSTOP);
        _exit(0);
    }
    int status;
    CHECK(waitpid(pid, &status, 0) == pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        SKIP("no permission to trace a child");
    CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
    return pid;
}

/* Returns the steps made: fewer than `most` if the operation was over before. The child is dead
 * afterwards. */
static uint32_t step_and_kill(pid_t pid, uint32_t most)
{
    uint32_t steps = 0;
    int status;
    while (steps < most) {
        CHECK(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) == 0);
        CHECK(waitpid(pid, &status, 0) == pid);
        CHECK_MSG(WIFSTOPPED(status), "the operation ended with status 0x%x", (unsigned)status);
        if (WSTOPSIG(status) == SIGSTOP)
            break;
        CHECK_INT(WSTOPSIG(status), SIGTRAP);
        steps++;
    }
    kill(pid, SIGKILL);
    CHECK(waitpid(pid, &status, 0) == pid);
    return steps;
}

/* ---- what must work after any death ---- */

static void expect_traffic(struct rig *rig, struct lgmp_subscription *a,
                           struct lgmp_subscription *b)
{
    struct lgmp_message m;
    for (uint32_t n = 500; n < 500 + 2 * RIG_SLOTS; n++) {
        CHECK_INT(rig_post(rig, n), LGMP_OK);
        CHECK_INT(lgmp_client_peek(a, &m), LGMP_OK);
        CHECK_INT(m.udata, n);
        CHECK_INT(lgmp_client_finish(a), LGMP_OK);
        CHECK_INT(lgmp_client_peek(b, &m), LGMP_OK);
        CHECK_INT(m.udata, n);
        CHECK_INT(lgmp_client_finish(b), LGMP_OK);
        rig_pass(rig, 10);
        if (n == 500) /* the dead, if it is still subscribed, is evicted with this one */
            rig_pass(rig, RIG_TIMEOUT_MS);
        CHECK_INT(lgmp_host_pending(rig->queue), 0);
    }
}

static void expect_inbox(struct rig *rig, struct lgmp_subscription *sub)
{
    uint8_t data[LGMP_INBOX_BYTES];
    uint32_t len_bytes, serial;
    while (lgmp_host_read_inbox(rig->queue, data, &len_bytes) != LGMP_EMPTY)
        lgmp_host_ack_inbox(rig->queue);
    for (int i = 0; i < 12; i++) {
        CHECK_INT(lgmp_client_send(sub, "alive", 5, &serial), LGMP_OK);
        CHECK(!lgmp_client_acked(sub, serial));
        CHECK_INT(lgmp_host_read_inbox(rig->queue, data, &len_bytes), LGMP_OK);
        CHECK(len_bytes == 5 && memcmp(data, "alive", 5) == 0);
        lgmp_host_ack_inbox(rig->queue);
        CHECK(lgmp_client_acked(sub, serial));
    }
}

static void drain(struct lgmp_subscription *sub)
{
    enum lgmp_result result;
    do
        result = lgmp_client_finish(sub);
    while (result == LGMP_OK);
    CHECK_INT(result, LGMP_EMPTY);
}

static void after_client_death(struct rig *rig, struct lgmp_subscription *survivor)
{
    rig_pass(rig, 10);
    CHECK_INT(lgmp_get(&rig->wire_queue->queue_lock), 0);
    drain(survivor);
    struct lgmp_client *fresh = rig_client(rig);
    struct lgmp_subscription *sub = rig_subscribe(rig, fresh);
    rig_pass(rig, RIG_TIMEOUT_MS + 1); /* what was queued for the dead */
    CHECK_INT(lgmp_host_pending(rig->queue), 0);
    expect_traffic(rig, survivor, sub);
    expect_inbox(rig, sub);
    lgmp_client_destroy(fresh);
}

static void after_host_death(struct rig *rig, struct lgmp_subscription *survivor)
{
    /* Until it notices, a client may call anything. */
    struct lgmp_message m;
    (void)!lgmp_client_peek(survivor, &m);
    (void)!lgmp_client_finish(survivor);
    lgmp_client_unsubscribe(survivor);
    rig_restart_host(rig);
    struct lgmp_client *a = rig_client(rig), *b = rig_client(rig);
    struct lgmp_subscription *sub_a = rig_subscribe(rig, a), *sub_b = rig_subscribe(rig, b);
    expect_traffic(rig, sub_a, sub_b);
    expect_inbox(rig, sub_b);
    lgmp_client_destroy(a);
    lgmp_client_destroy(b);
}

/* Kills the operation after `most` steps in a fresh region and looks at the consequences. Returns
 * the steps made. */
static uint32_t kill_after(const struct operation *op, uint8_t *mem, uint32_t most)
{
    struct victim v = { 0 };
    rig_init_at(&v.rig, mem);
    struct lgmp_client *other = rig_client(&v.rig);
    v.client = rig_client(&v.rig);
    struct lgmp_subscription *survivor = rig_subscribe(&v.rig, other);
    v.sub = rig_subscribe(&v.rig, v.client);
    CHECK_INT(rig_post(&v.rig, 0), LGMP_OK);
    CHECK_INT(rig_post(&v.rig, 1), LGMP_OK);
    if (op->inbox_used)
        op_send(&v);
    CHECK_INT(lgmp_client_finish(survivor), LGMP_OK); /* so that the victim's finish retires it */

    const uint32_t steps = step_and_kill(start_stopped(op, &v), most);
    if (op->by_host)
        after_host_death(&v.rig, survivor);
    else
        after_client_death(&v.rig, survivor);
    lgmp_client_destroy(other);
    lgmp_client_destroy(v.client);
    rig_fini(&v.rig);
    return steps;
}

static void sweep(struct operation op)
{
#if !defined(__x86_64__)
    SKIP("single steps are only known to work on x86-64");
#endif
    atexit(print_where);
    uint8_t *mem =
        mmap(NULL, RIG_REGION_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(mem != MAP_FAILED);
    const uint32_t len = kill_after(&op, mem, UINT32_MAX);
    const uint32_t stride = len / kill_points() + 1;
    for (uint32_t at = random_u32() % stride; at < len; at += stride) {
        snprintf(where, sizeof(where), "%s, killed after %u of %u instructions", op.name, at, len);
        kill_after(&op, mem, at);
    }
    fprintf(stderr, "%s: killed after every %u of %u instructions\n", op.name, stride, len);
    where[0] = '\0';
    munmap(mem, RIG_REGION_BYTES);
}

TEST(subscribe)
{
    sweep((struct operation){ .name = "subscribe", .run = op_subscribe });
}

TEST(finish)
{
    sweep((struct operation){ .name = "finish", .run = op_finish });
}

TEST(skip_to_newest)
{
    sweep((struct operation){ .name = "skip to newest", .run = op_skip });
}

TEST(unsubscribe)
{
    sweep((struct operation){ .name = "unsubscribe", .run = op_unsubscribe });
}

TEST(send)
{
    sweep((struct operation){ .name = "send into an empty inbox", .run = op_send });
    sweep(
        (struct operation){ .name = "send into a used inbox", .inbox_used = true, .run = op_send });
}

TEST(post)
{
    sweep((struct operation){ .name = "post", .by_host = true, .run = op_post });
}

TEST(process)
{
    sweep((struct operation){ .name = "process", .by_host = true, .run = op_process });
}

TEST(read_inbox)
{
    sweep((struct operation){
        .name = "read inbox", .by_host = true, .inbox_used = true, .run = op_read_inbox });
}

TEST(restart)
{
    sweep((struct operation){ .name = "restart", .by_host = true, .run = op_restart });
}
