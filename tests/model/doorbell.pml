/* SPDX-License-Identifier: GPL-2.0-or-later
 * docs/extensions.md section 2, common/kvmfr/bell_word.h and host_bells.c: one sleeper, two
 * publishers on the same word, each posts a few times. Lost wake-up: the sleeper waits for the bell
 * for ever although something was posted: an invalid end state.
 *
 * Faults that must be found: -DNO_SLEEPER_FENCE, -DNO_PUBLISHER_FENCE, -DNO_SECOND_LOOK,
 * -DRING_BEFORE_CLEAR (the bell overtakes the store that clears the word).
 * -DEXCHANGE: the word is cleared by an atomic exchange, as viewers do, else by a plain store. */
#define PUBLISHERS 2
#define POSTS      2
#define PROCS      (PUBLISHERS + 1)
#define VARS       (PUBLISHERS + 2)
#define ARMED      PUBLISHERS       /* variables 0 .. PUBLISHERS - 1 are what was posted */
#define BELL       (PUBLISHERS + 1)
#define SLEEPER    PUBLISHERS

#include "tso.pml"

proctype publisher(byte p)
{
    byte n = 0, armed;
    do
    :: n == POSTS -> break
    :: else ->
        n++;
        STORE(p, p, n); /* publish */
#ifndef NO_PUBLISHER_FENCE
        FENCE(p);
#endif
        armed = LOAD(p, ARMED);
        if
        :: armed == 0 -> skip
        :: else ->
#if defined(EXCHANGE)
            atomic { /* a locked instruction: the own buffer is empty */
                FENCE(p);
                armed = mem[ARMED];
                mem[ARMED] = 0
            };
            if
            :: armed -> STORE(p, BELL, 1)
            :: else
            fi
#elif defined(RING_BEFORE_CLEAR)
            STORE(p, ARMED, 0);
            mem[BELL] = 1
#else
            STORE(p, ARMED, 0);
            STORE(p, BELL, 1) /* the buffer keeps the order */
#endif
        fi
    od
}

byte seen[PUBLISHERS];
#define NEWS (LOAD(SLEEPER, 0) != seen[0] || LOAD(SLEEPER, 1) != seen[1])
#define ALL  (seen[0] == POSTS && seen[1] == POSTS)

active proctype sleeper()
{
    byte p;
    atomic {
        for (p : 0 .. PUBLISHERS - 1) {
            run publisher(p)
        };
        for (p : 0 .. PROCS - 1) {
            run drain(p)
        }
    };
    do
    :: ALL -> break
    :: else ->
        STORE(SLEEPER, ARMED, 1);
#ifndef NO_SLEEPER_FENCE
        FENCE(SLEEPER);
#endif
#ifndef NO_SECOND_LOOK
        if
        :: NEWS -> skip
        :: else -> mem[BELL] == 1 /* sleeps */
        fi;
#else
        mem[BELL] == 1;
#endif
        STORE(SLEEPER, ARMED, 0);
        atomic { /* a system call takes the ring */
            FENCE(SLEEPER);
            mem[BELL] = 0
        };
        seen[0] = LOAD(SLEEPER, 0); /* reads all */
        seen[1] = LOAD(SLEEPER, 1)
    od
}
