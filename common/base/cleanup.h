/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/base/cleanup.h - locals that free or close themselves, for cold paths.
 *     autofree char *line = NULL;
 *     autoclose int fd = -1;
 * Hand ownership on with steal_ptr() and steal_fd(). */
#ifndef ESPELHO_BASE_CLEANUP_H
#define ESPELHO_BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/macros.h"

static inline void cleanup_free_ptr(void *p)
{
    free(*(void **)p);
}

static inline void cleanup_close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static inline void cleanup_close_file(FILE **f)
{
    if (*f)
        fclose(*f);
}

#define autofree   __attribute__((cleanup(cleanup_free_ptr)))
#define autoclose  __attribute__((cleanup(cleanup_close_fd)))
#define autofclose __attribute__((cleanup(cleanup_close_file)))

static inline int steal_fd(int *fd)
{
    const int out = *fd;
    *fd = -1;
    return out;
}

#define steal_ptr(p)                                                                               \
    (__extension__({                                                                               \
        __typeof__(*(p)) stolen_ = *(p);                                                           \
        *(p) = NULL;                                                                               \
        stolen_;                                                                                   \
    }))

#endif
