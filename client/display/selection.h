/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/display/selection.h - the desktop's clipboard, its primary selection, and files dragged
 * onto the window. Moves no data itself: it hands out and takes in the ends of pipes.
 *
 * Offers of our own are recognised by a name only this instance knows, and are not told back: no
 * echo between guest and desktop. The compositor tells of offers only while the window has the
 * keyboard focus; the guest's copies are offered at once, with the newest serial, and it is the
 * compositor that may refuse them.
 *
 * Threads: the input thread. Events arrive while its queue is dispatched; requests are flushed. */
#ifndef ESPELHO_DISPLAY_SELECTION_H
#define ESPELHO_DISPLAY_SELECTION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/macros.h"

struct seat_native; /* display/wayland/seat_native.h */
struct selection;

enum selection_kind {
    SELECTION_CLIPBOARD,
    SELECTION_PRIMARY,
    SELECTION_KINDS,
};

#define SELECTION_MIMES_MAX      64u  /* of one offer; the rest is not looked at */
#define SELECTION_MIME_BYTES_MAX 128u /* longer names are not looked at */

struct selection_listener { /* every entry is optional */
    /* Another program's selection, or (count 0) there is none now. Valid during the call. */
    void (*on_offer)(void *ctx, enum selection_kind kind, const char *const *mimes, size_t count);
    /* A program pastes what selection_offer() offered; fd is the listener's to write and close. */
    void (*on_paste)(void *ctx, enum selection_kind kind, const char *mime, int fd);
    /* What selection_offer() offered is not the selection any more. */
    void (*on_lost)(void *ctx, enum selection_kind kind);
    /* The window got or lost the keyboard focus. */
    void (*on_focus)(void *ctx, bool focused);
    /* Files are held over the window, or not any more. */
    void (*on_drag)(void *ctx, bool over);
    /* They were dropped: `fd` gives a text/uri-list and is the listener's to read (non-blocking)
     * and close; then it calls selection_drop_done(). */
    void (*on_drop)(void *ctx, int fd);
    void *ctx;
};

/* `native` is borrowed and outlives this; `listener` is copied. `primary`: also that selection.
 * `drops`: take files. What the compositor does not have is simply never there. 0 or -ENOMEM. */
int selection_create(const struct seat_native *native, bool primary, bool drops,
                     const struct selection_listener *listener, struct selection **out) MUST_CHECK;
void selection_destroy(struct selection *selection); /* NULL is fine */

/* Makes the guest's content the desktop's selection, in place of what was offered before. Until the
 * first key, button or focus there is no serial for it: then it waits for the focus. 0 or -ENOMEM.
 * Where the compositor has no such selection nothing happens. */
int selection_offer(struct selection *selection, enum selection_kind kind, const char *const *mimes,
                    size_t count) MUST_CHECK;
/* Takes our offer back, if it is the selection. */
void selection_clear(struct selection *selection, enum selection_kind kind);
/* Asks the other program for its data. `*out_fd`: non-blocking read end, the caller's. 0; -ENOENT:
 * no such offer now; or -errno. */
int selection_receive(struct selection *selection, enum selection_kind kind, const char *mime,
                      int *out_fd) MUST_CHECK;
/* The dropped list has been read (true), or could not be. */
void selection_drop_done(struct selection *selection, bool ok);

#endif
