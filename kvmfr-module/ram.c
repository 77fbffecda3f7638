// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of this machine: single pages with their own reference counts, so that a mapping or a
 * pinned page keeps what it uses, whatever happens to the rest; taken in blocks of 2 MiB where the
 * machine has them, which makes short scatter lists.
 */
#include "kvmfr.h"

#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#define HUGE_ORDER	get_order(SZ_2M)

struct kvmfr_ram {
	struct kvmfr_mem mem;
	bool huge_pages;
};

static const unsigned int smaller_order[] = { 4, 0 };

/* Never the end of other processes: a machine without room says so. */
static struct page *alloc_block(unsigned int order)
{
	gfp_t gfp = GFP_HIGHUSER | __GFP_ZERO | __GFP_NOWARN;
	struct page *page;

	page = alloc_pages(gfp | (order ? __GFP_NORETRY : __GFP_RETRY_MAYFAIL), order);
	if (page && order)
		split_page(page, order);
	return page;
}

/* The largest block that there is and that fits; *order shrinks with what the machine has. */
static struct page *next_block(unsigned long room, unsigned int *order)
{
	struct page *page = NULL;
	unsigned int i = 0;

	while (room >> *order == 0 || !(page = alloc_block(*order))) {
		if (*order == 0)
			return NULL;
		while (smaller_order[i] >= *order)
			i++;
		*order = smaller_order[i];
	}
	return page;
}

static void free_pages_of(struct page **pages, unsigned long count)
{
	while (count--)
		put_page(pages[count]);
	kvfree(pages);
}

static int ram_populate(struct kvmfr_mem *mem)
{
	struct kvmfr_ram *ram = container_of(mem, struct kvmfr_ram, mem);
	unsigned int order = ram->huge_pages ? HUGE_ORDER : 0;
	struct page **pages = kvcalloc(mem->count, sizeof(*pages), GFP_KERNEL);
	unsigned long done = 0, i;
	u64 huge_bytes = 0;
	int err = -ENOMEM;

	if (!pages)
		return -ENOMEM;
	while (done < mem->count) {
		struct page *block = next_block(mem->count - done, &order);

		if (!block)
			goto fail;
		for (i = 0; i < 1ul << order; i++)
			pages[done++] = block + i;
		if (order == HUGE_ORDER)
			huge_bytes += SZ_2M;
		if (fatal_signal_pending(current)) {
			err = -EINTR;
			goto fail;
		}
		cond_resched();
	}
	mem->huge_bytes = huge_bytes;
	/* Release: pairs with the acquire in kvmfr_mem_populated(). */
	smp_store_release(&mem->pages, pages);
	return 0;
fail:
	free_pages_of(pages, done);
	return err;
}

static vm_fault_t ram_fault(struct kvmfr_mem *mem, struct vm_fault *vmf, unsigned long index)
{
	vmf->page = mem->pages[index];
	get_page(vmf->page);
	return 0;
}

static void ram_release(struct kvmfr_mem *mem)
{
	if (mem->pages)
		free_pages_of(mem->pages, mem->count);
	kfree(container_of(mem, struct kvmfr_ram, mem));
}

static const struct kvmfr_mem_ops ram_ops = {
	.populate = ram_populate,
	.fault = ram_fault,
	.release = ram_release,
};

struct kvmfr_mem *kvmfr_ram_create(u64 bytes, bool huge_pages)
{
	struct kvmfr_ram *ram;

	if (bytes == 0 || !PAGE_ALIGNED(bytes))
		return ERR_PTR(-EINVAL);
	if (bytes >> PAGE_SHIFT > totalram_pages())
		return ERR_PTR(-ENOMEM);
	ram = kzalloc(sizeof(*ram), GFP_KERNEL);
	if (!ram)
		return ERR_PTR(-ENOMEM);
	kvmfr_mem_init(&ram->mem, &ram_ops, bytes);
	ram->huge_pages = huge_pages;
	return &ram->mem;
}
