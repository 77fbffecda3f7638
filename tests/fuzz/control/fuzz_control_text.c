/* SPDX-License-Identifier: GPL-2.0-or-later
 * Arbitrary bytes as request and as reply of the control pipe. What is taken is written and read
 * again: the same. */
#include <stdlib.h>
#include <string.h>

#include "control/control_text.h"

static void as_status(const char *text, size_t len)
{
    struct control_status status, again;
    char out[CONTROL_REPLY_MAX_BYTES], out_again[CONTROL_REPLY_MAX_BYTES];
    if (control_status_parse(text, len, &status) != 0)
        return;
    if (control_status_parse(out, control_status_format(&status, out), &again) != 0)
        abort();
    control_status_format(&again, out_again);
    if (strcmp(out, out_again) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const char *text = (const char *)data;
    enum control_command command;
    char why[16];
    if (control_command_parse(text, len, &command) == 0 &&
        strncmp(text, control_command_text(command), strlen(control_command_text(command))) != 0)
        abort();
    if (control_answer_parse(text, len, why, sizeof(why)) == 0 && why[0])
        abort();
    as_status(text, len);
    return 0;
}
