/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How large the shared memory for a display mode must be, and how a mode is
 * written. The only place of this arithmetic: the kernel module and the programs (common/kvmfr)
 * include it, so that both say the same number. Integers only, no library of either side.
 * Source: docs/protocol/kvmfr.md section 3.7.
 */
#ifndef KVMFR_SIZING_H
#define KVMFR_SIZING_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdbool.h>
#endif

#define KVMFR_MODE_MAX_PX	16384u
#define KVMFR_MODE_PX_BYTES	4u
#define KVMFR_MODE_HDR_PX_BYTES	8u	/* half-float pixels */
#define KVMFR_MODE_MAX_MIB	2048u	/* offsets on the wire have 32 bit */

struct kvmfr_mode {
	unsigned int width_px;
	unsigned int height_px;
	unsigned int bytes_per_px;
};

/* Two frames and 10 MiB, up to the next power of two, in MiB. 0: no such mode, or too large. */
static inline unsigned int kvmfr_mode_mib(const struct kvmfr_mode *mode)
{
	unsigned long long need_bytes;
	unsigned int mib = 1;

	if (mode->width_px == 0 || mode->width_px > KVMFR_MODE_MAX_PX)
		return 0;
	if (mode->height_px == 0 || mode->height_px > KVMFR_MODE_MAX_PX)
		return 0;
	if (mode->bytes_per_px == 0 || mode->bytes_per_px > 8)
		return 0;
	need_bytes = (unsigned long long)mode->width_px * mode->height_px;
	need_bytes = need_bytes * mode->bytes_per_px * 2 + (10ull << 20);
	while (mib <= KVMFR_MODE_MAX_MIB && ((unsigned long long)mib << 20) < need_bytes)
		mib *= 2;
	return mib <= KVMFR_MODE_MAX_MIB ? mib : 0;
}

/* Reads digits up to KVMFR_MODE_MAX_PX; 0 if there are none, or more than that. */
static inline unsigned int kvmfr_mode_number(const char **text)
{
	unsigned int number = 0;

	while (**text >= '0' && **text <= '9') {
		number = number * 10 + (unsigned int)(**text - '0');
		if (number > KVMFR_MODE_MAX_PX)
			return 0;
		(*text)++;
	}
	return number;
}

/*
 * "3840x2160" or "2560x1440@hdr", nothing before and nothing behind. True: *out is filled, and
 * kvmfr_mode_mib() of it is not 0.
 */
static inline bool kvmfr_mode_parse(const char *text, struct kvmfr_mode *out)
{
	static const char hdr[] = "@hdr";
	struct kvmfr_mode mode = { 0, 0, KVMFR_MODE_PX_BYTES };
	unsigned int at = 0;

	mode.width_px = kvmfr_mode_number(&text);
	if (mode.width_px == 0 || *text != 'x')
		return false;
	text++;
	mode.height_px = kvmfr_mode_number(&text);
	if (*text == '@') {
		while (at < sizeof(hdr) - 1 && text[at] == hdr[at])
			at++;
		text += at;
		mode.bytes_per_px = at == sizeof(hdr) - 1 ? KVMFR_MODE_HDR_PX_BYTES : 0;
	}
	if (*text != '\0' || kvmfr_mode_mib(&mode) == 0)
		return false;
	*out = mode;
	return true;
}

#endif
