/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/commands/try_import.c - `espelho try-import EXPORTER`: what the viewer runs before it lets
 * a driver read a dma-buf (render/render.h). Not listed: nobody else needs it. */
#include "commands/commands.h"

#include <stdio.h>
#include <unistd.h>

#include "base/text.h"
#include "render/render.h"

static int run(int argc, char **argv)
{
    int words = 0;
    const int status = command_parse(&command_try_import, argc, argv, NULL, NULL, &words);
    if (status != COMMAND_OK)
        return status;
    const int failed = renderer_try_import(argv[1]);
    fflush(stdout);
    _exit(failed ? COMMAND_FAILED : COMMAND_OK); /* without what a doubtful driver does at exit */
}

const struct command command_try_import = {
    .name = "try-import",
    .summary = N_("try whether the graphics driver reads dma-bufs right"),
    .words_text = "EXPORTER",
    .help =
        N_("Draws a pattern from a dma-buf and compares it. EXPORTER: udmabuf, or the path of a "
           "kvmfr device.\nThe viewer runs this by itself.\n"),
    .words = COMMAND_WORDS_NONE,
    .min_words = 1,
    .max_words = 1,
    .run = run,
};
