// SPDX-License-Identifier: GPL-2.0
/*
 * Devices of this machine's memory: those of the module's parameters, and those that root adds and
 * removes while it runs, by /sys/class/kvmfr/add ("64" in MiB, "3840x2160", "2560x1440@hdr") and
 * /sys/class/kvmfr/remove ("kvmfr3"). A removed device loses its node; who has it open keeps it.
 */
#include "kvmfr.h"

#include <linux/err.h>
#include <linux/kstrtox.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "compat.h"

static LIST_HEAD(devices);
static DEFINE_MUTEX(control_lock);	/* all of this file; taken before mem->lock */
static struct kvmfr_control_options options;
static bool is_open;

/* With control_lock. */
static int add_locked(u64 bytes, const struct kvmfr_mode *mode)
{
	struct kvmfr_mem *mem = kvmfr_ram_create(bytes, options.huge_pages);
	struct kvmfr_dev *kdev;
	int err = 0;

	if (IS_ERR(mem))
		return PTR_ERR(mem);
	kdev = kvmfr_dev_create(mem, NULL);
	if (IS_ERR(kdev))
		return PTR_ERR(kdev);
	if (mode)
		kdev->mode = *mode;
	if (!options.lazy)
		err = kvmfr_mem_populate(mem);
	if (!err)
		err = kvmfr_dev_publish(kdev);
	if (err) {
		put_device(&kdev->dev);
		return err;
	}
	list_add_tail(&kdev->link, &devices);
	return 0;
}

static int add(u64 bytes, const struct kvmfr_mode *mode)
{
	int err;

	if (mutex_lock_interruptible(&control_lock))
		return -ERESTARTSYS;
	err = is_open ? add_locked(bytes, mode) : -ENODEV;
	mutex_unlock(&control_lock);
	return err;
}

int kvmfr_control_add_mib(unsigned int mib)
{
	return add((u64)mib << 20, NULL);
}

int kvmfr_control_add_mode(const char *text)
{
	struct kvmfr_mode mode;

	if (!kvmfr_mode_parse(text, &mode))
		return -EINVAL;
	return add((u64)kvmfr_mode_mib(&mode) << 20, &mode);
}

static void remove_locked(struct kvmfr_dev *kdev)
{
	list_del_init(&kdev->link);
	kvmfr_dev_withdraw(kdev);
}

static int remove_by_name(const char *name)
{
	struct kvmfr_dev *kdev;
	int err = -ENODEV;

	if (mutex_lock_interruptible(&control_lock))
		return -ERESTARTSYS;
	list_for_each_entry(kdev, &devices, link) {
		if (strcmp(dev_name(&kdev->dev), name) == 0) {
			remove_locked(kdev);
			err = 0;
			break;
		}
	}
	mutex_unlock(&control_lock);
	return err;
}

/* One word in one line. */
static int word_of(const char *buf, size_t count, char *word, size_t word_bytes)
{
	size_t length = count;

	if (length > 0 && buf[length - 1] == '\n')
		length--;
	if (length == 0 || length >= word_bytes || memchr(buf, '\0', length))
		return -EINVAL;
	memcpy(word, buf, length);
	word[length] = '\0';
	return 0;
}

static ssize_t add_store(kvmfr_const_class *class, kvmfr_const_class_attr *attr, const char *buf,
			 size_t count)
{
	unsigned int mib;
	char word[32];
	int err = word_of(buf, count, word, sizeof(word));

	if (err)
		return err;
	err = kstrtouint(word, 10, &mib) == 0 ? kvmfr_control_add_mib(mib) :
						kvmfr_control_add_mode(word);
	return err ? err : count;
}
static CLASS_ATTR_WO(add);

static ssize_t remove_store(kvmfr_const_class *class, kvmfr_const_class_attr *attr,
			    const char *buf, size_t count)
{
	char word[32];
	int err = word_of(buf, count, word, sizeof(word));

	if (!err)
		err = remove_by_name(word);
	return err ? err : count;
}
static CLASS_ATTR_WO(remove);

static struct attribute *class_attrs[] = {
	&class_attr_add.attr,
	&class_attr_remove.attr,
	NULL
};

static const struct attribute_group class_group = {
	.attrs = class_attrs,
};

const struct attribute_group *kvmfr_class_groups[] = {
	&class_group,
	NULL
};

void kvmfr_control_open(const struct kvmfr_control_options *given)
{
	mutex_lock(&control_lock);
	options = *given;
	is_open = true;
	mutex_unlock(&control_lock);
}

void kvmfr_control_close(void)
{
	struct kvmfr_dev *kdev, *next;

	mutex_lock(&control_lock);
	is_open = false;
	list_for_each_entry_safe(kdev, next, &devices, link)
		remove_locked(kdev);
	mutex_unlock(&control_lock);
}
