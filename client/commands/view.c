/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/commands/view.c - `espelho [view]`: the window. */
#include "base/text.h"
#include "commands/commands.h"
#include "viewer/viewer.h"

static int run(int argc, char **argv)
{
    struct client_options options;
    int words;
    int status = command_parse(&command_view, argc, argv, NULL, &options, &words);
    if (status == COMMAND_OK)
        status = viewer_run(&options) == 0 ? COMMAND_OK : COMMAND_FAILED;
    client_options_free(&options);
    return status;
}

const struct command command_view = {
    .name = "view",
    .summary = N_("show the VM in a window (what espelho does without a verb)"),
    .words_text = "",
    .help =
        N_("Opens a window and shows the VM in it. VM and host program may start later, end and "
           "come back: until then the\n"
           "window says what it waits for.\n"),
    .client_options = true,
    .run = run,
};
