/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "clipboard"

#include "clipboard/drop.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "clipboard/uri_list.h"

static void notice(const struct drop *d, const char *text)
{
    if (d->listener.on_notice)
        d->listener.on_notice(d->listener.ctx, text);
}

/* The list in one piece; NULL: no memory. */
static char *text_of(struct spool *data, size_t *bytes)
{
    size_t count;
    const uint8_t *part;
    char *text = malloc((size_t)spool_bytes(data) + 1), *at = text;
    while (text && (part = spool_peek(data, &count)) != NULL) {
        memcpy(at, part, count);
        at += count;
        spool_take(data, count);
    }
    *bytes = text ? (size_t)(at - text) : 0;
    return text;
}

static void send_files(struct drop *d, const char *text, size_t bytes)
{
    struct uri_list list;
    if (uri_list_parse(text, bytes, FILE_TRANSFER_MAX, &list) < 0) {
        notice(d, "Dropped files: out of memory");
        return;
    }
    if (list.refused) {
        char line[128];
        snprintf(line, sizeof(line),
                 "%zu of what was dropped cannot be sent: only files of this "
                 "machine, %u at once",
                 list.refused, FILE_TRANSFER_MAX);
        notice(d, line);
    }
    if (list.count)
        file_transfer_send(d->files, list.paths, list.count);
    uri_list_free(&list);
}

static void on_list(void *ctx, int err, struct spool *data)
{
    struct drop *d = ctx;
    d->fetch = NULL;
    size_t bytes = 0;
    char *text = err == 0 ? text_of(data, &bytes) : NULL;
    if (text)
        send_files(d, text, bytes);
    else
        log_warn("read the list of dropped files: %s", err_str(err ? err : -ENOMEM));
    if (d->selection)
        selection_drop_done(d->selection, text != NULL);
    free(text);
    if (err == 0)
        spool_destroy(data);
}

void drop_init(struct drop *d, struct loop *loop, struct file_transfer *files,
               const struct transfer_listener *listener)
{
    *d = (struct drop){ .loop = loop, .files = files, .listener = *listener };
}

void drop_fini(struct drop *d)
{
    fetch_cancel(d->fetch);
    d->fetch = NULL;
}

void drop_take(struct drop *d, int fd)
{
    const struct fetch_config config = {
        .limit_bytes = DROP_LIST_MAX_BYTES,
        .timeout_ms = DROP_TIMEOUT_MS,
        .mode = LINE_END_KEEP,
        .on_end = on_list,
        .ctx = d,
    };
    drop_fini(d);
    const int err = fetch_start(d->loop, fd, &config, &d->fetch);
    if (err < 0) {
        log_warn("read the list of dropped files: %s", err_str(err));
        d->fetch = NULL;
        if (d->selection)
            selection_drop_done(d->selection, false);
    }
}
