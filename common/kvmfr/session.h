/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/kvmfr/session.h - the user data of a session: version, features, VM and OS records, and
 * the record of our extension. Source: docs/protocol/kvmfr.md section 2 and docs/extensions.md
 * table E1. Pure functions over private copies; any thread. */
#ifndef ESPELHO_KVMFR_SESSION_H
#define ESPELHO_KVMFR_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"

#define KVMFR_FEATURE_SET_CURSOR_POSITION 0x1u
#define KVMFR_SESSION_MAX_BYTES           4096u

enum kvmfr_os { KVMFR_OS_LINUX, KVMFR_OS_BSD, KVMFR_OS_MACOS, KVMFR_OS_WINDOWS, KVMFR_OS_OTHER };

/* What the host says of our extension (docs/extensions.md), as far as it makes sense: a capability
 * whose fields do not is not there. */
struct kvmfr_extension {
    uint32_t capabilities;  /* KVMFR_EXT_*; unknown bits removed; never 0 */
    uint16_t peer_id;       /* SHM_DOORBELL_NO_PEER without KVMFR_EXT_DOORBELL */
    uint16_t vector;        /* of the host */
    uint32_t timing_offset; /* in a frame payload; 0 without KVMFR_EXT_TIMING */
    uint32_t board_offset;  /* 64-aligned; not yet compared with the region's size */
    uint32_t board_bytes;   /* at least sizeof(struct kvmfr_wire_board) */
};

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
    bool has_extension;
    struct kvmfr_extension extension;
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
/* Writes header, record 1, record 2 and, with has_extension, record 0xE5 and its feature bit.
 * Returns the bytes written (<= KVMFR_SESSION_MAX_BYTES always suffices), 0 if `cap_bytes` is too
 * small. */
uint32_t kvmfr_session_write(const struct kvmfr_session *session, uint8_t *udata,
                             uint32_t cap_bytes);
bool kvmfr_session_has_uuid(const struct kvmfr_session *session);
/* "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx" and its terminator. */
void kvmfr_session_uuid_text(const struct kvmfr_session *session, char text[37]);
/* The same of any UUID in text order. */
void kvmfr_uuid_text(const uint8_t uuid[16], char text[37]);

#endif
