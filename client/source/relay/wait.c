/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/relay/wait.h"

#include <stddef.h>
#include <string.h>

static const struct wait_ops *const strategies[] = { &wait_adaptive_ops, &wait_fixed_ops,
                                                     &wait_doorbell_ops };

const struct wait_ops *wait_find(const char *name)
{
    for (size_t i = 0; name && i < ARRAY_LEN(strategies); i++) {
        if (strcmp(strategies[i]->name, name) == 0)
            return strategies[i];
    }
    return NULL;
}
