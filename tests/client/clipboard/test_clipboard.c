/* SPDX-License-Identifier: GPL-2.0-or-later
 * The clipboard between a scripted guest (real agent code) and a scripted desktop (real pipes). */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <spice/vd_agent.h>

#include "base/clock.h"
#include "client/spice/guest.h"
#include "clipboard/clipboard.h"
#include "loop/loop.h"

#define CAP(name)  (1u << VD_AGENT_CAP_##name)
#define CAPS       (CAP(CLIPBOARD_BY_DEMAND) | CAP(CLIPBOARD_NO_RELEASE_ON_REGRAB))
#define TEXT       VD_AGENT_CLIPBOARD_UTF8_TEXT
#define PNG        VD_AGENT_CLIPBOARD_IMAGE_PNG
#define LIMIT      (4u * 1024 * 1024)
#define TIMEOUT_MS 300u

struct stage {
    struct loop *loop;
    struct guest guest;
    struct clipboard *clipboard;
    /* the desktop */
    char offered[512]; /* by the guest, ';'-joined; "" nothing */
    int clears, receives, receive_err;
    char received[64];
    int program; /* write end of what was last received, -1 */
    /* the person */
    int notices, progresses;
    char notice[512];
    uint64_t done, total;
};

static int offer(void *ctx, enum selection_kind kind, const char *const *mimes, size_t count)
{
    struct stage *s = ctx;
    const size_t room = sizeof(s->offered);
    size_t at = (size_t)snprintf(s->offered, room, "%s",
                                 kind == SELECTION_PRIMARY ? "primary" : "clipboard");
    for (size_t i = 0; i < count && at < room; i++)
        at += (size_t)snprintf(s->offered + at, room - at, " %s", mimes[i]);
    return 0;
}

static void clear(void *ctx, enum selection_kind kind)
{
    struct stage *s = ctx;
    (void)kind;
    s->offered[0] = '\0';
    s->clears++;
}

static int receive(void *ctx, enum selection_kind kind, const char *mime, int *out_fd)
{
    struct stage *s = ctx;
    int ends[2];
    (void)kind;
    s->receives++;
    snprintf(s->received, sizeof(s->received), "%s", mime);
    if (s->receive_err < 0)
        return s->receive_err;
    CHECK_INT(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    if (s->program >= 0)
        close(s->program);
    s->program = ends[1];
    *out_fd = ends[0];
    return 0;
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
    s->progresses++;
    s->done = done;
    s->total = total;
}

static void agent_ready(void *ctx, bool ready)
{
    clipboard_on_ready(((struct stage *)ctx)->clipboard, ready);
}

static void agent_grab(void *ctx, uint32_t selection, const uint32_t *types, size_t count)
{
    clipboard_on_grab(((struct stage *)ctx)->clipboard, selection, types, count);
}

static void agent_release(void *ctx, uint32_t selection)
{
    clipboard_on_release(((struct stage *)ctx)->clipboard, selection);
}

static void agent_request(void *ctx, uint32_t selection, uint32_t type)
{
    clipboard_on_request(((struct stage *)ctx)->clipboard, selection, type);
}

static bool agent_data_begin(void *ctx, uint32_t selection, uint32_t type, uint32_t total_bytes)
{
    return clipboard_on_data_begin(((struct stage *)ctx)->clipboard, selection, type, total_bytes);
}

static void agent_data(void *ctx, const uint8_t *bytes, size_t count)
{
    clipboard_on_data(((struct stage *)ctx)->clipboard, bytes, count);
}

static void agent_data_end(void *ctx)
{
    clipboard_on_data_end(((struct stage *)ctx)->clipboard);
}

static void agent_room(void *ctx)
{
    clipboard_on_room(((struct stage *)ctx)->clipboard);
}

static struct stage stage;

/* Focused, with an agent of these capabilities. */
static struct stage *start_with(uint32_t caps, const struct clipboard_config *config)
{
    struct stage *s = &stage;
    *s = (struct stage){ .program = -1 };
    const struct spice_agent_port port = guest_port(&s->guest);
    const struct spice_agent_listener listener = {
        .on_ready = agent_ready,
        .on_grab = agent_grab,
        .on_release = agent_release,
        .on_request = agent_request,
        .on_data_begin = agent_data_begin,
        .on_data = agent_data,
        .on_data_end = agent_data_end,
        .on_room = agent_room,
        .ctx = s,
    };
    const struct clipboard_desktop desktop = {
        .offer = offer, .clear = clear, .receive = receive, .ctx = s
    };
    const struct transfer_listener person = { .on_notice = on_notice,
                                              .on_progress = on_progress,
                                              .ctx = s };
    CHECK_INT(loop_create(&s->loop), 0);
    CHECK_INT(spice_agent_create(&port, &listener, &s->guest.agent), 0);
    CHECK_INT(clipboard_create(s->loop, s->guest.agent, &desktop, config, &person, &s->clipboard),
              0);
    clipboard_on_focus(s->clipboard, true);
    guest_come(&s->guest, caps);
    return s;
}

static const struct clipboard_config both = {
    .limit_bytes = LIMIT, .to_guest = true, .to_host = true, .timeout_ms = TIMEOUT_MS
};

static void stop(struct stage *s)
{
    clipboard_destroy(s->clipboard);
    spice_agent_destroy(s->guest.agent);
    loop_destroy(s->loop);
    guest_free(&s->guest);
    if (s->program >= 0)
        close(s->program);
}

static void run_for(struct stage *s, uint32_t ms)
{
    const uint64_t end_ms = clock_ms() + ms;
    while (clock_ms() < end_ms)
        CHECK(loop_run_once(s->loop, 5) >= 0);
}

static struct guest_message wait_for(struct stage *s, uint32_t type)
{
    const uint64_t end_ms = clock_ms() + 20000;
    struct guest_message m;
    while (!guest_next(&s->guest, &m)) {
        CHECK_MSG(clock_ms() < end_ms, "no message of type %u", type);
        CHECK(loop_run_once(s->loop, 20) >= 0);
    }
    CHECK_INT(m.type, type);
    return m;
}

static void copy_here(struct stage *s, const char *mime)
{
    clipboard_on_offer(s->clipboard, SELECTION_CLIPBOARD, &mime, 1);
}

static void ask(struct stage *s, uint32_t type)
{
    guest_say_words(&s->guest, VD_AGENT_CLIPBOARD_REQUEST, &type, 1);
}

static void expect_refusal(struct stage *s)
{
    const struct guest_message m = wait_for(s, VD_AGENT_CLIPBOARD);
    CHECK_INT(m.count, 4);
    CHECK_INT(guest_word(&m, 0), VD_AGENT_CLIPBOARD_NONE);
}

static void type_in(struct stage *s, const char *text)
{
    CHECK(write(s->program, text, strlen(text)) == (ssize_t)strlen(text));
}

static void close_program(struct stage *s)
{
    close(s->program);
    s->program = -1;
}

/* The read end of a paste here. */
static int paste_here(struct stage *s, const char *mime)
{
    int ends[2];
    CHECK_INT(pipe2(ends, O_CLOEXEC), 0);
    CHECK(fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0);
    clipboard_on_paste(s->clipboard, SELECTION_CLIPBOARD, mime, ends[1]);
    return ends[0];
}

/* All that comes until the end of file. */
static size_t read_all(struct stage *s, int fd, uint8_t *to, size_t max)
{
    const uint64_t end_ms = clock_ms() + 20000;
    size_t n = 0;
    for (;;) {
        CHECK(clock_ms() < end_ms);
        const ssize_t got = read(fd, to + n, max - n);
        if (got == 0)
            break;
        if (got > 0)
            n += (size_t)got;
        else
            CHECK(errno == EAGAIN && loop_run_once(s->loop, 5) >= 0);
    }
    close(fd);
    return n;
}

static void expect_empty(struct stage *s, int fd)
{
    uint8_t byte;
    CHECK_INT(read_all(s, fd, &byte, 1), 0);
}

static void grab(struct stage *s, uint32_t type)
{
    guest_say_words(&s->guest, VD_AGENT_CLIPBOARD_GRAB, &type, 1);
}

static void say_data(struct stage *s, uint32_t type, const void *data, size_t count)
{
    uint8_t *body = calloc(1, 4 + count);
    CHECK(body);
    body[0] = (uint8_t)type;
    memcpy(body + 4, data, count);
    guest_say(&s->guest, VD_AGENT_CLIPBOARD, body, 4 + count);
    free(body);
}

/* ---- what a hostile guest tries ---- */

TEST(guest_gets_nothing_without_being_told_of_it)
{
    struct stage *s = start_with(CAPS, &both);
    ask(s, TEXT); /* nothing was copied */
    expect_refusal(s);
    copy_here(s, "image/png");
    wait_for(s, VD_AGENT_CLIPBOARD_GRAB);
    CHECK_INT(s->receives, 0); /* lazily */
    ask(s, TEXT);              /* not offered */
    expect_refusal(s);
    ask(s, 0);
    expect_refusal(s);
    ask(s, 0xffffffff);
    expect_refusal(s);
    ask(s, VD_AGENT_CLIPBOARD_FILE_LIST);
    expect_refusal(s);
    CHECK_INT(s->receives, 0);
    stop(s);
}

TEST(guest_gets_nothing_while_another_window_has_the_focus)
{
    struct stage *s = start_with(CAPS, &both);
    copy_here(s, "text/plain");
    wait_for(s, VD_AGENT_CLIPBOARD_GRAB);
    clipboard_on_focus(s->clipboard, false);
    ask(s, TEXT);
    expect_refusal(s);
    CHECK_INT(s->receives, 0);
    clipboard_on_focus(s->clipboard, true);
    ask(s, TEXT);
    CHECK_INT(s->receives, 1);
    stop(s);
}

TEST(to_guest_off_tells_nothing_at_all)
{
    struct clipboard_config config = both;
    config.to_guest = false;
    struct stage *s = start_with(CAPS, &config);
    copy_here(s, "text/plain");
    guest_expect_nothing(&s->guest);
    ask(s, TEXT);
    expect_refusal(s);
    CHECK_INT(s->receives, 0);
    stop(s);
}

TEST(to_host_off_offers_nothing)
{
    struct clipboard_config config = both;
    config.to_host = false;
    struct stage *s = start_with(CAPS, &config);
    grab(s, TEXT);
    CHECK_STR(s->offered, "");
    expect_empty(s, paste_here(s, "text/plain"));
    guest_expect_nothing(&s->guest);
    stop(s);
}

TEST(primary_only_by_option)
{
    const uint32_t caps = CAPS | CAP(CLIPBOARD_SELECTION);
    const char *mime = "text/plain";
    struct stage *s = start_with(caps, &both);
    guest_say_words(&s->guest, VD_AGENT_CLIPBOARD_GRAB, (uint32_t[]){ 1, TEXT }, 2);
    CHECK_STR(s->offered, "");
    clipboard_on_offer(s->clipboard, SELECTION_PRIMARY, &mime, 1);
    guest_expect_nothing(&s->guest);
    guest_say_words(&s->guest, VD_AGENT_CLIPBOARD_REQUEST, (uint32_t[]){ 1, TEXT }, 2);
    const struct guest_message m = guest_expect(&s->guest, VD_AGENT_CLIPBOARD);
    CHECK_INT(guest_word(&m, 1), VD_AGENT_CLIPBOARD_NONE);
    stop(s);
    struct clipboard_config config = both;
    config.primary = true;
    s = start_with(caps, &config);
    guest_say_words(&s->guest, VD_AGENT_CLIPBOARD_GRAB, (uint32_t[]){ 1, PNG }, 2);
    CHECK_STR(s->offered, "primary image/png");
    clipboard_on_offer(s->clipboard, SELECTION_PRIMARY, &mime, 1);
    const struct guest_message told = guest_expect(&s->guest, VD_AGENT_CLIPBOARD_GRAB);
    CHECK_INT(guest_word(&told, 0), 1);
    stop(s);
}

TEST(data_that_nobody_asked_for_is_dropped)
{
    struct stage *s = start_with(CAPS, &both);
    grab(s, TEXT);
    say_data(s, TEXT, "evil", 4);
    const int fd = paste_here(s, "text/plain");
    wait_for(s, VD_AGENT_CLIPBOARD_REQUEST);
    say_data(s, PNG, "evil", 4); /* not what was asked for */
    say_data(s, TEXT, "good", 4);
    say_data(s, TEXT, "evil", 4);
    uint8_t got[16];
    CHECK_INT(read_all(s, fd, got, sizeof(got)), 4);
    CHECK(memcmp(got, "good", 4) == 0);
    stop(s);
}

TEST(larger_than_the_limit_is_refused_with_a_word)
{
    struct stage *s = start_with(CAPS, &both);
    grab(s, TEXT);
    const int fd = paste_here(s, "text/plain");
    wait_for(s, VD_AGENT_CLIPBOARD_REQUEST);
    uint8_t *data = calloc(1, LIMIT + 1);
    CHECK(data);
    say_data(s, TEXT, data, LIMIT + 1);
    expect_empty(s, fd);
    CHECK_INT(s->notices, 1);
    CHECK_MSG(strstr(s->notice, "clipboard:limit"), "%s", s->notice);
    free(data);
    copy_here(s, "text/plain");
    wait_for(s, VD_AGENT_CLIPBOARD_GRAB);
    ask(s, TEXT);
    char block[4096];
    memset(block, 'x', sizeof(block));
    for (size_t n = 0; n <= LIMIT;) {
        const ssize_t put = write(s->program, block, sizeof(block));
        if (put > 0)
            n += (size_t)put;
        else if (errno != EAGAIN)
            break; /* it stopped reading: EPIPE */
        CHECK(loop_run_once(s->loop, 0) >= 0);
    }
    expect_refusal(s);
    CHECK_INT(s->notices, 2);
    CHECK_MSG(strstr(s->notice, "clipboard:limit"), "%s", s->notice);
    stop(s);
}

TEST(guest_that_never_answers_times_out)
{
    struct stage *s = start_with(CAPS, &both);
    grab(s, TEXT);
    const int a = paste_here(s, "text/plain"), b = paste_here(s, "text/plain");
    wait_for(s, VD_AGENT_CLIPBOARD_REQUEST);
    guest_expect_nothing(&s->guest); /* one at a time */
    expect_empty(s, a);
    CHECK_INT(s->notices, 1);
    wait_for(s, VD_AGENT_CLIPBOARD_REQUEST);
    expect_empty(s, b);
    stop(s);
}

TEST(guest_that_dies_in_the_middle_gives_an_empty_paste)
{
    struct stage *s = start_with(CAPS, &both);
    grab(s, TEXT);
    const int fd = paste_here(s, "text/plain"), second = paste_here(s, "text/plain");
    uint8_t head[24 + 100] = { 1 };
    head[4] = VD_AGENT_CLIPBOARD;
    head[16] = 104 + 1; /* one byte less than told */
    head[20] = TEXT;
    spice_agent_data(s->guest.agent, head, sizeof(head));
    run_for(s, 20);
    uint8_t byte;
    CHECK(read(fd, &byte, 1) < 0 && errno == EAGAIN); /* nothing of it, so far */
    spice_agent_connected(s->guest.agent, false);
    expect_empty(s, fd);
    expect_empty(s, second);
    CHECK_STR(s->offered, "");
    CHECK_INT(s->clears, 1);
    s->guest.at = s->guest.count;
    guest_come(&s->guest, CAPS);
    stop(s);
}

TEST(flood_of_requests_is_bounded)
{
    struct stage *s = start_with(CAPS, &both);
    copy_here(s, "text/plain");
    wait_for(s, VD_AGENT_CLIPBOARD_GRAB);
    for (int i = 0; i < 100; i++)
        ask(s, TEXT);
    CHECK_INT(s->receives, 1);
    struct guest_message m;
    int refused = 0;
    while (guest_next(&s->guest, &m))
        refused++;
    CHECK_INT(refused, 100 - 1 - 8);
    stop(s);
}

/* ---- what a hostile program here tries ---- */

TEST(program_that_never_writes_times_out)
{
    struct stage *s = start_with(CAPS, &both);
    copy_here(s, "text/plain");
    wait_for(s, VD_AGENT_CLIPBOARD_GRAB);
    ask(s, TEXT);
    ask(s, TEXT);
    expect_refusal(s);
    CHECK_INT(s->notices, 1);
    CHECK_INT(s->receives, 2);
    type_in(s, "late");
    close_program(s);
    const struct guest_message m = wait_for(s, VD_AGENT_CLIPBOARD);
    CHECK_INT(m.count, 4 + 4);
    stop(s);
}

TEST(readers_that_never_read_or_go_away)
{
    struct stage *s = start_with(CAPS, &both);
    uint8_t *data = calloc(1, LIMIT);
    CHECK(data);
    grab(s, PNG);
    int fds[4];
    for (int i = 0; i < 3; i++) {
        fds[i] = paste_here(s, "image/png");
        wait_for(s, VD_AGENT_CLIPBOARD_REQUEST);
        say_data(s, PNG, data, LIMIT); /* the third is beyond twice the limit */
    }
    CHECK_INT(s->notices, 1);
    expect_empty(s, fds[2]);
    close(fds[0]); /* SIGPIPE would end this test */
    run_for(s, TIMEOUT_MS + 100);
    fds[3] = paste_here(s, "image/png"); /* the memory is there again */
    wait_for(s, VD_AGENT_CLIPBOARD_REQUEST);
    say_data(s, PNG, data, LIMIT);
    CHECK_INT(read_all(s, fds[3], data, LIMIT), LIMIT);
    const size_t part = read_all(s, fds[1], data, LIMIT);
    CHECK_MSG(part < LIMIT, "%zu", part); /* given up: only what was in the pipe */
    const int file = open("/dev/null", O_WRONLY | O_CLOEXEC);
    clipboard_on_paste(s->clipboard, SELECTION_CLIPBOARD, "image/png", file);
    wait_for(s, VD_AGENT_CLIPBOARD_REQUEST);
    say_data(s, PNG, data, 10);
    CHECK(fcntl(file, F_GETFD) < 0); /* not a pipe: closed */
    free(data);
    stop(s);
}

TEST(many_pastes_at_once_are_bounded)
{
    struct stage *s = start_with(CAPS, &both);
    int fds[40];
    grab(s, TEXT);
    for (size_t i = 0; i < ARRAY_LEN(fds); i++)
        fds[i] = paste_here(s, "text/plain");
    for (size_t i = 16; i < ARRAY_LEN(fds); i++)
        expect_empty(s, fds[i]);
    for (size_t i = 0; i < 16; i++) {
        wait_for(s, VD_AGENT_CLIPBOARD_REQUEST);
        say_data(s, TEXT, "x", 1);
        uint8_t got[2];
        CHECK_INT(read_all(s, fds[i], got, 2), 1);
    }
    stop(s);
}

TEST(owner_changes_in_the_middle)
{
    struct stage *s = start_with(CAPS, &both);
    copy_here(s, "text/plain");
    wait_for(s, VD_AGENT_CLIPBOARD_GRAB);
    ask(s, TEXT);
    type_in(s, "half of the first");
    run_for(s, 10);
    copy_here(s, "text/plain");
    expect_refusal(s);
    wait_for(s, VD_AGENT_CLIPBOARD_GRAB);
    ask(s, TEXT);
    type_in(s, "second");
    grab(s, TEXT); /* and the guest itself copies */
    expect_refusal(s);
    CHECK_STR(s->offered, "clipboard text/plain;charset=utf-8 UTF8_STRING text/plain");
    clipboard_on_lost(s->clipboard, SELECTION_CLIPBOARD);
    expect_empty(s, paste_here(s, "text/plain"));
    stop(s);
}

/* ---- both ways ---- */

TEST(to_guest_with_its_line_ends)
{
    struct stage *s = start_with(CAPS | CAP(GUEST_LINEEND_CRLF) | CAP(MAX_CLIPBOARD), &both);
    copy_here(s, "UTF8_STRING");
    const struct guest_message told = wait_for(s, VD_AGENT_CLIPBOARD_GRAB);
    CHECK_INT(told.count, 4);
    CHECK_INT(guest_word(&told, 0), TEXT);
    ask(s, TEXT);
    CHECK_STR(s->received, "UTF8_STRING");
    type_in(s, "one\ntwo\r");
    run_for(s, 10);
    type_in(s, "\nthree");
    close_program(s);
    const struct guest_message m = wait_for(s, VD_AGENT_CLIPBOARD);
    CHECK_INT(m.count, 4 + 15);
    CHECK(memcmp(m.body + 4, "one\r\ntwo\r\nthree", 15) == 0);
    clipboard_on_offer(s->clipboard, SELECTION_CLIPBOARD, NULL, 0);
    wait_for(s, VD_AGENT_CLIPBOARD_RELEASE);
    ask(s, TEXT);
    expect_refusal(s);
    stop(s);
}

TEST(to_host_with_our_line_ends)
{
    struct stage *s = start_with(CAPS | CAP(GUEST_LINEEND_CRLF), &both);
    grab(s, TEXT);
    const int fd = paste_here(s, "text/plain;charset=utf-8");
    wait_for(s, VD_AGENT_CLIPBOARD_REQUEST);
    say_data(s, TEXT, "a\r\nb\r", 5);
    uint8_t got[16];
    CHECK_INT(read_all(s, fd, got, sizeof(got)), 4);
    CHECK(memcmp(got, "a\nb\r", 4) == 0);
    stop(s);
}

TEST(images_are_not_touched)
{
    static const char image[] = "\x89PNG\r\n\x1a\n\0\0\n\r\n\xff";
    struct stage *s = start_with(CAPS | CAP(GUEST_LINEEND_CRLF), &both);
    grab(s, PNG);
    const int fd = paste_here(s, "image/png");
    wait_for(s, VD_AGENT_CLIPBOARD_REQUEST);
    say_data(s, PNG, image, sizeof(image));
    uint8_t got[64];
    CHECK_INT(read_all(s, fd, got, sizeof(got)), sizeof(image));
    CHECK(memcmp(got, image, sizeof(image)) == 0);
    copy_here(s, "image/png");
    wait_for(s, VD_AGENT_CLIPBOARD_GRAB);
    ask(s, PNG);
    CHECK(write(s->program, image, sizeof(image)) == sizeof(image));
    close_program(s);
    const struct guest_message m = wait_for(s, VD_AGENT_CLIPBOARD);
    CHECK_INT(m.count, 4 + sizeof(image));
    CHECK(memcmp(m.body + 4, image, sizeof(image)) == 0);
    stop(s);
}

TEST(old_agents_get_a_release_before_each_grab)
{
    struct stage *s = start_with(CAP(CLIPBOARD_BY_DEMAND), &both);
    copy_here(s, "text/plain");
    wait_for(s, VD_AGENT_CLIPBOARD_GRAB);
    copy_here(s, "image/png");
    wait_for(s, VD_AGENT_CLIPBOARD_RELEASE);
    wait_for(s, VD_AGENT_CLIPBOARD_GRAB);
    stop(s);
}

TEST(an_agent_that_comes_late_is_told_what_there_is)
{
    struct stage *s = start_with(CAPS, &both);
    spice_agent_connected(s->guest.agent, false);
    copy_here(s, "text/plain");
    guest_come(&s->guest, CAPS);
    wait_for(s, VD_AGENT_CLIPBOARD_GRAB);
    spice_agent_connected(s->guest.agent, false);
    guest_come(&s->guest, 0); /* one without a clipboard */
    guest_expect_nothing(&s->guest);
    stop(s);
}

TEST(large_data_shows_progress)
{
    struct stage *s = start_with(CAPS, &both);
    uint8_t *data = malloc(LIMIT);
    CHECK(data);
    for (size_t i = 0; i < LIMIT; i++)
        data[i] = (uint8_t)(i * 2654435761u >> 24);
    grab(s, PNG);
    const int fd = paste_here(s, "image/png");
    wait_for(s, VD_AGENT_CLIPBOARD_REQUEST);
    say_data(s, PNG, data, LIMIT);
    CHECK(s->progresses >= 2);
    CHECK_INT(s->done, LIMIT);
    CHECK_INT(s->total, LIMIT);
    uint8_t *got = malloc(LIMIT + 1);
    CHECK(got);
    CHECK_INT(read_all(s, fd, got, LIMIT + 1), LIMIT);
    CHECK(memcmp(data, got, LIMIT) == 0);
    free(got);
    free(data);
    stop(s);
}
