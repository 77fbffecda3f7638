/* SPDX-License-Identifier: GPL-2.0-or-later
 * No wake-up is lost: two sides that play ball over the armed words of docs/extensions.md and real
 * eventfds, as threads and as processes. Each side looks a random number of times and then goes to
 * sleep, so that the other's post comes at every point of falling asleep. A lost wake-up is a sleep
 * that does not end. ESPELHO_BELL_ROUNDS: how many; each is one post and one answer. */
#include "test.h"

#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bell/switchboard.h"
#include "kvmfr/bell_word.h"

enum { LOST_MS = 20000, DEFAULT_ROUNDS = 100000 };

struct ball {
    _Alignas(64) _Atomic uint64_t posted[2];
    _Alignas(64) _Atomic uint32_t armed[2];
};

struct side {
    struct ball *ball; /* shared */
    struct shm_doorbell *bell;
    uint16_t me;
    uint64_t rounds;
    uint32_t dice;
    uint64_t sleeps, second_looks; /* how often the interesting things happened */
    bool lost;
};

static uint64_t rounds_wanted(void)
{
    const char *text = getenv("ESPELHO_BELL_ROUNDS");
    return text ? strtoull(text, NULL, 10) : DEFAULT_ROUNDS;
}

static uint32_t roll(struct side *s)
{
    s->dice = s->dice * 1664525u + 1013904223u;
    return s->dice >> 16;
}

static bool is_there(const struct side *s, uint64_t n)
{
    /* acquire: pairs with post() */
    return atomic_load_explicit(&s->ball->posted[!s->me], memory_order_acquire) >= n;
}

/* Mostly so long that the answer comes meanwhile, else a time around that. */
static bool look_for_a_while(struct side *s, uint64_t n)
{
    const uint32_t kind = roll(s) % 64;
    const uint32_t looks = kind == 0 ? 0 : kind < 8 ? roll(s) % 400 : 20000;
    for (uint32_t i = 1; i <= looks; i++) {
        if (is_there(s, n))
            return true;
        if (i % 512 == 0)
            sched_yield(); /* the other side may need this very processor */
    }
    return false;
}

static bool await(struct side *s, uint64_t n)
{
    _Atomic uint32_t *armed = &s->ball->armed[s->me];
    if (look_for_a_while(s, n))
        return true;
    for (;;) {
        bell_word_arm(armed);
        if (is_there(s, n)) {
            bell_word_disarm(armed);
            s->second_looks++;
            return true;
        }
        const int woken = s->bell->ops->wait(s->bell, 0, LOST_MS);
        s->sleeps++;
        bell_word_disarm(armed);
        if (is_there(s, n) && woken == 1)
            return true;
        if (woken != 1)
            return false;
    }
}

static void post(struct side *s, uint64_t n)
{
    atomic_store_explicit(&s->ball->posted[s->me], n, memory_order_release);
    if (bell_word_take(&s->ball->armed[!s->me]))
        (void)s->bell->ops->ring(s->bell, !s->me, 0);
}

static void *play(void *ctx)
{
    struct side *s = ctx;
    for (uint64_t n = 1; n <= s->rounds && !s->lost; n++) {
        if (s->me == 0)
            post(s, n);
        s->lost = !await(s, n);
        if (s->me == 1)
            post(s, n);
    }
    return NULL;
}

static void begin(struct side *s, struct ball *ball, struct switchboard *board, uint16_t me)
{
    *s = (struct side){ .ball = ball,
                        .bell = switchboard_peer(board, me),
                        .me = me,
                        .rounds = rounds_wanted(),
                        .dice = (uint32_t)getpid() + me };
}

static void end(struct side *s)
{
    s->bell->ops->destroy(s->bell);
    printf("side %u: %" PRIu64 " rounds, %" PRIu64 " sleeps, %" PRIu64
           " times news at the second look\n",
           s->me, s->rounds, s->sleeps, s->second_looks);
    CHECK_MSG(!s->lost, "a wake-up was lost");
    CHECK(s->sleeps > 0); /* else nothing was tested */
}

TEST(threads)
{
    static struct ball ball;
    struct switchboard board;
    struct side sides[2];
    pthread_t thread;
    switchboard_init(&board);
    begin(&sides[0], &ball, &board, 0);
    begin(&sides[1], &ball, &board, 1);
    CHECK_INT(pthread_create(&thread, NULL, play, &sides[1]), 0);
    play(&sides[0]);
    pthread_join(thread, NULL);
    end(&sides[0]);
    end(&sides[1]);
    switchboard_fini(&board);
}

TEST(processes)
{
    struct switchboard board;
    struct side side;
    const int fd = memfd_create("ball", MFD_CLOEXEC);
    CHECK(fd >= 0 && ftruncate(fd, 4096) == 0);
    struct ball *ball = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(ball != MAP_FAILED);
    switchboard_init(&board);
    const pid_t child = fork();
    begin(&side, ball, &board, child == 0);
    play(&side);
    end(&side);
    if (child == 0)
        _exit(0);
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    switchboard_fini(&board);
}
