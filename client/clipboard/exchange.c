/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "exchange"

#include "clipboard/exchange.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/text.h"
#include "clipboard/fetch.h"
#include "clipboard/file_transfer.h"
#include "clipboard/uri_list.h"
#include "display/selection.h"

#define URI_LIST_BYTES_MAX (1024u * 1024)
#define URI_LIST_MS        10000u

struct exchange {
    struct loop *loop; /* borrowed */
    struct transfer_listener listener;
    struct spice_agent *agent;
    struct selection *selection; /* NULL: no desktop */
    struct clipboard *clipboard; /* NULL: none, or switched off */
    struct file_transfer *files; /* NULL: switched off */
    struct fetch *drop;          /* the list of dropped files is being read */
};

static void notice(struct exchange *x, const char *text)
{
    if (x->listener.on_notice)
        x->listener.on_notice(x->listener.ctx, text);
}

/* ---- from the agent ---- */

static void on_ready(void *ctx, bool ready)
{
    struct exchange *x = ctx;
    if (x->clipboard)
        clipboard_on_ready(x->clipboard, ready);
    if (x->files)
        file_transfer_on_ready(x->files, ready);
}

static void on_grab(void *ctx, uint32_t selection, const uint32_t *types, size_t count)
{
    struct exchange *x = ctx;
    if (x->clipboard)
        clipboard_on_grab(x->clipboard, selection, types, count);
}

static void on_release(void *ctx, uint32_t selection)
{
    struct exchange *x = ctx;
    if (x->clipboard)
        clipboard_on_release(x->clipboard, selection);
}

static void on_request(void *ctx, uint32_t selection, uint32_t type)
{
    struct exchange *x = ctx;
    if (x->clipboard)
        clipboard_on_request(x->clipboard, selection, type);
    else if (spice_agent_refuse_clipboard(x->agent, selection) < 0)
        log_debug("a paste in the guest could not be refused");
}

static bool on_data_begin(void *ctx, uint32_t selection, uint32_t type, uint32_t total_bytes)
{
    struct exchange *x = ctx;
    return x->clipboard && clipboard_on_data_begin(x->clipboard, selection, type, total_bytes);
}

static void on_data(void *ctx, const uint8_t *bytes, size_t count)
{
    struct exchange *x = ctx;
    clipboard_on_data(x->clipboard, bytes, count);
}

static void on_data_end(void *ctx)
{
    struct exchange *x = ctx;
    clipboard_on_data_end(x->clipboard);
}

static void on_file_status(void *ctx, uint32_t id, uint32_t result, const uint8_t *detail,
                           size_t detail_bytes)
{
    struct exchange *x = ctx;
    if (x->files)
        file_transfer_on_status(x->files, id, result, detail, detail_bytes);
}

static void on_room(void *ctx)
{
    struct exchange *x = ctx;
    if (x->clipboard)
        clipboard_on_room(x->clipboard);
    if (x->files)
        file_transfer_on_room(x->files);
}

/* ---- from the desktop ---- */

static void on_offer(void *ctx, enum selection_kind kind, const char *const *mimes, size_t count)
{
    struct exchange *x = ctx;
    if (x->clipboard)
        clipboard_on_offer(x->clipboard, kind, mimes, count);
}

static void on_paste(void *ctx, enum selection_kind kind, const char *mime, int fd)
{
    struct exchange *x = ctx;
    if (x->clipboard)
        clipboard_on_paste(x->clipboard, kind, mime, fd);
    else
        close(fd);
}

static void on_lost(void *ctx, enum selection_kind kind)
{
    struct exchange *x = ctx;
    if (x->clipboard)
        clipboard_on_lost(x->clipboard, kind);
}

static void on_focus(void *ctx, bool focused)
{
    struct exchange *x = ctx;
    if (x->clipboard)
        clipboard_on_focus(x->clipboard, focused);
}

static void send_dropped(struct exchange *x, const char *text, size_t bytes)
{
    struct uri_list list;
    if (uri_list_parse(text, bytes, FILE_TRANSFER_MAX, &list) < 0) {
        notice(x, _("No memory for the list of dropped files"));
        return;
    }
    if (list.refused > 0)
        notice(x, _("Some of what was dropped are no files of this machine: left out"));
    file_transfer_send(x->files, list.paths, list.count);
    uri_list_free(&list);
}

static void on_dropped_list(void *ctx, int err, struct spool *data)
{
    struct exchange *x = ctx;
    x->drop = NULL;
    const size_t bytes = err < 0 ? 0 : (size_t)spool_bytes(data);
    char *text = malloc(bytes + 1);
    if (err < 0 || !text) {
        notice(x, _("The list of dropped files could not be read"));
    } else {
        size_t at = 0, count;
        for (const uint8_t *p; (p = spool_peek(data, &count)); spool_take(data, count), at += count)
            memcpy(text + at, p, count);
        send_dropped(x, text, bytes);
    }
    selection_drop_done(x->selection, err == 0);
    spool_destroy(data);
    free(text);
}

static void on_drop(void *ctx, int fd)
{
    struct exchange *x = ctx;
    const struct fetch_config config = { .limit_bytes = URI_LIST_BYTES_MAX,
                                         .timeout_ms = URI_LIST_MS,
                                         .on_end = on_dropped_list,
                                         .ctx = x };
    const int err = fetch_start(x->loop, fd, &config, &x->drop);
    if (err == 0)
        return;
    log_warn("read the list of dropped files: %s", err_str(err));
    selection_drop_done(x->selection, false);
}

static int offer(void *ctx, enum selection_kind kind, const char *const *mimes, size_t count)
{
    struct exchange *x = ctx;
    return selection_offer(x->selection, kind, mimes, count);
}

static void clear(void *ctx, enum selection_kind kind)
{
    struct exchange *x = ctx;
    selection_clear(x->selection, kind);
}

static int receive(void *ctx, enum selection_kind kind, const char *mime, int *out_fd)
{
    struct exchange *x = ctx;
    return selection_receive(x->selection, kind, mime, out_fd);
}

/* ---- life ---- */

static int create_agent(struct exchange *x, const struct spice_agent_port *port)
{
    const struct spice_agent_listener listener = {
        .on_ready = on_ready,
        .on_grab = on_grab,
        .on_release = on_release,
        .on_request = on_request,
        .on_data_begin = on_data_begin,
        .on_data = on_data,
        .on_data_end = on_data_end,
        .on_file_status = on_file_status,
        .on_room = on_room,
        .ctx = x,
    };
    return spice_agent_create(port, &listener, &x->agent);
}

static int create_desktop(struct exchange *x, const struct seat_native *native,
                          const struct exchange_config *config)
{
    const struct selection_listener listener = {
        .on_offer = on_offer,
        .on_paste = on_paste,
        .on_lost = on_lost,
        .on_focus = on_focus,
        .on_drop = on_drop,
        .ctx = x,
    };
    const struct clipboard_desktop desktop = {
        .offer = offer, .clear = clear, .receive = receive, .ctx = x
    };
    int err = 0;
    if (config->clipboard.to_guest || config->clipboard.to_host)
        err = clipboard_create(x->loop, x->agent, &desktop, &config->clipboard, &x->listener,
                               &x->clipboard);
    if (err == 0 && config->file_transfer)
        err = file_transfer_create(x->loop, x->agent, 0, &x->listener, &x->files);
    if (err == 0)
        err = selection_create(native, config->clipboard.primary, config->file_transfer, &listener,
                               &x->selection);
    return err;
}

int exchange_create(struct loop *loop, const struct spice_agent_port *port,
                    const struct seat_native *native, const struct exchange_config *config,
                    const struct transfer_listener *listener, struct exchange **out)
{
    struct exchange *x = calloc(1, sizeof(*x));
    if (!x)
        return -ENOMEM;
    x->loop = loop;
    x->listener = *listener;
    int err = create_agent(x, port);
    if (err == 0 && native)
        err = create_desktop(x, native, config);
    if (err < 0) {
        exchange_destroy(x);
        return err;
    }
    *out = x;
    return 0;
}

void exchange_destroy(struct exchange *x)
{
    if (!x)
        return;
    fetch_cancel(x->drop);
    selection_destroy(x->selection);
    file_transfer_destroy(x->files);
    clipboard_destroy(x->clipboard);
    spice_agent_destroy(x->agent);
    free(x);
}

void exchange_on_agent(struct exchange *x, bool connected)
{
    spice_agent_connected(x->agent, connected);
}

void exchange_on_agent_data(struct exchange *x, const uint8_t *bytes, size_t count)
{
    spice_agent_data(x->agent, bytes, count);
}

void exchange_on_agent_room(struct exchange *x)
{
    spice_agent_room(x->agent);
}

void exchange_set_resolution(struct exchange *x, uint32_t width_px, uint32_t height_px)
{
    spice_agent_set_resolution(x->agent, width_px, height_px);
}

bool exchange_cancel_files(struct exchange *x)
{
    if (!x->files || !file_transfer_busy(x->files))
        return false;
    file_transfer_cancel(x->files);
    return true;
}
