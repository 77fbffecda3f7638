/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "files"

#include "clipboard/file_transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <spice/vd_agent.h>

#include "base/clock.h"
#include "base/decimal.h"
#include "base/err.h"
#include "base/log.h"
#include "base/text.h"
#include "spice/reader.h"

#define READ_AHEAD_BYTES (1024 * 1024)
#define RETRY_NS         (3 * NS_PER_MS) /* for the disk to bring what is to be read */
#define RETRIES_MAX      300u            /* then the read may wait */
#define PROGRESS_NS      (100 * NS_PER_MS)
#define TICK_NS          NS_PER_S
#define MIB              (1024.0 * 1024.0)

enum file_state {
    FILE_NONE,
    FILE_WAITING, /* for its turn */
    FILE_STARTED, /* the agent was told */
    FILE_SENDING, /* the agent wants it */
    FILE_SENT,    /* the agent has to confirm */
};

struct file {
    enum file_state state;
    uint32_t id;
    int fd; /* owned */
    uint64_t size_bytes, sent_bytes, deadline_ms;
    uint32_t retries;
    char name[FILE_TRANSFER_NAME_BYTES];
};

struct file_transfer {
    struct spice_agent *agent; /* borrowed */
    struct transfer_listener listener;
    uint32_t timeout_ms;
    struct loop_source *tick, *retry;
    struct file files[FILE_TRANSFER_MAX];
    size_t count, turn; /* turn: where the next chunk is looked for */
    uint32_t next_id;
    uint64_t total_bytes, done_bytes, next_progress_ns; /* of all that go on together */
    size_t arrived;
    uint8_t chunk[SPICE_AGENT_FILE_CHUNK_BYTES];
};

static void notice(struct file_transfer *t, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void notice(struct file_transfer *t, const char *fmt, ...)
{
    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    if (t->listener.on_notice)
        t->listener.on_notice(t->listener.ctx, text);
}

/* ---- names ---- */

/* Bytes of the UTF-8 sequence at `p`, 0: it is none. Overlong forms and surrogates are none. */
static size_t utf8_bytes(const unsigned char *p)
{
    static const struct {
        unsigned char low, high, second_low, second_high;
        size_t bytes;
    } forms[] = {
        { 0x01, 0x7f, 0, 0, 1 },       { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
        { 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
        { 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
    };
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        if (p[0] < forms[i].low || p[0] > forms[i].high)
            continue;
        if (forms[i].bytes > 1 && (p[1] < forms[i].second_low || p[1] > forms[i].second_high))
            return 0;
        for (size_t k = 2; k < forms[i].bytes; k++)
            if (p[k] < 0x80 || p[k] > 0xbf)
                return 0;
        return forms[i].bytes;
    }
    return 0;
}

static bool plain(unsigned char c)
{
    return c >= 0x20 && c != 0x7f && !strchr("\\/:*?\"<>|", c);
}

void file_transfer_name(const char *path, char out[FILE_TRANSFER_NAME_BYTES])
{
    const char *slash = strrchr(path, '/');
    const unsigned char *p = (const unsigned char *)(slash ? slash + 1 : path);
    size_t n = 0;
    while (*p) {
        const size_t bytes = utf8_bytes(p);
        if (n + (bytes ? bytes : 1) >= FILE_TRANSFER_NAME_BYTES)
            break;
        if (bytes > 1) {
            memcpy(out + n, p, bytes);
            n += bytes;
        } else {
            out[n] = bytes == 1 && plain(*p) && (n > 0 || *p != ' ') ? (char)*p : '_';
            n++;
        }
        p += bytes ? bytes : 1;
    }
    if (n == 0 || (n == 1 && out[0] == '.') || (n == 2 && out[0] == '.' && out[1] == '.')) {
        static const char nameless[] = "file";
        memcpy(out, nameless, sizeof(nameless));
        return;
    }
    out[n] = '\0';
}

/* ---- the list ---- */

static void show_progress(struct file_transfer *t, bool now)
{
    const uint64_t now_ns = clock_ns();
    if (!t->listener.on_progress || (!now && now_ns < t->next_progress_ns))
        return;
    t->next_progress_ns = now_ns + PROGRESS_NS;
    char what[64 + FILE_TRANSFER_NAME_BYTES];
    if (t->count == 1)
        snprintf(what, sizeof(what), _("%s to the guest"), t->files[0].name);
    else
        snprintf(what, sizeof(what),
                 NG_("%zu file to the guest", "%zu files to the guest", t->count), t->count);
    t->listener.on_progress(t->listener.ctx, what, t->done_bytes, t->total_bytes);
}

static void all_done(struct file_transfer *t)
{
    if (t->listener.on_progress) {
        const uint64_t bytes = t->arrived ? t->total_bytes : 0;
        t->listener.on_progress(t->listener.ctx, _("files to the guest"), bytes, bytes);
    }
    if (t->arrived > 0)
        notice(
            t,
            NG_("%zu file was sent to the guest", "%zu files were sent to the guest", t->arrived),
            t->arrived);
    t->total_bytes = t->done_bytes = 0;
    t->arrived = 0;
    loop_timer_set_ns(t->tick, 0, 0);
}

static void remove_file(struct file_transfer *t, struct file *f, bool arrived)
{
    if (arrived) {
        t->arrived++;
    } else {
        t->total_bytes -= f->size_bytes;
        t->done_bytes -= f->sent_bytes;
    }
    close(f->fd);
    const size_t index = (size_t)(f - t->files);
    t->count--;
    memmove(f, f + 1, (t->count - index) * sizeof(*f));
    if (t->count == 0)
        all_done(t);
}

static struct file *find(struct file_transfer *t, uint32_t id)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->files[i].state > FILE_WAITING && t->files[i].id == id)
            return &t->files[i];
    return NULL;
}

/* Fails one file that the agent may have begun to store. */
static void give_up(struct file_transfer *t, struct file *f)
{
    if (f->state > FILE_WAITING && spice_agent_file_cancel(t->agent, f->id) < 0)
        log_debug("the agent could not be told of a cancelled file");
    remove_file(t, f, false);
}

static void set_deadline(struct file_transfer *t, struct file *f)
{
    f->deadline_ms = clock_ms() + t->timeout_ms;
}

/* ---- sending ---- */

static size_t active(const struct file_transfer *t)
{
    size_t n = 0;
    for (size_t i = 0; i < t->count; i++)
        n += t->files[i].state > FILE_WAITING;
    return n;
}

static bool start(struct file_transfer *t, struct file *f)
{
    char key_file[FILE_TRANSFER_NAME_BYTES + 64];
    snprintf(key_file, sizeof(key_file), "[vdagent-file-xfer]\nname=%s\nsize=%" PRIu64 "\n",
             f->name, f->size_bytes);
    if (spice_agent_file_start(t->agent, t->next_id, key_file) < 0)
        return false;
    f->id = t->next_id++;
    f->state = FILE_STARTED;
    set_deadline(t, f);
    return true;
}

/* False: the agent's queue is full, there is more to be started. */
static bool start_some(struct file_transfer *t)
{
    for (size_t i = 0, n = active(t); i < t->count && n < FILE_TRANSFER_ACTIVE; i++) {
        if (t->files[i].state != FILE_WAITING)
            continue;
        if (!start(t, &t->files[i]))
            return false;
        n++;
    }
    return true;
}

static struct file *next_sending(struct file_transfer *t)
{
    for (size_t i = 0; i < t->count; i++) {
        struct file *f = &t->files[(t->turn + i) % t->count];
        if (f->state != FILE_SENDING)
            continue;
        t->turn = ((size_t)(f - t->files) + 1) % t->count;
        return f;
    }
    return NULL;
}

/* Bytes, 0 at the end of the file, -EAGAIN when the disk has to bring them first, or -errno. */
static ssize_t read_chunk(struct file *f, uint8_t *to)
{
    const uint64_t left = f->size_bytes - f->sent_bytes;
    const struct iovec part = { .iov_base = to,
                                .iov_len = left < SPICE_AGENT_FILE_CHUNK_BYTES
                                               ? (size_t)left
                                               : SPICE_AGENT_FILE_CHUNK_BYTES };
    const off_t at = (off_t)f->sent_bytes;
    ssize_t got = -1;
    errno = EOPNOTSUPP;
    if (f->retries < RETRIES_MAX)
        got = preadv2(f->fd, &part, 1, at, RWF_NOWAIT);
    if (got < 0 && errno == EOPNOTSUPP)
        got = preadv2(f->fd, &part, 1, at, 0);
    if (got < 0 && errno == EAGAIN && f->retries++ == 0)
        (void)posix_fadvise(f->fd, at, READ_AHEAD_BYTES, POSIX_FADV_WILLNEED);
    if (got < 0)
        return errno == EAGAIN || errno == EINTR ? -EAGAIN : -errno;
    f->retries = 0;
    return got;
}

static void unreadable(struct file_transfer *t, struct file *f, int err)
{
    if (err == 0)
        notice(t, _("%s became shorter while it was sent: not sent"), f->name);
    else
        notice(t, _("%s could not be read: %s"), f->name, err_str(err));
    give_up(t, f);
}

/* True: there may be more to send at once. */
static bool send_chunk(struct file_transfer *t, struct file *f)
{
    const ssize_t got = f->size_bytes > 0 ? read_chunk(f, t->chunk) : 0;
    if (got == -EAGAIN) {
        loop_timer_set_ns(t->retry, clock_ns() + RETRY_NS, 0);
        return false;
    }
    if (got < 0 || (got == 0 && f->size_bytes > 0)) {
        unreadable(t, f, (int)got);
        return true;
    }
    if (spice_agent_file_data(t->agent, f->id, t->chunk, (size_t)got) < 0)
        return true; /* no room after all: read again with the next */
    f->sent_bytes += (uint64_t)got;
    t->done_bytes += (uint64_t)got;
    set_deadline(t, f);
    if (f->sent_bytes == f->size_bytes)
        f->state = FILE_SENT;
    show_progress(t, false);
    return true;
}

static void step(struct file_transfer *t)
{
    if (!spice_agent_ready(t->agent))
        return;
    const bool started = start_some(t);
    struct file *f = next_sending(t);
    if (started && !f)
        return; /* the agent's turn */
    if (!f || !spice_agent_idle(t->agent) || send_chunk(t, f))
        spice_agent_want_room(t->agent);
}

void file_transfer_on_room(struct file_transfer *t)
{
    if (t->count > 0)
        step(t);
}

static void on_retry(void *ctx)
{
    file_transfer_on_room(ctx);
}

static void on_tick(void *ctx)
{
    struct file_transfer *t = ctx;
    const uint64_t now_ms = clock_ms();
    for (size_t i = t->count; i-- > 0;) {
        struct file *f = &t->files[i];
        if (f->state <= FILE_WAITING || now_ms < f->deadline_ms)
            continue;
        notice(t, _("%s: the guest's agent did not go on: not sent"), f->name);
        give_up(t, f);
    }
    file_transfer_on_room(t);
}

/* ---- adding ---- */

static int open_regular(struct file_transfer *t, const char *path, const char *name,
                        uint64_t *size_bytes)
{
    struct stat st;
    /* non-blocking: a named pipe without a writer must not stop this thread */
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st) < 0) {
        notice(t, _("%s could not be opened: %s"), name, err_str(errno));
    } else if (!S_ISREG(st.st_mode)) {
        notice(t,
               S_ISDIR(st.st_mode) ? _("%s is a folder: pack it into one file first")
                                   : _("%s is not a regular file"),
               name);
    } else {
        *size_bytes = (uint64_t)st.st_size;
        return fd;
    }
    if (fd >= 0)
        close(fd);
    return -1;
}

static void add(struct file_transfer *t, const char *path)
{
    struct file *f = &t->files[t->count];
    *f = (struct file){ .state = FILE_WAITING };
    file_transfer_name(path, f->name);
    f->fd = open_regular(t, path, f->name, &f->size_bytes);
    if (f->fd < 0)
        return;
    t->total_bytes += f->size_bytes;
    t->count++;
}

/* Is there a reason why no file can be sent now? */
static const char *unable(const struct file_transfer *t)
{
    if (!spice_agent_ready(t->agent))
        return _("the guest has no agent running (spice-vdagent)");
    if (spice_agent_has_cap(t->agent, VD_AGENT_CAP_FILE_XFER_DISABLED))
        return _("the guest's agent has file transfer switched off");
    return NULL;
}

void file_transfer_send(struct file_transfer *t, char *const *paths, size_t count)
{
    const char *reason = unable(t);
    if (reason) {
        notice(t, _("Files cannot be sent: %s"), reason);
        return;
    }
    size_t i = 0;
    for (; i < count && t->count < FILE_TRANSFER_MAX; i++)
        add(t, paths[i]);
    if (i < count)
        notice(t, _("%zu files are too many at once and were left out: pack them into one file"),
               count - i);
    if (t->count == 0)
        return;
    loop_timer_set_ns(t->tick, clock_ns() + TICK_NS, TICK_NS);
    show_progress(t, true);
    step(t);
}

bool file_transfer_busy(const struct file_transfer *t)
{
    return t->count > 0;
}

void file_transfer_cancel(struct file_transfer *t)
{
    if (t->count > 0)
        notice(t, _("Sending files to the guest was cancelled"));
    while (t->count > 0)
        give_up(t, &t->files[t->count - 1]);
}

/* ---- the agent ---- */

void file_transfer_on_ready(struct file_transfer *t, bool ready)
{
    (void)ready; /* a new agent knows nothing of our files either */
    for (size_t i = t->count; i-- > 0;) {
        if (t->files[i].state == FILE_WAITING && ready)
            continue;
        notice(t, _("%s: the guest's agent went away: not sent"), t->files[i].name);
        remove_file(t, &t->files[i], false);
    }
    file_transfer_on_room(t);
}

static const struct {
    uint32_t result;
    const char *text;
} failures[] = {
    { VD_AGENT_FILE_XFER_STATUS_CANCELLED, N_("cancelled in the guest") },
    { VD_AGENT_FILE_XFER_STATUS_ERROR, N_("the guest's agent could not store it") },
    { VD_AGENT_FILE_XFER_STATUS_NOT_ENOUGH_SPACE, N_("not enough space in the guest") },
    { VD_AGENT_FILE_XFER_STATUS_SESSION_LOCKED,
      N_("the guest's session is locked: unlock it first") },
    { VD_AGENT_FILE_XFER_STATUS_VDAGENT_NOT_CONNECTED,
      N_("nobody is logged in in the guest, or the agent does not run in that session") },
    { VD_AGENT_FILE_XFER_STATUS_DISABLED, N_("the guest's agent has file transfer switched off") },
};

static void failed(struct file_transfer *t, struct file *f, uint32_t result, const uint8_t *detail,
                   size_t detail_bytes)
{
    const char *text = _("the guest's agent gave an unknown answer");
    char more[128];
    struct spice_reader r = spice_reader_of(detail, detail_bytes);
    for (size_t i = 0; i < ARRAY_LEN(failures); i++)
        if (failures[i].result == result)
            text = _(failures[i].text);
    if (result == VD_AGENT_FILE_XFER_STATUS_NOT_ENOUGH_SPACE && detail_bytes >= 8) {
        snprintf(more, sizeof(more), _("not enough space in the guest: %s MiB of %s free"),
                 DECIMAL((double)spice_read_u64(&r) / MIB, 1),
                 DECIMAL((double)f->size_bytes / MIB, 1));
        text = more;
    }
    if (result == VD_AGENT_FILE_XFER_STATUS_ERROR && detail_bytes >= 5) {
        spice_read_u8(&r);
        snprintf(more, sizeof(more), _("the guest's agent could not store it (error %" PRIu32 ")"),
                 spice_read_u32(&r));
        text = more;
    }
    notice(t, _("%s was not sent: %s"), f->name, text);
    remove_file(t, f, false);
}

void file_transfer_on_status(struct file_transfer *t, uint32_t id, uint32_t result,
                             const uint8_t *detail, size_t detail_bytes)
{
    struct file *f = find(t, id);
    if (!f)
        return;
    if (result == VD_AGENT_FILE_XFER_STATUS_CAN_SEND_DATA) {
        if (f->state == FILE_STARTED)
            f->state = FILE_SENDING;
        set_deadline(t, f);
    } else if (result == VD_AGENT_FILE_XFER_STATUS_SUCCESS && f->state == FILE_SENT) {
        remove_file(t, f, true);
    } else if (result == VD_AGENT_FILE_XFER_STATUS_SUCCESS) {
        notice(t, _("%s: the guest's agent ended the transfer early: not sent whole"), f->name);
        remove_file(t, f, false);
    } else {
        failed(t, f, result, detail, detail_bytes);
    }
    file_transfer_on_room(t);
}

/* ---- life ---- */

int file_transfer_create(struct loop *loop, struct spice_agent *agent, uint32_t timeout_ms,
                         const struct transfer_listener *listener, struct file_transfer **out)
{
    struct file_transfer *t = calloc(1, sizeof(*t));
    if (!t)
        return -ENOMEM;
    t->agent = agent;
    t->listener = *listener;
    t->timeout_ms = timeout_ms ? timeout_ms : FILE_TRANSFER_TIMEOUT_MS;
    t->next_id = 1;
    int err = loop_add_timer(loop, on_tick, t, &t->tick);
    if (err == 0)
        err = loop_add_timer(loop, on_retry, t, &t->retry);
    if (err < 0) {
        file_transfer_destroy(t);
        return err;
    }
    *out = t;
    return 0;
}

void file_transfer_destroy(struct file_transfer *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->count; i++)
        close(t->files[i].fd);
    loop_source_destroy(t->retry);
    loop_source_destroy(t->tick);
    free(t);
}
