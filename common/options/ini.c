/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "options/name.h"
#include "options/options.h"
#include "options/value.h"

#if defined(O_NONBLOCK)
#define OPEN_NONBLOCK O_NONBLOCK /* opening a FIFO must not wait for its writer */
#else
#define OPEN_NONBLOCK 0
#endif

enum {
    FILE_MAX_BYTES = 1024 * 1024,
    LINE_MAX_BYTES = 4096,
    NAME_MAX_BYTES = 128,
    UNKNOWN_MAX_BYTES = 768 /* with the path it fits into one log line */
};

struct ini {
    const struct option_table *table;
    void *target;
    const char *origin;
    bool lenient;
    unsigned line_number;
    char section[NAME_MAX_BYTES];
    char *unknown; /* UNKNOWN_MAX_BYTES once something is in it */
    struct option_error *error;
};

static int fail_line(const struct ini *ini, const char *what)
{
    option_error_set(ini->error, "%s:%u: %s", ini->origin, ini->line_number, what);
    return -EINVAL;
}

/* Lenient files: remembers the line for one warning, up to a length that is still read by somebody.
 */
static int note_unknown(struct ini *ini, const char *name, const char *why)
{
    if (!ini->unknown) {
        ini->unknown = calloc(1, UNKNOWN_MAX_BYTES);
        if (!ini->unknown)
            return -ENOMEM;
    }
    char entry[256];
    const struct printable shown = printable_of(name, strlen(name));
    const int len = snprintf(entry, sizeof(entry), _("line %u: %s%s%s\n"), ini->line_number,
                             shown.text, why ? ": " : "", why ? why : "");
    const size_t used_bytes = strlen(ini->unknown);
    char more[64];
    snprintf(more, sizeof(more), "%s", _("and more\n"));
    const size_t more_bytes = strlen(more) + 1;
    if (len < 0)
        return 0;
    const size_t entry_bytes = (size_t)len < sizeof(entry) ? (size_t)len : sizeof(entry) - 1;
    if (used_bytes + entry_bytes + more_bytes < UNKNOWN_MAX_BYTES)
        memcpy(ini->unknown + used_bytes, entry, entry_bytes + 1);
    else if (used_bytes < more_bytes ||
             strcmp(ini->unknown + used_bytes - (more_bytes - 1), more) != 0)
        memcpy(ini->unknown + used_bytes, more, more_bytes);
    return 0;
}

static char *trim(char *text)
{
    while (*text == ' ' || *text == '\t')
        text++;
    size_t n = strlen(text);
    while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\t' || text[n - 1] == '\r'))
        text[--n] = '\0';
    return text;
}

static char *unquote(char *text)
{
    const size_t n = strlen(text);
    if (n < 2 || text[0] != '"' || text[n - 1] != '"')
        return text;
    text[n - 1] = '\0';
    return text + 1;
}

static int take_section(struct ini *ini, char *line)
{
    char *end = strchr(line, ']');
    if (!end || end[1] != '\0')
        return ini->lenient ? note_unknown(ini, line, NULL)
                            : fail_line(ini, _("a section is written [name]"));
    *end = '\0';
    const char *name = trim(line + 1);
    if (strlen(name) >= sizeof(ini->section))
        return fail_line(ini, _("the section's name is too long"));
    memcpy(ini->section, name, strlen(name) + 1);
    return 0;
}

/* Comments behind a value are not supported, since values may hold any character; say so where that
 * is the likely cause. */
static const char *comment_hint(const char *value)
{
    return strstr(value, " #") || strstr(value, " ;") ? _(" (a comment needs a line of its own)")
                                                      : "";
}

static int take_value(struct ini *ini, const char *name, const char *value)
{
    struct option_error error = { .message = "" };
    const int err = options_set(ini->table, ini->target, name, value, &error);
    if (err == 0 || err == -ENOMEM) {
        if (err < 0)
            option_error_set(ini->error, "%s", error.message);
        return err;
    }
    if (ini->lenient)
        return note_unknown(ini, name, err == -ENOENT ? NULL : error.message);
    option_error_set(ini->error, "%s:%u: %s%s", ini->origin, ini->line_number, error.message,
                     err == -EINVAL ? comment_hint(value) : "");
    return err;
}

static int take_line(struct ini *ini, char *line)
{
    line = trim(line);
    if (*line == '\0' || *line == '#' || *line == ';')
        return 0;
    if (*line == '[')
        return take_section(ini, line);
    char *equals = strchr(line, '=');
    if (!equals || equals == line)
        return ini->lenient ? note_unknown(ini, line, NULL)
                            : fail_line(ini, _("neither [section] nor name=value"));
    *equals = '\0';
    const char *name = trim(line);
    char full[2 * NAME_MAX_BYTES];
    if (strlen(name) >= NAME_MAX_BYTES)
        return fail_line(ini, _("the option's name is too long"));
    const bool has_module = strpbrk(name, ".:") != NULL;
    snprintf(full, sizeof(full), "%s%s%s", has_module ? "" : ini->section,
             has_module || !ini->section[0] ? "" : ".", name);
    return take_value(ini, full, unquote(trim(equals + 1)));
}

/* Length of the UTF-8 character at `p`, 0 if there is none. Over-long forms and surrogates count as
 * none. */
static size_t utf8_bytes(const unsigned char *p, size_t left_bytes)
{
    if (p[0] < 0x80)
        return 1;
    const size_t n = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
    if (p[0] < 0xC2 || p[0] > 0xF4 || n > left_bytes)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    }
    const bool overlong = (p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xF0 && p[1] < 0x90);
    const bool outside = (p[0] == 0xED && p[1] >= 0xA0) || (p[0] == 0xF4 && p[1] >= 0x90);
    return overlong || outside ? 0 : n;
}

static const char *bad_text(const char *line, size_t line_bytes)
{
    const unsigned char *p = (const unsigned char *)line;
    for (size_t i = 0; i < line_bytes;) {
        if ((p[i] < 0x20 && p[i] != '\t' && !(p[i] == '\r' && i + 1 == line_bytes)) || p[i] == 0x7f)
            return _("a control character: is this a text file?");
        const size_t n = utf8_bytes(p + i, line_bytes - i);
        if (n == 0)
            return _("not UTF-8: save the file as UTF-8");
        i += n;
    }
    return NULL;
}

static int parse_lines(struct ini *ini, const char *text, size_t text_bytes)
{
    char line[LINE_MAX_BYTES + 1];
    while (text_bytes > 0) {
        ini->line_number++;
        const char *newline = memchr(text, '\n', text_bytes);
        const size_t line_bytes = newline ? (size_t)(newline - text) : text_bytes;
        if (line_bytes > LINE_MAX_BYTES)
            return fail_line(ini, _("the line is longer than 4096 bytes"));
        const char *bad = bad_text(text, line_bytes);
        if (bad)
            return fail_line(ini, bad);
        memcpy(line, text, line_bytes);
        line[line_bytes] = '\0';
        const int err = take_line(ini, line);
        if (err < 0)
            return err;
        const size_t used_bytes = line_bytes + (newline ? 1 : 0);
        text += used_bytes;
        text_bytes -= used_bytes;
    }
    return 0;
}

int options_parse_ini(const struct option_table *table, void *target, const char *text,
                      size_t text_bytes, const char *origin, bool lenient, char **unknown_list,
                      struct option_error *error)
{
    struct ini ini = {
        .table = table, .target = target, .origin = origin, .lenient = lenient, .error = error
    };
    if (unknown_list)
        *unknown_list = NULL;
    if (text_bytes > FILE_MAX_BYTES) {
        option_error_set(error, _("%s: larger than 1 MiB: not a configuration file"), origin);
        return -EINVAL;
    }
    static const char byte_order_mark[] = "\xEF\xBB\xBF";
    if (text_bytes >= 3 && memcmp(text, byte_order_mark, 3) == 0) {
        text += 3;
        text_bytes -= 3;
    }
    const int err = parse_lines(&ini, text, text_bytes);
    if (err == -ENOMEM)
        option_error_set(error, _("%s: out of memory"), origin);
    if (unknown_list && err == 0)
        *unknown_list = steal_ptr(&ini.unknown);
    free(ini.unknown);
    return err;
}

static int fail_file(const char *path, int err, struct option_error *error)
{
    option_error_set(error, "%s: %s", path, err_str(err));
    return err;
}

/* All of `fd` up to one byte more than a file may have. The bytes read, or -errno. */
static ssize_t read_all(int fd, char *text)
{
    size_t n = 0;
    while (n <= FILE_MAX_BYTES) {
        const ssize_t got = read(fd, text + n, (unsigned)(FILE_MAX_BYTES + 1 - n));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        n += (size_t)got;
    }
    return (ssize_t)n;
}

int options_load_ini(const struct option_table *table, void *target, const char *path, bool lenient,
                     char **unknown_list, struct option_error *error)
{
    if (unknown_list)
        *unknown_list = NULL;
    autoclose int fd = file_open(path, O_RDONLY | OPEN_NONBLOCK, 0);
    if (fd == -ENOENT || fd == -ENOTDIR)
        return -ENOENT;
    struct stat st;
    if (fd < 0)
        return fail_file(path, fd, error);
    if (fstat(fd, &st) < 0)
        return fail_file(path, -errno, error);
    /* A FIFO would block for ever. A character device is let in for /dev/null. */
    if (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode)) {
        option_error_set(error, _("%s: not a regular file"), path);
        return -EINVAL;
    }
    autofree char *text = malloc(FILE_MAX_BYTES + 1);
    if (!text)
        return fail_file(path, -ENOMEM, error);
    const ssize_t text_bytes = read_all(fd, text);
    if (text_bytes < 0)
        return fail_file(path, (int)text_bytes, error);
    return options_parse_ini(table, target, text, (size_t)text_bytes, path, lenient, unknown_list,
                             error);
}
