// SPDX-License-Identifier: GPL-2.0
/*
 * dma-bufs: parts of the memory for other devices and programs. Each holds its device and the
 * memory, so it outlives the file it was asked of and the device itself.
 */
#include "kvmfr.h"

#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/iosys-map.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

struct kvmfr_buf {
	struct kvmfr_dev *kdev;			/* a reference */
	struct kvmfr_view view;
	struct kvmfr_user user;
	struct inode *inode;			/* of the dma-buf; held until the end */
	struct mutex lock;			/* the list below, and the tables of its entries */
	struct list_head attachments;
};

struct attachment {
	struct device *dev;
	struct list_head link;
	struct sg_table *table;			/* NULL: not mapped */
};

static int buf_attach(struct dma_buf *dmabuf, struct dma_buf_attachment *attach)
{
	struct kvmfr_buf *buf = dmabuf->priv;
	struct attachment *a;

	if (kvmfr_mem_revoked(buf->view.mem))
		return -ENODEV;
	a = kzalloc(sizeof(*a), GFP_KERNEL);
	if (!a)
		return -ENOMEM;
	a->dev = attach->dev;
	attach->priv = a;
	mutex_lock(&buf->lock);
	list_add(&a->link, &buf->attachments);
	mutex_unlock(&buf->lock);
	return 0;
}

static void buf_detach(struct dma_buf *dmabuf, struct dma_buf_attachment *attach)
{
	struct kvmfr_buf *buf = dmabuf->priv;
	struct attachment *a = attach->priv;

	mutex_lock(&buf->lock);
	list_del(&a->link);
	mutex_unlock(&buf->lock);
	kfree(a);
}

static int fill_table(struct kvmfr_view *view, struct device *dev, struct sg_table *table,
		      enum dma_data_direction direction)
{
	int err;

	err = sg_alloc_table_from_pages_segment(table, view->mem->pages + view->first, view->count,
						0, (unsigned long)view->count << PAGE_SHIFT,
						dma_get_max_seg_size(dev), GFP_KERNEL);
	if (err)
		return err;
	err = dma_map_sgtable(dev, table, direction, 0);
	if (err)
		sg_free_table(table);
	return err;
}

static struct sg_table *buf_map(struct dma_buf_attachment *attach,
				enum dma_data_direction direction)
{
	struct kvmfr_buf *buf = attach->dmabuf->priv;
	struct attachment *a = attach->priv;
	struct sg_table *table;
	int err;

	if (kvmfr_mem_revoked(buf->view.mem))
		return ERR_PTR(-ENODEV);
	table = kzalloc(sizeof(*table), GFP_KERNEL);
	if (!table)
		return ERR_PTR(-ENOMEM);
	err = fill_table(&buf->view, attach->dev, table, direction);
	if (err) {
		kfree(table);
		return ERR_PTR(err);
	}
	mutex_lock(&buf->lock);
	a->table = table;
	mutex_unlock(&buf->lock);
	return table;
}

static void buf_unmap(struct dma_buf_attachment *attach, struct sg_table *table,
		      enum dma_data_direction direction)
{
	struct kvmfr_buf *buf = attach->dmabuf->priv;
	struct attachment *a = attach->priv;

	mutex_lock(&buf->lock);
	a->table = NULL;
	mutex_unlock(&buf->lock);
	dma_unmap_sgtable(attach->dev, table, direction, 0);
	sg_free_table(table);
	kfree(table);
}

static int buf_begin_cpu_access(struct dma_buf *dmabuf, enum dma_data_direction direction)
{
	struct kvmfr_buf *buf = dmabuf->priv;
	struct attachment *a;

	mutex_lock(&buf->lock);
	list_for_each_entry(a, &buf->attachments, link) {
		if (a->table)
			dma_sync_sgtable_for_cpu(a->dev, a->table, direction);
	}
	mutex_unlock(&buf->lock);
	return 0;
}

static int buf_end_cpu_access(struct dma_buf *dmabuf, enum dma_data_direction direction)
{
	struct kvmfr_buf *buf = dmabuf->priv;
	struct attachment *a;

	mutex_lock(&buf->lock);
	list_for_each_entry(a, &buf->attachments, link) {
		if (a->table)
			dma_sync_sgtable_for_device(a->dev, a->table, direction);
	}
	mutex_unlock(&buf->lock);
	return 0;
}

static int buf_vmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	struct kvmfr_buf *buf = dmabuf->priv;
	struct kvmfr_view *view = &buf->view;
	void *address;

	if (kvmfr_mem_revoked(view->mem))
		return -ENODEV;
	address = vmap(view->mem->pages + view->first, view->count, VM_MAP, PAGE_KERNEL);
	if (!address)
		return -ENOMEM;
	iosys_map_set_vaddr(map, address);
	return 0;
}

static void buf_vunmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	vunmap(map->vaddr);
	iosys_map_clear(map);
}

static int buf_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	struct kvmfr_buf *buf = dmabuf->priv;

	if (!(vma->vm_flags & VM_MAYSHARE)) /* VM_SHARED is not set where writing is not allowed */
		return -EINVAL;
	return kvmfr_view_mmap(&buf->view, vma);
}

static void buf_free(struct kvmfr_buf *buf)
{
	if (buf->inode) {
		kvmfr_mem_leave(buf->view.mem, &buf->user);
		iput(buf->inode);
	}
	kvmfr_mem_put(buf->view.mem);
	put_device(&buf->kdev->dev);
	kfree(buf);
}

static void buf_release(struct dma_buf *dmabuf)
{
	buf_free(dmabuf->priv);
}

static const struct dma_buf_ops buf_ops = {
	.attach = buf_attach,
	.detach = buf_detach,
	.map_dma_buf = buf_map,
	.unmap_dma_buf = buf_unmap,
	.begin_cpu_access = buf_begin_cpu_access,
	.end_cpu_access = buf_end_cpu_access,
	.vmap = buf_vmap,
	.vunmap = buf_vunmap,
	.mmap = buf_mmap,
	.release = buf_release,
};

static struct kvmfr_buf *buf_alloc(struct kvmfr_dev *kdev, u64 offset, u64 size)
{
	struct kvmfr_buf *buf = kzalloc(sizeof(*buf), GFP_KERNEL);

	if (!buf)
		return NULL;
	get_device(&kdev->dev);
	buf->kdev = kdev;
	kvmfr_mem_get(kdev->view.mem);
	buf->view.mem = kdev->view.mem;
	buf->view.first = offset >> PAGE_SHIFT;
	buf->view.count = size >> PAGE_SHIFT;
	mutex_init(&buf->lock);
	INIT_LIST_HEAD(&buf->attachments);
	return buf;
}

int kvmfr_buf_create(struct kvmfr_dev *kdev, u64 offset, u64 size, bool writable, bool cloexec)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct kvmfr_mem *mem = kdev->view.mem;
	struct kvmfr_buf *buf;
	struct dma_buf *dmabuf;
	int fd;

	if (!kvmfr_bytes_inside(offset, size, mem->bytes, PAGE_SIZE))
		return -EINVAL;
	buf = buf_alloc(kdev, offset, size);
	if (!buf)
		return -ENOMEM;
	info.exp_name = KVMFR_NAME;
	info.ops = &buf_ops;
	info.size = size;
	info.flags = writable ? O_RDWR : O_RDONLY;
	info.priv = buf;
	dmabuf = dma_buf_export(&info);
	if (IS_ERR(dmabuf)) {
		buf_free(buf);
		return PTR_ERR(dmabuf);
	}
	buf->inode = file_inode(dmabuf->file);
	ihold(buf->inode);
	kvmfr_mem_join(mem, &buf->user, dmabuf->file->f_mapping);
	fd = dma_buf_fd(dmabuf, cloexec ? O_CLOEXEC : 0);
	if (fd < 0)
		dma_buf_put(dmabuf);
	return fd;
}
