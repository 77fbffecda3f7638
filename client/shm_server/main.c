/* SPDX-License-Identifier: GPL-2.0-or-later
 * espelho-shm-server: what `espelho shm-server` becomes, without the libraries of a viewer. */
#include <stdio.h>

#include "shm_server/shm_server.h"
#include "text/text.h"

enum { EXIT_USAGE = 2 };

int main(int argc, char **argv)
{
    struct shm_server_options options;
    struct option_error error;
    int status = EXIT_USAGE;
    text_init();
    if (shm_server_options_load(&options, argc, argv, &error) < 0)
        fprintf(stderr, "espelho shm-server: %s\n", error.message);
    else
        status = shm_server_run(&options);
    shm_server_options_free(&options);
    return status;
}
