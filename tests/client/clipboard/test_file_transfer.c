/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include <spice/vd_agent.h>

#include "base/clock.h"
#include "client/spice/guest.h"
#include "clipboard/file_transfer.h"
#include "loop/loop.h"
#include "spice/reader.h"

#define TIMEOUT_MS   300u
#define STATUS(name) VD_AGENT_FILE_XFER_STATUS_##name

struct stage {
    struct loop *loop;
    struct guest guest;
    struct file_transfer *files;
    char dir[64];
    int notices;
    char notice[512];
    uint64_t done, total;
};

static struct stage stage;

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static void clean_up(void)
{
    nftw(stage.dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void on_notice(void *ctx, const char *text)
{
    struct stage *s = ctx;
    s->notices++;
    snprintf(s->notice, sizeof(s->notice), "%s", text);
}

static void on_progress(void *ctx, const char *what, uint64_t done, uint64_t total)
{
    struct stage *s = ctx;
    (void)what;
    s->done = done;
    s->total = total;
}

static void on_ready(void *ctx, bool ready)
{
    file_transfer_on_ready(((struct stage *)ctx)->files, ready);
}

static void on_status(void *ctx, uint32_t id, uint32_t result, const uint8_t *detail,
                      size_t detail_bytes)
{
    file_transfer_on_status(((struct stage *)ctx)->files, id, result, detail, detail_bytes);
}

static void on_room(void *ctx)
{
    file_transfer_on_room(((struct stage *)ctx)->files);
}

static struct stage *start(uint32_t caps)
{
    struct stage *s = &stage;
    *s = (struct stage){ .dir = "/tmp/espelho-files-XXXXXX" };
    CHECK(mkdtemp(s->dir));
    atexit(clean_up);
    const struct spice_agent_port port = guest_port(&s->guest);
    const struct spice_agent_listener listener = {
        .on_ready = on_ready, .on_file_status = on_status, .on_room = on_room, .ctx = s
    };
    const struct transfer_listener person = { .on_notice = on_notice,
                                              .on_progress = on_progress,
                                              .ctx = s };
    CHECK_INT(loop_create(&s->loop), 0);
    CHECK_INT(spice_agent_create(&port, &listener, &s->guest.agent), 0);
    CHECK_INT(file_transfer_create(s->loop, s->guest.agent, TIMEOUT_MS, &person, &s->files), 0);
    guest_come(&s->guest, caps);
    return s;
}

static void stop(struct stage *s)
{
    file_transfer_destroy(s->files);
    spice_agent_destroy(s->guest.agent);
    loop_destroy(s->loop);
    guest_free(&s->guest);
}

static char *path_to(struct stage *s, const char *name)
{
    static char path[256];
    snprintf(path, sizeof(path), "%s/%s", s->dir, name);
    return path;
}

/* A file of `bytes` bytes, each derived from its place. */
static void make_file(struct stage *s, const char *name, size_t bytes)
{
    FILE *f = fopen(path_to(s, name), "w");
    CHECK(f);
    for (size_t i = 0; i < bytes; i++)
        fputc((int)(i * 2654435761u >> 24 & 0xff), f);
    CHECK(fclose(f) == 0);
}

static void send_one(struct stage *s, const char *name)
{
    char *path = path_to(s, name);
    file_transfer_send(s->files, &path, 1);
}

static struct guest_message wait_for(struct stage *s, uint32_t type)
{
    const uint64_t end_ms = clock_ms() + 20000;
    struct guest_message m;
    while (!guest_next(&s->guest, &m)) {
        CHECK_MSG(clock_ms() < end_ms, "no message of type %u, last notice: %s", type, s->notice);
        CHECK(loop_run_once(s->loop, 20) >= 0);
    }
    CHECK_INT(m.type, type);
    return m;
}

static void wait_notices(struct stage *s, int count)
{
    const uint64_t end_ms = clock_ms() + 20000;
    while (s->notices < count) {
        CHECK(clock_ms() < end_ms);
        CHECK(loop_run_once(s->loop, 20) >= 0);
    }
}

static void status(struct stage *s, uint32_t id, uint32_t result)
{
    guest_say_words(&s->guest, VD_AGENT_FILE_XFER_STATUS, (uint32_t[]){ id, result }, 2);
}

/* Takes data messages of one file until all its bytes came. */
static void take_file(struct stage *s, uint32_t id, size_t bytes)
{
    size_t at = 0;
    do {
        const struct guest_message m = wait_for(s, VD_AGENT_FILE_XFER_DATA);
        CHECK_INT(guest_word(&m, 0), id);
        CHECK_INT(guest_word(&m, 1), m.count - 12);
        for (size_t i = 12; i < m.count; i++, at++)
            CHECK_INT(m.body[i], at * 2654435761u >> 24 & 0xff);
    } while (at < bytes);
    CHECK_INT(at, bytes);
}

/* ---- what cannot be sent ---- */

TEST(only_regular_files)
{
    struct stage *s = start(0);
    CHECK(mkdir(path_to(s, "folder"), 0700) == 0 && mkfifo(path_to(s, "pipe"), 0600) == 0);
    CHECK(symlink("missing", path_to(s, "link")) == 0);
    static const char *const rows[] = { "folder", "pipe", "link", "missing" };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        send_one(s, rows[i]); /* the pipe must not stop us */
        CHECK_INT(s->notices, (int)i + 1);
        CHECK_MSG(strstr(s->notice, rows[i]), "%s", s->notice);
    }
    char *device = "/dev/zero";
    file_transfer_send(s->files, &device, 1);
    CHECK_INT(s->notices, 5);
    guest_expect_nothing(&s->guest);
    CHECK(!file_transfer_busy(s->files));
    stop(s);
}

TEST(no_agent_or_one_that_does_not_want_files)
{
    struct stage *s = start(1u << VD_AGENT_CAP_FILE_XFER_DISABLED);
    make_file(s, "a", 10);
    send_one(s, "a");
    CHECK_MSG(strstr(s->notice, "switched off"), "%s", s->notice);
    spice_agent_connected(s->guest.agent, false);
    send_one(s, "a");
    CHECK_MSG(strstr(s->notice, "no agent"), "%s", s->notice);
    stop(s);
}

TEST(errors_of_the_agent_in_plain_words)
{
    static const struct {
        uint32_t result, detail[2];
        size_t detail_words;
        const char *words;
    } rows[] = {
        { STATUS(NOT_ENOUGH_SPACE), { 512 * 1024, 0 }, 2, "0.5 MiB of 1.0 free" },
        { STATUS(NOT_ENOUGH_SPACE), { 0 }, 0, "not enough space" },
        { STATUS(SESSION_LOCKED), { 0 }, 0, "locked" },
        { STATUS(VDAGENT_NOT_CONNECTED), { 0 }, 0, "logged in" },
        { STATUS(DISABLED), { 0 }, 0, "switched off" },
        { STATUS(CANCELLED), { 0 }, 0, "cancelled in the guest" },
        { STATUS(ERROR), { 0x00000c00, 0 }, 2, "error 12" },
        { STATUS(ERROR), { 0 }, 0, "could not store" },
        { STATUS(SUCCESS), { 0 }, 0, "not sent whole" },
        { 4711, { 0 }, 0, "unknown answer" },
    };
    struct stage *s = start(1u << VD_AGENT_CAP_FILE_XFER_DETAILED_ERRORS);
    make_file(s, "a", 1024 * 1024);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        send_one(s, "a");
        const struct guest_message m = wait_for(s, VD_AGENT_FILE_XFER_START);
        const uint32_t words[] = { guest_word(&m, 0), rows[i].result, rows[i].detail[0],
                                   rows[i].detail[1] };
        guest_say_words(&s->guest, VD_AGENT_FILE_XFER_STATUS, words, 2 + rows[i].detail_words);
        CHECK_MSG(strstr(s->notice, rows[i].words), "%s", s->notice);
        CHECK(!file_transfer_busy(s->files));
        CHECK_INT(s->done, 0);
    }
    stop(s);
}

TEST(statuses_of_files_that_are_not_there)
{
    struct stage *s = start(0);
    make_file(s, "a", 10);
    for (uint32_t i = 0; i < 8; i++)
        status(s, 1, i);
    send_one(s, "a");
    const struct guest_message m = wait_for(s, VD_AGENT_FILE_XFER_START);
    const uint32_t id = guest_word(&m, 0);
    status(s, id + 1, STATUS(CAN_SEND_DATA));
    status(s, 0, STATUS(ERROR));
    guest_expect_nothing(&s->guest);
    CHECK_INT(s->notices, 0);
    status(s, id, STATUS(CAN_SEND_DATA));
    status(s, id, STATUS(CAN_SEND_DATA));
    take_file(s, id, 10);
    guest_expect_nothing(&s->guest); /* once, however often it asks */
    status(s, id, STATUS(SUCCESS));
    status(s, id, STATUS(SUCCESS));
    CHECK_INT(s->notices, 1);
    stop(s);
}

TEST(agent_that_does_not_go_on)
{
    struct stage *s = start(0);
    make_file(s, "a", 10);
    send_one(s, "a");
    wait_for(s, VD_AGENT_FILE_XFER_START);
    wait_notices(s, 1);
    CHECK_MSG(strstr(s->notice, "did not go on"), "%s", s->notice);
    const struct guest_message m = wait_for(s, VD_AGENT_FILE_XFER_STATUS);
    CHECK_INT(guest_word(&m, 1), STATUS(CANCELLED));
    CHECK(!file_transfer_busy(s->files));
    stop(s);
}

TEST(agent_goes_away)
{
    struct stage *s = start(0);
    make_file(s, "a", 1024 * 1024);
    send_one(s, "a");
    struct guest_message m = wait_for(s, VD_AGENT_FILE_XFER_START);
    s->guest.room_bytes = 1000;
    status(s, guest_word(&m, 0), STATUS(CAN_SEND_DATA));
    spice_agent_connected(s->guest.agent, false);
    CHECK_INT(s->notices, 1);
    CHECK(!file_transfer_busy(s->files));
    stop(s);
}

TEST(file_shrinks_while_it_is_sent)
{
    struct stage *s = start(0);
    make_file(s, "a", 100000);
    send_one(s, "a");
    const struct guest_message m = wait_for(s, VD_AGENT_FILE_XFER_START);
    const uint32_t id = guest_word(&m, 0);
    CHECK(truncate(path_to(s, "a"), 40000) == 0);
    status(s, id, STATUS(CAN_SEND_DATA));
    wait_notices(s, 1);
    CHECK_MSG(strstr(s->notice, "shorter"), "%s", s->notice);
    struct guest_message last = { 0 }, next;
    while (guest_next(&s->guest, &next))
        last = next;
    CHECK_INT(last.type, VD_AGENT_FILE_XFER_STATUS);
    stop(s);
}

/* ---- sending ---- */

TEST(one_file_arrives_whole)
{
    enum { BYTES = 3 * 1024 * 1024 + 17 };
    struct stage *s = start(0);
    make_file(s, "one\ntwo.bin", BYTES);
    send_one(s, "one\ntwo.bin");
    const struct guest_message m = wait_for(s, VD_AGENT_FILE_XFER_START);
    char want[128];
    snprintf(want, sizeof(want), "[vdagent-file-xfer]\nname=one_two.bin\nsize=%d\n", BYTES);
    CHECK_STR((const char *)m.body + 4, want);
    CHECK_INT(m.count, 4 + strlen(want) + 1);
    const uint32_t id = guest_word(&m, 0);
    status(s, id, STATUS(CAN_SEND_DATA));
    take_file(s, id, BYTES);
    CHECK(file_transfer_busy(s->files));
    status(s, id, STATUS(SUCCESS));
    CHECK(!file_transfer_busy(s->files));
    CHECK_INT(s->done, BYTES);
    CHECK_INT(s->total, BYTES);
    CHECK_STR(s->notice, "1 file was sent to the guest");
    stop(s);
}

TEST(sent_only_as_there_is_room)
{
    struct stage *s = start(0);
    make_file(s, "a", 1024 * 1024);
    send_one(s, "a");
    const struct guest_message m = wait_for(s, VD_AGENT_FILE_XFER_START);
    const uint32_t id = guest_word(&m, 0);
    s->guest.room_bytes = 10000;
    const uint64_t before = s->guest.received_bytes;
    status(s, id, STATUS(CAN_SEND_DATA));
    for (int i = 0; i < 10; i++)
        CHECK(loop_run_once(s->loop, 1) >= 0);
    CHECK_INT(s->guest.received_bytes - before, 10000);
    for (int i = 0; i < 20; i++) { /* memory follows the room: never far ahead of it */
        s->guest.room_bytes = 60000;
        spice_agent_room(s->guest.agent);
        CHECK(loop_run_once(s->loop, 5) >= 0);
    }
    take_file(s, id, 1024 * 1024);
    status(s, id, STATUS(SUCCESS));
    CHECK_INT(s->notices, 1);
    stop(s);
}

TEST(empty_file)
{
    struct stage *s = start(0);
    make_file(s, "a", 0);
    send_one(s, "a");
    const struct guest_message m = wait_for(s, VD_AGENT_FILE_XFER_START);
    const uint32_t id = guest_word(&m, 0);
    status(s, id, STATUS(CAN_SEND_DATA));
    take_file(s, id, 0);
    status(s, id, STATUS(SUCCESS));
    CHECK_STR(s->notice, "1 file was sent to the guest");
    stop(s);
}

TEST(several_at_once_are_bounded_and_cancelled)
{
    struct stage *s = start(0);
    char *paths[200];
    make_file(s, "a", 100);
    for (size_t i = 0; i < ARRAY_LEN(paths); i++)
        paths[i] = strdup(path_to(s, "a"));
    file_transfer_send(s->files, paths, ARRAY_LEN(paths));
    CHECK_INT(s->notices, 1); /* 72 are too many */
    CHECK_INT(s->total, 12800);
    uint32_t ids[FILE_TRANSFER_ACTIVE];
    for (size_t i = 0; i < FILE_TRANSFER_ACTIVE; i++) {
        const struct guest_message m = wait_for(s, VD_AGENT_FILE_XFER_START);
        ids[i] = guest_word(&m, 0);
    }
    guest_expect_nothing(&s->guest);
    status(s, ids[2], STATUS(CAN_SEND_DATA));
    take_file(s, ids[2], 100);
    status(s, ids[2], STATUS(SUCCESS));
    wait_for(s, VD_AGENT_FILE_XFER_START);
    file_transfer_cancel(s->files);
    CHECK(!file_transfer_busy(s->files));
    for (size_t i = 0; i < FILE_TRANSFER_ACTIVE; i++)
        wait_for(s, VD_AGENT_FILE_XFER_STATUS);
    guest_expect_nothing(&s->guest);
    for (size_t i = 0; i < ARRAY_LEN(paths); i++)
        free(paths[i]);
    stop(s);
}
