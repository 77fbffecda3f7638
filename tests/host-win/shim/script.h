/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/host-win/shim/script.h - what a desktop does, as text: read by the test's dxgi.dll, which
 * plays it to a capture program under Wine, and by the judge on the Linux side, which knows from
 * the same text how each picture must look.
 *
 * One command per line, `#` starts a comment. First the setup, which ends at `begin`; then events.
 * An event is a few lines and ends with one of its last words (`go`, `timeout`, `lost`, `removed`).
 * Events are numbered from 1; event 0 is the desktop as it is at the start. They come one per
 * AcquireNextFrame(); each new duplication first delivers the present picture and pointer, which
 * is no event. After the last event the desktop stands still.
 *
 * Setup only:
 *   output NAME X Y        one more output of the first adapter (none: \\.\DISPLAY1 0 0); its
 *                          desktop differs from that of the others
 *   old_interfaces         no IDXGIOutput5 and newer: a Windows before 10
 *   scribble               what a program reads after ReleaseFrame() is rubbish
 *   live                   the real desktop instead of events: BitBlt, tiles that differ
 *   begin
 * Setup, and later (then the duplication is lost, and the next one has it):
 *   mode W H               1..8192; the picture as it is delivered, before rotation
 *   rotation 0|90|180|270
 *   format bgra|rgba|rgba10|rgba16f
 *   colour sdr|scrgb|pq    what GetDesc1() says
 *   white NITS             rgba16f: code 255 is NITS / 80 (default 80)
 *   pattern noise|blocks   blocks: cells of 8 x 8 pixels, so that pictures can be scaled exactly
 * The picture (what is painted follows from event, output, x and y alone, unless RRGGBB is given):
 *   full                   all of it is painted anew and reported as one rectangle
 *   paint X Y W H [RRGGBB] a rectangle, reported
 *   random N               so many small rectangles, reported
 *   dirty X Y W H          reported, though nothing changed; may lie outside
 *   secret X Y W H         painted, not reported: a desktop that lies
 *   move X Y W H TOX TOY   its pixels go there, reported as a move
 *   bare                   the frame carries no rectangles, whatever was painted
 *   accumulated N          says the frame
 *   protected              protected content was masked out, says the frame
 *   metadata BYTES         TotalMetadataBufferSize is this, whatever is needed
 * The pointer:
 *   pointer X Y shown|hidden
 *   shape colour|mono|masked W H HOTX HOTY       its bytes follow from the event's number
 * Time:
 *   wait MS                the event comes so long after the one before
 *   gate WORD              the event comes once the file "<script>.WORD" exists
 * Failures, each of so many calls from this event on (see the names below; HRESULT: name or 0x..):
 *   fail CALL N HRESULT    of duplicate, duplicate1, acquire, release, dirty, moves, shape, map
 *                          (only with DO_NOT_WAIT), query
 * The last word of an event:
 *   go                     a frame if something of the picture is in it, pointer news likewise
 *   timeout                AcquireNextFrame() waits as long as it may, and nothing comes
 *   lost                   DXGI_ERROR_ACCESS_LOST, until duplicated anew
 *   removed HRESULT        DXGI_ERROR_DEVICE_REMOVED, and this is the device's reason
 * Repetition, up to 4 deep:
 *   repeat N
 *   end
 *
 * Portable. Threads: any, one script from one at a time. */
#ifndef ESPELHO_TESTS_SHIM_SCRIPT_H
#define ESPELHO_TESTS_SHIM_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum shim_op {
    SHIM_OP_NONE,
    SHIM_OP_OUTPUT, /* text, n: x y */
    SHIM_OP_OLD_INTERFACES,
    SHIM_OP_SCRIBBLE,
    SHIM_OP_LIVE,
    SHIM_OP_MODE,     /* w h */
    SHIM_OP_ROTATION, /* quarter turns */
    SHIM_OP_FORMAT,   /* enum frame_format */
    SHIM_OP_COLOUR,   /* enum shim_colour */
    SHIM_OP_WHITE,
    SHIM_OP_PATTERN, /* enum shim_pattern */
    SHIM_OP_FULL,
    SHIM_OP_PAINT, /* x y w h colour; colour -1: the pattern */
    SHIM_OP_RANDOM,
    SHIM_OP_DIRTY,
    SHIM_OP_SECRET,
    SHIM_OP_MOVE, /* x y w h tox toy */
    SHIM_OP_BARE,
    SHIM_OP_ACCUMULATED,
    SHIM_OP_PROTECTED,
    SHIM_OP_METADATA,
    SHIM_OP_POINTER, /* x y shown */
    SHIM_OP_SHAPE,   /* enum cursor_type, w h hotx hoty */
    SHIM_OP_WAIT,
    SHIM_OP_GATE, /* text */
    SHIM_OP_FAIL, /* enum shim_call, count, HRESULT */
};
enum shim_colour { SHIM_COLOUR_SDR, SHIM_COLOUR_SCRGB, SHIM_COLOUR_PQ };
enum shim_pattern { SHIM_PATTERN_NOISE, SHIM_PATTERN_BLOCKS };
enum shim_call {
    SHIM_CALL_DUPLICATE,
    SHIM_CALL_DUPLICATE1,
    SHIM_CALL_ACQUIRE,
    SHIM_CALL_RELEASE,
    SHIM_CALL_DIRTY,
    SHIM_CALL_MOVES,
    SHIM_CALL_SHAPE,
    SHIM_CALL_MAP,
    SHIM_CALL_QUERY,
    SHIM_CALL_COUNT,
};
enum shim_event_kind {
    SHIM_EVENT_NONE, /* the setup */
    SHIM_EVENT_NEWS,
    SHIM_EVENT_TIMEOUT,
    SHIM_EVENT_LOST,
    SHIM_EVENT_REMOVED,
};
enum { SHIM_MAX_PX = 8192, SHIM_MAX_OUTPUTS = 4, SHIM_TEXT_BYTES = 32 };

struct shim_command {
    enum shim_op op;
    int32_t n[6];
    char text[SHIM_TEXT_BYTES];
};
struct shim_event {
    enum shim_event_kind kind;
    int32_t hr; /* REMOVED */
    uint32_t first_command, command_count;
};
struct shim_script {
    struct shim_command *commands; /* owned */
    uint32_t command_count;
    struct shim_event *events; /* owned; [0] is the setup */
    uint32_t event_count;      /* the setup included */
};

/* 0; -EINVAL: *error says "line N: what"; -ENOMEM; -E2BIG: more than a script may be.
 * *out is written on success only. */
int shim_script_parse(const char *text, size_t text_bytes, struct shim_script *out,
                      char error[160]);
/* The same of a file; -errno if it cannot be read. */
int shim_script_load(const char *path, struct shim_script *out, char error[160]);
void shim_script_fini(struct shim_script *script);
/* The first such command of an event; NULL: there is none. */
const struct shim_command *shim_script_find(const struct shim_script *script, uint32_t event,
                                            enum shim_op op);

#endif
