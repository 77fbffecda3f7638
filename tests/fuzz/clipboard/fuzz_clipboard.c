/* SPDX-License-Identifier: GPL-2.0-or-later
 * A guest says anything, cut anywhere, to the agent's stream, the clipboard and the file transfer,
 * while programs here copy, paste and read or do not. Input: records of one byte what (0..7: bytes
 * of the stream as raw; others: an act of the desktop), one byte how much, and so many bytes. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <spice/vd_agent.h>

#include "clipboard/clipboard.h"
#include "clipboard/file_transfer.h"
#include "loop/loop.h"
#include "spice/agent.h"
#include "spice/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);

struct stage {
    struct loop *loop;
    struct spice_agent *agent;
    struct clipboard *clipboard;
    struct file_transfer *files;
    size_t room;
    int reader, program;
};

static size_t room(void *ctx)
{
    return ((struct stage *)ctx)->room;
}

static int send_bytes(void *ctx, const void *bytes, size_t count)
{
    struct stage *s = ctx;
    (void)bytes;
    if (count > s->room)
        abort();
    s->room -= count;
    return 0;
}

static void on_ready(void *ctx, bool ready)
{
    struct stage *s = ctx;
    clipboard_on_ready(s->clipboard, ready);
    file_transfer_on_ready(s->files, ready);
}

static void on_grab(void *ctx, uint32_t selection, const uint32_t *types, size_t count)
{
    clipboard_on_grab(((struct stage *)ctx)->clipboard, selection, types, count);
}

static void on_release(void *ctx, uint32_t selection)
{
    clipboard_on_release(((struct stage *)ctx)->clipboard, selection);
}

static void on_request(void *ctx, uint32_t selection, uint32_t type)
{
    clipboard_on_request(((struct stage *)ctx)->clipboard, selection, type);
}

static bool on_data_begin(void *ctx, uint32_t selection, uint32_t type, uint32_t total_bytes)
{
    return clipboard_on_data_begin(((struct stage *)ctx)->clipboard, selection, type, total_bytes);
}

static void on_data(void *ctx, const uint8_t *bytes, size_t count)
{
    clipboard_on_data(((struct stage *)ctx)->clipboard, bytes, count);
}

static void on_data_end(void *ctx)
{
    clipboard_on_data_end(((struct stage *)ctx)->clipboard);
}

static void on_status(void *ctx, uint32_t id, uint32_t result, const uint8_t *detail,
                      size_t detail_bytes)
{
    file_transfer_on_status(((struct stage *)ctx)->files, id, result, detail, detail_bytes);
}

static void on_room(void *ctx)
{
    struct stage *s = ctx;
    clipboard_on_room(s->clipboard);
    file_transfer_on_room(s->files);
}

static int offer(void *ctx, enum selection_kind kind, const char *const *mimes, size_t count)
{
    (void)ctx, (void)kind;
    for (size_t i = 0; i < count; i++)
        if (!mimes[i])
            abort();
    return 0;
}

static void clear(void *ctx, enum selection_kind kind)
{
    (void)ctx, (void)kind;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static int receive(void *ctx, enum selection_kind kind, const char *mime, int *out_fd)
{
    struct stage *s = ctx;
    int ends[2];
    (void)kind;
    if (!mime)
        abort();
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
        return -errno;
    close_fd(&s->program);
    s->program = ends[1];
    *out_fd = ends[0];
    return 0;
}

static void paste(struct stage *s, uint8_t how)
{
    static const char *const mimes[] = { "text/plain", "image/png", "UTF8_STRING", "text/html" };
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
        return;
    close_fd(&s->reader);
    s->reader = ends[0];
    clipboard_on_paste(s->clipboard, how & 4 ? SELECTION_PRIMARY : SELECTION_CLIPBOARD,
                       mimes[how & 3], ends[1]);
}

static void copy(struct stage *s, uint8_t how)
{
    static const char *const mimes[] = { "text/plain", "image/png", "x/y" };
    clipboard_on_offer(s->clipboard, how & 4 ? SELECTION_PRIMARY : SELECTION_CLIPBOARD, mimes,
                       how & 3);
}

static void turn(struct stage *s)
{
    for (int i = 0; i < 4; i++)
        if (loop_run_once(s->loop, 0) <= 0)
            return;
}

static void act(struct stage *s, uint8_t what, const uint8_t *bytes, size_t count)
{
    const uint8_t how = count ? bytes[0] : 0;
    char *path = "/proc/self/status"; /* of size 0, and it has bytes */
    uint8_t sink[256];
    switch (what % 16) {
    case 8:
        spice_agent_connected(s->agent, how & 1);
        break;
    case 9:
        copy(s, how);
        break;
    case 10:
        paste(s, how);
        break;
    case 11:
        if (s->program >= 0 && write(s->program, bytes, count) < 0)
            close_fd(&s->program);
        break;
    case 12:
        how & 1 ? close_fd(&s->program) : close_fd(&s->reader);
        break;
    case 13:
        s->room = how * 64u;
        spice_agent_room(s->agent);
        break;
    case 14:
        how & 1 ? file_transfer_send(s->files, &path, 1)
                : clipboard_on_focus(s->clipboard, how & 2);
        break;
    case 15:
        if (s->reader >= 0 && read(s->reader, sink, sizeof(sink)) == 0)
            close_fd(&s->reader);
        break;
    default:
        spice_agent_data(s->agent, bytes, count);
    }
    turn(s);
}

static bool create(struct stage *s)
{
    const struct spice_agent_port port = { .room = room, .send = send_bytes, .ctx = s };
    const struct spice_agent_listener listener = {
        .on_ready = on_ready,
        .on_grab = on_grab,
        .on_release = on_release,
        .on_request = on_request,
        .on_data_begin = on_data_begin,
        .on_data = on_data,
        .on_data_end = on_data_end,
        .on_file_status = on_status,
        .on_room = on_room,
        .ctx = s,
    };
    const struct clipboard_desktop desktop = {
        .offer = offer, .clear = clear, .receive = receive, .ctx = s
    };
    const struct clipboard_config config = {
        .limit_bytes = 4096, .to_guest = true, .to_host = true, .primary = true, .timeout_ms = 1
    };
    const struct transfer_listener nobody = { 0 };
    return loop_create(&s->loop) == 0 && spice_agent_create(&port, &listener, &s->agent) == 0 &&
           clipboard_create(s->loop, s->agent, &desktop, &config, &nobody, &s->clipboard) == 0 &&
           file_transfer_create(s->loop, s->agent, 1, &nobody, &s->files) == 0;
}

/* An agent that can everything, as a start: most inputs would never find it. */
static void introduce(struct stage *s)
{
    uint8_t caps[28] = { VD_AGENT_PROTOCOL };
    spice_put_u32(caps + 4, VD_AGENT_ANNOUNCE_CAPABILITIES);
    spice_put_u32(caps + 16, 8);
    spice_put_u32(caps + 24, ~(1u << VD_AGENT_CAP_FILE_XFER_DISABLED));
    s->room = 1024;
    clipboard_on_focus(s->clipboard, true);
    spice_agent_connected(s->agent, true);
    spice_agent_data(s->agent, caps, sizeof(caps));
}

/* A record's bytes as the body of a well-formed message: what < 4. Else raw. */
static void record(struct stage *s, uint8_t what, const uint8_t *bytes, size_t count)
{
    static const uint8_t types[] = { VD_AGENT_CLIPBOARD_GRAB, VD_AGENT_CLIPBOARD_REQUEST,
                                     VD_AGENT_CLIPBOARD, VD_AGENT_FILE_XFER_STATUS };
    uint8_t head[20] = { VD_AGENT_PROTOCOL };
    if (what % 16 < 4) {
        spice_put_u32(head + 4, types[what % 16]);
        spice_put_u32(head + 16, (uint32_t)count);
        spice_agent_data(s->agent, head, sizeof(head));
    }
    act(s, what, bytes, count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count)
{
    struct stage s = { .reader = -1, .program = -1 };
    if (!create(&s))
        abort();
    introduce(&s);
    while (count >= 2) {
        const uint8_t what = data[0];
        const size_t take = data[1] < count - 2 ? data[1] : count - 2;
        record(&s, what, data + 2, take);
        data += 2 + take;
        count -= 2 + take;
    }
    file_transfer_destroy(s.files);
    clipboard_destroy(s.clipboard);
    spice_agent_destroy(s.agent);
    loop_destroy(s.loop);
    close_fd(&s.reader);
    close_fd(&s.program);
    return 0;
}
