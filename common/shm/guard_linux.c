/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shm/guard.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MAX_GUARDS = 32 };

enum guard_state { GUARD_FREE, GUARD_CLAIMED, GUARD_WATCHING };

struct shm_guard {
    _Atomic int state;
    _Atomic uintptr_t start; /* these two: constant while WATCHING */
    _Atomic size_t len_bytes;
    _Atomic bool lost;
};

/* File scope, against the house rule, because a signal handler has no other way to find anything.
 */
static struct shm_guard guards[MAX_GUARDS];
static struct sigaction previous;
static uintptr_t page_bytes;
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

static bool map_zeroes(uintptr_t start, size_t len_bytes)
{
    return mmap((void *)start, len_bytes,
                PROT_READ | PROT_WRITE, /* NOLINT(performance-no-int-to-ptr) */
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) != MAP_FAILED;
}

/* The file ends before the page at `addr`: all that follows it is gone as well. Async-signal-safe:
 * one system call or two. */
static bool replace_vanished(struct shm_guard *g, uintptr_t addr)
{
    const uintptr_t start = atomic_load(&g->start);
    const size_t len_bytes = atomic_load(&g->len_bytes);
    const uintptr_t page = addr & ~(page_bytes - 1);
    /* A mapping of huge pages cannot be cut inside of one: then all of it goes. */
    if (!map_zeroes(page, len_bytes - (page - start)) && !map_zeroes(start, len_bytes))
        return false;
    atomic_store(&g->lost, true);
    return true;
}

static void pass_on(int sig, siginfo_t *info, void *context)
{
    if (previous.sa_flags & SA_SIGINFO) {
        previous.sa_sigaction(sig, info, context);
        return;
    }
    if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
        previous.sa_handler(sig);
        return;
    }
    if (previous.sa_handler == SIG_IGN && info->si_code <= 0)
        return; /* sent by a process, not caused by an access */
    /* Default: end with the usual core dump. A failed access repeats itself when we return; a sent
     * signal has to be sent again (it stays blocked until the handler returns). */
    const struct sigaction dfl = { .sa_handler = SIG_DFL };
    sigaction(SIGBUS, &dfl, NULL);
    if (info->si_code <= 0)
        raise(SIGBUS);
}

static void on_sigbus(int sig, siginfo_t *info, void *context)
{
    const int saved_errno = errno;
    const uintptr_t addr = (uintptr_t)info->si_addr;
    struct shm_guard *g = info->si_code == BUS_ADRERR ? guard_of(addr) : NULL;
    if (!g || !replace_vanished(g, addr))
        pass_on(sig, info, context);
    errno = saved_errno;
}

static void install(void)
{
    page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE);
    struct sigaction action = { .sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO | SA_ONSTACK };
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGBUS, &action, &previous) != 0)
        install_err = -errno;
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
