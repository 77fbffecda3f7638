/* SPDX-License-Identifier: GPL-2.0-or-later
 * docs/extensions.md section 4: a host with three frame buffers, two viewers with a holding word
 * each. The host must never begin to write to a buffer that a viewer reads, and what a viewer reads
 * must be the frame that it took hold of: assertions.
 *
 * Faults that must be found: -DNO_VIEWER_FENCE, -DNO_HOST_FENCE, -DNO_SECOND_LOOK. */
#define VIEWERS 2
#define BUFFERS 3
#define FRAMES  3
#define PROCS   (VIEWERS + 1)
#define VARS    (VIEWERS + 1)
#define NEWEST  VIEWERS /* serial * 4 + buffer + 1; variables 0 .. VIEWERS - 1 are holding words */
#define HOST    VIEWERS

#include "tso.pml"

byte reading[VIEWERS]; /* buffer + 1, by a viewer that believes to hold it */
byte content[BUFFERS]; /* serial of the frame that is or was written there */

proctype viewer(byte p)
{
    byte named, b, turns = 0;
end:
    do
    :: turns == FRAMES -> break
    :: else ->
        turns++;
        named = LOAD(p, NEWEST);
        if
        :: named == 0 -> skip
        :: else ->
            b = named % 4;
            STORE(p, p, b);
#ifndef NO_VIEWER_FENCE
            FENCE(p);
#endif
            if
#ifndef NO_SECOND_LOOK
            :: LOAD(p, NEWEST) != named -> skip
            :: LOAD(p, NEWEST) == named ->
#else
            :: true ->
#endif
                atomic {
                    reading[p] = b;
                    assert(content[b - 1] == named / 4)
                };
                assert(content[b - 1] == named / 4); /* some time later */
                reading[p] = 0
            fi;
            STORE(p, p, 0);
            b = 0
        fi
    od
}

active proctype host()
{
    byte p, b, serial = 0, newest = BUFFERS;
    atomic {
        for (p : 0 .. VIEWERS - 1) {
            run viewer(p)
        };
        for (p : 0 .. PROCS - 1) {
            run drain(p)
        }
    };
    do
    :: serial == FRAMES -> break
    :: else ->
        serial++;
        b = 0;
#ifndef NO_HOST_FENCE
        FENCE(HOST);
#endif
        do /* a free buffer; each word is looked at by itself */
        :: b == newest -> b = (b + 1) % BUFFERS
        :: else ->
            if
            :: LOAD(HOST, 0) == b + 1 -> b = (b + 1) % BUFFERS
            :: else ->
                if
                :: LOAD(HOST, 1) == b + 1 -> b = (b + 1) % BUFFERS
                :: else -> break
                fi
            fi
        od;
        atomic {
            assert(reading[0] != b + 1 && reading[1] != b + 1);
            content[b] = serial
        };
        newest = b;
        STORE(HOST, NEWEST, serial * 4 + b + 1)
    od
}
