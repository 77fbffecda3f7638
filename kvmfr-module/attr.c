// SPDX-License-Identifier: GPL-2.0
/* /sys/class/kvmfr/kvmfrN: what there is to know about a device; all read-only. */
#include "kvmfr.h"

#include <linux/sysfs.h>

static struct kvmfr_dev *dev_of(struct device *dev)
{
	return container_of(dev, struct kvmfr_dev, dev);
}

static ssize_t size_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", dev_of(dev)->view.mem->bytes);
}
static DEVICE_ATTR_RO(size);

static ssize_t huge_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct kvmfr_mem *mem = dev_of(dev)->view.mem;

	return sysfs_emit(buf, "%llu\n", kvmfr_mem_populated(mem) ? mem->huge_bytes : 0);
}
static DEVICE_ATTR_RO(huge);

static ssize_t state_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct kvmfr_mem *mem = dev_of(dev)->view.mem;

	if (kvmfr_mem_revoked(mem))
		return sysfs_emit(buf, "gone\n");
	return sysfs_emit(buf, "%s\n", kvmfr_mem_populated(mem) ? "ready" : "empty");
}
static DEVICE_ATTR_RO(state);

static ssize_t backing_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", dev_of(dev)->pci ? "pci" : "ram");
}
static DEVICE_ATTR_RO(backing);

static ssize_t mode_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	const struct kvmfr_mode *mode = &dev_of(dev)->mode;

	if (mode->width_px == 0)
		return sysfs_emit(buf, "none\n");
	return sysfs_emit(buf, "%ux%u%s\n", mode->width_px, mode->height_px,
			  mode->bytes_per_px == KVMFR_MODE_HDR_PX_BYTES ? "@hdr" : "");
}
static DEVICE_ATTR_RO(mode);

static ssize_t peer_id_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", dev_of(dev)->bell.peer_id);
}
static DEVICE_ATTR_RO(peer_id);

static ssize_t vectors_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", dev_of(dev)->bell.vectors);
}
static DEVICE_ATTR_RO(vectors);

static struct attribute *kvmfr_attrs[] = {
	&dev_attr_size.attr,
	&dev_attr_huge.attr,
	&dev_attr_state.attr,
	&dev_attr_backing.attr,
	&dev_attr_mode.attr,
	NULL
};

static struct attribute *bell_attrs[] = {
	&dev_attr_peer_id.attr,
	&dev_attr_vectors.attr,
	NULL
};

static umode_t bell_visible(struct kobject *kobj, struct attribute *attr, int index)
{
	struct kvmfr_dev *kdev = dev_of(kobj_to_dev(kobj));

	return kvmfr_bell_state(&kdev->bell) == 0 ? attr->mode : 0;
}

static const struct attribute_group kvmfr_group = {
	.attrs = kvmfr_attrs,
};

static const struct attribute_group bell_group = {
	.attrs = bell_attrs,
	.is_visible = bell_visible,
};

const struct attribute_group *kvmfr_dev_groups[] = {
	&kvmfr_group,
	&bell_group,
	NULL
};
