/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/module/guest/device.h - finding and using /dev/kvmfrN, for the programs that check the
 * kernel module inside a virtual machine. Each function ends the case when it cannot do its work.
 */
#ifndef ESPELHO_MODULE_DEVICE_H
#define ESPELHO_MODULE_DEVICE_H

#include <stddef.h>
#include <stdint.h>

#include "../../../kvmfr-module/uapi/kvmfr.h"
#include "test.h"

#define PAGE      4096u
#define MIB       (1u << 20)
#define CLASS_DIR "/sys/class/kvmfr"

/* What init loads the module with: devices of 4 and 6 MiB, one for a mode, then those on PCI. */
#define SMALL_DEVICE 0
#define SMALL_BYTES  (4u * MIB)
#define OTHER_DEVICE 1
#define OTHER_BYTES  (6u * MIB)
#define MODE_DEVICE  2
#define MODE_BYTES   (16u * MIB)

struct kind {
    const char *name;
    int device;
    uint64_t bytes;
};

/* Device numbers of the PCI devices; -1: there is none, which fails the case unless `may_miss`. */
int plain_device(void);
int bell_device(void);

int open_device(int device, int flags); /* O_CLOEXEC is added; fails the case */
int try_open_device(int device, int flags);
void *map(int fd, uint64_t bytes, uint64_t offset);
/* A dma-buf of it, or -errno. */
int create_dmabuf(int fd, uint64_t offset, uint64_t bytes);
int must_create_dmabuf(int fd, uint64_t offset, uint64_t bytes);

/* Text of a file, without its line end; "" if it cannot be read. */
const char *text_of(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Writes a word into a file: 0 or -errno. */
int put_text(const char *path, const char *word);

/* Is memory at `p` there? By reading a byte; false: SIGBUS or SIGSEGV. */
bool can_touch(const volatile void *p);

/* Address of the PCI device behind a node, and taking its driver away and back. */
const char *pci_address(int device);
int unbind(const char *address);
int bind_again(const char *address);

/* Whether the module could be removed now (it never is): 0, or -errno. */
int module_users(void);

#endif
