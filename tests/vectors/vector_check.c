/* SPDX-License-Identifier: GPL-2.0-or-later
 * The image named by the environment variable VECTOR; the checks are in the other files. */
#include "vector_check.h"

#include <stdlib.h>

#include "test.h"

const char *vector_name(void)
{
    const char *name = getenv("VECTOR");
    if (!name)
        SKIP("VECTOR names no golden image");
    return name;
}
