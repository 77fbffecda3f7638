/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/kvmfr/session.h - the user data of a session: version, features, VM and OS records.
 * Source: docs/protocol/kvmfr.md section 2. Pure functions over private copies; any thread. */
#ifndef ESPELHO_KVMFR_SESSION_H
#define ESPELHO_KVMFR_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"

#define KVMFR_FEATURE_SET_CURSOR_POSITION 0x1u
#define KVMFR_SESSION_MAX_BYTES           4096u

enum kvmfr_os { KVMFR_OS_LINUX, KVMFR_OS_BSD, KVMFR_OS_MACOS, KVMFR_OS_WINDOWS, KVMFR_OS_OTHER };

struct kvmfr_session {
    uint32_t version;
    char host_version[32]; /* always terminated, as are all texts here; control characters replaced
                            */
    uint32_t features;
    bool has_vm;
    uint8_t uuid[16]; /* text order; all zero: unknown */
    char capture[33];
    uint32_t cpus, cores, sockets;
    char cpu_model[128];
    bool has_os;
    enum kvmfr_os os;
    char os_name[128];
};

enum kvmfr_session_result {
    KVMFR_SESSION_NONE,
    KVMFR_SESSION_OK,
    KVMFR_SESSION_NOT_KVMFR,     /* magic wrong or too short */
    KVMFR_SESSION_OTHER_VERSION, /* ->version and ->host_version say which */
};

/* Reads private bytes. Never fails on bad records: they are skipped as the format says. */
enum kvmfr_session_result kvmfr_session_parse(const uint8_t *udata, uint32_t udata_bytes,
                                              struct kvmfr_session *out) MUST_CHECK;
/* Writes header, record 1, record 2. Returns the bytes written (<= KVMFR_SESSION_MAX_BYTES always
 * suffices), 0 if `cap_bytes` is too small. */
uint32_t kvmfr_session_write(const struct kvmfr_session *session, uint8_t *udata,
                             uint32_t cap_bytes);
bool kvmfr_session_has_uuid(const struct kvmfr_session *session);
/* "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx" and its terminator. */
void kvmfr_session_uuid_text(const struct kvmfr_session *session, char text[37]);
/* The same of any UUID in text order. */
void kvmfr_uuid_text(const uint8_t uuid[16], char text[37]);

#endif
