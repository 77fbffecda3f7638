/* SPDX-License-Identifier: GPL-2.0-or-later
 * Lock keys. The desktop's state goes to the guest: on focus, and when it changes. (The other way
 * no Wayland client can go: the desktop's state is the compositor's.)
 *
 * A lock key that goes to the guest toggles both sides by itself. If the desktop's new state were
 * sent right behind it, the server, not having heard from the guest yet, would press the key a
 * second time: so after a lock key the state is compared a little later. Each state of the desktop
 * is sent at most once: a guest that does not follow cannot start a loop. */
#define LOG_MODULE "input"

#include <linux/input-event-codes.h>

#include "base/clock.h"
#include "input/input_private.h"

enum { SETTLE_MS = 300 };

static uint32_t lock_of(uint32_t key)
{
    switch (key) {
    case KEY_SCROLLLOCK:
        return DISPLAY_LOCK_SCROLL;
    case KEY_NUMLOCK:
        return DISPLAY_LOCK_NUM;
    case KEY_CAPSLOCK:
        return DISPLAY_LOCK_CAPS;
    default:
        return 0;
    }
}

void input_locks_sync(struct input *in)
{
    if (!in->locks.desktop_known || !in->focused || !input_may_send(in))
        return;
    if (in->locks.key_ns && clock_ns() - in->locks.key_ns < SETTLE_MS * NS_PER_MS)
        return; /* the timer runs */
    /* The lock of the escape key changes on the desktop whenever it is tapped: not the guest's. */
    const uint32_t ours =
        in->config.bindings ? lock_of(binding_table_escape_key(in->config.bindings)) : 0;
    const uint32_t want = (in->locks.desktop & ~ours) | (in->locks.guest & ours);
    if (in->locks.guest_known && in->locks.guest == want)
        return;
    in->locks.guest = want; /* until the guest says otherwise; then it has its way */
    in->locks.guest_known = true;
    in->sink.locks(in->sink_ctx, want);
}

void input_locks_key_sent(struct input *in, uint32_t key)
{
    if (!lock_of(key))
        return;
    in->locks.key_ns = clock_ns();
    loop_timer_set_ns(in->locks.timer, in->locks.key_ns + SETTLE_MS * NS_PER_MS + 1, 0);
}

void input_locks_on_locks(void *ctx, uint32_t locks)
{
    struct input *in = ctx;
    in->locks.desktop = locks;
    in->locks.desktop_known = true;
    input_locks_sync(in);
}

void input_set_guest_locks(struct input *in, uint32_t locks)
{
    in->locks.guest = locks;
    in->locks.guest_known = true;
}

static void on_settled(void *ctx)
{
    input_locks_sync(ctx);
}

int input_locks_init(struct input *in)
{
    return loop_add_timer(in->loop, on_settled, in, &in->locks.timer);
}

void input_locks_fini(struct input *in)
{
    loop_source_destroy(in->locks.timer);
}
