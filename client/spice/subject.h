/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/spice/subject.h - does a certificate's subject equal the text that users of QEMU and
 * libvirt know as "host subject": "C=..,O=..,CN=..", in the order of the certificate, blanks after
 * commas ignored, a backslash before a comma or backslash that belongs to a value. Letters' case
 * does not matter. No state, any thread. */
#ifndef ESPELHO_SPICE_SUBJECT_H
#define ESPELHO_SPICE_SUBJECT_H

#include <stdbool.h>
#include <stddef.h>

struct subject_part {
    const char *oid; /* "2.5.4.3" */
    const char *value;
    size_t value_bytes;
};

bool subject_matches(const char *wanted, const struct subject_part *parts, size_t count);

#endif
