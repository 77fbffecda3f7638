/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "setup/conf_lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static const char *skip_blank(const char *c)
{
    return c + strspn(c, " \t");
}

static bool begins_with(const char *line, const char *words)
{
    line = skip_blank(line);
    while (*words) {
        const size_t len_bytes = strcspn(words, " ");
        if (strncmp(line, words, len_bytes) != 0 || !strchr(" \t\r\n", line[len_bytes]))
            return false;
        line = skip_blank(line + len_bytes);
        words += len_bytes + (words[len_bytes] == ' ');
    }
    return true;
}

const char *conf_line_find(const char *text, const char *words, size_t *len_bytes)
{
    for (const char *line = text; *line;) {
        const size_t n = strcspn(line, "\n");
        if (begins_with(line, words)) {
            *len_bytes = n;
            return line;
        }
        line += n + (line[n] == '\n');
    }
    return NULL;
}

char *conf_line_set(const char *text, const char *words, const char *line)
{
    size_t len_bytes = 0;
    char *out = NULL;
    const char *const old = conf_line_find(text, words, &len_bytes);
    int n;
    if (old) {
        n = asprintf(&out, "%.*s%s%s", (int)(old - text), text, line, old + len_bytes);
    } else {
        const size_t all_bytes = strlen(text);
        const bool open = all_bytes > 0 && text[all_bytes - 1] != '\n';
        n = asprintf(&out, "%s%s%s\n", text, open ? "\n" : "", line);
    }
    return n < 0 ? NULL : out;
}

bool conf_word_find(const char *line, size_t len_bytes, const char *key, const char **value,
                    size_t *value_bytes)
{
    const size_t key_bytes = strlen(key);
    for (size_t i = 0; i < len_bytes;) {
        i += strspn(line + i, " \t");
        const size_t n = strcspn(line + i, " \t\r\n");
        if (i + n > len_bytes || n == 0)
            return false;
        if (n > key_bytes && strncmp(line + i, key, key_bytes) == 0 && line[i + key_bytes] == '=') {
            *value = line + i + key_bytes + 1;
            *value_bytes = n - key_bytes - 1;
            return true;
        }
        i += n;
    }
    return false;
}

/* ---- qemu.conf ---- */

static const char acl_key[] = "cgroup_device_acl";

/* libvirt's own list where its sample is not in the file, or is none that a VM could start with. */
static const char default_devices[] = "    \"/dev/null\", \"/dev/full\", \"/dev/zero\",\n"
                                      "    \"/dev/random\", \"/dev/urandom\",\n"
                                      "    \"/dev/ptmx\", \"/dev/kvm\",\n"
                                      "    \"/dev/userfaultfd\"";

/* The '[' of the list; `commented`: in the sample. */
static const char *find_list(const char *text, bool commented)
{
    for (const char *line = text; *line;) {
        const char *c = skip_blank(line);
        const bool is_comment = *c == '#';
        c = is_comment ? skip_blank(c + 1) : c;
        if (is_comment == commented && strncmp(c, acl_key, sizeof(acl_key) - 1) == 0) {
            c = skip_blank(c + sizeof(acl_key) - 1);
            c = *c == '=' ? skip_blank(c + 1) : "";
            if (*c == '[')
                return c;
        }
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
    return NULL;
}

/* The ']' that ends a list; comments inside do not. */
static const char *list_end(const char *c)
{
    for (; *c && *c != ']'; c++)
        if (*c == '#')
            c += strcspn(c, "\n") - 1;
    return *c == ']' ? c : NULL;
}

/* The active list, with one more. */
static char *extend(const char *text, const char *list, const char *device, bool *understood)
{
    char quoted[256], *out = NULL;
    snprintf(quoted, sizeof(quoted), "\"%s\"", device);
    const char *const end = list_end(list + 1);
    *understood = end != NULL;
    const char *const there = end ? strstr(list, quoted) : NULL;
    if (!end || (there && there < end))
        return strdup(text);
    const char *last = end; /* behind the last device or comma */
    while (last > list + 1 && strchr(" \t\r\n", last[-1]))
        last--;
    const bool comma = last[-1] != ',' && last != list + 1;
    const int n = asprintf(&out, "%.*s%s\n    %s\n%s", (int)(last - text), text, comma ? "," : "",
                           quoted, end);
    return n < 0 ? NULL : out;
}

/* The devices of the commented sample, without its '#'; NULL: there is no whole one. */
static char *sample_devices(const char *text)
{
    const char *const list = find_list(text, true), *const end = list ? strchr(list, ']') : NULL;
    char *out = NULL;
    size_t len_bytes = 0;
    FILE *to = end && end - list < 4096 ? open_memstream(&out, &len_bytes) : NULL;
    if (!to)
        return NULL;
    for (const char *c = list + 1; c < end; c++)
        if (*c != '#' && !(c == list + 1 && *c == '\n'))
            fputc(*c, to);
    if (fclose(to) != 0) {
        free(out);
        return NULL;
    }
    while (len_bytes > 0 && strchr(" \t\r\n,", out[len_bytes - 1]))
        out[--len_bytes] = '\0';
    return out;
}

char *qemu_conf_allow_device(const char *text, const char *device, bool *understood)
{
    const char *const list = find_list(text, false);
    if (list)
        return extend(text, list, device, understood);
    autofree char *sample = sample_devices(text);
    const char *const devices = sample && strstr(sample, "\"/dev/kvm\"") ? sample : default_devices;
    char quoted[256];
    snprintf(quoted, sizeof(quoted), "\"%s\"", device);
    const bool there = strstr(devices, quoted) != NULL;
    const size_t len_bytes = strlen(text);
    const bool open = len_bytes > 0 && text[len_bytes - 1] != '\n';
    char *out = NULL;
    *understood = true;
    const int n = asprintf(&out, "%s%s\n%s = [\n%s%s%s\n]\n", text, open ? "\n" : "", acl_key,
                           devices, there ? "" : ",\n    ", there ? "" : quoted);
    return n < 0 ? NULL : out;
}
