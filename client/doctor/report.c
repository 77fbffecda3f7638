/* SPDX-License-Identifier: GPL-2.0-or-later
 * The table for people: what is in order takes a line, what is not brings its reason and its cure.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "doctor/doctor.h"
#include "doctor/report.h"
#include "text/text.h"

enum { MIN_COLUMNS = 60, USUAL_COLUMNS = 80, MAX_COLUMNS = 110, VERDICT_COLUMNS = 10, INDENT = 2 };

struct page {
    FILE *to;
    bool colour, all;
    size_t columns;
};

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
static size_t width_of(const char *text, size_t len_bytes)
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

static void indent(const struct page *p, size_t columns)
{
    fprintf(p->to, "%*s", (int)columns, "");
}

/* Words of one line of text, broken between them; continues at column `at`, breaks to `left`. */
static void put_words(const struct page *p, const char *text, size_t left, size_t *at)
{
    while (*text) {
        text += strspn(text, " \n");
        const size_t len = strcspn(text, " \n");
        if (len == 0)
            return;
        const size_t width = width_of(text, len);
        if (*at > left && *at + 1 + width > p->columns) {
            putc('\n', p->to);
            indent(p, left);
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

static void put_paragraph(const struct page *p, const char *text, size_t left)
{
    size_t at = left;
    indent(p, left);
    put_words(p, text, left, &at);
    putc('\n', p->to);
}

/* Never broken: lines of a cure are copied and pasted. */
static void put_lines(const struct page *p, const char *text, size_t left)
{
    while (*text) {
        const size_t len = strcspn(text, "\n");
        indent(p, left);
        put_clean(text, len, p->to);
        putc('\n', p->to);
        text += len + (text[len] == '\n');
    }
}

static const char *colour_of(enum verdict verdict)
{
    static const char *const colours[] = {
        [VERDICT_NONE] = "",
        [VERDICT_OK] = "\033[32m",
        [VERDICT_NOT_APPLICABLE] = "\033[2m",
        [VERDICT_SKIPPED] = "\033[36m",
        [VERDICT_WARNING] = "\033[33m",
        [VERDICT_FAILURE] = "\033[1;31m",
    };
    return colours[verdict];
}

static void put_verdict(const struct page *p, enum verdict verdict)
{
    const char *text = verdict_text(verdict);
    const size_t width = width_of(text, strlen(text));
    indent(p, INDENT);
    fprintf(p->to, "%s%s%s", p->colour ? colour_of(verdict) : "", text, p->colour ? "\033[0m" : "");
    indent(p, width < VERDICT_COLUMNS ? VERDICT_COLUMNS - width : 1);
}

static bool is_bad(const struct finding *f)
{
    return f->verdict == VERDICT_WARNING || f->verdict == VERDICT_FAILURE;
}

static void put_page(const struct page *p, const struct finding *f)
{
    char line[160];
    snprintf(line, sizeof(line), _("More about it: espelho doctor --explain %s"), f->check->id);
    put_paragraph(p, line, INDENT + VERDICT_COLUMNS);
}

/* Of several findings of one check in a row, the first says why and the last where to read on. */
static void put_cure(const struct page *p, const struct finding *before, const struct finding *f,
                     const struct finding *after)
{
    const size_t left = INDENT + VERDICT_COLUMNS;
    if (is_bad(f) && !(before && before->check == f->check && is_bad(before)))
        put_paragraph(p, _(f->check->why), left);
    if (f->fix && f->fix[0]) {
        put_paragraph(p, _("What to do:"), left);
        put_lines(p, f->fix, left + 4);
    }
    if (is_bad(f) && !(after && after->check == f->check && is_bad(after)))
        put_page(p, f);
}

static void put_finding(const struct page *p, const struct finding *f)
{
    const size_t left = INDENT + VERDICT_COLUMNS;
    size_t at = left;
    put_verdict(p, f->verdict);
    put_words(p, _(f->check->title), left, &at);
    if (f->found && f->found[0]) {
        putc(':', p->to);
        at++;
        if (f->subject) {
            put_words(p, f->subject, left, &at);
            putc(':', p->to);
            at++;
        }
        put_words(p, f->found, left, &at);
    }
    putc('\n', p->to);
}

static bool is_shown(const struct page *p, const struct doctor_report *r, const struct finding *f)
{
    if (p->all || f->verdict != VERDICT_NOT_APPLICABLE)
        return true;
    /* Once: why nothing of the VM was looked at. */
    return r->no_vm && f->check->group == CHECK_DOMAIN && f->found && f->found[0];
}

static void put_group(const struct page *p, const struct doctor_report *r, enum check_group group)
{
    bool any = false;
    for (size_t i = 0; i < r->findings.count; i++) {
        const struct finding *f = &r->findings.items[i];
        if (f->check->group != group || !is_shown(p, r, f))
            continue;
        if (!any)
            fprintf(p->to, "%s%s%s\n", p->colour ? "\033[1m" : "", check_group_text(group),
                    p->colour ? "\033[0m" : "");
        any = true;
        put_finding(p, f);
        put_cure(p, i > 0 ? f - 1 : NULL, f, i + 1 < r->findings.count ? f + 1 : NULL);
    }
    if (any)
        putc('\n', p->to);
}

/* The road has an order: an early failure often causes the later ones. */
static void put_summary(const struct page *p, const struct doctor_report *r)
{
    char line[256];
    snprintf(line, sizeof(line), _("Failures: %zu, warnings: %zu, in order: %zu, skipped: %zu."),
             r->counts[VERDICT_FAILURE], r->counts[VERDICT_WARNING], r->counts[VERDICT_OK],
             r->counts[VERDICT_SKIPPED]);
    put_paragraph(p, line, 0);
    if (r->counts[VERDICT_SKIPPED])
        put_paragraph(p,
                      _("What was skipped needs more rights, or the running machine; the lines "
                        "above say which."),
                      0);
    if (r->counts[VERDICT_FAILURE])
        put_paragraph(p,
                      _("Begin with the first failure and run `espelho doctor` again after each "
                        "cure: later ones often come from earlier ones."),
                      0);
    else if (r->counts[VERDICT_WARNING])
        put_paragraph(p, _("Nothing stands in the way; the warnings make it better or safer."), 0);
    else
        put_paragraph(p, _("Everything that was looked at is in order."), 0);
}

void doctor_print_table(const struct doctor_report *report, FILE *to, bool colour, bool all)
{
    const struct page page = { .to = to, .colour = colour, .all = all, .columns = columns_of(to) };
    if (report->heading) {
        put_lines(&page, report->heading, 0);
        putc('\n', to);
    }
    for (int group = 0; group < CHECK_GROUPS; group++)
        put_group(&page, report, (enum check_group)group);
    put_summary(&page, report);
}
