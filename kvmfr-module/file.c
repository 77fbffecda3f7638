// SPDX-License-Identifier: GPL-2.0
#include "kvmfr.h"

#include <linux/compat.h>
#include <linux/eventfd.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "uapi/kvmfr.h"

struct kvmfr_file {
	struct kvmfr_dev *kdev;			/* a reference */
	struct kvmfr_listener listener;
	struct kvmfr_user user;
};

static int kvmfr_open(struct inode *inode, struct file *file)
{
	struct kvmfr_dev *kdev = container_of(inode->i_cdev, struct kvmfr_dev, cdev);
	struct kvmfr_mem *mem = kdev->view.mem;
	struct kvmfr_file *kfile;
	int err;

	if (kvmfr_mem_revoked(mem))
		return -ENODEV;
	err = kvmfr_mem_populate(mem);
	if (err)
		return err;
	kfile = kzalloc(sizeof(*kfile), GFP_KERNEL);
	if (!kfile)
		return -ENOMEM;
	get_device(&kdev->dev);
	kfile->kdev = kdev;
	kvmfr_bell_listen(&kdev->bell, &kfile->listener);
	file->private_data = kfile;
	kvmfr_mem_join(mem, &kfile->user, file->f_mapping);
	return 0;
}

static int kvmfr_release(struct inode *inode, struct file *file)
{
	struct kvmfr_file *kfile = file->private_data;

	kvmfr_mem_leave(kfile->kdev->view.mem, &kfile->user);
	kvmfr_bell_leave(&kfile->kdev->bell, &kfile->listener);
	put_device(&kfile->kdev->dev);
	kfree(kfile);
	return 0;
}

static int kvmfr_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct kvmfr_file *kfile = file->private_data;

	return kvmfr_view_mmap(&kfile->kdev->view, vma);
}

/* Without a doorbell as if there were no poll(). */
static __poll_t kvmfr_poll(struct file *file, poll_table *wait)
{
	struct kvmfr_file *kfile = file->private_data;
	struct kvmfr_bell *bell = &kfile->kdev->bell;
	int state = kvmfr_bell_state(bell);

	if (state == -EOPNOTSUPP)
		return DEFAULT_POLLMASK;
	poll_wait(file, &bell->wait, wait);
	if (kvmfr_bell_state(bell) < 0)
		return EPOLLHUP | EPOLLERR;
	return kvmfr_bell_pending(bell, &kfile->listener) ? EPOLLIN | EPOLLRDNORM : 0;
}

/* ---- requests: each has its argument copied in, and copied out again if it is one of _IOR ---- */

union kvmfr_argument {
	struct kvmfr_dmabuf_create create;
	struct kvmfr_info info;
	struct kvmfr_ring ring;
	struct kvmfr_eventfd eventfd;
	struct kvmfr_take take;
};

static long create_dmabuf(struct file *file, union kvmfr_argument *arg)
{
	struct kvmfr_file *kfile = file->private_data;

	return kvmfr_buf_create(kfile->kdev, arg->create.offset, arg->create.size,
				file->f_mode & FMODE_WRITE,
				arg->create.flags & KVMFR_DMABUF_FLAG_CLOEXEC);
}

static long get_info(struct file *file, union kvmfr_argument *arg)
{
	struct kvmfr_file *kfile = file->private_data;
	struct kvmfr_dev *kdev = kfile->kdev;
	struct kvmfr_info *info = &arg->info;

	info->size_bytes = kdev->view.mem->bytes;
	info->width_px = kdev->mode.width_px;
	info->height_px = kdev->mode.height_px;
	info->bytes_per_px = kdev->mode.bytes_per_px;
	if (kdev->pci)
		info->flags |= KVMFR_INFO_PCI;
	if (kvmfr_bell_state(&kdev->bell) == 0) {
		info->flags |= KVMFR_INFO_DOORBELL;
		info->peer_id = kdev->bell.peer_id;
		info->vectors = kdev->bell.vectors;
	}
	return 0;
}

static long ring(struct file *file, union kvmfr_argument *arg)
{
	struct kvmfr_file *kfile = file->private_data;

	if (arg->ring.reserved)
		return -EINVAL;
	if (!(file->f_mode & FMODE_WRITE))
		return -EACCES;
	return kvmfr_bell_ring(&kfile->kdev->bell, arg->ring.peer, arg->ring.vector);
}

static long set_eventfd(struct file *file, union kvmfr_argument *arg)
{
	struct kvmfr_file *kfile = file->private_data;
	struct eventfd_ctx *event = NULL;
	int err;

	if (arg->eventfd.fd < -1)
		return -EBADF;
	if (arg->eventfd.fd >= 0) {
		event = eventfd_ctx_fdget(arg->eventfd.fd);
		if (IS_ERR(event))
			return PTR_ERR(event);
	}
	err = kvmfr_bell_set_event(&kfile->kdev->bell, &kfile->listener, arg->eventfd.vector,
				   event);
	if (err && event)
		eventfd_ctx_put(event);
	return err;
}

static long take(struct file *file, union kvmfr_argument *arg)
{
	struct kvmfr_file *kfile = file->private_data;

	return kvmfr_bell_take(&kfile->kdev->bell, &kfile->listener, &arg->take.vectors);
}

static const struct kvmfr_request {
	unsigned int cmd;
	long (*run)(struct file *file, union kvmfr_argument *arg);
} requests[] = {
	{ KVMFR_DMABUF_CREATE, create_dmabuf },
	{ KVMFR_INFO, get_info },
	{ KVMFR_RING, ring },
	{ KVMFR_EVENTFD, set_eventfd },
	{ KVMFR_TAKE, take },
};

/* By direction, type and number; the size may differ. */
static const struct kvmfr_request *find_request(unsigned int cmd)
{
	const unsigned int size_mask = _IOC_SIZEMASK << _IOC_SIZESHIFT;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(requests); i++) {
		if ((cmd & ~size_mask) == (requests[i].cmd & ~size_mask))
			return &requests[i];
	}
	return NULL;
}

/* The first version of each structure is what this driver knows: nothing shorter exists. */
static long run_request(struct file *file, unsigned int cmd, void __user *user)
{
	const struct kvmfr_request *request = find_request(cmd);
	const size_t given = _IOC_SIZE(cmd);
	union kvmfr_argument arg = {};
	size_t known;
	long ret;

	if (!request || given < _IOC_SIZE(request->cmd))
		return -ENOTTY;
	known = _IOC_SIZE(request->cmd);
	if (_IOC_DIR(cmd) & _IOC_WRITE) {
		ret = copy_struct_from_user(&arg, known, user, given);
		if (ret)
			return ret;
	}
	if (kvmfr_mem_revoked(((struct kvmfr_file *)file->private_data)->kdev->view.mem))
		return -ENODEV;
	ret = request->run(file, &arg);
	if (ret < 0 || !(_IOC_DIR(cmd) & _IOC_READ))
		return ret;
	if (copy_to_user(user, &arg, known))
		return -EFAULT;
	return clear_user(user + known, given - known) ? -EFAULT : ret;
}

static long get_size(struct file *file)
{
	struct kvmfr_file *kfile = file->private_data;
	u64 bytes = kfile->kdev->view.mem->bytes;

	return bytes <= INT_MAX ? (long)bytes : -EOVERFLOW;
}

static long kvmfr_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	if (cmd == KVMFR_DMABUF_GETSIZE)
		return get_size(file);
	return run_request(file, cmd, (void __user *)arg);
}

#ifdef CONFIG_COMPAT
/* As 32-bit programs lay it out where 64-bit numbers need no alignment of 8. */
struct create32 {
	u8 flags;
	u8 ignored[3];
	compat_u64 offset;
	compat_u64 size;
} __packed __aligned(4);

#define KVMFR_DMABUF_CREATE32	_IOW('u', 0x42, struct create32)

/* All other structures are the same. */
static long kvmfr_compat_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *user = compat_ptr(arg);
	union kvmfr_argument wide = {};
	struct create32 narrow;

	if (cmd != KVMFR_DMABUF_CREATE32 || sizeof(narrow) == sizeof(wide.create))
		return kvmfr_ioctl(file, cmd, (unsigned long)user);
	if (copy_from_user(&narrow, user, sizeof(narrow)))
		return -EFAULT;
	wide.create.flags = narrow.flags;
	wide.create.offset = narrow.offset;
	wide.create.size = narrow.size;
	return create_dmabuf(file, &wide);
}
#endif

const struct file_operations kvmfr_fops = {
	.owner = THIS_MODULE,
	.open = kvmfr_open,
	.release = kvmfr_release,
	.mmap = kvmfr_mmap,
	.poll = kvmfr_poll,
	.unlocked_ioctl = kvmfr_ioctl,
#ifdef CONFIG_COMPAT
	.compat_ioctl = kvmfr_compat_ioctl,
#endif
};
