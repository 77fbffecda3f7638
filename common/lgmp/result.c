/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lgmp/result.h"

#include "base/macros.h"
#include "base/text.h"

const char *lgmp_result_str(enum lgmp_result r)
{
    static const char *const text[] = {
        [LGMP_RESULT_NONE] = N_("no result"),
        [LGMP_OK] = N_("ok"),
        [LGMP_EMPTY] = N_("queue empty"),
        [LGMP_FULL] = N_("queue full"),
        [LGMP_TIMED_OUT] = N_("subscription timed out"),
        [LGMP_UNSUBSCRIBED] = N_("unsubscribed"),
        [LGMP_INVALID_SESSION] = N_("session lost or host not alive"),
        [LGMP_INVALID_MAGIC] = N_("not a relay region (wrong magic)"),
        [LGMP_INVALID_VERSION] = N_("unknown protocol version"),
        [LGMP_INVALID_SIZE] = N_("invalid size"),
        [LGMP_NO_SUCH_QUEUE] = N_("no such queue"),
        [LGMP_TOO_MANY_QUEUES] = N_("too many queues"),
        [LGMP_NO_SHARED_MEMORY] = N_("out of shared memory"),
        [LGMP_NO_MEMORY] = N_("out of memory"),
        [LGMP_CORRUPTED] = N_("region corrupted"),
    };
    const unsigned i = (unsigned)r;
    return i < ARRAY_LEN(text) && text[i] ? _(text[i]) : _("unknown result");
}
