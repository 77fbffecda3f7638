/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <poll.h>
#include <time.h>

#include "base/clock.h"
#include "kvmfr/host_private.h"

static struct timespec left_until(uint64_t deadline_ns)
{
    const uint64_t now_ns = clock_ns();
    const uint64_t left_ns = deadline_ns > now_ns ? deadline_ns - now_ns : 0;
    return (struct timespec){ .tv_sec = (time_t)(left_ns / NS_PER_S),
                              .tv_nsec = (long)(left_ns % NS_PER_S) };
}

unsigned kvmfr_host_sleep(struct kvmfr_host *host, uint64_t deadline_ns, int fd)
{
    if (!kvmfr_host_arm(host))
        return KVMFR_WOKE_RUNG;
    struct pollfd fds[] = { { .fd = kvmfr_host_fd(host), .events = POLLIN },
                            { .fd = fd, .events = POLLIN } };
    const struct timespec left = left_until(deadline_ns);
    const int n = ppoll(fds, ARRAY_LEN(fds), &left, NULL); /* on failure nobody is ready */
    /* The end of what is read, too, is for the caller to see. */
    const bool readable = n > 0 && fds[1].revents != 0;
    return (kvmfr_host_disarm(host) ? KVMFR_WOKE_RUNG : 0) | (readable ? KVMFR_WOKE_FD : 0);
}
