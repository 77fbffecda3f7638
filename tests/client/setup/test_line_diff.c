/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "base/cleanup.h"
#include "setup/line_diff.h"

static char *diff(const char *old_text, const char *new_text)
{
    char *text = NULL;
    size_t len_bytes;
    FILE *f = open_memstream(&text, &len_bytes);
    CHECK(f);
    CHECK_INT(line_diff_print("/a", old_text, "/a", new_text, f, false), 0);
    fclose(f);
    return text;
}

static const struct {
    const char *old_text, *new_text, *want;
} rows[] = {
    { "a\n\033[2Jb\n", "a\nb\001\n", "--- /a\n+++ /a\n@@ -1,2 +1,2 @@\n a\n-?[2Jb\n+b?\n" },
    { "", "", "" },
    { "same\n", "same\n", "" },
    { NULL, "", "--- /dev/null\n+++ /a\n" },
    { NULL, "one\ntwo\n", "--- /dev/null\n+++ /a\n@@ -0,0 +1,2 @@\n+one\n+two\n" },
    { "one\n", NULL, "--- /a\n+++ /dev/null\n@@ -1 +0,0 @@\n-one\n" },
    { "one", "one\n", "--- /a\n+++ /a\n@@ -1 +1 @@\n-one\n\\ No newline at end of file\n+one\n" },
    { "1\n2\n3\n4\n5\n6\n7\n8\n", "1\n2\n3\n4\nfive\n6\n7\n8\n",
      "--- /a\n+++ /a\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n" },
    /* six kept lines between two changes: one hunk; seven: two */
    { "x\n1\n2\n3\n4\n5\n6\ny\n", "X\n1\n2\n3\n4\n5\n6\nY\n",
      "--- /a\n+++ /a\n@@ -1,8 +1,8 @@\n-x\n+X\n 1\n 2\n 3\n 4\n 5\n 6\n-y\n+Y\n" },
    { "x\n1\n2\n3\n4\n5\n6\n7\ny\n", "X\n1\n2\n3\n4\n5\n6\n7\nY\n",
      "--- /a\n+++ /a\n@@ -1,4 +1,4 @@\n-x\n+X\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n "
      "7\n-y\n+Y\n" },
    { "a\nb\nc\n", "b\nc\nd\n", "--- /a\n+++ /a\n@@ -1,3 +1,3 @@\n-a\n b\n c\n+d\n" },
};

TEST(as_diff_u_prints_it)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        autofree char *got = diff(rows[i].old_text, rows[i].new_text);
        CHECK_STR(got, rows[i].want);
    }
}

/* Too long for the table: still right, though not the shortest. */
TEST(a_long_change_is_shown_as_replaced)
{
    enum { LINES = 3000 };
    autofree char *a = malloc(LINES * 8 + 1), *b = malloc(LINES * 8 + 1);
    CHECK(a && b);
    for (size_t i = 0; i < LINES; i++) {
        snprintf(a + i * 8, 9, "a%06zu\n", i);
        snprintf(b + i * 8, 9, "b%06zu\n", i);
    }
    autofree char *got = diff(a, b);
    CHECK(strncmp(got, "--- /a\n+++ /a\n@@ -1,3000 +1,3000 @@\n-a000000\n-a000001\n", 54) == 0);
    CHECK(strstr(got, "-a002999\n+b000000\n"));
}
