/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "options/options.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

struct target {
    bool full, aspect;
    uint32_t interval;
    int32_t shift;
    double gain;
    char *title, *path;
    int mode;
    struct option_size size;
    struct option_position position;
};

static const char *const modes[] = { "auto", "egl;opengl", "shm", NULL };
#define AT(member) offsetof(struct target, member)
static const struct option_def defs[] = {
    { "win.fullScreen", .alias = "F", .short_name = 'f', .type = OPTION_BOOL, .offset = AT(full),
      .help = "h" },
    { "win.keepAspect", .type = OPTION_BOOL, .offset = AT(aspect), .default_text = "yes",
      .help = "h" },
    { "app.interval", .alias = "app:framePollInterval", .short_name = 'i', .type = OPTION_U32,
      .offset = AT(interval), .min = 50, .max = 1000, .default_text = "100", .help = "h" },
    { "app.shift", .type = OPTION_I32, .offset = AT(shift), .help = "h" },
    { "app.gain", .type = OPTION_DOUBLE, .offset = AT(gain), .min = 0.5, .max = 2,
      .default_text = "1", .help = "h" },
    { "win.title", .type = OPTION_STRING, .offset = AT(title), .default_text = "T", .help = "h" },
    { "app.shmFile", .type = OPTION_STRING, .offset = AT(path), .value_name = "PATH", .help = "h" },
    { "app.renderer", .short_name = 'g', .type = OPTION_ENUM, .offset = AT(mode), .choices = modes,
      .default_text = "auto", .help = "h" },
    { "win.size", .type = OPTION_SIZE, .offset = AT(size), .min = 16, .max = 16384,
      .default_text = "auto", .help = "h" },
    { "win.position", .type = OPTION_POSITION, .offset = AT(position), .help = "h" },
};
static const struct option_table table = { .defs = defs, .count = ARRAY_LEN(defs) };

/* The state as text, so that rows of a table can say what they expect: "name=value". */
static void check_value(const struct target *t, const char *expect)
{
    char name[64], text[128];
    const char *equals = strchr(expect, '=');
    snprintf(name, sizeof(name), "%.*s", (int)(equals - expect), expect);
    const struct option_def *def = options_find(&table, name);
    CHECK_MSG(def, "no option %s", name);
    option_value_text(def, t, text, sizeof(text));
    CHECK_STR(text, equals + 1);
}

TEST(bad_values_say_what_is_valid)
{
    static const struct {
        const char *name, *value;
        int err;
        const char *says;
    } rows[] = {
        { "win.fulscreen", "yes", -ENOENT, "nearest is win.fullScreen" },
        { "egl.keepAspect", "yes", -ENOENT, "nearest is win.keepAspect" },
        { "zzz", "1", -ENOENT, "unknown option 'zzz'" },
        { "", "1", -ENOENT, "unknown option" },
        { ".", "1", -ENOENT, "unknown option" },
        { "win.", "1", -ENOENT, "unknown option" },
        { "\033[31mx", "1", -ENOENT, "'?[31mx'" },
        { "win.fullScreen", "", -EINVAL, "yes|no" },
        { "win.fullScreen", "yess", -EINVAL, "nearest is yes" },
        { "win.fullScreen", "2", -EINVAL, "yes|no" },
        { "app.interval", "49", -EINVAL, "50..1000; nearest is 50" },
        { "app.interval", "1001", -EINVAL, "nearest is 1000" },
        { "app.interval", "-1", -EINVAL, "nearest is 50" },
        { "app.interval", "99999999999999999999", -EINVAL, "50..1000" },
        { "app.interval", "1e2", -EINVAL, "50..1000" },
        { "app.interval", " 60", -EINVAL, "50..1000" },
        { "app.interval", "0x", -EINVAL, "50..1000" },
        { "app.interval", "", -EINVAL, "50..1000" },
        { "app.shift", "2147483648", -EINVAL, "nearest is 2147483647" },
        { "app.shift", "--1", -EINVAL, "expected" },
        { "app.gain", "nan", -EINVAL, "0.5..2" },
        { "app.gain", "inf", -EINVAL, "0.5..2" },
        { "app.gain", "0x1", -EINVAL, "0.5..2" },
        { "app.gain", "9e999", -EINVAL, "0.5..2" },
        { "app.gain", "2.5", -EINVAL, "nearest is 2" },
        { "app.renderer", "elg", -EINVAL, "auto|egl|shm; nearest is egl" },
        { "app.renderer", "opengll", -EINVAL, "nearest is egl" },
        { "app.renderer", "", -EINVAL, "auto|egl|shm" },
        { "app.renderer", "egl;opengl", -EINVAL, "auto|egl|shm" },
        { "win.size", "1920", -EINVAL, "WxH" },
        { "win.size", "1920x", -EINVAL, "WxH" },
        { "win.size", "x1080", -EINVAL, "WxH" },
        { "win.size", "1920x1080x1", -EINVAL, "WxH" },
        { "win.size", "15x1080", -EINVAL, "WxH" },
        { "win.size", "-1920x1080", -EINVAL, "WxH" },
        { "win.size", "99999999999x1", -EINVAL, "WxH" },
        { "win.position", "1", -EINVAL, "center" },
        { "win.position", "1x9999999", -EINVAL, "center" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct target t, before;
        struct option_error error = { .message = "" };
        options_init(&table, &t);
        before = t;
        const int err = options_set(&table, &t, rows[i].name, rows[i].value, &error);
        CHECK_MSG(err == rows[i].err, "%s=%s: %d", rows[i].name, rows[i].value, err);
        CHECK_MSG(strstr(error.message, rows[i].says), "%s=%s: \"%s\" does not say \"%s\"",
                  rows[i].name, rows[i].value, error.message, rows[i].says);
        CHECK_MSG(memcmp(&before, &t, sizeof(t)) == 0, "%s=%s changed something", rows[i].name,
                  rows[i].value);
        options_free(&table, &t);
    }
}

TEST(good_values_arrive)
{
    static const struct {
        const char *name, *value, *expect;
    } rows[] = {
        { "win:fullScreen", "yes", "win.fullScreen=yes" },
        { "WIN.FULLSCREEN", "On", "win.fullScreen=yes" },
        { "full-screen", "true", "win.fullScreen=yes" },
        { "full_screen", "1", "win.fullScreen=yes" },
        { "keepAspect", "off", "win.keepAspect=no" },
        { "app:framePollInterval", "50", "app.interval=50" },
        { "frame-poll-interval", "1000", "app.interval=1000" },
        { "interval", "0x40", "app.interval=64" },
        { "shift", "-2147483648", "app.shift=-2147483648" },
        { "gain", "1.25", "app.gain=1.25" },
        { "title", "", "win.title=" },
        { "title", "a=b;#c", "win.title=a=b;#c" },
        { "renderer", "OpenGL", "app.renderer=egl" },
        { "renderer", "SHM", "app.renderer=shm" },
        { "size", "1920x1080", "win.size=1920x1080" },
        { "size", "16X16384", "win.size=16x16384" },
        { "size", "auto", "win.size=auto" },
        { "position", "-5x+7", "win.position=-5x7" },
        { "position", "centre", "win.position=center" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct target t;
        struct option_error error = { .message = "" };
        options_init(&table, &t);
        const int err = options_set(&table, &t, rows[i].name, rows[i].value, &error);
        CHECK_MSG(err == 0, "%s=%s: %s", rows[i].name, rows[i].value, error.message);
        check_value(&t, rows[i].expect);
        options_free(&table, &t);
    }
}

TEST(a_name_that_fits_two_options_fits_none)
{
    static const struct option_def two[] = {
        { "a.size", .type = OPTION_BOOL, .offset = AT(full), .help = "" },
        { "b.size", .type = OPTION_BOOL, .offset = AT(aspect), .help = "" },
    };
    const struct option_table ambiguous = { .defs = two, .count = ARRAY_LEN(two) };
    CHECK(!options_find(&ambiguous, "size"));
    CHECK(options_find(&ambiguous, "b.size") == &two[1]);
}

struct args_row {
    const char *words[6];
    int err;
    const char *says;   /* in the message */
    const char *expect; /* a value */
    const char *rest;   /* words left, each followed by '|' */
};

static void check_args(const struct args_row *row)
{
    char store[6][64], *argv[7] = { 0 };
    int argc = 0;
    for (; argc < 6 && row->words[argc]; argc++) {
        snprintf(store[argc], sizeof(store[argc]), "%s", row->words[argc]);
        argv[argc] = store[argc];
    }
    struct target t;
    struct option_error error = { .message = "" };
    int rest = -1;
    options_init(&table, &t);
    const int err = options_parse_args(&table, &t, argc, argv, &rest, &error);
    CHECK_MSG(err == row->err, "%s: %d %s", row->words[0], err, error.message);
    if (row->says)
        CHECK_MSG(strstr(error.message, row->says), "%s: \"%s\"", row->words[0], error.message);
    if (row->expect)
        check_value(&t, row->expect);
    if (err == 0) {
        char text[256] = "";
        for (int i = 0; i < rest; i++) {
            strncat(text, argv[i], 64);
            strncat(text, "|", 2);
        }
        CHECK_STR(text, row->rest ? row->rest : "");
    }
    options_free(&table, &t);
}

TEST(command_lines)
{
    static const struct args_row rows[] = {
        { { "--fulscreen" }, -ENOENT, "nearest is win.fullScreen", NULL, NULL },
        { { "-z" }, -ENOENT, "'-z'", NULL, NULL },
        { { "-fz" }, -ENOENT, "'-z'", NULL, NULL },
        { { "--title" }, -EINVAL, "win.title needs a value", NULL, NULL },
        { { "--title", "-f" }, -EINVAL, "needs a value", NULL, NULL },
        { { "-i" }, -EINVAL, "app.interval needs a value: 50..1000", NULL, NULL },
        { { "--no-title" }, -ENOENT, "unknown option 'no-title'", NULL, NULL },
        { { "--no-full-screen=yes" }, -ENOENT, "unknown", NULL, NULL },
        { { "--=x" }, -ENOENT, "unknown option ''", NULL, NULL },
        { { "---" }, -ENOENT, "unknown", NULL, NULL },
        { { "win:fulScreen=yes" }, -ENOENT, "nearest is win.fullScreen", NULL, NULL },
        { { "-f" }, 0, NULL, "win.fullScreen=yes", NULL },
        { { "-F" }, 0, NULL, "win.fullScreen=yes", NULL },
        { { "-fi", "60" }, 0, NULL, "app.interval=60", NULL },
        { { "-i60" }, 0, NULL, "app.interval=60", NULL },
        { { "--shift", "-5" }, 0, NULL, "app.shift=-5", NULL },
        { { "--title=-x" }, 0, NULL, "win.title=-x", NULL },
        { { "--title", "-" }, 0, NULL, "win.title=-", NULL },
        { { "--title=a", "--title=b" }, 0, NULL, "win.title=b", NULL },
        { { "--no-keep-aspect" }, 0, NULL, "win.keepAspect=no", NULL },
        { { "--keepAspect=no" }, 0, NULL, "win.keepAspect=no", NULL },
        { { "win:keepAspect=no", "x" }, 0, NULL, "win.keepAspect=no", "x|" },
        { { "app:shmFile=/dev/shm/a=b" }, 0, NULL, "app.shmFile=/dev/shm/a=b", NULL },
        { { "one", "-f", "two", "--", "-f", "win:title=x" },
          0,
          NULL,
          "win.title=T",
          "one|two|-f|win:title=x|" },
        { { "dir/win.x=1", "a=b", "-" }, 0, NULL, NULL, "dir/win.x=1|a=b|-|" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_args(&rows[i]);
}

TEST(two_tables_share_a_command_line)
{
    struct own {
        bool json;
        int mode;
    } own;
    static const struct option_def own_defs[] = {
        { "json", .short_name = 'j', .type = OPTION_BOOL, .offset = offsetof(struct own, json),
          .help = "" },
        { "renderer", .type = OPTION_ENUM, .offset = offsetof(struct own, mode), .choices = modes,
          .help = "" },
    };
    const struct option_table own_table = { .defs = own_defs, .count = ARRAY_LEN(own_defs) };
    struct target t;
    options_init(&table, &t);
    options_init(&own_table, &own);
    const struct option_set sets[] = { { &own_table, &own }, { &table, &t } };
    char a[] = "-jf", b[] = "--renderer=shm", c[] = "--app.renderer=egl";
    char *argv[] = { a, b, c };
    int rest;
    struct option_error error = { .message = "" };
    CHECK_MSG(options_parse_args_sets(sets, 2, 3, argv, &rest, &error) == 0, "%s", error.message);
    CHECK(own.json && t.full);
    CHECK_INT(own.mode, 2); /* the verb's own comes first */
    CHECK_INT(t.mode, 1);
    options_free(&table, &t);
}

struct ini_row {
    const char *text;
    int err;
    const char *says;   /* strict: message; */
    const char *expect; /* strict: a value */
    const char *noted;  /* lenient: in the list; NULL: no list */
};

static void check_ini(const struct ini_row *row)
{
    struct target t;
    struct option_error error = { .message = "" };
    options_init(&table, &t);
    int err =
        options_parse_ini(&table, &t, row->text, strlen(row->text), "f.ini", false, NULL, &error);
    CHECK_MSG(err == row->err, "\"%s\": %d %s", row->text, err, error.message);
    if (row->says)
        CHECK_MSG(strstr(error.message, row->says), "\"%s\": \"%s\"", row->text, error.message);
    if (row->expect)
        check_value(&t, row->expect);
    options_free(&table, &t);

    char *unknown = NULL;
    options_init(&table, &t);
    err = options_parse_ini(&table, &t, row->text, strlen(row->text), "f.ini", true, &unknown,
                            &error);
    if (row->noted)
        CHECK_MSG(err == 0 && unknown && strstr(unknown, row->noted), "\"%s\": %d \"%s\"",
                  row->text, err, unknown ? unknown : "");
    else
        CHECK_MSG(!unknown, "\"%s\": %s", row->text, unknown);
    free(unknown);
    options_free(&table, &t);
}

TEST(ini_texts)
{
    static const struct ini_row rows[] = {
        { "[win]\nfulScreen=yes\n", -ENOENT,
          "f.ini:2: unknown option 'win.fulScreen'; nearest is win.fullScreen", NULL,
          "line 2: win.fulScreen" },
        { "[win]\n\nsize=big\n", -EINVAL, "f.ini:3: win.size: 'big' is not valid", NULL,
          "line 3: win.size" },
        { "[win\nfullScreen=yes", -EINVAL, "f.ini:1: a section is written [name]", NULL, "line 1" },
        { "[win] x\n", -EINVAL, "f.ini:1:", NULL, "line 1" },
        { "nonsense\n", -EINVAL, "f.ini:1: neither", NULL, "nonsense" },
        { "=yes\n", -EINVAL, "neither", NULL, "=yes" },
        { "[win]\nfullScreen=yes ; so\n", -EINVAL, "a comment needs a line of its own", NULL,
          "win.fullScreen" },
        { "[win]\ntitle=a\x01z\n", -EINVAL, "f.ini:2: a control character", NULL, NULL },
        { "[win]\ntitle=\xff\n", -EINVAL, "not UTF-8", NULL, NULL },
        { "[win]\ntitle=\xc0\x80\n", -EINVAL, "not UTF-8", NULL, NULL },
        { "[win]\ntitle=\xed\xa0\x80\n", -EINVAL, "not UTF-8", NULL, NULL },
        { "[win]\ntitle=\xe2\x82", -EINVAL, "not UTF-8", NULL, NULL },
        { "", 0, NULL, "win.title=T", NULL },
        { "\n\n; c\n# c\n  \t\n", 0, NULL, "win.title=T", NULL },
        { "[win]\r\ntitle = \"a b\" \r\n", 0, NULL, "win.title=a b", NULL },
        { "\xEF\xBB\xBF[WIN]\ntitle=\xe2\x82\xac", 0, NULL, "win.title=\xe2\x82\xac", NULL },
        { "[ app ]\nframePollInterval=77", 0, NULL, "app.interval=77", NULL },
        { "win:title=x\n[app]\nwin.keepAspect=no\n", 0, NULL, "win.keepAspect=no", NULL },
        { "title=a\n[win]\ntitle=b=c;d\n", 0, NULL, "win.title=b=c;d", NULL },
        { "[win]\ntitle=\n", 0, NULL, "win.title=", NULL },
        { "[win]\ntitle=\"\n", 0, NULL, "win.title=\"", NULL },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_ini(&rows[i]);
}

TEST(ini_nul_bytes_are_refused)
{
    struct target t;
    struct option_error error;
    options_init(&table, &t);
    static const char text[] = "[win]\ntitle=a\0b\n";
    CHECK_INT(options_parse_ini(&table, &t, text, sizeof(text) - 1, "f", false, NULL, &error),
              -EINVAL);
    CHECK(strstr(error.message, "f:2: a control character"));
    check_value(&t, "win.title=T");
    options_free(&table, &t);
}

static int parse_filled(size_t len_bytes, const char *head, bool newlines,
                        struct option_error *error)
{
    char *text = malloc(len_bytes);
    CHECK(text);
    memset(text, 'x', len_bytes);
    memcpy(text, head, strlen(head));
    for (size_t i = 99; newlines && i < len_bytes; i += 100) {
        text[i] = '\n';
        if (i + 1 < len_bytes)
            text[i + 1] = '#';
    }
    struct target t;
    options_init(&table, &t);
    const int err = options_parse_ini(&table, &t, text, len_bytes, "f", false, NULL, error);
    options_free(&table, &t);
    free(text);
    return err;
}

TEST(ini_limits)
{
    struct option_error error;
    CHECK_INT(parse_filled(4096, "win.title=", false, &error), 0);
    CHECK_INT(parse_filled(4097, "win.title=", false, &error), -EINVAL);
    CHECK(strstr(error.message, "f:1: the line is longer than 4096 bytes"));
    CHECK_INT(parse_filled(1024 * 1024, "#", true, &error), 0);
    CHECK_INT(parse_filled(1024 * 1024 + 1, "#", true, &error), -EINVAL);
    CHECK(strstr(error.message, "larger than 1 MiB"));
    CHECK_INT(parse_filled(400, "=", true, &error), -EINVAL);
    char name[200];
    memset(name, 'n', sizeof(name));
    memcpy(name + 190, "=1\n", 4);
    struct target t;
    options_init(&table, &t);
    CHECK_INT(options_parse_ini(&table, &t, name, strlen(name), "f", false, NULL, &error), -EINVAL);
    CHECK(strstr(error.message, "name is too long"));
    options_free(&table, &t);
}

TEST(a_long_list_of_unknown_lines_ends_in_and_more)
{
    char text[8192] = "";
    for (int i = 0; i < 300; i++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "zz.option%d=1\n", i);
    struct target t;
    struct option_error error;
    char *unknown = NULL;
    options_init(&table, &t);
    CHECK_INT(options_parse_ini(&table, &t, text, strlen(text), "f", true, &unknown, &error), 0);
    CHECK(unknown && strlen(unknown) < 768 && strstr(unknown, "line 1: zz.option0\n"));
    CHECK_STR(unknown + strlen(unknown) - 9, "and more\n");
    CHECK(strstr(unknown, "and more\n") == unknown + strlen(unknown) - 9);
    free(unknown);
    options_free(&table, &t);
}

TEST(files_that_are_none)
{
    char dir[] = "/tmp/espelho-options.XXXXXX";
    CHECK(mkdtemp(dir));
    char path[64];
    struct target t;
    struct option_error error = { .message = "" };
    options_init(&table, &t);
    snprintf(path, sizeof(path), "%s/none.ini", dir);
    CHECK_INT(options_load_ini(&table, &t, path, false, NULL, &error), -ENOENT);
    CHECK_STR(error.message, "");
    CHECK_INT(options_load_ini(&table, &t, dir, false, NULL, &error), -EINVAL);
    CHECK(strstr(error.message, "not a regular file"));
    snprintf(path, sizeof(path), "%s/fifo", dir);
    CHECK_INT(mkfifo(path, 0600), 0);
    CHECK_INT(options_load_ini(&table, &t, path, false, NULL, &error),
              -EINVAL); /* and does not block */
    CHECK_INT(unlink(path), 0);
    CHECK_INT(options_load_ini(&table, &t, "/dev/null", false, NULL, &error), 0);
    CHECK_INT(options_load_ini(&table, &t, "/dev/zero", false, NULL, &error), -EINVAL);
    options_free(&table, &t);
    CHECK_INT(rmdir(dir), 0);
}

TEST(nearest_words)
{
    static const char *const verbs[] = { "view", "demo", "snapshot", "stats", "size", "options" };
    static const struct {
        const char *word, *nearest;
    } rows[] = {
        { "veiw", "view" },
        { "snap", "snapshot" },
        { "stat", "stats" },
        { "optoins", "options" },
        { "sise", "size" },
        { "xyzzy", NULL },
        { "q", NULL },
        { "", NULL },
        { "this-word-is-far-longer-than-any-name-that-a-person-would-mistype", NULL },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *found = options_nearest(verbs, ARRAY_LEN(verbs), rows[i].word);
        if (rows[i].nearest)
            CHECK_STR(found, rows[i].nearest);
        else
            CHECK_MSG(!found, "%s: %s", rows[i].word, found);
    }
}

TEST(printed_table_names_everything)
{
    char *text = NULL;
    size_t len_bytes = 0;
    FILE *out = open_memstream(&text, &len_bytes);
    CHECK(out);
    options_print(&table, out);
    fclose(out);
    CHECK(strstr(text, "win.fullScreen=yes|no  -f  -F\n"));
    CHECK(strstr(text, "app.interval=50..1000  -i  app:framePollInterval\n    h [100]\n"));
    CHECK(strstr(text, "app.renderer=auto|egl|shm  -g\n"));
    free(text);
}
