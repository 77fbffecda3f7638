/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/options/value.h - one value: text to field and back. Inside common/options only. Start-up
 * thread. */
#ifndef ESPELHO_OPTIONS_VALUE_H
#define ESPELHO_OPTIONS_VALUE_H

#include "options/options.h"

/* 0; -EINVAL with a message that says what is valid and what is nearest; -ENOMEM. The field changes
 * on success only. */
int value_set(const struct option_def *def, void *target, const char *value,
              struct option_error *error) MUST_CHECK;

/* Formats into error->message, which may be NULL for nobody to read. */
void option_error_set(struct option_error *error, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* `text` shortened and without control characters, for messages. */
struct printable {
    char text[80];
};
struct printable printable_of(const char *text, size_t len_bytes);

#endif
