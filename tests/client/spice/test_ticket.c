/* SPDX-License-Identifier: GPL-2.0-or-later
 * Tickets are decrypted by another implementation: the openssl program. */
#include "test.h"

#include <errno.h>
#include <unistd.h>

#include "client/spice/peer.h"
#include "spice/ticket.h"

static void run(const char *what)
{
    char command[1024];
    snprintf(command, sizeof(command), "cd %s && %s", peer_dir(), what);
    CHECK_MSG(system(command) == 0, "%s", command);
}

static void read_file(const char *name, uint8_t *out, size_t bytes)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", peer_dir(), name);
    FILE *f = fopen(path, "rb");
    CHECK(f && fread(out, 1, bytes, f) == bytes);
    fclose(f);
}

static void make_key(const char *bits, uint8_t *key, size_t key_bytes)
{
    if (access("/usr/bin/openssl", X_OK) != 0)
        SKIP("no openssl program");
    char generate[256];
    snprintf(generate, sizeof(generate),
             "openssl genpkey -quiet -algorithm RSA -out key.pem -pkeyopt rsa_keygen_bits:%s 2>&-",
             bits);
    run(generate);
    run("openssl pkey -in key.pem -pubout -outform DER -out pub.der");
    read_file("pub.der", key, key_bytes);
}

static void check_decrypts(const uint8_t ticket[TICKET_BYTES], const char *password)
{
    char path[256];
    uint8_t got[64] = { 0xff };
    snprintf(path, sizeof(path), "%s/ticket", peer_dir());
    FILE *f = fopen(path, "wb");
    CHECK(f && fwrite(ticket, 1, TICKET_BYTES, f) == TICKET_BYTES && fclose(f) == 0);
    run("openssl pkeyutl -decrypt -inkey key.pem -in ticket -out plain "
        "-pkeyopt rsa_padding_mode:oaep");
    read_file("plain", got, strlen(password) + 1);
    CHECK(memcmp(got, password, strlen(password) + 1) == 0);
}

TEST(openssl_reads_our_tickets)
{
    static const char *const passwords[] = {
        "", "x", "hunter2", "pässwörd",
        "012345678901234567890123456789012345678901234567890123456789"
    };
    uint8_t key[TICKET_KEY_BYTES], ticket[TICKET_BYTES], other[TICKET_BYTES];
    make_key("1024", key, sizeof(key));
    for (size_t i = 0; i < ARRAY_LEN(passwords); i++) {
        CHECK_INT(ticket_make(key, passwords[i], ticket), 0);
        check_decrypts(ticket, passwords[i]);
        CHECK_INT(ticket_make(key, passwords[i], other), 0);
        CHECK(memcmp(ticket, other, sizeof(ticket)) != 0); /* never the same twice */
    }
}

TEST(password_beyond_the_limit_is_refused)
{
    uint8_t key[TICKET_KEY_BYTES] = { 0 }, ticket[TICKET_BYTES];
    CHECK_INT(
        ticket_make(key, "0123456789012345678901234567890123456789012345678901234567890", ticket),
        -E2BIG);
}

TEST(every_damaged_key_is_refused_or_makes_a_ticket)
{
    uint8_t key[TICKET_KEY_BYTES], ticket[TICKET_BYTES];
    make_key("1024", key, sizeof(key));
    unsigned refused = 0;
    for (size_t i = 0; i < sizeof(key); i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            key[i] ^= (uint8_t)(1u << bit);
            const int err = ticket_make(key, "hunter2", ticket);
            CHECK(err == 0 || err == -EPROTO);
            refused += err != 0;
            key[i] ^= (uint8_t)(1u << bit);
        }
    }
    CHECK(refused > 100); /* structure, length, algorithm; what is left is another number */
}

TEST(no_key_at_all_and_a_key_of_another_size)
{
    uint8_t key[TICKET_KEY_BYTES] = { 0 }, ticket[TICKET_BYTES];
    CHECK_INT(ticket_make(key, "x", ticket), -EPROTO);
    memset(key, 0xff, sizeof(key));
    CHECK_INT(ticket_make(key, "x", ticket), -EPROTO);
    make_key("2048", key, sizeof(key)); /* cut off */
    CHECK_INT(ticket_make(key, "x", ticket), -EPROTO);
}
