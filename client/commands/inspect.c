/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/commands/inspect.c - `espelho inspect`: what lies in a region or in an image of one. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "commands/commands.h"
#include "inspect/inspect.h"
#include "options/options.h"
#include "shm/region.h"

struct inspect_options {
    bool json;
    uint32_t region_mib;
};

static const struct option_def inspect_defs[] = {
    { .name = "json",
      .type = OPTION_BOOL,
      .offset = offsetof(struct inspect_options, json),
      .default_text = "no",
      .help = N_("print JSON with the names of docs/protocol") },
    { .name = "region-mib",
      .type = OPTION_U32,
      .offset = offsetof(struct inspect_options, region_mib),
      .default_text = "0",
      .min = 0,
      .max = 4095,
      .help = N_("take a shorter image as followed by zeros up to this size; 0: as it is") },
};

static const struct option_table inspect_table = { .defs = inspect_defs,
                                                   .count = ARRAY_LEN(inspect_defs) };

static int print_json(const cJSON *tree)
{
    char *text = cJSON_Print(tree);
    if (!text)
        return COMMAND_FAILED;
    puts(text);
    free(text);
    return COMMAND_OK;
}

static int run(int argc, char **argv)
{
    struct inspect_options own;
    int words;
    int status = command_parse(&command_inspect, argc, argv, &own, NULL, &words);
    if (status != COMMAND_OK) {
        options_free(&inspect_table, &own);
        return status;
    }
    char message[512];
    struct inspect_image image;
    const char *path = words > 0 ? argv[1] : shm_default_path();
    if (inspect_image_load(path, (uint64_t)own.region_mib << 20, &image, message, sizeof(message)) <
        0) {
        options_free(&inspect_table, &own);
        return command_fail(&command_inspect, "%s", message);
    }
    cJSON *tree = inspect_decode(&image);
    if (!tree)
        status = command_fail(&command_inspect, _("out of memory"));
    else if (own.json)
        status = print_json(tree);
    else
        inspect_print(tree, stdout);
    cJSON_Delete(tree);
    inspect_image_fini(&image);
    options_free(&inspect_table, &own);
    return status;
}

const struct command command_inspect = {
    .name = "inspect",
    .summary = N_("decode a shared memory region or an image of one"),
    .words_text = "[REGION]",
    .help = N_(
        "Shows header, session, queues, subscribers and pending messages of REGION: a shared "
        "memory\n"
        "file, a kvmfr device, or a copy of one, also compressed with gzip. Without REGION: the\n"
        "default region. What breaks a rule of the protocol is listed under `errors`.\n"),
    .words = COMMAND_WORDS_FILE,
    .max_words = 1,
    .options = &inspect_table,
    .run = run,
};
