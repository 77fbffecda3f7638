/* SPDX-License-Identifier: GPL-2.0-or-later
 * Arbitrary bytes as a domain's XML: what comes out is terminated, whole and consistent, or there
 * is a message. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "domain/domain.h"

static void check_text(const char *text, size_t room_bytes)
{
    if (strnlen(text, room_bytes) == room_bytes)
        abort();
}

static void check(const struct domain_info *info)
{
    check_text(info->name, sizeof(info->name));
    check_text(info->spice.socket_path, sizeof(info->spice.socket_path));
    check_text(info->spice.host, sizeof(info->spice.host));
    check_text(info->spice.password, sizeof(info->spice.password));
    check_text(info->memory.path, sizeof(info->memory.path));
    if (info->spice.kind == DOMAIN_SPICE_TCP &&
        (!info->spice.host[0] || (!info->spice.port && !info->spice.tls_port)))
        abort();
    if (info->spice.kind == DOMAIN_SPICE_UNIX && info->spice.socket_path[0] != '/')
        abort();
    if ((info->memory.kind != DOMAIN_MEMORY_NONE) != (info->memory.path[0] == '/'))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
    struct domain_info info;
    struct domain_problem problem = { .message = "" };
    if (domain_from_xml((const char *)data, len_bytes, &info, &problem) == 0)
        check(&info);
    else if (!problem.message[0])
        abort();
    return 0;
}
