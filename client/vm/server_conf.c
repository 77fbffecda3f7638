/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/server_conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "vm/scaled_size.h"

static bool is_yes(const char *value)
{
    return strcasecmp(value, "yes") == 0 || strcasecmp(value, "true") == 0 ||
           strcasecmp(value, "on") == 0 || strcmp(value, "1") == 0;
}

/* A plain number is one of bytes. */
static bool take_size(const char *value, uint64_t *bytes)
{
    return scaled_size_of_text(value, bytes) || scaled_size(value, "", bytes);
}

/* Digits only: scanf's numbers may have a sign. */
static bool take_mode(const char *value, struct server_conf *conf)
{
    char width[6], height[6], end;
    if (sscanf(value, "%5[0-9]x%5[0-9]%c", width, height, &end) != 2)
        return false;
    conf->width_px = (uint32_t)strtoul(width, NULL, 10);
    conf->height_px = (uint32_t)strtoul(height, NULL, 10);
    return true;
}

static void take_option(struct server_conf *conf, const char *line, size_t len_bytes)
{
    char text[256], name[32], value[64];
    snprintf(text, sizeof(text), "%.*s", (int)(len_bytes < sizeof(text) ? len_bytes : 0), line);
    if (sscanf(text, " %31[a-zA-Z] = \"%63[^\"\r]", name, value) != 2 &&
        sscanf(text, " %31[a-zA-Z] = %63[^ \t\r]", name, value) != 2)
        return;
    if (strcasecmp(name, "size") == 0) {
        conf->size_line = line;
        conf->size_line_bytes = len_bytes;
        conf->understood = take_size(value, &conf->size_bytes) && conf->understood;
    } else if (strcasecmp(name, "mode") == 0) {
        conf->understood = take_mode(value, conf) && conf->understood;
    } else if (strcasecmp(name, "hdr") == 0) {
        conf->hdr = is_yes(value);
    }
}

struct server_conf server_conf_read(const char *text)
{
    struct server_conf conf = { .width_px = 3840, .height_px = 2160, .understood = true };
    for (const char *line = text; *line;) {
        const size_t len_bytes = strcspn(line, "\n");
        take_option(&conf, line, len_bytes);
        line += len_bytes + (line[len_bytes] == '\n');
    }
    return conf;
}
