/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between kernels, from 6.1 on; the only place that asks for a version.
 */
#ifndef KVMFR_COMPAT_H
#define KVMFR_COMPAT_H

#include <linux/device/class.h>
#include <linux/eventfd.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#define KVMFR_IMPORT_DMA_BUF()	MODULE_IMPORT_NS(DMA_BUF)
#else
#define KVMFR_IMPORT_DMA_BUF()	MODULE_IMPORT_NS("DMA_BUF")
#endif

/* The callbacks of class attributes. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
#define kvmfr_const_class	struct class
#define kvmfr_const_class_attr	struct class_attribute
#else
#define kvmfr_const_class	const struct class
#define kvmfr_const_class_attr	const struct class_attribute
#endif

static inline void kvmfr_vm_flags_set(struct vm_area_struct *vma, unsigned long flags)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
	vma->vm_flags |= flags;
#else
	vm_flags_set(vma, flags);
#endif
}

static inline void kvmfr_eventfd_signal(struct eventfd_ctx *event)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
	eventfd_signal(event, 1);
#else
	eventfd_signal(event);
#endif
}

#endif
