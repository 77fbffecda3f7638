/* SPDX-License-Identifier: GPL-2.0-or-later
 * With lazy=1: memory comes with the first open. */
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "device.h"

static void *open_it(void *arg)
{
    *(int *)arg = try_open_device(0, O_RDWR);
    return NULL;
}

TEST(first_open)
{
    CHECK_STR(text_of(CLASS_DIR "/kvmfr0/state"), "empty");
    CHECK_STR(text_of(CLASS_DIR "/kvmfr0/size"), "16777216");
    CHECK_STR(text_of(CLASS_DIR "/kvmfr0/huge"), "0");
    pthread_t threads[4];
    int fds[4];
    for (int i = 0; i < 4; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, open_it, &fds[i]), 0);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        CHECK(fds[i] >= 0);
    }
    CHECK_STR(text_of(CLASS_DIR "/kvmfr0/state"), "ready");
    CHECK_STR(text_of(CLASS_DIR "/kvmfr0/huge"), "16777216"); /* a fresh machine has such blocks */
    volatile char *a = map(fds[0], 16 * MIB, 0), *b = map(fds[3], 16 * MIB, 0);
    a[5 * MIB] = 1;
    CHECK_INT(b[5 * MIB], 1);
    for (int i = 0; i < 4; i++)
        close(fds[i]);
    CHECK_INT(b[5 * MIB], 1);
    CHECK_STR(text_of(CLASS_DIR "/kvmfr0/state"), "ready");
}
