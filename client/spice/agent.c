/* SPDX-License-Identifier: GPL-2.0-or-later
 * Incoming: a small state machine over bytes cut anywhere: header (20 bytes), then either a whole
 * small body or, for clipboard data, a prefix and a stream. Outgoing: a list of messages; bytes are
 * staged only as far as the port has room. */
#define LOG_MODULE "agent"

#include "spice/agent.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <spice/vd_agent.h>

#include "base/checked.h"
#include "base/log.h"
#include "base/text.h"
#include "spice/reader.h"

#define HEADER_BYTES 20u
#define STAGE_BYTES  (16u * 1024)
#define OUT_MESSAGES 256u
#define OUT_BYTES    (1024u * 1024) /* of messages held here; a source's data is not */
#define DEPTH_BITS   32u
#define WARN_MS      5000u
#define CAP_WORDS    2u /* of the agent's capabilities we keep; they have 18 today */

static const uint8_t our_caps[] = {
    VD_AGENT_CAP_MONITORS_CONFIG,
    VD_AGENT_CAP_REPLY,
    VD_AGENT_CAP_CLIPBOARD_BY_DEMAND,
    VD_AGENT_CAP_CLIPBOARD_SELECTION,
    VD_AGENT_CAP_GUEST_LINEEND_LF,
    VD_AGENT_CAP_GUEST_LINEEND_CRLF,
    VD_AGENT_CAP_MAX_CLIPBOARD,
    VD_AGENT_CAP_FILE_XFER_DETAILED_ERRORS,
    VD_AGENT_CAP_CLIPBOARD_NO_RELEASE_ON_REGRAB,
    VD_AGENT_CAP_CLIPBOARD_GRAB_SERIAL,
};

struct outgoing {
    struct outgoing *next;
    struct spice_agent_source source; /* pull NULL: none */
    uint32_t source_bytes;            /* still to be pulled */
    size_t count, at;                 /* of `bytes` */
    uint8_t bytes[];
};

enum in_state {
    IN_NONE,   /* no agent */
    IN_HEADER, /* collecting HEADER_BYTES */
    IN_BODY,   /* collecting a small body, or the prefix of clipboard data */
    IN_STREAM, /* clipboard data goes to the listener */
    IN_SKIP,   /* the rest of the message is dropped */
    IN_BROKEN, /* not a message stream: dropped until the agent comes again */
};

struct spice_agent {
    struct spice_agent_port port;
    struct spice_agent_listener listener;
    bool ready;
    uint32_t caps[CAP_WORDS];                     /* the agent's */
    uint32_t next_serial[SPICE_AGENT_SELECTIONS]; /* of clipboard grabs, both sides' */
    uint32_t max_clipboard_bytes;                 /* 0: not to be told */
    uint32_t width_px, height_px;                 /* 0: not to be told */

    struct {
        enum in_state state;
        uint32_t type, left_bytes; /* of the body that have not been taken yet */
        size_t want, have;         /* in `bytes` */
        uint8_t bytes[SPICE_AGENT_MESSAGE_BYTES];
    } in;
    struct {
        struct outgoing *first, **last;
        size_t messages, bytes;
        size_t staged, staged_at;
        uint8_t stage[STAGE_BYTES];
        bool pumping, room_wanted;
    } out;
};

int spice_agent_create(const struct spice_agent_port *port,
                       const struct spice_agent_listener *listener, struct spice_agent **out)
{
    struct spice_agent *a = calloc(1, sizeof(*a));
    if (!a)
        return -ENOMEM;
    a->port = *port;
    a->listener = *listener;
    a->out.last = &a->out.first;
    *out = a;
    return 0;
}

/* ---- outgoing ---- */

static struct outgoing *pop(struct spice_agent *a)
{
    struct outgoing *m = a->out.first;
    a->out.first = m->next;
    if (!a->out.first)
        a->out.last = &a->out.first;
    a->out.messages--;
    a->out.bytes -= m->count;
    return m;
}

static void finish(struct outgoing *m, bool sent)
{
    const struct spice_agent_source source = m->source;
    free(m);
    if (source.release)
        source.release(source.ctx, sent);
}

static void drop_outgoing(struct spice_agent *a)
{
    while (a->out.first)
        finish(pop(a), false);
    a->out.staged = a->out.staged_at = 0;
}

/* The next bytes of the first message, at most `room`. */
static size_t stage_some(struct spice_agent *a, uint8_t *to, size_t room)
{
    struct outgoing *m = a->out.first;
    size_t count = m->count - m->at;
    if (count > 0) {
        count = count < room ? count : room;
        memcpy(to, m->bytes + m->at, count);
        m->at += count;
    } else {
        count = m->source_bytes < room ? m->source_bytes : room;
        if (count > 0)
            m->source.pull(m->source.ctx, to, count);
        m->source_bytes -= (uint32_t)count;
    }
    if (m->at == m->count && m->source_bytes == 0)
        finish(pop(a), true);
    return count;
}

static void refill(struct spice_agent *a, size_t room)
{
    if (a->out.staged_at < a->out.staged)
        return; /* the port changed its mind: first what was promised */
    if (room > STAGE_BYTES)
        room = STAGE_BYTES;
    a->out.staged = a->out.staged_at = 0;
    while (a->out.first && a->out.staged < room)
        a->out.staged += stage_some(a, a->out.stage + a->out.staged, room - a->out.staged);
}

static void send_all(struct spice_agent *a)
{
    for (;;) {
        const size_t room = a->port.room(a->port.ctx);
        if (room == 0)
            return;
        refill(a, room);
        const size_t left = a->out.staged - a->out.staged_at, count = left < room ? left : room;
        if (count == 0 || a->port.send(a->port.ctx, a->out.stage + a->out.staged_at, count) < 0)
            return;
        a->out.staged_at += count;
    }
}

bool spice_agent_idle(const struct spice_agent *a)
{
    return !a->out.first && a->out.staged_at == a->out.staged;
}

static void pump(struct spice_agent *a)
{
    if (a->out.pumping || a->in.state == IN_NONE || a->in.state == IN_BROKEN)
        return; /* the outer call goes on with what was added */
    a->out.pumping = true;
    for (;;) {
        send_all(a);
        if (!a->out.room_wanted || !spice_agent_idle(a) || a->port.room(a->port.ctx) == 0)
            break;
        a->out.room_wanted = false;
        if (a->listener.on_room)
            a->listener.on_room(a->listener.ctx);
    }
    a->out.pumping = false;
}

/* A message of `count` bytes, and `source_bytes` more from `source` (NULL: none); `*body` is where
 * its `count` bytes go. */
static int append(struct spice_agent *a, uint32_t type, size_t count,
                  const struct spice_agent_source *source, uint32_t source_bytes, uint8_t **body)
{
    if (a->in.state == IN_NONE || a->in.state == IN_BROKEN)
        return -ENOTCONN;
    const size_t all = HEADER_BYTES + count;
    uint64_t told;
    if (!checked_add_u64(count, source_bytes, &told) || told > UINT32_MAX)
        return -EMSGSIZE;
    if (a->out.messages >= OUT_MESSAGES || all > OUT_BYTES - a->out.bytes)
        return -EAGAIN;
    struct outgoing *m = calloc(1, sizeof(*m) + all);
    if (!m)
        return -ENOMEM;
    m->count = all;
    m->source_bytes = source_bytes;
    if (source)
        m->source = *source;
    spice_put_u32(m->bytes, VD_AGENT_PROTOCOL);
    spice_put_u32(m->bytes + 4, type);
    spice_put_u32(m->bytes + 16, (uint32_t)told);
    *a->out.last = m;
    a->out.last = &m->next;
    a->out.messages++;
    a->out.bytes += all;
    *body = m->bytes + HEADER_BYTES;
    return 0;
}

static int send_words(struct spice_agent *a, uint32_t type, const uint32_t *words, size_t count)
{
    uint8_t *body;
    const int err = append(a, type, 4 * count, NULL, 0, &body);
    if (err < 0)
        return err;
    for (size_t i = 0; i < count; i++)
        spice_put_u32(body + 4 * i, words[i]);
    pump(a);
    return 0;
}

static void log_unsent(int err, const char *what)
{
    if (err < 0)
        log_every(WARN_MS, LOG_LEVEL_WARN, "%s", what);
}

static void send_caps(struct spice_agent *a, bool request)
{
    uint32_t words[1 + VD_AGENT_CAPS_SIZE] = { request };
    for (size_t i = 0; i < ARRAY_LEN(our_caps); i++)
        words[1 + our_caps[i] / 32] |= UINT32_C(1) << our_caps[i] % 32;
    log_unsent(send_words(a, VD_AGENT_ANNOUNCE_CAPABILITIES, words, ARRAY_LEN(words)),
               _("the guest's agent could not be told what this viewer can do"));
}

static void send_max_clipboard(struct spice_agent *a)
{
    if (a->max_clipboard_bytes == 0 || !spice_agent_has_cap(a, VD_AGENT_CAP_MAX_CLIPBOARD))
        return;
    const uint32_t max = min_u32(a->max_clipboard_bytes, INT32_MAX);
    log_unsent(send_words(a, VD_AGENT_MAX_CLIPBOARD, &max, 1),
               _("the guest's agent could not be told the clipboard's limit"));
}

static void send_resolution(struct spice_agent *a)
{
    if (a->width_px == 0 || !spice_agent_has_cap(a, VD_AGENT_CAP_MONITORS_CONFIG))
        return;
    const uint32_t words[] = { 1, 0, a->height_px, a->width_px, DEPTH_BITS, 0, 0 };
    log_unsent(send_words(a, VD_AGENT_MONITORS_CONFIG, words, ARRAY_LEN(words)),
               _("the guest's agent could not be told the window's size"));
}

void spice_agent_set_max_clipboard(struct spice_agent *a, uint32_t bytes)
{
    a->max_clipboard_bytes = bytes;
    send_max_clipboard(a);
}

void spice_agent_set_resolution(struct spice_agent *a, uint32_t width_px, uint32_t height_px)
{
    if (width_px == 0 || height_px == 0 || (width_px == a->width_px && height_px == a->height_px))
        return;
    a->width_px = width_px;
    a->height_px = height_px;
    send_resolution(a);
}

/* ---- clipboard and files, outgoing ---- */

bool spice_agent_ready(const struct spice_agent *a)
{
    return a->ready;
}

bool spice_agent_has_cap(const struct spice_agent *a, unsigned cap)
{
    return a->ready && cap < 32 * CAP_WORDS && a->caps[cap / 32] >> cap % 32 & 1;
}

bool spice_agent_has_clipboard(const struct spice_agent *a, uint32_t selection)
{
    return spice_agent_has_cap(a, VD_AGENT_CAP_CLIPBOARD_BY_DEMAND) &&
           (selection == VD_AGENT_CLIPBOARD_SELECTION_CLIPBOARD ||
            (selection < SPICE_AGENT_SELECTIONS &&
             spice_agent_has_cap(a, VD_AGENT_CAP_CLIPBOARD_SELECTION)));
}

/* Clipboard messages begin with the selection if the agent knows selections. */
static size_t put_selection(const struct spice_agent *a, uint32_t selection, uint32_t *words)
{
    if (!spice_agent_has_cap(a, VD_AGENT_CAP_CLIPBOARD_SELECTION))
        return 0;
    words[0] = selection; /* one byte and three reserved ones */
    return 1;
}

int spice_agent_grab(struct spice_agent *a, uint32_t selection, const uint32_t *types, size_t count)
{
    assert(count > 0 && count <= SPICE_AGENT_TYPES_MAX);
    if (!spice_agent_has_clipboard(a, selection))
        return -ENOTCONN;
    uint32_t words[2 + SPICE_AGENT_TYPES_MAX];
    size_t n = put_selection(a, selection, words);
    const bool serials = spice_agent_has_cap(a, VD_AGENT_CAP_CLIPBOARD_GRAB_SERIAL);
    if (serials)
        words[n++] = a->next_serial[selection];
    for (size_t i = 0; i < count; i++)
        words[n++] = types[i];
    const int err = send_words(a, VD_AGENT_CLIPBOARD_GRAB, words, n);
    if (err == 0 && serials)
        a->next_serial[selection]++;
    return err;
}

int spice_agent_release(struct spice_agent *a, uint32_t selection)
{
    if (!spice_agent_has_clipboard(a, selection))
        return -ENOTCONN;
    uint32_t words[1];
    return send_words(a, VD_AGENT_CLIPBOARD_RELEASE, words, put_selection(a, selection, words));
}

int spice_agent_request(struct spice_agent *a, uint32_t selection, uint32_t type)
{
    if (!spice_agent_has_clipboard(a, selection))
        return -ENOTCONN;
    uint32_t words[2];
    size_t n = put_selection(a, selection, words);
    words[n++] = type;
    return send_words(a, VD_AGENT_CLIPBOARD_REQUEST, words, n);
}

int spice_agent_send_clipboard(struct spice_agent *a, uint32_t selection, uint32_t type,
                               uint32_t total_bytes, const struct spice_agent_source *source)
{
    if (!spice_agent_has_clipboard(a, selection))
        return -ENOTCONN;
    uint32_t words[2];
    size_t n = put_selection(a, selection, words);
    words[n++] = type;
    uint8_t *body;
    const int err = append(a, VD_AGENT_CLIPBOARD, 4 * n, source, total_bytes, &body);
    if (err < 0)
        return err;
    for (size_t i = 0; i < n; i++)
        spice_put_u32(body + 4 * i, words[i]);
    pump(a);
    return 0;
}

int spice_agent_refuse_clipboard(struct spice_agent *a, uint32_t selection)
{
    return spice_agent_send_clipboard(a, selection, VD_AGENT_CLIPBOARD_NONE, 0, NULL);
}

int spice_agent_file_start(struct spice_agent *a, uint32_t id, const char *key_file)
{
    const size_t text_bytes = strlen(key_file) + 1; /* agents read up to the terminator */
    uint8_t *body;
    const int err = append(a, VD_AGENT_FILE_XFER_START, 4 + text_bytes, NULL, 0, &body);
    if (err < 0)
        return err;
    spice_put_u32(body, id);
    memcpy(body + 4, key_file, text_bytes);
    pump(a);
    return 0;
}

int spice_agent_file_data(struct spice_agent *a, uint32_t id, const uint8_t *bytes, size_t count)
{
    assert(count <= SPICE_AGENT_FILE_CHUNK_BYTES);
    uint8_t *body;
    const int err = append(a, VD_AGENT_FILE_XFER_DATA, 12 + count, NULL, 0, &body);
    if (err < 0)
        return err;
    spice_put_u32(body, id);
    spice_put_u64(body + 4, count);
    if (count > 0)
        memcpy(body + 12, bytes, count);
    pump(a);
    return 0;
}

int spice_agent_file_cancel(struct spice_agent *a, uint32_t id)
{
    const uint32_t words[] = { id, VD_AGENT_FILE_XFER_STATUS_CANCELLED };
    return send_words(a, VD_AGENT_FILE_XFER_STATUS, words, ARRAY_LEN(words));
}

void spice_agent_want_room(struct spice_agent *a)
{
    a->out.room_wanted = true;
    pump(a);
}

/* ---- incoming messages: whole bodies of at most SPICE_AGENT_MESSAGE_BYTES ---- */

static void on_caps(struct spice_agent *a, struct spice_reader *r)
{
    const bool request = spice_read_u32(r) != 0;
    if (r->bad)
        return;
    memset(a->caps, 0, sizeof(a->caps));
    for (size_t i = 0; i < CAP_WORDS && r->left_bytes >= 4; i++)
        a->caps[i] = spice_read_u32(r);
    memset(a->next_serial, 0, sizeof(a->next_serial));
    a->ready = true;
    if (request)
        send_caps(a, false);
    send_max_clipboard(a);
    send_resolution(a);
    if (a->listener.on_ready)
        a->listener.on_ready(a->listener.ctx, true);
}

/* False: the message names none that we know. */
static bool read_selection(const struct spice_agent *a, struct spice_reader *r, uint32_t *out)
{
    uint32_t selection = VD_AGENT_CLIPBOARD_SELECTION_CLIPBOARD;
    if (spice_agent_has_cap(a, VD_AGENT_CAP_CLIPBOARD_SELECTION)) {
        selection = spice_read_u8(r);
        spice_read_bytes(r, 3);
    }
    if (r->bad || !spice_agent_has_clipboard(a, selection))
        return false;
    *out = selection;
    return true;
}

static void on_grab(struct spice_agent *a, struct spice_reader *r)
{
    uint32_t selection, types[SPICE_AGENT_TYPES_MAX];
    size_t count = 0;
    if (!read_selection(a, r, &selection))
        return;
    if (spice_agent_has_cap(a, VD_AGENT_CAP_CLIPBOARD_GRAB_SERIAL)) {
        const uint32_t serial = spice_read_u32(r);
        if (r->bad || serial < a->next_serial[selection])
            return; /* it crossed a grab of ours, and ours counts */
        a->next_serial[selection] = serial + 1;
    }
    while (count < ARRAY_LEN(types) && r->left_bytes >= 4)
        types[count++] = spice_read_u32(r);
    if (a->listener.on_grab)
        a->listener.on_grab(a->listener.ctx, selection, types, count);
}

static void on_release(struct spice_agent *a, struct spice_reader *r)
{
    uint32_t selection;
    if (read_selection(a, r, &selection) && a->listener.on_release)
        a->listener.on_release(a->listener.ctx, selection);
}

static void on_request(struct spice_agent *a, struct spice_reader *r)
{
    uint32_t selection;
    if (!read_selection(a, r, &selection))
        return;
    const uint32_t type = spice_read_u32(r);
    if (!r->bad && a->listener.on_request)
        a->listener.on_request(a->listener.ctx, selection, type);
}

static void on_file_status(struct spice_agent *a, struct spice_reader *r)
{
    const uint32_t id = spice_read_u32(r), result = spice_read_u32(r);
    if (!r->bad && a->listener.on_file_status)
        a->listener.on_file_status(a->listener.ctx, id, result, r->at, r->left_bytes);
}

static void on_reply(struct spice_agent *a, struct spice_reader *r)
{
    (void)a;
    const uint32_t type = spice_read_u32(r), error = spice_read_u32(r);
    if (!r->bad && error != VD_AGENT_SUCCESS)
        log_every(WARN_MS, LOG_LEVEL_WARN,
                  type == VD_AGENT_MONITORS_CONFIG
                      ? _("the guest's agent could not set the window's size as resolution")
                      : _("the guest's agent reports an error"));
}

static const struct {
    uint32_t type;
    void (*fn)(struct spice_agent *a, struct spice_reader *r);
} messages[] = {
    { VD_AGENT_ANNOUNCE_CAPABILITIES, on_caps },   { VD_AGENT_CLIPBOARD_GRAB, on_grab },
    { VD_AGENT_CLIPBOARD_RELEASE, on_release },    { VD_AGENT_CLIPBOARD_REQUEST, on_request },
    { VD_AGENT_FILE_XFER_STATUS, on_file_status }, { VD_AGENT_REPLY, on_reply },
};

static bool known(uint32_t type)
{
    for (size_t i = 0; i < ARRAY_LEN(messages); i++)
        if (messages[i].type == type)
            return true;
    return false;
}

static void next_header(struct spice_agent *a)
{
    a->in.state = IN_HEADER;
    a->in.want = HEADER_BYTES;
    a->in.have = 0;
}

static void end_of_message(struct spice_agent *a)
{
    struct spice_reader r = spice_reader_of(a->in.bytes, a->in.have);
    const uint32_t type = a->in.type;
    next_header(a);
    for (size_t i = 0; i < ARRAY_LEN(messages); i++)
        if (messages[i].type == type)
            messages[i].fn(a, &r);
    if (r.bad)
        log_every(WARN_MS, LOG_LEVEL_WARN,
                  "the guest's agent sent a message of type %u that is too short: ignored", type);
}

/* ---- incoming stream ---- */

static size_t clipboard_prefix(const struct spice_agent *a)
{
    return spice_agent_has_cap(a, VD_AGENT_CAP_CLIPBOARD_SELECTION) ? 8 : 4;
}

static void skip(struct spice_agent *a)
{
    if (a->in.left_bytes > 0)
        a->in.state = IN_SKIP;
    else
        next_header(a);
}

static void collect(struct spice_agent *a, uint32_t count)
{
    a->in.state = IN_BODY;
    a->in.have = 0;
    a->in.want = count;
    a->in.left_bytes -= count;
    if (count == 0)
        end_of_message(a);
}

static void on_header(struct spice_agent *a)
{
    struct spice_reader r = spice_reader_of(a->in.bytes, HEADER_BYTES);
    const uint32_t protocol = spice_read_u32(&r);
    a->in.type = spice_read_u32(&r);
    spice_read_u64(&r);
    a->in.left_bytes = spice_read_u32(&r);
    if (protocol != VD_AGENT_PROTOCOL) {
        log_warn("the guest's agent sends no agent messages (protocol %u): clipboard and files are "
                 "off until it is restarted",
                 protocol);
        spice_agent_connected(a, false);
        a->in.state = IN_BROKEN;
        return;
    }
    if (a->in.type == VD_AGENT_CLIPBOARD && a->in.left_bytes >= clipboard_prefix(a))
        collect(a, (uint32_t)clipboard_prefix(a));
    else if (known(a->in.type) && a->in.left_bytes <= SPICE_AGENT_MESSAGE_BYTES)
        collect(a, a->in.left_bytes);
    else
        skip(a);
}

static void end_of_data(struct spice_agent *a)
{
    next_header(a);
    if (a->listener.on_data_end)
        a->listener.on_data_end(a->listener.ctx);
}

static void on_clipboard_prefix(struct spice_agent *a)
{
    struct spice_reader r = spice_reader_of(a->in.bytes, a->in.have);
    uint32_t selection;
    const bool good = read_selection(a, &r, &selection);
    const uint32_t type = spice_read_u32(&r);
    if (!good || !a->listener.on_data_begin ||
        !a->listener.on_data_begin(a->listener.ctx, selection, type, a->in.left_bytes)) {
        skip(a);
        return;
    }
    a->in.state = IN_STREAM;
    if (a->in.left_bytes == 0)
        end_of_data(a);
}

static size_t take_stored(struct spice_agent *a, const uint8_t *bytes, size_t count)
{
    const size_t missing = a->in.want - a->in.have, take = count < missing ? count : missing;
    memcpy(a->in.bytes + a->in.have, bytes, take);
    a->in.have += take;
    if (a->in.have < a->in.want)
        return take;
    if (a->in.state == IN_HEADER)
        on_header(a);
    else if (a->in.type == VD_AGENT_CLIPBOARD)
        on_clipboard_prefix(a);
    else
        end_of_message(a);
    return take;
}

static size_t take_rest(struct spice_agent *a, const uint8_t *bytes, size_t count)
{
    const size_t take = count < a->in.left_bytes ? count : a->in.left_bytes;
    const bool stream = a->in.state == IN_STREAM;
    a->in.left_bytes -= (uint32_t)take;
    if (stream && a->listener.on_data)
        a->listener.on_data(a->listener.ctx, bytes, take);
    if (a->in.left_bytes > 0)
        return take;
    if (stream)
        end_of_data(a);
    else
        next_header(a);
    return take;
}

void spice_agent_data(struct spice_agent *a, const uint8_t *bytes, size_t count)
{
    while (count > 0) {
        size_t taken = count; /* dropped */
        if (a->in.state == IN_HEADER || a->in.state == IN_BODY)
            taken = take_stored(a, bytes, count);
        else if (a->in.state == IN_STREAM || a->in.state == IN_SKIP)
            taken = take_rest(a, bytes, count);
        bytes += taken;
        count -= taken;
    }
}

static void forget_agent(struct spice_agent *a)
{
    const bool was_ready = a->ready;
    a->ready = false;
    a->in.state = IN_NONE;
    memset(a->caps, 0, sizeof(a->caps));
    memset(a->next_serial, 0, sizeof(a->next_serial));
    a->out.room_wanted = false;
    drop_outgoing(a);
    if (was_ready && a->listener.on_ready)
        a->listener.on_ready(a->listener.ctx, false);
}

void spice_agent_connected(struct spice_agent *a, bool connected)
{
    forget_agent(a);
    if (!connected)
        return;
    next_header(a);
    send_caps(a, true);
}

void spice_agent_room(struct spice_agent *a)
{
    pump(a);
}

void spice_agent_destroy(struct spice_agent *a)
{
    if (!a)
        return;
    drop_outgoing(a);
    free(a);
}
