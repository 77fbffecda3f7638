/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "win/hresult.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/macros.h"

static const struct {
    int32_t hr;
    const char *name;
} names[] = {
#define HRESULT_NAME(name, value) { (int32_t)(value), #name },
    HRESULT_LIST(HRESULT_NAME)
#undef HRESULT_NAME
};

struct hresult_text hresult_text(int32_t hr)
{
    struct hresult_text t;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (names[i].hr != hr)
            continue;
        snprintf(t.text, sizeof(t.text), "%s (0x%08" PRIX32 ")", names[i].name, (uint32_t)hr);
        return t;
    }
    snprintf(t.text, sizeof(t.text), "0x%08" PRIX32, (uint32_t)hr);
    return t;
}
