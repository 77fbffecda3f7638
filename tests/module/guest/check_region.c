/* SPDX-License-Identifier: GPL-2.0-or-later
 * What programs of ours see of the module: regions (common/shm), with a doorbell where there is
 * one. */
#include <errno.h>
#include <poll.h>

#include "device.h"
#include "shm/doorbell.h"
#include "shm/region.h"

#define PATIENCE_MS 20000

static struct shm_region *open_region(int device)
{
    char path[32];
    struct shm_region *region;
    struct shm_problem problem = { 0 };
    snprintf(path, sizeof(path), "/dev/kvmfr%d", device);
    CHECK_MSG(shm_region_open(path, &region, &problem) == 0, "%s", problem.message);
    CHECK_INT(region->kind, SHM_KIND_KVMFR);
    return region;
}

TEST(plain_regions)
{
    const int devices[] = { SMALL_DEVICE, MODE_DEVICE, plain_device() };
    const size_t bytes[] = { SMALL_BYTES, MODE_BYTES, 8 * MIB };
    for (int i = 0; i < 3; i++) {
        struct shm_region *region = open_region(devices[i]);
        CHECK_INT(region->len_bytes, bytes[i]);
        CHECK(region->doorbell == NULL);
        shm_region_close(region);
    }
    CHECK_INT(module_users(), 0);
}

TEST(rings_itself)
{
    struct shm_region *region = open_region(bell_device());
    struct shm_doorbell *bell = region->doorbell;
    CHECK(bell != NULL);
    CHECK_STR(bell->ops->name, "module");
    CHECK_INT(bell->vectors, 4);
    for (uint16_t v = 0; v < bell->vectors; v++) {
        CHECK_INT(bell->ops->wait(bell, v, 0), 0);
        CHECK(!bell->ops->clear(bell, v));
        CHECK_INT(bell->ops->ring(bell, bell->own_id, v), 0);
        CHECK_INT(bell->ops->wait(bell, v, PATIENCE_MS), 1);
        CHECK_INT(bell->ops->ring(bell, bell->own_id, v), 0);
        struct pollfd p = { .fd = bell->ops->fd(bell, v), .events = POLLIN };
        CHECK_INT(poll(&p, 1, PATIENCE_MS), 1);
        CHECK(bell->ops->clear(bell, v));
        CHECK(!bell->ops->clear(bell, v));
    }
    CHECK_INT(bell->ops->wait(bell, 4, 0), -EINVAL);
    CHECK_INT(bell->ops->fd(bell, UINT16_MAX), -1);
    CHECK_INT(bell->ops->ring(bell, 9999, 9999), 0);
    shm_region_close(region);
    CHECK_INT(module_users(), 0);
}

/* The harness outside has joined as a peer, and does as these lines say. */
TEST(rings_a_peer_outside)
{
    struct shm_region *region = open_region(bell_device());
    struct shm_doorbell *bell = region->doorbell;
    const int peer = atoi(text_of("/checks/peer"));
    volatile uint32_t *words = region->mem;
    for (uint32_t i = 100; i < 110; i++) {
        printf("please answer %u\n", bell->own_id);
        fflush(stdout);
        words[0] = i;
        CHECK_INT(bell->ops->ring(bell, (uint16_t)peer, 1), 0);
        CHECK_INT(bell->ops->wait(bell, 2, PATIENCE_MS), 1);
        CHECK_INT(words[1], i);
    }
    shm_region_close(region);
}

TEST(device_goes)
{
    const int device = bell_device();
    struct shm_region *region = open_region(device);
    struct shm_doorbell *bell = region->doorbell;
    const char *address = pci_address(device);
    ((volatile char *)region->mem)[5] = 1;
    CHECK_INT(unbind(address), 0);
    CHECK_INT(bell->ops->wait(bell, 0, PATIENCE_MS), 1); /* nobody sleeps for ever */
    CHECK_INT(bell->ops->ring(bell, 1, 0), -EPIPE);
    CHECK(shm_region_replaced(region));
    CHECK_INT(((volatile char *)region->mem)[5], 0); /* what is lost reads as zeroes */
    CHECK(shm_region_lost(region));
    shm_region_close(region);
    CHECK_INT(bind_again(address), 0);
}
