/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/clipboard/drop.h - files dropped onto the window: reads the list of their addresses from
 * the other program and gives the files to the transfer. One drop at a time; a new one replaces a
 * list that is still being read. Threads: the loop's (input) thread. Embedded. */
#ifndef ESPELHO_CLIPBOARD_DROP_H
#define ESPELHO_CLIPBOARD_DROP_H

#include "clipboard/fetch.h"
#include "clipboard/file_transfer.h"
#include "display/selection.h"

enum { DROP_LIST_MAX_BYTES = 1 << 20, DROP_TIMEOUT_MS = 10000 };

struct drop {
    struct loop *loop; /* these three are borrowed */
    struct file_transfer *files;
    struct selection *selection; /* set by the owner, after it exists */
    struct transfer_listener listener;
    struct fetch *fetch; /* NULL: nothing is being read */
};

void drop_init(struct drop *drop, struct loop *loop, struct file_transfer *files,
               const struct transfer_listener *listener);
void drop_fini(struct drop *drop); /* also of a zeroed one */
/* See selection_listener.on_drop; `fd` is owned from here on. */
void drop_take(struct drop *drop, int fd);

#endif
