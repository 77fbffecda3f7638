/* SPDX-License-Identifier: GPL-2.0-or-later
 * control_peer SUFFIX: the other process of test_control_pipe. Answers on the pipe until it is
 * asked to end, and says in its exit code how: 10 restart, 12 quit, 3 the pipe was not to be had.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <windows.h>

#include "control/control_server.h"

struct peer {
    HANDLE ended;
    _Atomic int code;
    _Atomic unsigned asked;
};

static void on_status(void *ctx, struct control_status *out)
{
    struct peer *p = ctx;
    *out = (struct control_status){ .state = CONTROL_CAPTURING,
                                    .viewer_connected = true,
                                    .capture = "synthetic \xc3\xa9",
                                    .width_px = 640,
                                    .height_px = 480,
                                    .format = "BGRA8",
                                    .rate_mhz = 60000,
                                    .frames = atomic_fetch_add(&p->asked, 1u) + 1u,
                                    .log = "C:\\here\nand there",
                                    .version = "1.2.3",
                                    .process_id = GetCurrentProcessId() };
}

static void end_with(struct peer *p, int code)
{
    atomic_store(&p->code, code);
    SetEvent(p->ended);
}

static void on_restart(void *ctx)
{
    end_with(ctx, 10);
}

static void on_quit(void *ctx)
{
    end_with(ctx, 12);
}

int main(int argc, char **argv)
{
    struct peer peer = { .ended = CreateEventW(NULL, TRUE, FALSE, NULL) };
    const struct control_server_config config = { .status = on_status,
                                                  .restart = on_restart,
                                                  .quit = on_quit,
                                                  .ctx = &peer,
                                                  .suffix = argc > 1 ? argv[1] : NULL };
    struct control_server *server;
    if (control_server_create(&config, &server) < 0)
        return 3;
    WaitForSingleObject(peer.ended, 60000);
    control_server_destroy(server);
    return atomic_load(&peer.code);
}
