/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/source/switch/switch.h - two sources as one: the relay's picture while its session lives,
 * else SPICE's, else the relay's words.
 *
 * A switch happens inside take_frame(), when the other source has a frame to give: until then the
 * last picture stays. With it all damage is full and the pointer comes anew, shape and all. SPICE
 * is asked for its picture (want_spice) a moment after the start if the relay is not there by then,
 * at once when the relay is lost, and no more a few seconds after the relay's picture came. Status:
 * the relay's while it is CONNECTED (session set), else SPICE's while that has a picture
 * (CONNECTED, session NULL), else the relay's with a line about SPICE. Threads: render thread,
 * except source_ops' local_input. */
#ifndef ESPELHO_SOURCE_SWITCH_SWITCH_H
#define ESPELHO_SOURCE_SWITCH_SWITCH_H

#include <stdbool.h>

#include "source/source.h"

enum source_switch_mode { SOURCE_SWITCH_AUTO, SOURCE_SWITCH_RELAY, SOURCE_SWITCH_SPICE };
/* Whose picture is shown now; NONE: the last one's source has lost its VM, or there was none yet.
 */
enum source_switch_active {
    SOURCE_SWITCH_ACTIVE_NONE,
    SOURCE_SWITCH_ACTIVE_RELAY,
    SOURCE_SWITCH_ACTIVE_SPICE,
};

struct source_switch_config {
    enum source_switch_mode mode;
    /* Each makes its source with the listener it is given. Called from source_switch_create(), only
     * those that the mode needs. The switch owns what comes out. 0 or -errno. */
    int (*create_relay)(void *ctx, const struct source_listener *listener, struct source **out);
    int (*create_spice)(void *ctx, const struct source_listener *listener, struct source **out);
    /* spice_source_want() of that source, which is wanted at its creation. True when it already is
     * wanted: its whole picture comes anew. */
    void (*want_spice)(void *ctx, struct source *spice, bool want);
    void *ctx;
};

struct source_switch_listener {
    struct source_listener source;
    void (*on_switch)(void *ctx, enum source_switch_active active); /* optional; source.ctx */
};

int source_switch_create(struct loop *loop, const struct source_switch_config *config,
                         const struct source_switch_listener *listener,
                         struct source **out) MUST_CHECK;
enum source_switch_active source_switch_active(struct source *self);
/* The sources behind it; NULL if the mode has none. Borrowed. */
struct source *source_switch_relay(struct source *self);
struct source *source_switch_spice(struct source *self);

#endif
