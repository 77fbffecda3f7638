/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shm/guard.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <windows.h>

enum { MAX_GUARDS = 32 };

enum guard_state { GUARD_FREE, GUARD_CLAIMED, GUARD_WATCHING };

struct shm_guard {
    _Atomic int state;
    _Atomic uintptr_t start; /* these two: constant while WATCHING */
    _Atomic size_t len_bytes;
    _Atomic bool lost;
};

/* File scope, against the house rule, because an exception handler has no other way to find
 * anything. */
static struct shm_guard guards[MAX_GUARDS];
static SRWLOCK replace_lock = SRWLOCK_INIT;
static int install_err;
static pthread_once_t install_once = PTHREAD_ONCE_INIT;

static struct shm_guard *guard_of(uintptr_t addr)
{
    for (int i = 0; i < MAX_GUARDS; i++) {
        struct shm_guard *g = &guards[i];
        /* acquire: pairs with the release in shm_guard_add() */
        if (atomic_load_explicit(&g->state, memory_order_acquire) != GUARD_WATCHING)
            continue;
        if (addr - atomic_load(&g->start) < atomic_load(&g->len_bytes))
            return g;
    }
    return NULL;
}

/* The mapping is gone, or what was behind it. Threads that fault meanwhile wait for the lock. */
static bool replace_vanished(struct shm_guard *g)
{
    bool replaced = true;
    AcquireSRWLockExclusive(&replace_lock);
    if (!atomic_load(&g->lost)) {
        void *start = (void *)atomic_load(&g->start); /* NOLINT(performance-no-int-to-ptr) */
        UnmapViewOfFile(start); /* fails where the driver has taken the view away: all the better */
        replaced = VirtualAlloc(start, atomic_load(&g->len_bytes), MEM_RESERVE | MEM_COMMIT,
                                PAGE_READWRITE) == start;
        if (replaced)
            atomic_store(&g->lost, true);
    }
    ReleaseSRWLockExclusive(&replace_lock);
    return replaced;
}

static LONG CALLBACK on_exception(EXCEPTION_POINTERS *info)
{
    const EXCEPTION_RECORD *r = info->ExceptionRecord;
    const bool access = r->ExceptionCode == (DWORD)EXCEPTION_ACCESS_VIOLATION ||
                        r->ExceptionCode == (DWORD)EXCEPTION_IN_PAGE_ERROR;
    enum { EXECUTE = 8 }; /* of ExceptionInformation[0]: nothing that fresh pages would cure */
    if (!access || r->NumberParameters < 2 || r->ExceptionInformation[0] == EXECUTE)
        return EXCEPTION_CONTINUE_SEARCH;
    struct shm_guard *g = guard_of((uintptr_t)r->ExceptionInformation[1]);
    return g && replace_vanished(g) ? EXCEPTION_CONTINUE_EXECUTION : EXCEPTION_CONTINUE_SEARCH;
}

static void install(void)
{
    if (!AddVectoredExceptionHandler(1, on_exception))
        install_err = -ENOMEM;
}

int shm_guard_add(void *mem, size_t len_bytes, struct shm_guard **out)
{
    pthread_once(&install_once, install);
    if (install_err)
        return install_err;
    for (int i = 0; i < MAX_GUARDS; i++) {
        struct shm_guard *g = &guards[i];
        int expected = GUARD_FREE;
        if (!atomic_compare_exchange_strong(&g->state, &expected, GUARD_CLAIMED))
            continue;
        atomic_store(&g->start, (uintptr_t)mem);
        atomic_store(&g->len_bytes, len_bytes);
        atomic_store(&g->lost, false);
        atomic_store_explicit(&g->state, GUARD_WATCHING, memory_order_release);
        *out = g;
        return 0;
    }
    return -ENFILE;
}

void shm_guard_remove(struct shm_guard *guard)
{
    if (guard)
        atomic_store_explicit(&guard->state, GUARD_FREE, memory_order_release);
}

bool shm_guard_lost(const struct shm_guard *guard)
{
    return atomic_load_explicit(&guard->lost, memory_order_relaxed);
}
