/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inputs and results of the arithmetic in kvmfr-sizing.h and kvmfr-bounds.h: checked
 * inside a kernel by kvmfr_kunit.c, and by tests/module/test_module_sizing.c outside.
 */
#ifndef KVMFR_ROWS_H
#define KVMFR_ROWS_H

#include "kvmfr-bounds.h"

/* Words for a mode; mib 0: refused. */
static const struct mode_row {
	const char *text;
	unsigned int mib;
} mode_rows[] = {
	{ "", 0 },
	{ "x", 0 },
	{ "1920", 0 },
	{ "1920x", 0 },
	{ "x1080", 0 },
	{ "0x1080", 0 },
	{ "1920x0", 0 },
	{ "1920x1080 ", 0 },
	{ " 1920x1080", 0 },
	{ "1920 x1080", 0 },
	{ "1920X1080", 0 },
	{ "1920x1080\n", 0 },
	{ "1920x1080x", 0 },
	{ "1920x1080@", 0 },
	{ "1920x1080@h", 0 },
	{ "1920x1080@hdr2", 0 },
	{ "1920x1080@HDR", 0 },
	{ "1920x1080@60", 0 },
	{ "-1920x1080", 0 },
	{ "+1920x1080", 0 },
	{ "1920x-1080", 0 },
	{ "0x10x0x10", 0 },
	{ "16385x1", 0 },
	{ "1x16385", 0 },
	{ "4294967297x1", 0 },
	{ "18446744073709551617x1", 0 },
	{ "99999999999999999999999999999999x1", 0 },
	{ "16384x16384@hdr", 0 },
	{ "16384x16384", 0 },
	{ "1x1", 16 },
	{ "00001x01", 16 },
	{ "640x480", 16 },
	{ "1920x1080", 32 },
	{ "1920x1200", 32 },
	{ "1920x1080@hdr", 64 },
	{ "2560x1440", 64 },
	{ "2560x1440@hdr", 128 },
	{ "3840x2160", 128 },
	{ "3840x2160@hdr", 256 },
	{ "5120x2880@hdr", 256 },
	{ "7680x4320", 512 },
	{ "16384x8192", 2048 },
	{ "16384x16383", 0 },
};

/* A mode of these numbers, as a caller could give them without text. */
static const struct number_row {
	unsigned int width_px, height_px, bytes_per_px, mib;
} number_rows[] = {
	{ 0, 0, 0, 0 },
	{ 1, 1, 0, 0 },
	{ 1, 1, 9, 0 },
	{ 1, 1, ~0u, 0 },
	{ ~0u, ~0u, 4, 0 },
	{ ~0u, 1, 4, 0 },
	{ 16384, 16384, 8, 0 },
	{ 1024, 768, 4, 16 },	/* exactly 6 MiB and 10 */
	{ 1024, 769, 4, 32 },	/* a row more */
	{ 1920, 1080, 4, 32 },
};

#define ALL_ONES	(~0ull)

static const struct part_row {
	unsigned long long first, count, total;
	bool inside;
} part_rows[] = {
	{ 0, 0, 0, false },
	{ 0, 0, 10, false },
	{ 10, 0, 10, false },
	{ 0, 1, 0, false },
	{ 0, 11, 10, false },
	{ 10, 1, 10, false },
	{ 9, 2, 10, false },
	{ 1, ALL_ONES, 10, false },
	{ ALL_ONES, 1, 10, false },
	{ ALL_ONES, 2, 10, false },
	{ ALL_ONES, ALL_ONES, ALL_ONES, false },
	{ 1ull << 63, 1ull << 63, 10, false },
	{ 0, 1, 1, true },
	{ 0, 10, 10, true },
	{ 9, 1, 10, true },
	{ 3, 4, 10, true },
	{ 0, ALL_ONES, ALL_ONES, true },
	{ ALL_ONES - 1, 1, ALL_ONES, true },
};

static const struct bytes_row {
	unsigned long long offset, size, total;
	bool inside;
} bytes_rows[] = {
	{ 0, 0, 65536, false },
	{ 0, 1, 65536, false },
	{ 1, 4096, 65536, false },
	{ 4096, 4095, 65536, false },
	{ 2048, 2048, 65536, false },
	{ 65536, 4096, 65536, false },
	{ 61440, 8192, 65536, false },
	{ -4096ull, 4096, 65536, false },
	{ -4096ull, 8192, 65536, false },
	{ 8192, -4096ull, 65536, false },
	{ 1ull << 32, 4096, 65536, false },
	{ 0, (1ull << 32) + 4096, 65536, false },
	{ 0, 4096, 65536, true },
	{ 0, 65536, 65536, true },
	{ 61440, 4096, 65536, true },
	{ 1ull << 32, 1ull << 32, 1ull << 33, true },
};

#endif
