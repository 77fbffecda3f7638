/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * EME-OAEP of RFC 8017, 7.1.1, with SHA-1 and MGF1 on SHA-1:
 *     encoded = 0 | seed ^ mask(data) | data ^ mask(seed),  data = SHA-1("") | 0.. | 1 | message */
#include "spice/ticket.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <nettle/asn1.h>
#include <nettle/bignum.h>
#include <nettle/rsa.h>
#include <nettle/sha1.h>

#include "base/random.h"

enum {
    HASH_BYTES = SHA1_DIGEST_SIZE,
    KEY_BITS = TICKET_BYTES * 8,
    DATA_BYTES = TICKET_BYTES - 1 - HASH_BYTES,
    MAX_EXPONENT_BITS = 64,
};
static_assert(TICKET_MAX_PASSWORD_BYTES + 1 <= DATA_BYTES - HASH_BYTES - 1, "a ticket holds it");

/* data ^= MGF1(seed) */
static void mask(uint8_t *data, size_t data_bytes, const uint8_t *seed, size_t seed_bytes)
{
    uint8_t block[HASH_BYTES];
    for (size_t done = 0; done < data_bytes; done += HASH_BYTES) {
        const size_t number = done / HASH_BYTES;
        const uint8_t counter[4] = { 0, 0, 0, (uint8_t)number };
        struct sha1_ctx sha;
        sha1_init(&sha);
        sha1_update(&sha, seed_bytes, seed);
        sha1_update(&sha, sizeof(counter), counter);
        sha1_digest(&sha, sizeof(block), block);
        for (size_t i = 0; i < HASH_BYTES && done + i < data_bytes; i++)
            data[done + i] ^= block[i];
    }
    explicit_bzero(block, sizeof(block));
}

static int encode(const char *password, size_t password_bytes, uint8_t encoded[TICKET_BYTES])
{
    uint8_t *seed = encoded + 1, *data = seed + HASH_BYTES;
    struct sha1_ctx sha;
    memset(encoded, 0, TICKET_BYTES);
    sha1_init(&sha);
    sha1_digest(&sha, HASH_BYTES, data); /* of the empty label */
    uint8_t *message = data + DATA_BYTES - password_bytes - 1;
    message[-1] = 1;
    memcpy(message, password, password_bytes); /* the NUL behind it is there already */
    if (random_bytes(seed, HASH_BYTES) < 0)
        return -EIO;
    mask(data, DATA_BYTES, seed, HASH_BYTES);
    mask(seed, HASH_BYTES, data, DATA_BYTES);
    return 0;
}

/* SubjectPublicKeyInfo: SEQUENCE { SEQUENCE { algorithm }, BIT STRING { the key } } */
static bool import_key(const uint8_t *der, struct rsa_public_key *key)
{
    static const uint8_t rsa_encryption[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1 };
    struct asn1_der_iterator at, algorithm, bits;
    if (asn1_der_iterator_first(&at, TICKET_KEY_BYTES, der) != ASN1_ITERATOR_CONSTRUCTED ||
        at.type != ASN1_SEQUENCE ||
        asn1_der_decode_constructed_last(&at) != ASN1_ITERATOR_CONSTRUCTED ||
        at.type != ASN1_SEQUENCE)
        return false;
    if (asn1_der_decode_constructed(&at, &algorithm) != ASN1_ITERATOR_PRIMITIVE ||
        algorithm.type != ASN1_IDENTIFIER || algorithm.length != sizeof(rsa_encryption) ||
        memcmp(algorithm.data, rsa_encryption, sizeof(rsa_encryption)) != 0)
        return false;
    if (asn1_der_iterator_next(&at) != ASN1_ITERATOR_PRIMITIVE || at.type != ASN1_BITSTRING ||
        asn1_der_decode_bitstring(&at, &bits) != ASN1_ITERATOR_CONSTRUCTED)
        return false;
    /* Limits make the power below cheap whatever the server sends. */
    return rsa_public_key_from_der_iterator(key, KEY_BITS, &bits) == 1 &&
           mpz_sizeinbase(key->n, 2) == KEY_BITS && mpz_odd_p(key->n) &&
           mpz_sizeinbase(key->e, 2) <= MAX_EXPONENT_BITS && mpz_cmp_ui(key->e, 3) >= 0;
}

int ticket_make(const uint8_t key_der[TICKET_KEY_BYTES], const char *password,
                uint8_t out[TICKET_BYTES])
{
    const size_t password_bytes = password ? strlen(password) : 0;
    if (password_bytes > TICKET_MAX_PASSWORD_BYTES)
        return -E2BIG;
    struct rsa_public_key key;
    rsa_public_key_init(&key);
    int err = import_key(key_der, &key) ? 0 : -EPROTO;
    uint8_t encoded[TICKET_BYTES];
    if (err == 0)
        err = encode(password ? password : "", password_bytes, encoded);
    if (err == 0) {
        mpz_t m;
        nettle_mpz_init_set_str_256_u(m, sizeof(encoded), encoded);
        mpz_powm(m, m, key.e, key.n);
        nettle_mpz_get_str_256(TICKET_BYTES, out, m);
        mpz_clear(m);
    }
    explicit_bzero(encoded, sizeof(encoded));
    rsa_public_key_clear(&key);
    return err;
}
