/* SPDX-License-Identifier: GPL-2.0-or-later
 * `--explain ID`: the section of our page about a check, in the user's language. The page is a
 * Markdown file with a heading "## ID" per check; without it title and reason are told. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "doctor/doctor.h"
#include "doctor/page.h"
#include "doctor/report.h"

static const char *folder(void)
{
    return access(ESPELHO_BUILD_DOCS, R_OK) == 0 ? ESPELHO_BUILD_DOCS : ESPELHO_DOCS;
}

/* Translators: the page's file in your language, below docs/ ("pt_BR/doctor.md"). */
static const char *page_file(void)
{
    return _("doctor.md");
}

/* A heading's name in a link has no dots. */
static void anchor_of(const char *id, char *anchor, size_t cap)
{
    size_t n = 0;
    for (; *id && n + 1 < cap; id++) {
        if (*id != '.')
            anchor[n++] = *id;
    }
    anchor[n] = '\0';
}

void doctor_page(const char *id, char *url, size_t url_bytes)
{
    char anchor[64];
    anchor_of(id, anchor, sizeof(anchor));
    snprintf(url, url_bytes, "%s/%s#%s", folder(), page_file(), anchor);
}

static bool is_heading(const char *line, const char *id)
{
    const size_t len = strlen(id);
    return strncmp(line, "## ", 3) == 0 && strncmp(line + 3, id, len) == 0 &&
           (line[3 + len] == '\n' || line[3 + len] == '\0');
}

/* Lines of one paragraph are joined and broken anew. */
struct paragraph {
    const struct page *page;
    char text[4096];
    size_t len_bytes;
};

static void end_paragraph(struct paragraph *p)
{
    if (p->len_bytes) {
        putc('\n', p->page->to);
        page_paragraph(p->page, p->text, 0);
    }
    p->len_bytes = 0;
}

static void add_line(struct paragraph *p, const char *line)
{
    const size_t room = sizeof(p->text) - p->len_bytes;
    const int len = snprintf(p->text + p->len_bytes, room, "%s", line);
    p->len_bytes += (size_t)len < room ? (size_t)len : room - 1;
}

static void print_section(FILE *file, const char *id, const struct page *page)
{
    char line[1024];
    struct paragraph p = { .page = page };
    bool inside = false;
    while (fgets(line, sizeof(line), file)) {
        if (strncmp(line, "## ", 3) == 0)
            inside = is_heading(line, id);
        else if (inside && line[0] == '\n')
            end_paragraph(&p);
        else if (inside)
            add_line(&p, line);
    }
    end_paragraph(&p);
}

int doctor_explain(const char *id, FILE *to)
{
    const struct check *check = doctor_check_find(id);
    if (!check)
        return -ENOENT;
    char path[512];
    const struct page page = page_on(to);
    fprintf(to, "%s: %s\n\n", check->id, _(check->title));
    page_paragraph(&page, _(check->why), 0);
    snprintf(path, sizeof(path), "%s/%s", folder(), page_file());
    FILE *file = fopen(path, "re");
    if (file) {
        print_section(file, id, &page);
        fclose(file);
    }
    doctor_page(id, path, sizeof(path));
    fprintf(to, _("\nThe page: %s\n"), path);
    return 0;
}
