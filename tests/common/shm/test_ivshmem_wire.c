/* SPDX-License-Identifier: GPL-2.0-or-later
 * Descriptors are numbers here: 100 and up, so that nobody would close one of ours by mistake. */
#include "test.h"

#include "shm/ivshmem_wire.h"

enum { FD = 100 };

/* One number at once. */
static struct ivshmem_event say(struct ivshmem_wire *w, int64_t number, int fd)
{
    uint8_t bytes[IVSHMEM_NUMBER_BYTES];
    struct ivshmem_event e;
    ivshmem_wire_put(number, bytes);
    ivshmem_wire_push(w, bytes, sizeof(bytes), fd, &e);
    CHECK_INT(e.fd, fd);
    CHECK(e.number == number);
    return e;
}

static void greet(struct ivshmem_wire *w, uint16_t own_id)
{
    ivshmem_wire_init(w);
    CHECK_INT(say(w, 0, -1).type, IVSHMEM_EVENT_VERSION);
    CHECK_INT(say(w, own_id, -1).type, IVSHMEM_EVENT_OWN_ID);
    CHECK_INT(say(w, -1, FD).type, IVSHMEM_EVENT_MEMORY);
}

TEST(numbers_in_the_wrong_place)
{
    static const struct {
        unsigned after; /* numbers of a good greeting before it */
        int64_t number;
        int fd;
        enum ivshmem_event_type want;
    } rows[] = {
        { 0, 0, FD, IVSHMEM_EVENT_BAD },
        { 0, 1, -1, IVSHMEM_EVENT_WRONG_VERSION },
        { 0, -1, -1, IVSHMEM_EVENT_WRONG_VERSION },
        { 0, INT64_MIN, -1, IVSHMEM_EVENT_WRONG_VERSION },
        { 0, 1, FD, IVSHMEM_EVENT_BAD },
        { 0, IVSHMEM_REFUSED_USER, FD, IVSHMEM_EVENT_BAD },
        { 0, IVSHMEM_REFUSED_USER, -1, IVSHMEM_EVENT_REFUSED },
        { 0, IVSHMEM_REFUSED_FULL, -1, IVSHMEM_EVENT_REFUSED },
        { 0, IVSHMEM_REFUSED_FDS, -1, IVSHMEM_EVENT_REFUSED },
        { 1, 65536, -1, IVSHMEM_EVENT_BAD },
        { 1, -1, -1, IVSHMEM_EVENT_BAD },
        { 1, -1, FD, IVSHMEM_EVENT_BAD },
        { 1, 7, FD, IVSHMEM_EVENT_BAD },
        { 1, (int64_t)1 << 32, -1, IVSHMEM_EVENT_BAD },
        { 2, -1, -1, IVSHMEM_EVENT_BAD },
        { 2, 0, FD, IVSHMEM_EVENT_BAD },
        { 2, 7, FD, IVSHMEM_EVENT_BAD },
        { 2, -2, FD, IVSHMEM_EVENT_BAD },
        { 3, -1, FD, IVSHMEM_EVENT_BAD },
        { 3, -1, -1, IVSHMEM_EVENT_BAD },
        { 3, 65536, FD, IVSHMEM_EVENT_BAD },
        { 3, INT64_MAX, -1, IVSHMEM_EVENT_BAD },
        { 3, 7, -1, IVSHMEM_EVENT_BAD }, /* we ourselves are gone */
        { 3, 7, FD, IVSHMEM_EVENT_VECTOR },
        { 3, 0, FD, IVSHMEM_EVENT_VECTOR },
        { 3, 65535, FD, IVSHMEM_EVENT_VECTOR },
        { 3, 65535, -1, IVSHMEM_EVENT_GONE },
    };
    static const int64_t good[] = { 0, 7, -1 };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct ivshmem_wire w;
        ivshmem_wire_init(&w);
        for (unsigned n = 0; n < rows[i].after; n++)
            say(&w, good[n], n == 2 ? FD : -1);
        const enum ivshmem_event_type got = say(&w, rows[i].number, rows[i].fd).type;
        CHECK_MSG(got == rows[i].want, "row %zu: %d, expected %d", i, got, rows[i].want);
    }
}

TEST(a_second_descriptor_for_one_number)
{
    const uint8_t bytes[4] = { 0 };
    struct ivshmem_wire w;
    struct ivshmem_event e;
    greet(&w, 3);
    ivshmem_wire_push(&w, bytes, 4, FD, &e);
    CHECK_INT(e.type, IVSHMEM_EVENT_NONE);
    CHECK_INT(e.fd, -1);
    CHECK_INT(w.fd, FD);
    ivshmem_wire_push(&w, bytes, 4, FD + 1, &e);
    CHECK_INT(e.type, IVSHMEM_EVENT_BAD);
    CHECK_INT(e.fd, FD); /* FD + 1 stays the caller's */
    CHECK_INT(w.fd, -1);
}

TEST(bytes_one_by_one)
{
    static const struct {
        int64_t number;
        int fd;
        enum ivshmem_event_type type;
    } said[] = {
        { 0, -1, IVSHMEM_EVENT_VERSION },         { 0x1234, -1, IVSHMEM_EVENT_OWN_ID },
        { -1, FD, IVSHMEM_EVENT_MEMORY },         { 0xffff, FD + 1, IVSHMEM_EVENT_VECTOR },
        { 0x1234, FD + 2, IVSHMEM_EVENT_VECTOR }, { 0xffff, -1, IVSHMEM_EVENT_GONE },
    };
    /* The descriptor comes with any of the bytes. */
    for (int with = 0; with < IVSHMEM_NUMBER_BYTES; with++) {
        struct ivshmem_wire w;
        ivshmem_wire_init(&w);
        for (size_t i = 0; i < ARRAY_LEN(said); i++) {
            uint8_t bytes[IVSHMEM_NUMBER_BYTES];
            struct ivshmem_event e;
            ivshmem_wire_put(said[i].number, bytes);
            for (int b = 0; b < IVSHMEM_NUMBER_BYTES; b++) {
                CHECK_INT(ivshmem_wire_wants(&w), IVSHMEM_NUMBER_BYTES - b);
                ivshmem_wire_push(&w, bytes + b, 1, b == with ? said[i].fd : -1, &e);
                if (b < IVSHMEM_NUMBER_BYTES - 1)
                    CHECK_INT(e.type, IVSHMEM_EVENT_NONE);
            }
            CHECK_INT(e.type, said[i].type);
            CHECK_INT(e.fd, said[i].fd);
            CHECK(said[i].number < 0 || e.id == said[i].number);
        }
    }
}

TEST(bytes_on_the_wire_are_little_endian)
{
    uint8_t bytes[IVSHMEM_NUMBER_BYTES];
    ivshmem_wire_put(-2, bytes);
    CHECK(memcmp(bytes, "\xfe\xff\xff\xff\xff\xff\xff\xff", 8) == 0);
    ivshmem_wire_put(0x0102, bytes);
    CHECK(memcmp(bytes, "\x02\x01\0\0\0\0\0\0", 8) == 0);
}
