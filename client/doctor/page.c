/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor/page.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { MIN_COLUMNS = 60, USUAL_COLUMNS = 80, MAX_COLUMNS = 110 };

static size_t columns_of(FILE *to)
{
    struct winsize size;
    if (!isatty(fileno(to)) || ioctl(fileno(to), TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
        return USUAL_COLUMNS;
    if (size.ws_col < MIN_COLUMNS)
        return MIN_COLUMNS;
    return size.ws_col > MAX_COLUMNS ? MAX_COLUMNS : size.ws_col;
}

/* Characters, not bytes: our texts are UTF-8 without wide or combining ones. */
size_t page_width(const char *text, size_t len_bytes)
{
    size_t width = 0;
    for (size_t i = 0; i < len_bytes; i++)
        width += ((unsigned char)text[i] & 0xc0) != 0x80;
    return width;
}

/* What checks quote may come from files and guests: nothing of it may steer a terminal. */
static void put_clean(const char *text, size_t len_bytes, FILE *to)
{
    for (size_t i = 0; i < len_bytes; i++) {
        const unsigned char c = (unsigned char)text[i];
        putc(c < 0x20 || c == 0x7f ? '?' : c, to);
    }
}

void page_indent(const struct page *p, size_t columns)
{
    fprintf(p->to, "%*s", (int)columns, "");
}

/* Words of one line of text, broken between them; continues at column `at`, breaks to `left`. */
void page_words(const struct page *p, const char *text, size_t left, size_t *at)
{
    while (*text) {
        text += strspn(text, " \n");
        const size_t len = strcspn(text, " \n");
        if (len == 0)
            return;
        const size_t width = page_width(text, len);
        if (*at > left && *at + 1 + width > p->columns) {
            putc('\n', p->to);
            page_indent(p, left);
            *at = left;
        } else if (*at > left) {
            putc(' ', p->to);
            ++*at;
        }
        put_clean(text, len, p->to);
        *at += width;
        text += len;
    }
}

void page_paragraph(const struct page *p, const char *text, size_t left)
{
    size_t at = left;
    page_indent(p, left);
    page_words(p, text, left, &at);
    putc('\n', p->to);
}

/* Never broken: lines of a cure are copied and pasted. */
void page_lines(const struct page *p, const char *text, size_t left)
{
    while (*text) {
        const size_t len = strcspn(text, "\n");
        page_indent(p, left);
        put_clean(text, len, p->to);
        putc('\n', p->to);
        text += len + (text[len] == '\n');
    }
}

struct page page_on(FILE *to)
{
    return (struct page){ .to = to, .columns = columns_of(to) };
}
