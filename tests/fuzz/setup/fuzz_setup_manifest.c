/* SPDX-License-Identifier: GPL-2.0-or-later
 * A backup's list of steps, as somebody may have left it: read without harm, and what is read is
 * written as a list that reads the same. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/macros.h"
#include "setup/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Some of the files beside the list are gone. */
static int load(void *ctx, size_t step, const char *what, char **text)
{
    const size_t *const missing = ctx;
    if (step == *missing)
        return -ENOENT;
    *text = strdup(what);
    return *text ? 0 : -ENOMEM;
}

static struct plan *parse(const char *text, size_t *missing)
{
    const struct manifest_texts texts = { .load = load, .ctx = missing };
    autofree char *copy = strdup(text);
    struct plan *plan = NULL;
    if (!copy || manifest_parse(copy, "/tmp", "/tmp", &texts, &plan) < 0)
        return NULL;
    return plan;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t missing = size > 0 ? data[0] : SIZE_MAX;
    autofree char *text = size > 0 ? strndup((const char *)data + 1, size - 1) : NULL;
    struct plan *const plan = text ? parse(text, &missing) : NULL;
    if (!plan)
        return 0;
    autofree char *once = manifest_print(plan);
    plan_destroy(plan);
    struct plan *const again = once ? parse(once, &missing) : NULL;
    autofree char *twice = again ? manifest_print(again) : NULL;
    if (once && (!twice || strcmp(once, twice) != 0))
        abort();
    plan_destroy(again);
    return 0;
}
