/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/doctor/page.h - text on a terminal: lines broken between words, and nothing in it that
 * steers the terminal (what checks quote comes from files and guests). Threads: any one. */
#ifndef ESPELHO_DOCTOR_PAGE_H
#define ESPELHO_DOCTOR_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct page {
    FILE *to;
    bool colour, all; /* all: also what does not apply */
    size_t columns;
};

/* As wide as the terminal, within reason; 80 columns elsewhere. */
struct page page_on(FILE *to);
/* Characters, not bytes: our texts are UTF-8 without wide or combining ones. */
size_t page_width(const char *text, size_t len_bytes);
void page_indent(const struct page *p, size_t columns);
/* Words from column *at on; further lines begin at column `left`. */
void page_words(const struct page *p, const char *text, size_t left, size_t *at);
void page_paragraph(const struct page *p, const char *text, size_t left);
/* Never broken: lines of a cure are copied and pasted. */
void page_lines(const struct page *p, const char *text, size_t left);

#endif
