/* SPDX-License-Identifier: GPL-2.0-or-later
 * The table for people: what is in order takes a line, what is not brings its reason and its cure.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "doctor/doctor.h"
#include "doctor/page.h"
#include "doctor/report.h"

enum { VERDICT_COLUMNS = 10, INDENT = 2 };

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
    const size_t width = page_width(text, strlen(text));
    page_indent(p, INDENT);
    fprintf(p->to, "%s%s%s", p->colour ? colour_of(verdict) : "", text, p->colour ? "\033[0m" : "");
    page_indent(p, width < VERDICT_COLUMNS ? VERDICT_COLUMNS - width : 1);
}

static bool is_bad(const struct finding *f)
{
    return f->verdict == VERDICT_WARNING || f->verdict == VERDICT_FAILURE;
}

static void put_page(const struct page *p, const struct finding *f)
{
    char line[160];
    snprintf(line, sizeof(line), _("More about it: espelho doctor --explain %s"), f->check->id);
    page_paragraph(p, line, INDENT + VERDICT_COLUMNS);
}

/* Of several findings of one check in a row, the first says why and the last where to read on. */
static void put_cure(const struct page *p, const struct finding *before, const struct finding *f,
                     const struct finding *after)
{
    const size_t left = INDENT + VERDICT_COLUMNS;
    if (is_bad(f) && !(before && before->check == f->check && is_bad(before)))
        page_paragraph(p, _(f->check->why), left);
    if (f->fix && f->fix[0]) {
        page_paragraph(p, _("What to do:"), left);
        page_lines(p, f->fix, left + 4);
    }
    if (is_bad(f) && !(after && after->check == f->check && is_bad(after)))
        put_page(p, f);
}

static void put_finding_words(const struct page *p, const struct finding *f)
{
    const size_t left = INDENT + VERDICT_COLUMNS;
    size_t at = left;
    page_words(p, _(f->check->title), left, &at);
    if (f->found && f->found[0]) {
        putc(':', p->to);
        at++;
        if (f->subject) {
            page_words(p, f->subject, left, &at);
            putc(':', p->to);
            at++;
        }
        page_words(p, f->found, left, &at);
    }
    putc('\n', p->to);
}

static bool is_shown(const struct page *p, const struct finding *f)
{
    return p->all || f->verdict != VERDICT_NOT_APPLICABLE;
}

static void put_group(const struct page *p, const struct doctor_report *r, enum check_group group)
{
    bool any = false;
    for (size_t i = 0; i < r->findings.count; i++) {
        const struct finding *f = &r->findings.items[i];
        if (f->check->group != group || !is_shown(p, f))
            continue;
        if (!any)
            fprintf(p->to, "%s%s%s\n", p->colour ? "\033[1m" : "", check_group_text(group),
                    p->colour ? "\033[0m" : "");
        any = true;
        put_verdict(p, f->verdict);
        put_finding_words(p, f);
        put_cure(p, i > 0 ? f - 1 : NULL, f, i + 1 < r->findings.count ? f + 1 : NULL);
    }
    if (any)
        putc('\n', p->to);
}

/* Again at the end, where a long table leaves the eye. */
static void put_failures(const struct page *p, const struct doctor_report *r)
{
    for (int group = 0; group < CHECK_GROUPS; group++) {
        for (size_t i = 0; i < r->findings.count; i++) {
            const struct finding *f = &r->findings.items[i];
            if (f->verdict == VERDICT_FAILURE && f->check->group == (enum check_group)group) {
                put_verdict(p, f->verdict);
                put_finding_words(p, f);
            }
        }
    }
}

/* The road has an order: an early failure often causes the later ones. */
static void put_summary(const struct page *p, const struct doctor_report *r)
{
    char line[256];
    snprintf(line, sizeof(line), _("Failures: %zu, warnings: %zu, in order: %zu, skipped: %zu."),
             r->counts[VERDICT_FAILURE], r->counts[VERDICT_WARNING], r->counts[VERDICT_OK],
             r->counts[VERDICT_SKIPPED]);
    page_paragraph(p, line, 0);
    if (r->counts[VERDICT_SKIPPED])
        page_paragraph(p,
                       _("What was skipped needs more rights, or the running machine; the lines "
                         "above say which."),
                       0);
    if (r->counts[VERDICT_FAILURE])
        put_failures(p, r);
    if (r->counts[VERDICT_FAILURE])
        page_paragraph(p,
                       _("Begin with the first failure and run `espelho doctor` again after each "
                         "cure: later ones often come from earlier ones."),
                       0);
    else if (r->counts[VERDICT_WARNING])
        page_paragraph(p, _("Nothing stands in the way; the warnings make it better or safer."), 0);
    else
        page_paragraph(p, _("Everything that was looked at is in order."), 0);
}

void doctor_print_table(const struct doctor_report *report, FILE *to, bool colour, bool all)
{
    struct page page = page_on(to);
    page.colour = colour;
    page.all = all;
    if (report->heading) {
        page_lines(&page, report->heading, 0);
        putc('\n', to);
    }
    for (int group = 0; group < CHECK_GROUPS; group++)
        put_group(&page, report, (enum check_group)group);
    put_summary(&page, report);
}
