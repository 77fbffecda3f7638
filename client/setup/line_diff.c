/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "setup/line_diff.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { CONTEXT = 3, TABLE_MAX_CELLS = 4 << 20 };

struct line {
    const char *text;
    size_t len_bytes;
};
struct lines {
    struct line *line; /* owned */
    size_t count;
    bool ends_open; /* the last one has no newline */
};

/* What is done with each line, in order. */
enum op { OP_KEEP = ' ', OP_DROP = '-', OP_ADD = '+' };
struct script {
    char *op; /* owned */
    size_t count;
};

static int split(const char *text, struct lines *out)
{
    size_t count = 0;
    for (const char *c = text; *c; c++)
        count += *c == '\n';
    struct line *line = malloc((count + 1) * sizeof(*line));
    if (!line)
        return -ENOMEM;
    *out = (struct lines){ .line = line };
    while (*text) {
        const size_t len_bytes = strcspn(text, "\n");
        line[out->count++] = (struct line){ text, len_bytes };
        text += len_bytes;
        out->ends_open = *text == '\0';
        text += *text == '\n';
    }
    return 0;
}

static bool same(const struct lines *a, size_t i, const struct lines *b, size_t j)
{
    const bool a_open = a->ends_open && i + 1 == a->count;
    const bool b_open = b->ends_open && j + 1 == b->count;
    return a_open == b_open && a->line[i].len_bytes == b->line[j].len_bytes &&
           memcmp(a->line[i].text, b->line[j].text, a->line[i].len_bytes) == 0;
}

static void emit(struct script *s, enum op op, size_t times)
{
    for (; times > 0; times--)
        s->op[s->count++] = (char)op;
}

/* The middle, a[from, a_end) against b[from, b_end): by the table of longest common parts. */
static int compare_middle(const struct lines *a, const struct lines *b, size_t from, size_t a_end,
                          size_t b_end, struct script *s)
{
    const size_t rows = a_end - from, columns = b_end - from, width = columns + 1;
    if (rows == 0 || columns == 0 || rows > TABLE_MAX_CELLS / width) {
        emit(s, OP_DROP, rows);
        emit(s, OP_ADD, columns);
        return 0;
    }
    uint32_t *common = calloc((rows + 1) * width, sizeof(*common));
    if (!common)
        return -ENOMEM;
    for (size_t i = rows; i-- > 0;)
        for (size_t j = columns; j-- > 0;) {
            const uint32_t down = common[(i + 1) * width + j], right = common[i * width + j + 1];
            common[i * width + j] = same(a, from + i, b, from + j)
                                        ? common[(i + 1) * width + j + 1] + 1
                                    : down >= right ? down
                                                    : right;
        }
    size_t i = 0, j = 0;
    while (i < rows || j < columns) {
        if (i < rows && j < columns && same(a, from + i, b, from + j)) {
            emit(s, OP_KEEP, 1);
            i++, j++;
        } else if (i < rows &&
                   (j == columns || common[(i + 1) * width + j] >= common[i * width + j + 1])) {
            emit(s, OP_DROP, 1);
            i++;
        } else {
            emit(s, OP_ADD, 1);
            j++;
        }
    }
    free(common);
    return 0;
}

static int compare(const struct lines *a, const struct lines *b, struct script *s)
{
    s->op = malloc(a->count + b->count + 1);
    if (!s->op)
        return -ENOMEM;
    size_t from = 0, a_end = a->count, b_end = b->count;
    while (from < a_end && from < b_end && same(a, from, b, from))
        from++;
    while (a_end > from && b_end > from && same(a, a_end - 1, b, b_end - 1))
        a_end--, b_end--;
    emit(s, OP_KEEP, from);
    const int err = compare_middle(a, b, from, a_end, b_end, s);
    emit(s, OP_KEEP, a->count - a_end);
    return err;
}

/* ---- printing ---- */

struct printer {
    FILE *to;
    bool colour;
    const struct lines *a, *b;
    const struct script *script;
};

static void paint(const struct printer *p, const char *code)
{
    if (p->colour)
        fputs(code, p->to);
}

static void print_line(const struct printer *p, char op, const struct lines *of, size_t index)
{
    paint(p, op == OP_ADD ? "\033[32m" : op == OP_DROP ? "\033[31m" : "");
    fputc(op, p->to);
    for (size_t i = 0; i < of->line[index].len_bytes; i++) {
        const unsigned char c = (unsigned char)of->line[index].text[i];
        fputc((c < ' ' && c != '\t') || c == 0x7f ? '?' : c, p->to);
    }
    paint(p, op == OP_KEEP ? "" : "\033[0m");
    fputc('\n', p->to);
    if (of->ends_open && index + 1 == of->count)
        fputs("\\ No newline at end of file\n", p->to);
}

static void print_range(FILE *to, char sign, size_t first, size_t count)
{
    fprintf(to, " %c%zu", sign, count ? first + 1 : first);
    if (count != 1)
        fprintf(to, ",%zu", count);
}

/* The script's steps [from, end), which begin at line `i` of the old and `j` of the new text. */
static void print_hunk(const struct printer *p, size_t from, size_t end, size_t i, size_t j)
{
    size_t olds = 0, news = 0;
    for (size_t k = from; k < end; k++) {
        olds += p->script->op[k] != OP_ADD;
        news += p->script->op[k] != OP_DROP;
    }
    paint(p, "\033[36m");
    fputs("@@", p->to);
    print_range(p->to, '-', i, olds);
    print_range(p->to, '+', j, news);
    fputs(" @@", p->to);
    paint(p, "\033[0m");
    fputc('\n', p->to);
    for (size_t k = from; k < end; k++) {
        const char op = p->script->op[k];
        print_line(p, op, op == OP_ADD ? p->b : p->a, op == OP_ADD ? j : i);
        i += op != OP_ADD;
        j += op != OP_DROP;
    }
}

/* The end of the hunk that begins with the change at `k`: until more kept lines than two contexts.
 */
static size_t hunk_end(const struct script *s, size_t k)
{
    size_t end = k, kept = 0;
    for (; k < s->count && kept <= 2 * (size_t)CONTEXT; k++) {
        kept = s->op[k] == OP_KEEP ? kept + 1 : 0;
        if (kept == 0)
            end = k + 1;
    }
    return end + CONTEXT < s->count ? end + CONTEXT : s->count;
}

static void print_hunks(const struct printer *p)
{
    const struct script *const s = p->script;
    size_t i = 0, j = 0;
    for (size_t k = 0; k < s->count; k++) {
        if (s->op[k] == OP_KEEP) {
            i++, j++;
            continue;
        }
        const size_t back = k < CONTEXT ? k : CONTEXT;
        const size_t end = hunk_end(s, k);
        print_hunk(p, k - back, end, i - back, j - back);
        for (; k < end; k++) {
            i += s->op[k] != OP_ADD;
            j += s->op[k] != OP_DROP;
        }
        k--;
    }
}

static void print_name(const struct printer *p, const char *sign, const char *name)
{
    paint(p, "\033[1m");
    fprintf(p->to, "%s %s", sign, name);
    paint(p, "\033[0m");
    fputc('\n', p->to);
}

int line_diff_print(const char *old_name, const char *old_text, const char *new_name,
                    const char *new_text, FILE *to, bool colour)
{
    struct lines a = { .line = NULL }, b = { .line = NULL };
    struct script script = { .op = NULL };
    int err = split(old_text ? old_text : "", &a);
    if (err == 0)
        err = split(new_text ? new_text : "", &b);
    if (err == 0)
        err = compare(&a, &b, &script);
    if (err == 0 && (memchr(script.op, OP_DROP, script.count) ||
                     memchr(script.op, OP_ADD, script.count) || !old_text != !new_text)) {
        const struct printer p = { to, colour, &a, &b, &script };
        print_name(&p, "---", old_text ? old_name : "/dev/null");
        print_name(&p, "+++", new_text ? new_name : "/dev/null");
        print_hunks(&p);
    }
    free(script.op);
    free(a.line);
    free(b.line);
    return err;
}
