/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "setup/domain_same.h"

#include "base/macros.h"
#include "test.h"

#define DOMAIN(devices)                                                                            \
    "<domain><name>a</name>\n  <devices>\n    " devices "\n  </devices>\n</domain>\n"

static const struct {
    const char *a, *b;
    bool same;
} rows[] = {
    { "", "", true },
    { "not xml", "not xml", true },
    { "not xml", "other", false },
    { "<domain/>", "<domain", false },
    { "<domain/>", "<domain/>\n", true },
    { DOMAIN("<disk a='1'/>\n    <disk a='2'/>"), DOMAIN("<disk a='2'/>\n    <disk a='1'/>"),
      true },
    { DOMAIN("<a/>\n    <b/>"), DOMAIN("<b/><a/>"), true },
    { DOMAIN("<a/><a/><b/>"), DOMAIN("<a/><b/><b/>"), false },
    { DOMAIN("<a/>"), DOMAIN("<a/><a/>"), false },
    { DOMAIN("<disk a='1'/>"), DOMAIN("<disk a='2'/>"), false },
    { DOMAIN("<disk><x/><y/></disk>"), DOMAIN("<disk><y/><x/></disk>"), false },
    { "<domain><name>a</name><devices/></domain>", "<domain><name>b</name><devices/></domain>",
      false },
    { "<domain><a/><b/></domain>", "<domain><b/><a/></domain>", false },
};

TEST(only_the_order_of_devices_does_not_count)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        bool same = !rows[i].same;
        CHECK_INT(domain_same(rows[i].a, rows[i].b, &same), 0);
        CHECK_MSG(same == rows[i].same, "row %zu", i);
        CHECK_INT(domain_same(rows[i].b, rows[i].a, &same), 0);
        CHECK_MSG(same == rows[i].same, "row %zu, the other way", i);
    }
}
