/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The parts of the driver and how they hold each other.
 *
 *	file, dma-buf -> kvmfr_dev -> kvmfr_mem		(an arrow holds a reference)
 *	dma-buf -> kvmfr_mem
 *
 * Memory therefore lives until the last mapping, dma-buf and open file of it is gone, whatever
 * became of the device. Memory of this machine stays usable until then. Memory of a PCI device is
 * revoked when the device goes: mappings end in SIGBUS, and everything new is refused with ENODEV.
 */
#ifndef KVMFR_H
#define KVMFR_H

#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mm_types.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

#include "kvmfr-bounds.h"
#include "kvmfr-sizing.h"

#define KVMFR_NAME		"kvmfr"
#define KVMFR_MAX_DEVICES	10
#define KVMFR_MAX_VECTORS	64	/* bits of struct kvmfr_take */

struct file;
struct pci_dev;

/* ---- mem.c: pages, and how they come to be ---- */

struct kvmfr_mem;

struct kvmfr_mem_ops {
	/* Fills mem->pages, once; with mem->lock. NULL: they are there from the beginning. */
	int (*populate)(struct kvmfr_mem *mem);
	/* One page of a mapping: by vmf->page, or inserted. */
	vm_fault_t (*fault)(struct kvmfr_mem *mem, struct vm_fault *vmf, unsigned long index);
	/* Ends and frees it; nobody else knows it any more. */
	void (*release)(struct kvmfr_mem *mem);
};

struct kvmfr_mem {
	const struct kvmfr_mem_ops *ops;
	struct kref ref;
	u64 bytes;
	unsigned long count;			/* of pages */
	struct mutex lock;			/* population */
	struct page **pages;			/* NULL until populated, then constant */
	u64 huge_bytes;				/* in blocks of 2 MiB */
	bool revocable;				/* constant; mappings then hold no pages */
	bool revoked;				/* written once */
	struct mutex users_lock;		/* the list below */
	struct list_head users;
};

/* What maps the memory: an open file, a dma-buf. */
struct kvmfr_user {
	struct list_head link;
	struct address_space *mapping;		/* of all its mappings; borrowed until it leaves */
};

void kvmfr_mem_init(struct kvmfr_mem *mem, const struct kvmfr_mem_ops *ops, u64 bytes);
int kvmfr_mem_populate(struct kvmfr_mem *mem);
bool kvmfr_mem_populated(struct kvmfr_mem *mem);
void kvmfr_mem_get(struct kvmfr_mem *mem);
void kvmfr_mem_put(struct kvmfr_mem *mem);
bool kvmfr_mem_revoked(struct kvmfr_mem *mem);
void kvmfr_mem_join(struct kvmfr_mem *mem, struct kvmfr_user *user, struct address_space *mapping);
void kvmfr_mem_leave(struct kvmfr_mem *mem, struct kvmfr_user *user);
/* Takes all pages out of all mappings; they come back by faults, unless these are refused. */
void kvmfr_mem_unmap(struct kvmfr_mem *mem);

/* ram.c: memory of this machine, zeroed. ERR_PTR: EINVAL, ENOMEM. Nothing is allocated yet. */
struct kvmfr_mem *kvmfr_ram_create(u64 bytes, bool huge_pages);

/*
 * bar.c: memory of a PCI device, with pages. Revoke it when the device goes, then put it. ERR_PTR:
 * EINVAL, ENOMEM, EBUSY, or what the kernel says to making pages there.
 */
struct kvmfr_mem *kvmfr_bar_create(phys_addr_t start, u64 bytes, int node);
void kvmfr_bar_revoke(struct kvmfr_mem *mem);

/* ---- view.c: a part of the memory that can be mapped ---- */

struct kvmfr_view {
	struct kvmfr_mem *mem;			/* borrowed from whoever embeds this */
	unsigned long first;
	unsigned long count;
};

int kvmfr_view_mmap(struct kvmfr_view *view, struct vm_area_struct *vma);

/* ---- bell.c: the doorbell of an ivshmem device ---- */

struct kvmfr_bell;

struct kvmfr_bell_line {
	struct kvmfr_bell *bell;
	unsigned int vector;
};

struct kvmfr_bell {
	spinlock_t lock;			/* all but the last two; also in interrupts */
	struct list_head listeners;
	void __iomem *regs;			/* NULL: there is no doorbell */
	bool gone;
	u16 peer_id;				/* constant while regs */
	u16 vectors;
	wait_queue_head_t wait;
	struct kvmfr_bell_line lines[KVMFR_MAX_VECTORS];
};

struct eventfd_ctx;

/* Of an open file. */
struct kvmfr_listener {
	struct list_head link;
	u64 pending;
	struct eventfd_ctx *events[KVMFR_MAX_VECTORS];
};

void kvmfr_bell_init(struct kvmfr_bell *bell);
/* Starts and ends ringing; 0 and no doorbell if the device has none. */
int kvmfr_bell_start(struct kvmfr_bell *bell, struct pci_dev *pdev);
void kvmfr_bell_stop(struct kvmfr_bell *bell, struct pci_dev *pdev);
void kvmfr_bell_listen(struct kvmfr_bell *bell, struct kvmfr_listener *listener);
void kvmfr_bell_leave(struct kvmfr_bell *bell, struct kvmfr_listener *listener);
/* -EOPNOTSUPP, -ENODEV, or 0: rings can come. */
int kvmfr_bell_state(struct kvmfr_bell *bell);
int kvmfr_bell_ring(struct kvmfr_bell *bell, u16 peer, u16 vector);
/* `event`: taken over on success. */
int kvmfr_bell_set_event(struct kvmfr_bell *bell, struct kvmfr_listener *listener,
			 unsigned int vector, struct eventfd_ctx *event);
int kvmfr_bell_take(struct kvmfr_bell *bell, struct kvmfr_listener *listener, u64 *vectors);
bool kvmfr_bell_pending(struct kvmfr_bell *bell, struct kvmfr_listener *listener);

/* ---- dev.c: /dev/kvmfrN ---- */

struct kvmfr_dev {
	struct device dev;
	struct cdev cdev;
	struct kvmfr_view view;			/* all of the memory; holds a reference */
	struct kvmfr_mode mode;			/* that its size was computed for; all 0: none */
	bool pci;
	struct kvmfr_bell bell;
	struct list_head link;			/* of control.c */
};

int kvmfr_dev_init(void);
void kvmfr_dev_exit(void);
/* Takes the caller's reference on `mem` over, also when it fails. Then publish, or put_device(). */
struct kvmfr_dev *kvmfr_dev_create(struct kvmfr_mem *mem, struct device *parent);
int kvmfr_dev_publish(struct kvmfr_dev *kdev);
/* The node goes; open files and dma-bufs keep the rest alive. */
void kvmfr_dev_withdraw(struct kvmfr_dev *kdev);

extern const struct file_operations kvmfr_fops;			/* file.c */
extern const struct attribute_group *kvmfr_dev_groups[];	/* attr.c */
extern const struct attribute_group *kvmfr_class_groups[];	/* control.c */

/* ---- control.c: devices of this machine's memory ---- */

struct kvmfr_control_options {
	bool huge_pages;
	bool lazy;				/* allocate at the first open, not now */
};

int kvmfr_control_add_mib(unsigned int mib);
int kvmfr_control_add_mode(const char *text);
void kvmfr_control_open(const struct kvmfr_control_options *options);
/* Withdraws all; nothing can be added any more. */
void kvmfr_control_close(void);

/* ---- buf.c: dma-bufs ---- */

/* A file descriptor, or -errno. */
int kvmfr_buf_create(struct kvmfr_dev *kdev, u64 offset, u64 size, bool writable, bool cloexec);

/* ---- pci.c ---- */

int kvmfr_pci_init(void);
void kvmfr_pci_exit(void);

#endif
