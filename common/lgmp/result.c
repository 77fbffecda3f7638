/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lgmp/result.h"

#include "base/macros.h"

const char *lgmp_result_str(enum lgmp_result r)
{
    static const char *const text[] = {
        [LGMP_RESULT_NONE] = "no result",
        [LGMP_OK] = "ok",
        [LGMP_EMPTY] = "queue empty",
        [LGMP_FULL] = "queue full",
        [LGMP_TIMED_OUT] = "subscription timed out",
        [LGMP_UNSUBSCRIBED] = "unsubscribed",
        [LGMP_INVALID_SESSION] = "session lost or host not alive",
        [LGMP_INVALID_MAGIC] = "not a relay region (wrong magic)",
        [LGMP_INVALID_VERSION] = "unknown protocol version",
        [LGMP_INVALID_SIZE] = "invalid size",
        [LGMP_NO_SUCH_QUEUE] = "no such queue",
        [LGMP_TOO_MANY_QUEUES] = "too many queues",
        [LGMP_NO_SHARED_MEMORY] = "out of shared memory",
        [LGMP_NO_MEMORY] = "out of memory",
        [LGMP_CORRUPTED] = "region corrupted",
    };
    const unsigned i = (unsigned)r;
    return i < ARRAY_LEN(text) && text[i] ? text[i] : "unknown result";
}
