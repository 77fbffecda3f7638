/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kvmfr/session.h"

#include <stddef.h>
#include <string.h>

#include "kvmfr/extension.h"
#include "kvmfr/layout.h"
#include "kvmfr/text.h"

static uint32_t load_u32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

static void parse_vm(const uint8_t *body, uint32_t body_bytes, struct kvmfr_session *out)
{
    if (body_bytes < KVMFR_RECORD_VM_MODEL)
        return;
    out->has_vm = true;
    memcpy(out->uuid, body, sizeof(out->uuid));
    kvmfr_text_copy(out->capture, sizeof(out->capture), body + 16, 32);
    out->cpus = body[48];
    out->cores = body[49];
    out->sockets = body[50];
    kvmfr_text_copy(out->cpu_model, sizeof(out->cpu_model), body + KVMFR_RECORD_VM_MODEL,
                    body_bytes - KVMFR_RECORD_VM_MODEL);
}

static void parse_os(const uint8_t *body, uint32_t body_bytes, struct kvmfr_session *out)
{
    if (body_bytes < KVMFR_RECORD_OS_NAME)
        return;
    out->has_os = true;
    out->os = body[0] < KVMFR_OS_OTHER ? (enum kvmfr_os)body[0] : KVMFR_OS_OTHER;
    kvmfr_text_copy(out->os_name, sizeof(out->os_name), body + KVMFR_RECORD_OS_NAME,
                    body_bytes - KVMFR_RECORD_OS_NAME);
}

/* Behind the frame header, and aligned for its 64-bit words. Whether it lies before the pixels,
 * only a frame can tell. */
static bool timing_offset_valid(uint32_t offset)
{
    return offset >= sizeof(struct kvmfr_wire_frame) && offset % 8 == 0;
}

/* Without a board there is nothing: all capabilities use it. */
static bool board_valid(const struct kvmfr_wire_extension *w)
{
    return w->version >= KVMFR_EXTENSION_VERSION && w->board_offset != 0 &&
           w->board_offset % 64 == 0 && w->board_bytes >= sizeof(struct kvmfr_wire_board) &&
           w->board_bytes <= UINT32_MAX - w->board_offset;
}

static void parse_extension(const uint8_t *body, uint32_t body_bytes, struct kvmfr_session *out)
{
    struct kvmfr_wire_extension w;
    if (body_bytes < sizeof(w))
        return;
    memcpy(&w, body, sizeof(w));
    if (!board_valid(&w))
        return;
    const bool rings = (w.capabilities & KVMFR_EXT_DOORBELL) && w.peer_id != KVMFR_NO_PEER;
    const bool timing = (w.capabilities & KVMFR_EXT_TIMING) && timing_offset_valid(w.timing_offset);
    out->extension = (struct kvmfr_extension){
        .capabilities = (rings ? KVMFR_EXT_DOORBELL : 0) | (timing ? KVMFR_EXT_TIMING : 0) |
                        (w.capabilities & KVMFR_EXT_BUFFERS),
        .peer_id = rings ? w.peer_id : KVMFR_NO_PEER,
        .vector = rings ? w.vector : 0,
        .timing_offset = timing ? w.timing_offset : 0,
        .board_offset = w.board_offset,
        .board_bytes = w.board_bytes,
    };
    out->has_extension = out->extension.capabilities != 0;
}

/* The first record of each type counts; unknown types are skipped by their size. */
static void parse_records(const uint8_t *at, uint32_t left_bytes, struct kvmfr_session *out)
{
    while (left_bytes >= KVMFR_RECORD_HEADER_BYTES) {
        const uint32_t type = at[0], body_bytes = load_u32(at + 4);
        at += KVMFR_RECORD_HEADER_BYTES;
        left_bytes -= KVMFR_RECORD_HEADER_BYTES;
        if (body_bytes > left_bytes)
            return;
        if (type == KVMFR_RECORD_VM && !out->has_vm)
            parse_vm(at, body_bytes, out);
        else if (type == KVMFR_RECORD_OS && !out->has_os)
            parse_os(at, body_bytes, out);
        else if (type == KVMFR_RECORD_ESPELHO && (out->features & KVMFR_FEATURE_ESPELHO) &&
                 !out->has_extension)
            parse_extension(at, body_bytes, out);
        at += body_bytes;
        left_bytes -= body_bytes;
    }
}

enum kvmfr_session_result kvmfr_session_parse(const uint8_t *udata, uint32_t udata_bytes,
                                              struct kvmfr_session *out)
{
    const size_t version_end = offsetof(struct kvmfr_wire_session, host_version);
    memset(out, 0, sizeof(*out));
    if (udata_bytes < version_end || memcmp(udata, KVMFR_MAGIC, KVMFR_MAGIC_BYTES) != 0)
        return KVMFR_SESSION_NOT_KVMFR;
    out->version = load_u32(udata + offsetof(struct kvmfr_wire_session, version));
    const bool whole = udata_bytes >= sizeof(struct kvmfr_wire_session);
    if (whole && out->version >= 2) /* before 2 there was no such text */
        kvmfr_text_copy(out->host_version, sizeof(out->host_version), udata + version_end, 32);
    if (out->version != KVMFR_VERSION)
        return KVMFR_SESSION_OTHER_VERSION;
    if (!whole)
        return KVMFR_SESSION_NOT_KVMFR;
    out->features = load_u32(udata + offsetof(struct kvmfr_wire_session, features));
    parse_records(udata + sizeof(struct kvmfr_wire_session),
                  udata_bytes - (uint32_t)sizeof(struct kvmfr_wire_session), out);
    return KVMFR_SESSION_OK;
}

static uint8_t *put_record_header(uint8_t *at, uint8_t type, size_t body_bytes)
{
    const uint32_t size = (uint32_t)body_bytes;
    memset(at, 0, KVMFR_RECORD_HEADER_BYTES);
    at[0] = type;
    memcpy(at + 4, &size, sizeof(size));
    return at + KVMFR_RECORD_HEADER_BYTES;
}

static uint8_t *put_text(uint8_t *at, const char *text, size_t text_bytes)
{
    memcpy(at, text, text_bytes);
    at[text_bytes] = 0;
    return at + text_bytes + 1;
}

static uint8_t *put_extension(uint8_t *at, const struct kvmfr_extension *ext)
{
    const struct kvmfr_wire_extension w = {
        .version = KVMFR_EXTENSION_VERSION,
        .peer_id = ext->peer_id,
        .vector = ext->vector,
        .timing_offset = (uint16_t)ext->timing_offset,
        .capabilities = ext->capabilities,
        .board_offset = ext->board_offset,
        .board_bytes = ext->board_bytes,
    };
    at = put_record_header(at, KVMFR_RECORD_ESPELHO, sizeof(w));
    memcpy(at, &w, sizeof(w));
    return at + sizeof(w);
}

uint32_t kvmfr_session_write(const struct kvmfr_session *session, uint8_t *udata,
                             uint32_t cap_bytes)
{
    const size_t model_bytes = strnlen(session->cpu_model, sizeof(session->cpu_model) - 1);
    const size_t name_bytes = strnlen(session->os_name, sizeof(session->os_name) - 1);
    const size_t vm_bytes = KVMFR_RECORD_VM_MODEL + model_bytes + 1;
    const size_t os_bytes = KVMFR_RECORD_OS_NAME + name_bytes + 1;
    const size_t ext_bytes = session->has_extension
                                 ? KVMFR_RECORD_HEADER_BYTES + sizeof(struct kvmfr_wire_extension)
                                 : 0;
    const size_t need_bytes = sizeof(struct kvmfr_wire_session) + 2 * KVMFR_RECORD_HEADER_BYTES +
                              vm_bytes + os_bytes + ext_bytes;
    if (need_bytes > cap_bytes)
        return 0;

    struct kvmfr_wire_session head = { .version = KVMFR_VERSION, .features = session->features };
    head.features &= ~KVMFR_FEATURE_ESPELHO;
    if (session->has_extension)
        head.features |= KVMFR_FEATURE_ESPELHO;
    memcpy(head.magic, KVMFR_MAGIC, KVMFR_MAGIC_BYTES);
    memcpy(head.host_version, session->host_version, strnlen(session->host_version, 31));
    memcpy(udata, &head, sizeof(head));

    uint8_t *at = put_record_header(udata + sizeof(head), KVMFR_RECORD_VM, vm_bytes);
    memset(at, 0, KVMFR_RECORD_VM_MODEL);
    memcpy(at, session->uuid, sizeof(session->uuid));
    memcpy(at + 16, session->capture, strnlen(session->capture, 31));
    at[48] = (uint8_t)session->cpus;
    at[49] = (uint8_t)session->cores;
    at[50] = (uint8_t)session->sockets;
    at = put_text(at + KVMFR_RECORD_VM_MODEL, session->cpu_model, model_bytes);

    at = put_record_header(at, KVMFR_RECORD_OS, os_bytes);
    *at++ = (uint8_t)session->os;
    at = put_text(at, session->os_name, name_bytes);
    if (session->has_extension)
        at = put_extension(at, &session->extension);
    return (uint32_t)(at - udata);
}

bool kvmfr_session_has_uuid(const struct kvmfr_session *session)
{
    static const uint8_t unknown[16];
    return session->has_vm && memcmp(session->uuid, unknown, sizeof(unknown)) != 0;
}

void kvmfr_uuid_text(const uint8_t uuid[16], char text[37])
{
    static const char digits[] = "0123456789abcdef";
    for (unsigned i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *text++ = '-';
        *text++ = digits[uuid[i] >> 4];
        *text++ = digits[uuid[i] & 15];
    }
    *text = 0;
}

void kvmfr_session_uuid_text(const struct kvmfr_session *session, char text[37])
{
    kvmfr_uuid_text(session->uuid, text);
}
