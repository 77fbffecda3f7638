/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spice/link.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include <spice/enums.h>
#include <spice/protocol.h>

#include "base/checked.h"
#include "base/text.h"
#include "spice/reader.h"

#define OUR_COMMON_CAPS                                                                            \
    (1u << SPICE_COMMON_CAP_PROTOCOL_AUTH_SELECTION | 1u << SPICE_COMMON_CAP_AUTH_SPICE |          \
     1u << SPICE_COMMON_CAP_MINI_HEADER)

static const uint8_t magic[4] = { 'R', 'E', 'D', 'Q' };

static_assert(sizeof(SpiceLinkHeader) == LINK_HEADER_BYTES, "wire ABI");
static_assert(sizeof(SpiceLinkHeader) + sizeof(SpiceLinkMess) + 8 == LINK_MESSAGE_BYTES,
              "wire ABI");
static_assert(SPICE_TICKET_PUBKEY_BYTES == TICKET_KEY_BYTES, "wire ABI");
static_assert(SPICE_MAX_PASSWORD_LENGTH == TICKET_MAX_PASSWORD_BYTES, "wire ABI");

void link_message(uint32_t connection_id, uint8_t channel_type, uint8_t channel_id,
                  uint32_t channel_caps, uint8_t out[LINK_MESSAGE_BYTES])
{
    memcpy(out, magic, sizeof(magic));
    spice_put_u32(out + 4, SPICE_VERSION_MAJOR);
    spice_put_u32(out + 8, SPICE_VERSION_MINOR);
    spice_put_u32(out + 12, LINK_MESSAGE_BYTES - LINK_HEADER_BYTES);
    uint8_t *body = out + LINK_HEADER_BYTES;
    spice_put_u32(body, connection_id);
    body[4] = channel_type;
    body[5] = channel_id;
    spice_put_u32(body + 6, 1);  /* words of common caps */
    spice_put_u32(body + 10, 1); /* words of channel caps */
    spice_put_u32(body + 14, sizeof(SpiceLinkMess));
    spice_put_u32(body + 18, OUR_COMMON_CAPS);
    spice_put_u32(body + 22, channel_caps);
}

int link_reply_size(const uint8_t header[LINK_HEADER_BYTES], size_t *body_bytes, const char **why)
{
    struct spice_reader r = spice_reader_of(header, LINK_HEADER_BYTES);
    if (memcmp(spice_read_bytes(&r, sizeof(magic)), magic, sizeof(magic)) != 0) {
        *why = _("what answers there is not a SPICE server");
        return -EPROTO;
    }
    const uint32_t major = spice_read_u32(&r);
    (void)spice_read_u32(&r); /* minor versions only add */
    const uint32_t size = spice_read_u32(&r);
    if (major != SPICE_VERSION_MAJOR) {
        *why = _("the server speaks another version of SPICE than 2");
        return -EPROTO;
    }
    if (size < sizeof(SpiceLinkReply) || size > LINK_REPLY_MAX_BYTES) {
        *why = _("the server's first answer has an impossible size");
        return -EPROTO;
    }
    *body_bytes = size;
    return 0;
}

int link_reply_parse(const uint8_t *body, size_t body_bytes, struct link_reply *out,
                     const char **why)
{
    struct spice_reader r = spice_reader_of(body, body_bytes);
    struct link_reply reply = { .error = spice_read_u32(&r) };
    const uint8_t *key = spice_read_bytes(&r, TICKET_KEY_BYTES);
    const uint32_t common = spice_read_u32(&r), channel = spice_read_u32(&r);
    const uint32_t offset = spice_read_u32(&r);
    if (r.bad) {
        *why = _("the server's first answer is cut short");
        return -EPROTO;
    }
    memcpy(reply.key, key, sizeof(reply.key));
    if (common > LINK_MAX_CAP_WORDS || channel > LINK_MAX_CAP_WORDS ||
        (common + channel > 0 && !range_inside(offset, 4 * (common + channel), body_bytes))) {
        *why = _("the server's list of capabilities lies outside its answer");
        return -EPROTO;
    }
    if (common + channel > 0) {
        struct spice_reader caps = spice_reader_of(body + offset, body_bytes - offset);
        reply.common_caps = common ? spice_read_u32(&caps) : 0;
        if (common)
            (void)spice_read_bytes(&caps, 4 * (common - 1));
        reply.channel_caps = channel ? spice_read_u32(&caps) : 0;
    }
    *out = reply;
    return 0;
}

static const struct {
    uint32_t error;
    enum spice_fault fault;
    const char *text;
} errors[] = {
    { SPICE_LINK_ERR_ERROR, SPICE_FAULT_REFUSED, N_("the server refused without telling why") },
    { SPICE_LINK_ERR_INVALID_MAGIC, SPICE_FAULT_PROTOCOL,
      N_("the server did not know our greeting") },
    { SPICE_LINK_ERR_INVALID_DATA, SPICE_FAULT_PROTOCOL,
      N_("the server did not understand our greeting") },
    { SPICE_LINK_ERR_VERSION_MISMATCH, SPICE_FAULT_PROTOCOL,
      N_("the server speaks another version of SPICE") },
    { SPICE_LINK_ERR_NEED_SECURED, SPICE_FAULT_REFUSED,
      N_("the server wants TLS: set spice:tlsPort (tlsPort= in <graphics>) and spice:caFile") },
    { SPICE_LINK_ERR_NEED_UNSECURED, SPICE_FAULT_REFUSED,
      N_("the server wants this without TLS: set spice:tlsPort=0 and spice:port") },
    { SPICE_LINK_ERR_BAD_CONNECTION_ID, SPICE_FAULT_REFUSED,
      N_("the server does not know this session any more") },
    { SPICE_LINK_ERR_CHANNEL_NOT_AVAILABLE, SPICE_FAULT_REFUSED,
      N_("the server does not have this channel") },
};

enum spice_fault link_error(uint32_t error, bool had_password, const char **text)
{
    if (error == SPICE_LINK_ERR_PERMISSION_DENIED) {
        *text = had_password ? _("the password is wrong or has expired: see spice:password, "
                                 "spice:passwordFile and passwd= in <graphics>")
                             : _("the server wants a password: set spice:passwordFile");
        return SPICE_FAULT_PASSWORD;
    }
    for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
        if (errors[i].error != error)
            continue;
        *text = _(errors[i].text);
        return errors[i].fault;
    }
    *text = _("the server refused with a code that we do not know");
    return SPICE_FAULT_REFUSED;
}
