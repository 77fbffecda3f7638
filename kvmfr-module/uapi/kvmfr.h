/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * What programs ask /dev/kvmfrN for.
 *
 * The first two requests are those that every version of kvmfr has. The others came with this
 * driver; their structures may grow at the end: a shorter one of an older program and a longer
 * one of a newer program (further bytes zero) are both understood, and an older kernel fills
 * only what it knows, the rest with zeroes. Bytes named "reserved" must be zero.
 *
 * Errors of all: EFAULT, ENOTTY (not a request), EINVAL (a number is out of range, or reserved
 * bytes are not zero), E2BIG (non-zero bytes beyond what this driver knows), ENODEV (the device
 * behind the node is gone).
 */
#ifndef _UAPI_LINUX_KVMFR_H
#define _UAPI_LINUX_KVMFR_H

#include <linux/ioctl.h>
#include <linux/types.h>

/*
 * The size in bytes, as the result of the call. EOVERFLOW from 2 GiB on: such a number does not
 * fit; see KVMFR_INFO.
 */
#define KVMFR_DMABUF_GETSIZE	_IO('u', 0x44)

/*
 * Makes a dma-buf of a part of the memory; the result of the call is its file descriptor. Offset
 * and size are multiples of the page size, and the size is not zero. The dma-buf is read-only if
 * the node was opened read-only. ENOMEM, EMFILE as usual.
 */
#define KVMFR_DMABUF_FLAG_CLOEXEC	0x1	/* other bits are ignored */

struct kvmfr_dmabuf_create {
	__u8 flags;
	__u8 ignored[7];
	__u64 offset;
	__u64 size;
};

#define KVMFR_DMABUF_CREATE	_IOW('u', 0x42, struct kvmfr_dmabuf_create)

#define KVMFR_INFO_PCI		0x1	/* memory of an ivshmem device, else of this machine */
#define KVMFR_INFO_DOORBELL	0x2	/* peer_id and vectors are valid, the requests below work */

struct kvmfr_info {
	__u64 size_bytes;
	__u32 flags;		/* KVMFR_INFO_* */
	__u32 width_px;		/* mode that the size was computed for; 0: none */
	__u32 height_px;
	__u32 bytes_per_px;
	__u16 peer_id;		/* own one, by which others ring */
	__u16 vectors;		/* own ones, from 0 */
	__u32 reserved;
};

#define KVMFR_INFO		_IOR('u', 0x50, struct kvmfr_info)

/*
 * Rings a vector of a peer, which may be this machine itself. Never sleeps. Whether such a peer
 * is there cannot be known. EOPNOTSUPP without a doorbell, EACCES if not opened for writing.
 */
struct kvmfr_ring {
	__u16 peer;
	__u16 vector;
	__u32 reserved;
};

#define KVMFR_RING		_IOW('u', 0x51, struct kvmfr_ring)

/*
 * An eventfd that is signalled each time when the vector is rung, until the file is closed or
 * another one takes its place; -1 removes it. It is signalled once more when the device goes
 * away, so that nobody sleeps for ever. EBADF, EINVAL: not an eventfd; EOPNOTSUPP: no doorbell.
 */
struct kvmfr_eventfd {
	__u32 vector;
	__s32 fd;
};

#define KVMFR_EVENTFD		_IOW('u', 0x52, struct kvmfr_eventfd)

/*
 * Takes rings: `vectors` says which (bit N: vector N), and then which of them were rung since
 * this open file took them last. Several rings count as one. While any is untaken, the file is
 * readable for poll(). EOPNOTSUPP: no doorbell.
 */
struct kvmfr_take {
	__u64 vectors;
};

#define KVMFR_TAKE		_IOWR('u', 0x53, struct kvmfr_take)

#endif
