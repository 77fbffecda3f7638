/* SPDX-License-Identifier: GPL-2.0-or-later
 * The doorbell of the stand-in driver's devices (tests/host-win/driver). The cases change the
 * prefix's registry and run alone. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>
#include <windows.h>

#include "base/clock.h"
#include "base/file.h"
#include "driver_setup.h"
#include "shm/doorbell.h"
#include "shm/region.h"

enum { REGION_BYTES = 1 << 20, PEER = 40000 };

static char memory[64]; /* Linux path */

static void remove_all(void)
{
    driver_remove();
    remove(memory);
}

static void install(DWORD vectors, DWORD lie)
{
    /* By the clock: process ids of two Wine prefixes are the same. */
    snprintf(memory, sizeof(memory), "/dev/shm/espelho-bell-%" PRIu64, clock_ns());
    atexit(remove_all);
    const int fd = file_open(memory, O_RDWR | O_CREAT | O_TRUNC, 0600);
    CHECK(fd >= 0);
    const LARGE_INTEGER end = { .QuadPart = REGION_BYTES };
    HANDLE h = (HANDLE)_get_osfhandle(fd);
    CHECK(SetFilePointerEx(h, end, NULL, FILE_BEGIN) && SetEndOfFile(h));
    close(fd);
    const char *path = memory;
    const struct driver_setup setup = { .sys = STAND_IN_SYS,
                                        .paths = &path,
                                        .count = 1,
                                        .lie = lie,
                                        .vectors = vectors,
                                        .peer = PEER };
    const DWORD error = driver_install(&setup);
    CHECK_MSG(error == 0, "the stand-in driver does not start: %lu", error);
}

static struct shm_region *open_region(void)
{
    struct shm_region *r;
    struct shm_problem problem;
    const int err = shm_region_open("ivshmem", &r, &problem);
    CHECK_MSG(err == 0, "%s", problem.message);
    return r;
}

/* Plain devices, and drivers that take no events, work as before. */
TEST(no_doorbell)
{
    static const struct {
        DWORD vectors, lie;
    } rows[] = { { 0, STAND_IN_LIE_NONE }, { 2, STAND_IN_LIE_NO_EVENTS } };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        install(rows[i].vectors, rows[i].lie);
        struct shm_region *r = open_region();
        CHECK(!r->doorbell);
        CHECK_INT(r->len_bytes, REGION_BYTES);
        shm_region_close(r);
        remove_all();
    }
}

TEST(rings_go_out)
{
    static const struct {
        uint16_t peer, vector;
    } rows[] = { { 0, 0 }, { 5, 1 }, { 65534, 65535 } };
    struct stand_in_rings rings;
    install(2, STAND_IN_LIE_NONE);
    struct shm_region *r = open_region();
    struct shm_doorbell *d = r->doorbell;
    CHECK(d);
    CHECK_INT(d->own_id, PEER);
    CHECK_INT(d->vectors, 2);
    CHECK_INT(d->ops->fd(d, 0), -1);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CHECK_INT(d->ops->ring(d, rows[i].peer, rows[i].vector), 0);
        CHECK_INT(driver_rings(0, &rings), 0);
        CHECK_INT(rings.count, i + 1);
        CHECK_INT(rings.last[STAND_IN_RINGS_KEPT - 1].peer, rows[i].peer);
        CHECK_INT(rings.last[STAND_IN_RINGS_KEPT - 1].vector, rows[i].vector);
    }
    CHECK_INT(driver_stop(), 0); /* unplugged */
    CHECK(d->ops->ring(d, 5, 1) < 0);
    shm_region_close(r);
}

static void *ring_soon(void *arg)
{
    (void)arg;
    Sleep(100);
    CHECK_INT(driver_ring(0, PEER, 0), 0);
    return NULL;
}

TEST(rings_come_in)
{
    pthread_t thread;
    install(3, STAND_IN_LIE_NONE);
    struct shm_region *r = open_region();
    struct shm_doorbell *d = r->doorbell;
    CHECK(d);
    CHECK(!d->ops->clear(d, 0));
    CHECK_INT(d->ops->wait(d, 0, 20), 0);
    CHECK_INT(driver_ring(0, PEER, 1), 0);
    CHECK_INT(driver_ring(0, PEER, 1), 0);
    CHECK_INT(d->ops->wait(d, 0, 0), 0); /* that was another vector */
    CHECK_INT(d->ops->wait(d, 2, 0), 0);
    CHECK_INT(d->ops->wait(d, 1, 0), 1);
    CHECK_INT(d->ops->wait(d, 1, 0), 0); /* two rings are seen as one */
    CHECK_INT(driver_ring(0, PEER, 2), 0);
    CHECK(d->ops->clear(d, 2));
    CHECK(!d->ops->clear(d, 2));
    CHECK_INT(d->ops->wait(d, 3, 0), -ENOENT);
    CHECK(pthread_create(&thread, NULL, ring_soon, NULL) == 0);
    CHECK_INT(d->ops->wait(d, 0, 20000), 1);
    pthread_join(thread, NULL);
    shm_region_close(r);
}

/* The driver takes 32 events in all, and lets them go when the handle closes. */
TEST(events_end_with_the_region)
{
    install(40, STAND_IN_LIE_NONE);
    for (int i = 0; i < 3; i++) {
        struct shm_region *r = open_region();
        CHECK(r->doorbell);
        CHECK_INT(r->doorbell->vectors, 32);
        CHECK_INT(driver_ring(0, PEER, 31), 0);
        CHECK_INT(r->doorbell->ops->wait(r->doorbell, 31, 1000), 1);
        shm_region_close(r);
    }
}
