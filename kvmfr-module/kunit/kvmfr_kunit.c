// SPDX-License-Identifier: GPL-2.0
/* The arithmetic of sizes and bounds, for a kernel with KUnit: a module of its own. */
#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/module.h>

#include "kvmfr-bounds.h"
#include "kvmfr-sizing.h"
#include "rows.h"

static void modes(struct kunit *test)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(mode_rows); i++) {
		struct kvmfr_mode mode = {};
		bool good = kvmfr_mode_parse(mode_rows[i].text, &mode);

		KUNIT_EXPECT_EQ_MSG(test, good, mode_rows[i].mib != 0, "'%s'", mode_rows[i].text);
		KUNIT_EXPECT_EQ_MSG(test, kvmfr_mode_mib(&mode), mode_rows[i].mib, "'%s'",
				    mode_rows[i].text);
	}
}

static void numbers(struct kunit *test)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(number_rows); i++) {
		const struct kvmfr_mode mode = { number_rows[i].width_px, number_rows[i].height_px,
						 number_rows[i].bytes_per_px };

		KUNIT_EXPECT_EQ_MSG(test, kvmfr_mode_mib(&mode), number_rows[i].mib, "row %zu", i);
	}
}

static void parts(struct kunit *test)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(part_rows); i++) {
		const struct part_row *row = &part_rows[i];

		KUNIT_EXPECT_EQ_MSG(test, kvmfr_part_inside(row->first, row->count, row->total),
				    row->inside, "row %zu", i);
	}
}

static void bytes(struct kunit *test)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bytes_rows); i++) {
		const struct bytes_row *row = &bytes_rows[i];

		KUNIT_EXPECT_EQ_MSG(test,
				    kvmfr_bytes_inside(row->offset, row->size, row->total, 4096),
				    row->inside, "row %zu", i);
	}
}

static struct kunit_case kvmfr_cases[] = {
	KUNIT_CASE(modes),
	KUNIT_CASE(numbers),
	KUNIT_CASE(parts),
	KUNIT_CASE(bytes),
	{}
};

static struct kunit_suite kvmfr_suite = {
	.name = "kvmfr",
	.test_cases = kvmfr_cases,
};

kunit_test_suite(kvmfr_suite);

MODULE_DESCRIPTION("KUnit tests of kvmfr's arithmetic");
MODULE_AUTHOR("The Espelho authors");
MODULE_LICENSE("GPL");
