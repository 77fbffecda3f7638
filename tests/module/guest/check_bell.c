/* SPDX-License-Identifier: GPL-2.0-or-later
 * The doorbell: vectors heard by eventfd and by poll(), rings to peers outside, and its end. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "device.h"

#define PATIENCE_MS 20000

static struct kvmfr_info info_of(int fd)
{
    struct kvmfr_info info;
    CHECK_INT(ioctl(fd, KVMFR_INFO, &info), 0);
    CHECK_INT(info.flags, KVMFR_INFO_PCI | KVMFR_INFO_DOORBELL);
    return info;
}

static int ring(int fd, uint16_t peer, uint16_t vector)
{
    const struct kvmfr_ring r = { .peer = peer, .vector = vector };
    return ioctl(fd, KVMFR_RING, &r) == 0 ? 0 : -errno;
}

static int set_event(int fd, uint32_t vector, int event)
{
    const struct kvmfr_eventfd e = { .vector = vector, .fd = event };
    return ioctl(fd, KVMFR_EVENTFD, &e) == 0 ? 0 : -errno;
}

static uint64_t take(int fd, uint64_t vectors)
{
    struct kvmfr_take t = { .vectors = vectors };
    CHECK_INT(ioctl(fd, KVMFR_TAKE, &t), 0);
    return t.vectors;
}

static short wait_for(int fd, int timeout_ms)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    return poll(&p, 1, timeout_ms) > 0 ? p.revents : 0;
}

TEST(identity)
{
    const int device = bell_device();
    const struct kvmfr_info info = info_of(open_device(device, O_RDONLY));
    CHECK_INT(atoi(text_of(CLASS_DIR "/kvmfr%d/peer_id", device)), info.peer_id);
    CHECK_INT(atoi(text_of(CLASS_DIR "/kvmfr%d/vectors", device)), info.vectors);
    CHECK_INT(info.vectors, 4);
}

TEST(wrong_numbers)
{
    const int fd = open_device(bell_device(), O_RDWR),
              reader = open_device(bell_device(), O_RDONLY);
    const struct kvmfr_info info = info_of(fd);
    const int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    const struct kvmfr_ring odd = { .peer = info.peer_id, .reserved = 1 };
    CHECK(ioctl(fd, KVMFR_RING, &odd) == -1 && errno == EINVAL);
    CHECK_INT(ring(reader, info.peer_id, 0), -EACCES);
    CHECK_INT(ring(fd, 65535, 65535), 0); /* nobody is there: nothing happens */
    CHECK_INT(ring(fd, info.peer_id, info.vectors), 0);
    CHECK_INT(set_event(fd, info.vectors, event), -EINVAL);
    CHECK_INT(set_event(fd, UINT32_MAX, event), -EINVAL);
    CHECK_INT(set_event(fd, 0, -2), -EBADF);
    CHECK_INT(set_event(fd, 0, 1000), -EBADF);
    CHECK_INT(set_event(fd, 0, fd), -EINVAL);
    CHECK_INT(set_event(fd, 0, -1), 0);
    CHECK_INT(wait_for(event, 50), 0);
}

TEST(own_rings)
{
    const int fd = open_device(bell_device(), O_RDWR);
    const struct kvmfr_info info = info_of(fd);
    take(fd, UINT64_MAX);
    for (uint16_t v = 0; v < info.vectors; v++) {
        const int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        CHECK_INT(set_event(fd, v, event), 0);
        CHECK_INT(wait_for(event, 0), 0);
        CHECK_INT(wait_for(fd, 0), 0);
        CHECK_INT(ring(fd, info.peer_id, v), 0);
        CHECK_INT(wait_for(event, PATIENCE_MS), POLLIN);
        CHECK_INT(wait_for(fd, PATIENCE_MS), POLLIN);
        CHECK_INT(take(fd, ~(UINT64_C(1) << v)), 0);
        CHECK_INT(take(fd, UINT64_MAX), UINT64_C(1) << v);
        CHECK_INT(wait_for(fd, 0), 0);
        CHECK_INT(set_event(fd, v, -1), 0);
        close(event);
    }
}

TEST(everybody_hears)
{
    const int a = open_device(bell_device(), O_RDWR), b = open_device(bell_device(), O_RDONLY);
    const struct kvmfr_info info = info_of(a);
    take(a, UINT64_MAX);
    take(b, UINT64_MAX);
    CHECK_INT(ring(a, info.peer_id, 1), 0);
    CHECK_INT(wait_for(b, PATIENCE_MS), POLLIN);
    CHECK_INT(take(b, UINT64_MAX), 2);
    CHECK_INT(wait_for(a, PATIENCE_MS), POLLIN);
    CHECK_INT(take(a, 2), 2);
}

TEST(replaced_and_closed)
{
    const int fd = open_device(bell_device(), O_RDWR);
    const struct kvmfr_info info = info_of(fd);
    const int first = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    const int second = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    CHECK_INT(set_event(fd, 0, first), 0);
    CHECK_INT(set_event(fd, 0, second), 0);
    CHECK_INT(ring(fd, info.peer_id, 0), 0);
    CHECK_INT(wait_for(second, PATIENCE_MS), POLLIN);
    CHECK_INT(wait_for(first, 0), 0);
    const int other = open_device(bell_device(), O_RDWR);
    close(second); /* the driver has it still */
    close(fd);     /* no more */
    CHECK_INT(ring(other, info.peer_id, 0), 0);
    CHECK_INT(wait_for(other, PATIENCE_MS), POLLIN);
}

/* The harness outside has joined as a peer, and does as these lines say. */
TEST(peers_outside)
{
    const int fd = open_device(bell_device(), O_RDWR);
    const int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    CHECK_INT(set_event(fd, 2, event), 0);
    const int peer = atoi(text_of("/checks/peer"));
    const struct kvmfr_info info = info_of(fd);
    CHECK(peer != info.peer_id);
    volatile uint32_t *word = map(fd, PAGE, 0);
    for (uint32_t i = 1; i <= 20; i++) {
        printf("please answer %u\n", info.peer_id);
        fflush(stdout);
        word[0] = i;
        CHECK_INT(ring(fd, (uint16_t)peer, 1), 0);
        CHECK_MSG(wait_for(event, PATIENCE_MS) == POLLIN, "no answer to ring %u", i);
        uint64_t count;
        CHECK_INT(read(event, &count, sizeof(count)), sizeof(count));
        CHECK_INT(word[1], i); /* written by the peer before it rang */
    }
}

TEST(end_of_the_device)
{
    const int device = bell_device();
    const char *address = pci_address(device);
    const int fd = open_device(device, O_RDWR);
    const int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    CHECK_INT(set_event(fd, 3, event), 0);
    CHECK_INT(wait_for(event, 0), 0);
    CHECK_INT(unbind(address), 0);
    CHECK_INT(wait_for(event, 0), POLLIN); /* nobody sleeps for ever */
    CHECK(wait_for(fd, 0) & POLLHUP);
    CHECK_INT(ring(fd, 0, 0), -ENODEV);
    CHECK_INT(set_event(fd, 0, event), -ENODEV);
    CHECK_INT(bind_again(address), 0);
    const int anew = open_device(bell_device(), O_RDWR);
    const struct kvmfr_info info = info_of(anew);
    CHECK_INT(ring(anew, info.peer_id, 3), 0);
    CHECK_INT(wait_for(anew, PATIENCE_MS), POLLIN);
}
