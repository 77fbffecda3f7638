/* SPDX-License-Identifier: GPL-2.0-or-later
 * The settings file that the installer brings: as it is it sets nothing, and what it shows is true.
 */
#include "config/host_options.h"

#include "test.h"

static char *read_sample(void)
{
    char *text = calloc(1, 65536);
    FILE *file = fopen(SAMPLE, "rb");
    CHECK(text && file);
    const size_t got = fread(text, 1, 65535, file);
    CHECK(got > 500 && got < 65535);
    fclose(file);
    return text;
}

static void load(struct host_options *options, const char *text)
{
    struct option_error error = { 0 };
    host_options_init(options);
    const int err = options_parse_ini(&host_option_table, options, text, strlen(text), "sample",
                                      false, NULL, &error);
    CHECK_MSG(err == 0, "%s", error.message);
}

static void must_be_defaults(const struct host_options *options)
{
    struct host_options defaults;
    host_options_init(&defaults);
    for (size_t i = 0; i < host_option_table.count; i++) {
        const struct option_def *def = &host_option_table.defs[i];
        char got[512], want[512];
        option_value_text(def, options, got, sizeof(got));
        option_value_text(def, &defaults, want, sizeof(want));
        CHECK_MSG(strcmp(got, want) == 0, "%s is \"%s\", by default \"%s\"", def->name, got, want);
    }
    host_options_free(&defaults);
}

/* A commented setting, "#name=value", as opposed to prose, "# text". */
static bool is_setting(const char *line)
{
    const size_t name = strcspn(line + (line[0] == '#'), "= \n");
    return line[0] == '#' && name > 0 && line[1 + name] == '=';
}

TEST(sets_nothing)
{
    char *text = read_sample();
    struct host_options options;
    load(&options, text);
    must_be_defaults(&options);
    for (const char *line = text; line && *line; line = strchr(line, '\n'), line += line != NULL)
        CHECK_MSG(strchr("#[\n", *line), "a setting that is not commented: %.40s", line);
    host_options_free(&options);
    free(text);
}

TEST(shows_every_option_with_its_default)
{
    char *text = read_sample();
    size_t shown = 0;
    for (char *line = text; line && *line; line = strchr(line, '\n'), line += line != NULL) {
        if (!is_setting(line))
            continue;
        *line = '\n';
        shown++;
    }
    struct host_options options;
    load(&options, text);
    must_be_defaults(&options);
    CHECK_INT(shown, host_option_table.count);
    host_options_free(&options);

    for (size_t i = 0; i < host_option_table.count; i++) {
        const char *dot = strchr(host_option_table.defs[i].name, '.');
        char setting[64];
        snprintf(setting, sizeof(setting), "\n%s=", dot + 1);
        CHECK_MSG(strstr(text, setting), "%s is not there", host_option_table.defs[i].name);
    }
    free(text);
}
