/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/spice/ticket.h - the password, encrypted for the server: RSA with OAEP (SHA-1, no label)
 * as the SPICE protocol wants it, of the password and a NUL. nettle's hash and key import, GMP's
 * power. The key comes from the server and may be anything. No state, any thread. */
#ifndef ESPELHO_SPICE_TICKET_H
#define ESPELHO_SPICE_TICKET_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

enum {
    TICKET_BYTES = 128,
    TICKET_KEY_BYTES = 162, /* DER SubjectPublicKeyInfo of a 1024-bit key */
    TICKET_MAX_PASSWORD_BYTES = 60,
};

/* `password`: NULL is "". 0; -EPROTO: `key` is no 1024-bit RSA key; -E2BIG: the password is too
 * long; -EIO: no random numbers; -ENOMEM. `out` is written on success only. */
int ticket_make(const uint8_t key[TICKET_KEY_BYTES], const char *password,
                uint8_t out[TICKET_BYTES]) MUST_CHECK;

#endif
