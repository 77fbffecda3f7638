/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include <errno.h>
#include <pthread.h>

#include "loop/mailbox.h"

enum { POSTERS = 3, POSTS = 2000 };

struct box {
    struct loop *loop;
    struct mailbox *mailbox;
    uint32_t next[POSTERS]; /* expected number from each poster */
    uint32_t handled;
    size_t last_bytes;
};

struct poster {
    struct box *box;
    uint32_t index;
};

static void on_numbered(void *ctx, uint32_t kind, const void *body, size_t body_bytes)
{
    struct box *b = ctx;
    uint32_t number;
    CHECK_INT(body_bytes, sizeof(number));
    memcpy(&number, body, sizeof(number));
    CHECK(kind < POSTERS);
    CHECK_INT(number, b->next[kind]);
    b->next[kind]++;
    if (++b->handled == POSTERS * POSTS)
        loop_stop(b->loop);
}

static void *post_numbers(void *ctx)
{
    const struct poster *p = ctx;
    for (uint32_t i = 0; i < POSTS; i++)
        CHECK_INT(mailbox_post(p->box->mailbox, p->index, &i, sizeof(i)), 0);
    return NULL;
}

TEST(keeps_order_of_each_poster)
{
    struct box b = { 0 };
    struct poster posters[POSTERS];
    pthread_t threads[POSTERS];
    CHECK_INT(loop_create(&b.loop), 0);
    CHECK_INT(mailbox_create(b.loop, on_numbered, &b, &b.mailbox), 0);
    for (uint32_t i = 0; i < POSTERS; i++) {
        posters[i] = (struct poster){ &b, i };
        CHECK_INT(pthread_create(&threads[i], NULL, post_numbers, &posters[i]), 0);
    }
    CHECK_INT(loop_run(b.loop), 0);
    for (uint32_t i = 0; i < POSTERS; i++)
        CHECK_INT(pthread_join(threads[i], NULL), 0);
    CHECK_INT(b.handled, POSTERS * POSTS);
    mailbox_destroy(b.mailbox);
    loop_destroy(b.loop);
}

static void on_any(void *ctx, uint32_t kind, const void *body, size_t body_bytes)
{
    (void)kind, (void)body;
    struct box *b = ctx;
    b->handled++;
    b->last_bytes = body_bytes;
}

TEST(refuses_what_a_hanging_reader_would_pile_up)
{
    struct box b = { 0 };
    const size_t chunk_bytes = 1 << 20;
    char *chunk = calloc(1, chunk_bytes);
    CHECK(chunk);
    CHECK_INT(loop_create(&b.loop), 0);
    CHECK_INT(mailbox_create(b.loop, on_any, &b, &b.mailbox), 0);
    uint32_t posted = 0;
    while (posted < 100 && mailbox_post(b.mailbox, 0, chunk, chunk_bytes) == 0)
        posted++;
    CHECK_INT(posted, MAILBOX_MAX_BYTES / chunk_bytes - 1);
    CHECK_INT(mailbox_post(b.mailbox, 0, NULL, SIZE_MAX), -ENOBUFS);
    CHECK(loop_run_once(b.loop, 0) >= 0);
    CHECK_INT(b.handled, posted);
    CHECK_INT(mailbox_post(b.mailbox, 0, NULL, 0), 0); /* room again */
    CHECK(loop_run_once(b.loop, 0) >= 0);
    CHECK_INT(b.last_bytes, 0);
    CHECK_INT(mailbox_post(b.mailbox, 0, chunk, chunk_bytes), 0); /* dropped with the box */
    mailbox_destroy(b.mailbox);
    mailbox_destroy(NULL);
    loop_destroy(b.loop);
    free(chunk);
}
