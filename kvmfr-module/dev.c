// SPDX-License-Identifier: GPL-2.0
#include "kvmfr.h"

#include <linux/err.h>
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/module.h>
#include <linux/slab.h>

static struct class kvmfr_class = {
	.name = KVMFR_NAME,
	.class_groups = kvmfr_class_groups,
	.dev_groups = kvmfr_dev_groups,
};

static dev_t first_devt;
static DEFINE_IDA(minors);

int kvmfr_dev_init(void)
{
	int err = alloc_chrdev_region(&first_devt, 0, KVMFR_MAX_DEVICES, KVMFR_NAME);

	if (err)
		return err;
	err = class_register(&kvmfr_class);
	if (err)
		unregister_chrdev_region(first_devt, KVMFR_MAX_DEVICES);
	return err;
}

void kvmfr_dev_exit(void)
{
	class_unregister(&kvmfr_class);
	unregister_chrdev_region(first_devt, KVMFR_MAX_DEVICES);
	ida_destroy(&minors);
}

static void dev_release(struct device *dev)
{
	struct kvmfr_dev *kdev = container_of(dev, struct kvmfr_dev, dev);

	kvmfr_mem_put(kdev->view.mem);
	kfree(kdev);
}

struct kvmfr_dev *kvmfr_dev_create(struct kvmfr_mem *mem, struct device *parent)
{
	struct kvmfr_dev *kdev = kzalloc(sizeof(*kdev), GFP_KERNEL);

	if (!kdev) {
		kvmfr_mem_put(mem);
		return ERR_PTR(-ENOMEM);
	}
	kdev->view.mem = mem;
	kdev->view.count = mem->count;
	INIT_LIST_HEAD(&kdev->link);
	kvmfr_bell_init(&kdev->bell);
	device_initialize(&kdev->dev);
	kdev->dev.class = &kvmfr_class;
	kdev->dev.parent = parent;
	kdev->dev.release = dev_release;
	cdev_init(&kdev->cdev, &kvmfr_fops);
	kdev->cdev.owner = THIS_MODULE;
	return kdev;
}

int kvmfr_dev_publish(struct kvmfr_dev *kdev)
{
	int minor = ida_alloc_max(&minors, KVMFR_MAX_DEVICES - 1, GFP_KERNEL);
	int err;

	if (minor < 0)
		return minor;
	kdev->dev.devt = MKDEV(MAJOR(first_devt), minor);
	err = dev_set_name(&kdev->dev, KVMFR_NAME "%d", minor);
	if (!err)
		err = cdev_device_add(&kdev->cdev, &kdev->dev);
	if (err)
		ida_free(&minors, minor);
	return err;
}

void kvmfr_dev_withdraw(struct kvmfr_dev *kdev)
{
	cdev_device_del(&kdev->cdev, &kdev->dev);
	ida_free(&minors, MINOR(kdev->dev.devt));
	put_device(&kdev->dev);
}
