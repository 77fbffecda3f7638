/* SPDX-License-Identifier: GPL-2.0-or-later
 * `--explain ID`: the section of our page about a check, in the user's language. The page is a
 * Markdown file with a heading "## ID" per check; without it title and reason are told. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor/doctor.h"
#include "doctor/report.h"
#include "text/text.h"

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

/* Blank lines at the end of a section are left out. */
static bool print_section(FILE *page, const char *id, FILE *to)
{
    char line[1024];
    bool inside = false;
    size_t blank = 0;
    while (fgets(line, sizeof(line), page)) {
        if (strncmp(line, "## ", 3) == 0) {
            if (inside)
                break;
            inside = is_heading(line, id);
            continue;
        }
        if (!inside)
            continue;
        if (line[0] == '\n') {
            blank++;
            continue;
        }
        for (; blank > 0; blank--)
            putc('\n', to);
        fputs(line, to);
    }
    return inside;
}

int doctor_explain(const char *id, FILE *to)
{
    const struct check *check = doctor_check_find(id);
    if (!check)
        return -ENOENT;
    char path[512];
    fprintf(to, "%s: %s\n\n%s\n", check->id, _(check->title), _(check->why));
    snprintf(path, sizeof(path), "%s/%s", folder(), page_file());
    FILE *page = fopen(path, "re");
    if (page) {
        print_section(page, id, to);
        fclose(page);
    }
    doctor_page(id, path, sizeof(path));
    fprintf(to, _("\nThe page: %s\n"), path);
    return 0;
}
