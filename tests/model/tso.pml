/* SPDX-License-Identifier: GPL-2.0-or-later
 * Memory as x86 has it: each process's stores wait in a buffer of its own, in order, until they
 * reach memory at any later time; its own loads see them at once, others do not. A fence waits for
 * the buffer. Needs PROCS and VARS. */
#define BUFFER 3 /* stores that may wait */

byte mem[VARS];
chan buffer[PROCS] = [BUFFER] of { byte, byte };
byte waiting[PROCS * VARS]; /* stores of a variable that wait ... */
byte latest[PROCS * VARS];  /* ... and the newest of them */

#define AT(p, v)        ((p) * VARS + (v))
#define LOAD(p, v)      (waiting[AT(p, v)] > 0 -> latest[AT(p, v)] : mem[v])
#define STORE(p, v, x)                                                                             \
    atomic {                                                                                       \
        nfull(buffer[p]);                                                                          \
        buffer[p]!v, x;                                                                            \
        waiting[AT(p, v)]++;                                                                       \
        latest[AT(p, v)] = x                                                                       \
    }
#define FENCE(p)        empty(buffer[p])

/* One per process: brings its stores to memory, some time. */
proctype drain(byte p)
{
    byte v, x;
end:
    do
    :: atomic {
           buffer[p]?v, x -> mem[v] = x;
           waiting[AT(p, v)]--
       }
    od
}
