// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of a PCI device, with struct pages (importers of dma-bufs want them) and cached. Mappings
 * hold no references on these pages: they can be taken away at any time.
 */
#include "kvmfr.h"

#include <linux/err.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/rwsem.h>
#include <linux/slab.h>

/*
 * The pages of a region. They can exist only once, and stay while somebody uses them: a driver
 * that comes back to its device finds them here, and shares them with whoever is left over.
 */
struct bar_pages {
	struct dev_pagemap pagemap;
	struct list_head link;
	unsigned int users;
};

static LIST_HEAD(bars);
static DEFINE_MUTEX(bars_lock);	/* the list, and `users` of all in it */

struct kvmfr_bar {
	struct kvmfr_mem mem;
	struct bar_pages *shared;
	struct rw_semaphore revoking;	/* read: during a fault; write: `revoked` changes */
};

static vm_fault_t bar_fault(struct kvmfr_mem *mem, struct vm_fault *vmf, unsigned long index)
{
	struct kvmfr_bar *bar = container_of(mem, struct kvmfr_bar, mem);
	vm_fault_t ret = VM_FAULT_SIGBUS;

	down_read(&bar->revoking);
	if (!kvmfr_mem_revoked(mem))
		ret = vmf_insert_pfn(vmf->vma, vmf->address, page_to_pfn(mem->pages[index]));
	up_read(&bar->revoking);
	return ret;
}

static void shared_put(struct bar_pages *shared)
{
	mutex_lock(&bars_lock);
	if (--shared->users == 0) {
		list_del(&shared->link);
		memunmap_pages(&shared->pagemap);
		kfree(shared);
	}
	mutex_unlock(&bars_lock);
}

static struct bar_pages *shared_create(phys_addr_t start, u64 bytes, int node)
{
	struct bar_pages *shared = kzalloc(sizeof(*shared), GFP_KERNEL);
	void *base;

	if (!shared)
		return ERR_PTR(-ENOMEM);
	shared->pagemap.type = MEMORY_DEVICE_GENERIC;
	shared->pagemap.range.start = start;
	shared->pagemap.range.end = start + bytes - 1;
	shared->pagemap.nr_range = 1;
	base = memremap_pages(&shared->pagemap, node);
	if (IS_ERR(base)) {
		kfree(shared);
		return ERR_CAST(base);
	}
	list_add(&shared->link, &bars);
	return shared;
}

/* -EBUSY: a region of another size overlaps it and has users left over. */
static struct bar_pages *shared_get(phys_addr_t start, u64 bytes, int node)
{
	struct bar_pages *shared = NULL, *other;
	struct range *range;

	mutex_lock(&bars_lock);
	list_for_each_entry(other, &bars, link) {
		range = &other->pagemap.range;
		if (range->start == start && range_len(range) == bytes)
			shared = other;
		else if (range->start < start + bytes && start <= range->end)
			shared = ERR_PTR(-EBUSY);
		if (shared)
			break;
	}
	if (!shared)
		shared = shared_create(start, bytes, node);
	if (!IS_ERR(shared))
		shared->users++;
	mutex_unlock(&bars_lock);
	return shared;
}

static void bar_release(struct kvmfr_mem *mem)
{
	struct kvmfr_bar *bar = container_of(mem, struct kvmfr_bar, mem);

	if (bar->shared)
		shared_put(bar->shared);
	kvfree(mem->pages);
	kfree(bar);
}

static const struct kvmfr_mem_ops bar_ops = {
	.fault = bar_fault,
	.release = bar_release,
};

static int bar_set_up(struct kvmfr_bar *bar, phys_addr_t start, int node)
{
	struct kvmfr_mem *mem = &bar->mem;
	struct bar_pages *shared;
	unsigned long i;

	mem->pages = kvcalloc(mem->count, sizeof(*mem->pages), GFP_KERNEL);
	if (!mem->pages)
		return -ENOMEM;
	shared = shared_get(start, mem->bytes, node);
	if (IS_ERR(shared))
		return PTR_ERR(shared);
	bar->shared = shared;
	for (i = 0; i < mem->count; i++)
		mem->pages[i] = pfn_to_page(PHYS_PFN(start) + i);
	return 0;
}

struct kvmfr_mem *kvmfr_bar_create(phys_addr_t start, u64 bytes, int node)
{
	struct kvmfr_bar *bar;
	int err;

	if (bytes == 0 || !IS_ALIGNED(start | bytes, memremap_compat_align()))
		return ERR_PTR(-EINVAL);
	bar = kzalloc(sizeof(*bar), GFP_KERNEL);
	if (!bar)
		return ERR_PTR(-ENOMEM);
	kvmfr_mem_init(&bar->mem, &bar_ops, bytes);
	bar->mem.revocable = true;
	init_rwsem(&bar->revoking);
	err = bar_set_up(bar, start, node);
	if (err) {
		kvmfr_mem_put(&bar->mem);
		return ERR_PTR(err);
	}
	return &bar->mem;
}

void kvmfr_bar_revoke(struct kvmfr_mem *mem)
{
	struct kvmfr_bar *bar = container_of(mem, struct kvmfr_bar, mem);

	down_write(&bar->revoking);
	WRITE_ONCE(mem->revoked, true);
	up_write(&bar->revoking);
	kvmfr_mem_unmap(mem);
}
