// SPDX-License-Identifier: GPL-2.0
#include "kvmfr.h"

#include <linux/mm.h>

void kvmfr_mem_init(struct kvmfr_mem *mem, const struct kvmfr_mem_ops *ops, u64 bytes)
{
	mem->ops = ops;
	kref_init(&mem->ref);
	mem->bytes = bytes;
	mem->count = bytes >> PAGE_SHIFT;
	mutex_init(&mem->lock);
	mutex_init(&mem->users_lock);
	INIT_LIST_HEAD(&mem->users);
}

int kvmfr_mem_populate(struct kvmfr_mem *mem)
{
	int err = 0;

	if (kvmfr_mem_populated(mem))
		return 0;
	if (mutex_lock_interruptible(&mem->lock))
		return -ERESTARTSYS;
	if (!mem->pages)
		err = mem->ops->populate(mem);
	mutex_unlock(&mem->lock);
	return err;
}

bool kvmfr_mem_populated(struct kvmfr_mem *mem)
{
	/* Acquire: pairs with the release in ram.c; the entries of the array are there. */
	return smp_load_acquire(&mem->pages);
}

void kvmfr_mem_get(struct kvmfr_mem *mem)
{
	kref_get(&mem->ref);
}

static void mem_release(struct kref *ref)
{
	struct kvmfr_mem *mem = container_of(ref, struct kvmfr_mem, ref);

	mem->ops->release(mem);
}

void kvmfr_mem_put(struct kvmfr_mem *mem)
{
	kref_put(&mem->ref, mem_release);
}

bool kvmfr_mem_revoked(struct kvmfr_mem *mem)
{
	return READ_ONCE(mem->revoked);
}

void kvmfr_mem_join(struct kvmfr_mem *mem, struct kvmfr_user *user, struct address_space *mapping)
{
	user->mapping = mapping;
	mutex_lock(&mem->users_lock);
	list_add(&user->link, &mem->users);
	mutex_unlock(&mem->users_lock);
}

void kvmfr_mem_leave(struct kvmfr_mem *mem, struct kvmfr_user *user)
{
	mutex_lock(&mem->users_lock);
	list_del(&user->link);
	mutex_unlock(&mem->users_lock);
}

void kvmfr_mem_unmap(struct kvmfr_mem *mem)
{
	struct kvmfr_user *user;

	mutex_lock(&mem->users_lock);
	list_for_each_entry(user, &mem->users, link)
		unmap_mapping_range(user->mapping, 0, 0, 1);
	mutex_unlock(&mem->users_lock);
}
