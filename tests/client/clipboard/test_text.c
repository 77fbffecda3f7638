/* SPDX-License-Identifier: GPL-2.0-or-later
 * Line ends, lists of files, names of files, type names. */
#include "test.h"

#include "clipboard/file_transfer.h"
#include "clipboard/line_end.h"
#include "clipboard/mime.h"
#include "clipboard/spool.h"
#include "clipboard/uri_list.h"

#include <errno.h>

TEST(line_ends_in_every_cut)
{
    static const struct {
        enum line_end_mode mode;
        const char *in, *want;
    } rows[] = {
        { LINE_END_TO_LF, "\r", "\r" },
        { LINE_END_TO_LF, "\r\r\n\r", "\r\n\r" },
        { LINE_END_TO_LF, "a\r\nb\nc\rd\r\n", "a\nb\nc\rd\n" },
        { LINE_END_TO_LF, "", "" },
        { LINE_END_TO_CRLF, "\n\n", "\r\n\r\n" },
        { LINE_END_TO_CRLF, "a\r\nb\nc\rd", "a\r\nb\r\nc\rd" },
        { LINE_END_TO_CRLF, "\r\r\n", "\r\r\n" },
        { LINE_END_KEEP, "a\r\nb\n\r", "a\r\nb\n\r" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const size_t n = strlen(rows[i].in);
        for (size_t cut = 0; cut <= n; cut++) {
            struct line_end s = { .mode = rows[i].mode };
            char out[64];
            size_t at = line_end_convert(&s, (const uint8_t *)rows[i].in, cut, (uint8_t *)out);
            at += line_end_convert(&s, (const uint8_t *)rows[i].in + cut, n - cut,
                                   (uint8_t *)out + at);
            at += line_end_finish(&s, (uint8_t *)out + at);
            out[at] = '\0';
            CHECK_STR(out, rows[i].want);
        }
    }
}

TEST(uri_lists_name_local_files_only)
{
    static const struct {
        const char *text, *first;
        size_t count, refused;
    } rows[] = {
        /* hostile or foreign */
        { "http://example.org/a\r\n", NULL, 0, 1 },
        { "file://elsewhere/etc/passwd\r\n", NULL, 0, 1 },
        { "file://localhost.example/etc\r\n", NULL, 0, 1 },
        { "file:////etc/x", "//etc/x", 1, 0 },
        { "file://", NULL, 0, 1 },
        { "file:", NULL, 0, 1 },
        { "file:relative", NULL, 0, 1 },
        { "file:///a%00b", NULL, 0, 1 },
        { "file:///a%", NULL, 0, 1 },
        { "file:///a%4", NULL, 0, 1 },
        { "file:///a%zz", NULL, 0, 1 },
        { "/etc/passwd", NULL, 0, 1 },
        { "\r\n\r\n\n", NULL, 0, 0 },
        { "# file:///a\r\n", NULL, 0, 0 },
        /* good */
        { "file:///a", "/a", 1, 0 },
        { "file:///a\r\nfile:///b\r\n", "/a", 2, 0 },
        { "file:///a\nfile:///b", "/a", 2, 0 },
        { "FILE:///a%20b%2Fc%e4%B8%ad", "/a b/c\xe4\xb8\xad", 1, 0 },
        { "file://localhost/a", "/a", 1, 0 },
        { "file:/a", "/a", 1, 0 },
        { "#c\r\nfile:///a\r\nhttp://b\r\nfile:///c\r\nfile:///d\r\nfile:///e", "/a", 3, 2 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct uri_list list;
        CHECK_INT(uri_list_parse(rows[i].text, strlen(rows[i].text), 3, &list), 0);
        CHECK_MSG(list.count == rows[i].count && list.refused == rows[i].refused,
                  "%s: %zu paths, %zu refused", rows[i].text, list.count, list.refused);
        if (rows[i].first)
            CHECK_STR(list.paths[0], rows[i].first);
        uri_list_free(&list);
    }
}

TEST(uri_of_a_million_bytes_is_refused)
{
    enum { BYTES = 1000000 };
    char *text = malloc(BYTES);
    CHECK(text);
    memset(text, 'a', BYTES);
    memcpy(text, "file:///", 8);
    struct uri_list list;
    CHECK_INT(uri_list_parse(text, BYTES, 3, &list), 0);
    CHECK_INT(list.count, 0);
    CHECK_INT(list.refused, 1);
    uri_list_free(&list);
    free(text);
}

TEST(names_of_files_are_harmless)
{
    static const struct {
        const char *path, *want;
    } rows[] = {
        { "/a/..", "file" },
        { "/a/", "file" },
        { "..", "file" },
        { "/x/a\nsize=0", "a_size=0" },
        { "/x/..\\..\\evil.exe", ".._.._evil.exe" },
        { "/x/C:evil", "C_evil" },
        { "/x/a\x01\x7f\t", "a___" },
        { "/x/\xff\xfe", "__" },
        { "/x/\xc0\xaf", "__" },      /* overlong slash */
        { "/x/\xed\xa0\x80", "___" }, /* a surrogate */
        { "/x/\xe4\xb8", "__" },      /* cut */
        { "/x/ lead", "_lead" },
        { "/x/report (1).pdf", "report (1).pdf" },
        { "/x/\xe4\xb8\xad.txt", "\xe4\xb8\xad.txt" },
        { "plain", "plain" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char name[FILE_TRANSFER_NAME_BYTES];
        file_transfer_name(rows[i].path, name);
        CHECK_STR(name, rows[i].want);
    }
}

TEST(long_names_are_cut_between_characters)
{
    char path[1024], name[FILE_TRANSFER_NAME_BYTES];
    size_t n = 0;
    path[n++] = '/';
    for (int i = 0; i < 200; i++, n += 3)
        memcpy(path + n, "\xe4\xb8\xad", 3);
    path[n] = '\0';
    file_transfer_name(path, name);
    CHECK_INT(strlen(name), 255); /* 85 characters of 3 */
}

TEST(types_have_names)
{
    const char *const offered[] = { "TEXT", "text/plain", "UTF8_STRING", "image/x-MS-bmp",
                                    "text/html" };
    const char *picked[CLIP_TYPES];
    mime_pick(offered, ARRAY_LEN(offered), picked);
    CHECK_STR(picked[CLIP_TEXT], "UTF8_STRING");
    CHECK_STR(picked[CLIP_BMP], "image/x-MS-bmp");
    CHECK(!picked[CLIP_PNG] && !picked[CLIP_TIFF] && !picked[CLIP_JPEG]);
    CHECK_INT(clip_type_from_mime("text/html"), CLIP_TYPES);
    CHECK_INT(clip_type_from_mime("TEXT/PLAIN;charset=UTF-8"), CLIP_TEXT);
    for (uint32_t i = 0; i < 100; i++)
        if (clip_type_from_agent(i) != CLIP_TYPES)
            CHECK_INT(clip_type_to_agent(clip_type_from_agent(i)), i);
    const char *names[MIME_NAMES_MAX];
    CHECK_INT(mime_names(~0u, names), 9);
    CHECK_INT(mime_names(1u << CLIP_PNG, names), 1);
    CHECK_STR(names[0], "image/png");
}

TEST(spool_holds_its_limit_and_order)
{
    struct spool *s;
    uint8_t piece[1000];
    CHECK_INT(spool_create(200500, &s), 0);
    for (int i = 0; i < 200; i++) {
        memset(piece, i, sizeof(piece));
        CHECK_INT(spool_add(s, piece, sizeof(piece)), 0);
    }
    CHECK_INT(spool_add(s, piece, 501), -EFBIG);
    CHECK_INT(spool_add(s, piece, 500), 0);
    uint64_t at = 0;
    size_t count;
    for (const uint8_t *p; (p = spool_peek(s, &count)); at++) {
        CHECK_INT(*p, at < 200000 ? at / 1000 : 199);
        spool_take(s, 1);
    }
    CHECK_INT(at, 200500);
    CHECK_INT(spool_bytes(s), 0);
    CHECK_INT(spool_add(s, piece, 1), -EFBIG); /* of all that ever went through */
    spool_destroy(s);
}
