/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spice/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "base/text.h"
#include "spice/problem.h"
#include "spice/subject.h"

enum { MAX_SUBJECT_PARTS = 32, MAX_OID_BYTES = 128 };

struct tls {
    gnutls_certificate_credentials_t credentials;
    gnutls_session_t session;
    const struct spice_server *server; /* borrowed */
    bool write_held;                   /* GnuTLS keeps a record that the socket did not take */
};

static const char *host_of(const struct spice_server *server)
{
    return server->host ? server->host : "127.0.0.1";
}

static bool is_address(const char *host)
{
    uint8_t address[16];
    return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

static int load_authorities(struct tls *t, struct spice_problem *problem)
{
    const char *file = t->server->ca_file;
    const int n =
        file ? gnutls_certificate_set_x509_trust_file(t->credentials, file, GNUTLS_X509_FMT_PEM)
             : gnutls_certificate_set_x509_system_trust(t->credentials);
    if (n > 0)
        return 0;
    const char *why = n < 0 ? gnutls_strerror(n) : "-";
    if (file)
        spice_problem_set(problem, SPICE_FAULT_TLS,
                          _("SPICE: there is no certificate authority to be read in %s (%s): set "
                            "spice:caFile to the PEM file of the one that signed the server's "
                            "certificate"),
                          file, why);
    else
        spice_problem_set(problem, SPICE_FAULT_TLS,
                          _("SPICE: the system has no certificate authority to be read (%s): set "
                            "spice:caFile to the PEM file of the one that signed the server's "
                            "certificate"),
                          why);
    return -EPROTO;
}

static int set_up(struct tls *t, int fd)
{
    const char *host = host_of(t->server);
    if (gnutls_init(&t->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) < 0 ||
        gnutls_set_default_priority(t->session) < 0 ||
        gnutls_credentials_set(t->session, GNUTLS_CRD_CERTIFICATE, t->credentials) < 0)
        return -ENOMEM;
    if (!is_address(host) &&
        gnutls_server_name_set(t->session, GNUTLS_NAME_DNS, host, strlen(host)) < 0)
        return -ENOMEM;
    gnutls_session_set_verify_cert(t->session, t->server->host_subject ? NULL : host, 0);
    gnutls_transport_set_int(t->session, fd);
    gnutls_handshake_set_timeout(t->session, 0); /* the channel has a time-out of its own */
    return 0;
}

int tls_create(int fd, const struct spice_server *server, struct tls **out,
               struct spice_problem *problem)
{
    struct tls *t = calloc(1, sizeof(*t));
    if (!t)
        return -ENOMEM;
    t->server = server;
    int err = gnutls_certificate_allocate_credentials(&t->credentials) < 0 ? -ENOMEM : 0;
    if (err == 0)
        err = load_authorities(t, problem);
    if (err == 0)
        err = set_up(t, fd);
    if (err < 0) {
        tls_destroy(t);
        return err;
    }
    *out = t;
    return 0;
}

void tls_destroy(struct tls *t)
{
    if (!t)
        return;
    if (t->session)
        gnutls_deinit(t->session);
    if (t->credentials)
        gnutls_certificate_free_credentials(t->credentials);
    free(t);
}

/* ---- is it the right server? ---- */

static bool subject_part(gnutls_x509_dn_t dn, int rdn, int ava, struct subject_part *part,
                         char oid[MAX_OID_BYTES])
{
    gnutls_x509_ava_st a;
    if (gnutls_x509_dn_get_rdn_ava(dn, rdn, ava, &a) < 0)
        return false;
    size_t bytes = a.oid.size; /* some releases count a NUL */
    while (bytes > 0 && a.oid.data[bytes - 1] == 0)
        bytes--;
    if (bytes >= MAX_OID_BYTES)
        bytes = 0;
    memcpy(oid, a.oid.data, bytes);
    oid[bytes] = '\0';
    *part = (struct subject_part){ .oid = oid,
                                   .value = (const char *)a.value.data,
                                   .value_bytes = a.value.size };
    return true;
}

static bool certificate_matches(gnutls_x509_crt_t certificate, const char *wanted)
{
    gnutls_x509_dn_t dn;
    struct subject_part parts[MAX_SUBJECT_PARTS];
    char oids[MAX_SUBJECT_PARTS][MAX_OID_BYTES];
    size_t count = 0;
    if (gnutls_x509_crt_get_subject(certificate, &dn) < 0)
        return false;
    for (int rdn = 0;; rdn++) {
        int ava = 0;
        while (subject_part(dn, rdn, ava, &parts[count], oids[count])) {
            ava++;
            if (++count == MAX_SUBJECT_PARTS)
                return false;
        }
        if (ava == 0)
            return subject_matches(wanted, parts, count);
    }
}

static int check_subject(struct tls *t, struct spice_problem *problem)
{
    if (!t->server->host_subject)
        return 0; /* the host name was checked in the handshake */
    unsigned count = 0;
    const gnutls_datum_t *chain = gnutls_certificate_get_peers(t->session, &count);
    gnutls_x509_crt_t certificate;
    if (!chain || count == 0 || gnutls_x509_crt_init(&certificate) < 0)
        return -ENOMEM;
    gnutls_datum_t text = { 0 };
    bool matches = false;
    char subject[128] = "unreadable";
    if (gnutls_x509_crt_import(certificate, &chain[0], GNUTLS_X509_FMT_DER) == 0) {
        matches = certificate_matches(certificate, t->server->host_subject);
        if (gnutls_x509_crt_get_dn3(certificate, &text, GNUTLS_X509_DN_FLAG_COMPAT) == 0)
            spice_text_clean(subject, sizeof(subject), text.data, text.size);
    }
    gnutls_free(text.data);
    gnutls_x509_crt_deinit(certificate);
    if (matches)
        return 0;
    spice_problem_set(problem, SPICE_FAULT_TLS,
                      _("SPICE: the server's certificate is for \"%s\", which is not what "
                        "spice:hostSubject says"),
                      subject);
    return -EPROTO;
}

static void blame_certificate(struct tls *t, struct spice_problem *problem)
{
    gnutls_datum_t text = { 0 };
    char why[160] = "";
    if (gnutls_certificate_verification_status_print(
            gnutls_session_get_verify_cert_status(t->session), GNUTLS_CRT_X509, &text, 0) == 0)
        spice_text_clean(why, sizeof(why), text.data, text.size);
    gnutls_free(text.data);
    spice_problem_set(problem, SPICE_FAULT_TLS,
                      _("SPICE: the server's certificate is not accepted (%s): see spice:caFile "
                        "and spice:hostSubject"),
                      *why ? why : "-");
}

int tls_handshake(struct tls *t, struct spice_problem *problem)
{
    const int err = gnutls_handshake(t->session);
    if (err == GNUTLS_E_SUCCESS)
        return check_subject(t, problem);
    if (!gnutls_error_is_fatal(err))
        return -EAGAIN;
    if (err == GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR) {
        blame_certificate(t, problem);
        return -EPROTO;
    }
    char where[160];
    spice_server_describe(t->server, where, sizeof(where));
    spice_problem_set(problem, SPICE_FAULT_TLS,
                      _("SPICE: TLS with %s failed: %s: is this the port with TLS?"), where,
                      gnutls_strerror(err));
    return -EPROTO;
}

bool tls_wants_write(const struct tls *t)
{
    return gnutls_record_get_direction(t->session) == 1;
}

/* ---- data ---- */

static ssize_t result_of(ssize_t n)
{
    if (n >= 0)
        return n;
    if (n == GNUTLS_E_PREMATURE_TERMINATION)
        return 0; /* messages have lengths: one cut off shows by itself */
    return gnutls_error_is_fatal((int)n) ? -EIO : -EAGAIN;
}

ssize_t tls_read(struct tls *t, void *out, size_t out_bytes)
{
    return result_of(gnutls_record_recv(t->session, out, out_bytes));
}

ssize_t tls_write(struct tls *t, const void *data, size_t data_bytes)
{
    /* A held record is sent by a call without data; it returns the bytes of the call that made it.
     */
    const ssize_t n = result_of(t->write_held ? gnutls_record_send(t->session, NULL, 0)
                                              : gnutls_record_send(t->session, data, data_bytes));
    t->write_held = n == -EAGAIN;
    return n;
}

size_t tls_pending_bytes(const struct tls *t)
{
    return gnutls_record_check_pending(t->session);
}
