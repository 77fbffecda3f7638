/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is a part inside the whole? Sums that cannot wrap, for pages and for bytes; for
 * the kernel module, its KUnit suite and a test in userspace.
 */
#ifndef KVMFR_BOUNDS_H
#define KVMFR_BOUNDS_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdbool.h>
#endif

/* Is [first, first + count) not empty and inside [0, total)? */
static inline bool kvmfr_part_inside(unsigned long long first, unsigned long long count,
				     unsigned long long total)
{
	return count != 0 && count <= total && first <= total - count;
}

/* The same in bytes, where all of it lies on page borders. */
static inline bool kvmfr_bytes_inside(unsigned long long offset, unsigned long long size,
				      unsigned long long total, unsigned long page_bytes)
{
	return ((offset | size) & (page_bytes - 1)) == 0 && kvmfr_part_inside(offset, size, total);
}

#endif
