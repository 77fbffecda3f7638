/* SPDX-License-Identifier: GPL-2.0-or-later
 * One pass over the text. At each place the rules are asked in turn; the first that knows what
 * stands there says how long it is and what is written instead. */
#include "doctor/redact.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What stands at `at`; `begin` lets a rule look back. */
struct place {
    const char *begin, *at, *end;
};
/* Bytes of the text to leave out, 0: not mine. The replacement is written to `to`. */
typedef size_t redact_rule(struct redact *r, struct place p, FILE *to);

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static bool begins_word(struct place p)
{
    return p.at == p.begin || !is_word(p.at[-1]);
}

static size_t left_of(struct place p)
{
    return (size_t)(p.end - p.at);
}

static bool is_at(struct place p, const char *text)
{
    const size_t len = strlen(text);
    return left_of(p) >= len && strncasecmp(p.at, text, len) == 0;
}

/* `pattern`: 'h' is a hex digit, 's' a colon or a dash, others stand for themselves. */
static bool has_shape(struct place p, const char *pattern)
{
    if (left_of(p) < strlen(pattern))
        return false;
    for (size_t i = 0; pattern[i]; i++) {
        const char c = p.at[i];
        const bool fits = pattern[i] == 'h'   ? isxdigit((unsigned char)c) != 0
                          : pattern[i] == 's' ? c == ':' || c == '-'
                                              : c == pattern[i];
        if (!fits)
            return false;
    }
    return true;
}

static size_t mac(struct redact *r, struct place p, FILE *to)
{
    (void)r;
    static const char shape[] = "hhshhshhshhshhshh";
    if (!begins_word(p) || !has_shape(p, shape))
        return 0;
    fputs("02:00:00:00:00:00", to);
    return sizeof(shape) - 1;
}

static size_t uuid(struct redact *r, struct place p, FILE *to)
{
    (void)r;
    static const char shape[] = "hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh";
    if (!begins_word(p) || !has_shape(p, shape))
        return 0;
    fputs("00000000-0000-4000-8000-000000000000", to);
    return sizeof(shape) - 1;
}

/* A network card that is named by its address. */
static size_t named_by_mac(struct redact *r, struct place p, FILE *to)
{
    (void)r;
    static const char shape[] = "enxhhhhhhhhhhhh";
    if (!begins_word(p) || !has_shape(p, shape))
        return 0;
    fputs("enx020000000000", to);
    return sizeof(shape) - 1;
}

/* ---- NAME=value, NAME: value, NAME='value', <NAME>value<, 'NAME'>value< ---- */

static const char *const secret_names[] = {
    "passwd",        "password",     "passphrase", "secret",    "token",     "psk", "serial number",
    "serial_number", "serialnumber", "serial",     "asset tag", "asset_tag", "wwn",
};

static size_t name_at(struct place p)
{
    if (p.at > p.begin && isalnum((unsigned char)p.at[-1]))
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(secret_names); i++) {
        const size_t len = strlen(secret_names[i]);
        if (is_at(p, secret_names[i]) && (len == left_of(p) || !is_word(p.at[len])))
            return len;
    }
    /* -object secret,data=... */
    return p.at > p.begin && (p.at[-1] == ',' || p.at[-1] == '"') && is_at(p, "data") ? 4 : 0;
}

static const char *skip_spaces(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    return at;
}

/* From the end of the name to the value; NULL: there is none. *until: what ends the value. */
static const char *value_after(const char *at, const char *end, const char **until)
{
    if (at < end && (*at == '\'' || *at == '"'))
        at++;
    at = skip_spaces(at, end);
    if (at == end || (*at != '=' && *at != ':' && *at != '>'))
        return NULL;
    const char sign = *at++;
    at = skip_spaces(at, end);
    *until = sign == '>' ? "<" : sign == ':' ? "\n,}" : "\n ,\t<";
    if (sign != '>' && at < end && (*at == '\'' || *at == '"'))
        *until = *at++ == '"' ? "\"" : "'";
    return at;
}

static size_t named_secret(struct redact *r, struct place p, FILE *to)
{
    (void)r;
    const char *until = NULL;
    const size_t name_len = name_at(p);
    const char *value = name_len ? value_after(p.at + name_len, p.end, &until) : NULL;
    if (!value)
        return 0;
    const char *rest = value;
    while (rest < p.end && *rest && !strchr(until, *rest))
        rest++;
    if (rest == value)
        return 0;
    fwrite(p.at, 1, (size_t)(value - p.at), to);
    fputs("removed", to);
    return (size_t)(rest - p.at);
}

/* ---- names of disks and input devices ---- */

static int id_number(struct redact *r, const char *name, size_t len)
{
    for (size_t i = 0; i < r->id_count; i++) {
        if (strlen(r->ids[i]) == len && memcmp(r->ids[i], name, len) == 0)
            return (int)i;
    }
    if (r->id_count == REDACT_IDS)
        return REDACT_IDS;
    char *copy = strndup(name, len);
    if (!copy)
        return REDACT_IDS;
    r->ids[r->id_count] = copy;
    return (int)r->id_count++;
}

/* "usb-Maker_Model_123ABC-event-kbd": what kind of device it is stays. */
static const char *kind_of(const char *name, const char *end)
{
    static const char *const kinds[] = { "-event", "-if", "-mouse", "-part" };
    for (const char *at = name; at < end; at++) {
        for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
            const size_t len = strlen(kinds[i]);
            if ((size_t)(end - at) >= len && memcmp(at, kinds[i], len) == 0)
                return at;
        }
    }
    return end;
}

static size_t by_id(struct redact *r, struct place p, FILE *to)
{
    static const char folder[] = "/by-id/";
    if (!is_at(p, folder))
        return 0;
    const char *name = p.at + sizeof(folder) - 1, *end = name;
    while (end < p.end && (is_word(*end) || strchr("-.:+@", *end)) && *end)
        end++;
    const char *kind = kind_of(name, end);
    if (kind == name)
        return 0;
    fprintf(to, "%sdevice%d", folder, id_number(r, name, (size_t)(kind - name)));
    return (size_t)(kind - p.at);
}

/* ---- names of people and computers ---- */

static size_t name_of(const char *name, const char *instead, struct place p, FILE *to)
{
    const size_t len = strlen(name);
    if (len == 0 || !begins_word(p) || left_of(p) < len || memcmp(p.at, name, len) != 0 ||
        (left_of(p) > len && is_word(p.at[len])))
        return 0;
    fputs(instead, to);
    return len;
}

static size_t user_name(struct redact *r, struct place p, FILE *to)
{
    return name_of(r->user, "user", p, to);
}

static size_t host_name(struct redact *r, struct place p, FILE *to)
{
    return name_of(r->host, "host", p, to);
}

static redact_rule *const rules[] = { mac,   named_by_mac, uuid,     named_secret,
                                      by_id, user_name,    host_name };

static size_t apply_rules(struct redact *r, struct place p, FILE *to)
{
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        const size_t taken = rules[i](r, p, to);
        if (taken)
            return taken;
    }
    putc(*p.at, to);
    return 1;
}

int redact_text(struct redact *r, const char *text, size_t len_bytes, char **out, size_t *out_bytes)
{
    char *result = NULL;
    size_t result_bytes = 0;
    FILE *to = open_memstream(&result, &result_bytes);
    if (!to)
        return -ENOMEM;
    struct place p = { text, text, text + len_bytes };
    while (p.at < p.end)
        p.at += apply_rules(r, p, to);
    const bool failed = ferror(to) != 0;
    if (fclose(to) != 0 || failed) {
        free(result);
        return -ENOMEM;
    }
    *out = result;
    *out_bytes = result_bytes;
    return 0;
}

bool redact_whole_file(const char *path)
{
    static const char *const names[] = { "serial",    "uuid", "unique_id", "machine-id",
                                         "asset_tag", "wwid", "vpd",       "edid" };
    const char *name = strrchr(path, '/');
    name = name ? name + 1 : path;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (strstr(name, names[i]))
            return true;
    }
    return strcmp(name, "address") == 0 && strstr(path, "/net/");
}

/* Words that systems use themselves: to replace them would hide what matters. */
static void take_name(char *to, size_t cap, const char *name)
{
    static const char *const common[] = { "root",    "user",   "host",   "kvm",       "qemu",
                                          "libvirt", "debian", "ubuntu", "fedora",    "arch",
                                          "manjaro", "pop-os", "linux",  "localhost", "desktop",
                                          "video",   "input",  "render" };
    to[0] = '\0';
    if (!name || strlen(name) < 3 || strlen(name) >= cap)
        return;
    for (size_t i = 0; i < ARRAY_LEN(common); i++) {
        if (strcasecmp(name, common[i]) == 0)
            return;
    }
    snprintf(to, cap, "%s", name);
}

void redact_init(struct redact *r, const char *user, const char *host)
{
    *r = (struct redact){ 0 };
    take_name(r->user, sizeof(r->user), user);
    take_name(r->host, sizeof(r->host), host);
}

void redact_fini(struct redact *r)
{
    for (size_t i = 0; i < r->id_count; i++)
        free(r->ids[i]);
    *r = (struct redact){ 0 };
}
