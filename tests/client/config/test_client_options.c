/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/client_options.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "test.h"

/* A private $XDG_CONFIG_HOME; the log goes to a file in it, so that warnings can be read. */
struct home {
    char dir[64], log[96];
};

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    CHECK_MSG(file, "%s", path);
    CHECK(fputs(text, file) >= 0);
    CHECK_INT(fclose(file), 0);
}

static void home_init(struct home *h, const char *ours, const char *legacy)
{
    char path[128];
    snprintf(h->dir, sizeof(h->dir), "/tmp/espelho-config.XXXXXX");
    CHECK(mkdtemp(h->dir));
    snprintf(h->log, sizeof(h->log), "%s/log", h->dir);
    const struct {
        const char *name, *text;
    } files[] = { { "espelho", ours }, { "looking-glass", legacy } };
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        if (!files[i].text)
            continue;
        snprintf(path, sizeof(path), "%s/%s", h->dir, files[i].name);
        CHECK_INT(mkdir(path, 0700), 0);
        snprintf(path, sizeof(path), "%s/%s/client.ini", h->dir, files[i].name);
        write_file(path, files[i].text);
    }
    CHECK_INT(setenv("XDG_CONFIG_HOME", h->dir, 1), 0);
}

static void home_fini(const struct home *h)
{
    static const char *const names[] = {
        "espelho/client.ini", "espelho", "looking-glass/client.ini",
        "looking-glass",      "log",     "other.ini"
    };
    char path[128];
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        snprintf(path, sizeof(path), "%s/%s", h->dir, names[i]);
        remove(path);
    }
    CHECK_INT(rmdir(h->dir), 0);
}

static int load(const struct home *h, const char *word, struct client_options *options,
                struct option_error *error)
{
    char log_option[128], copy[128];
    snprintf(log_option, sizeof(log_option), "--log-file=%s", h->log);
    snprintf(copy, sizeof(copy), "%s", word ? word : "");
    char *argv[] = { log_option, copy };
    int rest = -1;
    error->message[0] = '\0';
    const int err = client_options_load(options, NULL, word ? 2 : 1, argv, &rest, error);
    if (err == 0)
        CHECK_INT(rest, 0);
    return err;
}

static char *log_text(const struct home *h)
{
    static char text[8192];
    FILE *file = fopen(h->log, "r");
    text[0] = '\0';
    if (!file)
        return text;
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    fclose(file);
    return text;
}

TEST(a_bad_file_of_ours_is_an_error)
{
    struct home h;
    struct client_options o;
    struct option_error error;
    home_init(&h, "[win]\nfulScreen=yes\n", NULL);
    CHECK_INT(load(&h, NULL, &o, &error), -ENOENT);
    CHECK(strstr(error.message, "/espelho/client.ini:2: unknown option 'win.fulScreen'; nearest is "
                                "win.fullScreen"));
    client_options_free(&o);
    home_fini(&h);
}

TEST(a_legacy_file_is_read_and_its_strange_lines_listed_once)
{
    struct home h;
    struct client_options o;
    struct option_error error;
    home_init(&h, NULL,
              "[app]\nshmFile=/dev/shm/legacy\nrenderer=OpenGL\n[win]\nfullScreen=yes\nsize=huge\n"
              "[egl]\nvsync=no\n[input]\nrawMous=1\n");
    CHECK_MSG(load(&h, NULL, &o, &error) == 0, "%s", error.message);
    CHECK_STR(o.app.shm_file, "/dev/shm/legacy");
    CHECK(o.win.fullscreen);
    CHECK_INT(o.app.renderer, CLIENT_RENDERER_EGL);
    CHECK_INT(o.win.size.width, 0);
    const char *text = log_text(&h);
    CHECK(strstr(text, "line 6: win.size: "));
    CHECK(strstr(text, "line 8: egl.vsync\n"));
    CHECK(strstr(text, "line 10: input.rawMous\n"));
    const char *warning = strstr(text, "warn");
    CHECK(warning && !strstr(warning + 1, "warn"));
    client_options_free(&o);
    home_fini(&h);
}

TEST(our_file_hides_the_legacy_one)
{
    struct home h;
    struct client_options o;
    struct option_error error;
    home_init(&h, "[win]\ntitle=ours\n", "[win]\ntitle=theirs\nfullScreen=yes\n");
    CHECK_INT(load(&h, NULL, &o, &error), 0);
    CHECK_STR(o.win.title, "ours");
    CHECK(!o.win.fullscreen);
    CHECK_STR(log_text(&h), "");
    client_options_free(&o);
    home_fini(&h);
}

TEST(the_command_line_wins)
{
    struct home h;
    struct client_options o;
    struct option_error error;
    home_init(&h, "[app]\nshmFile=/a\nlogLevel=debug\n[win]\nfullScreen=yes\n", NULL);
    CHECK_INT(load(&h, "--no-fullscreen", &o, &error), 0);
    CHECK(!o.win.fullscreen);
    CHECK_INT(log_get_level(), LOG_LEVEL_DEBUG);
    client_options_free(&o);
    CHECK_INT(load(&h, "app:shmFile=", &o, &error), 0); /* undoes the file's */
    CHECK(!o.app.shm_file);
    client_options_free(&o);
    home_fini(&h);
}

TEST(a_named_file_replaces_the_others)
{
    struct home h;
    struct client_options o;
    struct option_error error;
    char path[96], option[128];
    home_init(&h, "[win]\ntitle=ours\n", NULL);
    snprintf(path, sizeof(path), "%s/other.ini", h.dir);
    write_file(path, "[win]\nborderless=yes\n");
    snprintf(option, sizeof(option), "-C%s", path);
    CHECK_INT(load(&h, option, &o, &error), 0);
    CHECK(o.win.borderless);
    CHECK_STR(o.win.title, "Espelho");
    client_options_free(&o);
    CHECK_INT(load(&h, "--config=/nonexistent.ini", &o, &error), -ENOENT);
    CHECK(strstr(error.message, "/nonexistent.ini: no such file"));
    client_options_free(&o);
    home_fini(&h);
}

TEST(a_relative_config_home_is_ignored)
{
    struct home h;
    struct client_options o;
    struct option_error error;
    home_init(&h, "[win]\ntitle=ours\n", NULL);
    CHECK_INT(setenv("HOME", h.dir, 1), 0);
    CHECK_INT(setenv("XDG_CONFIG_HOME", "relative", 1), 0);
    CHECK_INT(load(&h, NULL, &o, &error), 0); /* $HOME/.config has no file */
    CHECK_STR(o.win.title, "Espelho");
    client_options_free(&o);
    home_fini(&h);
}

TEST(an_unwritable_log_is_an_error)
{
    struct client_options o;
    struct option_error error;
    char word[] = "--log-file=/nonexistent/log";
    char *argv[] = { word };
    int rest;
    CHECK_INT(setenv("XDG_CONFIG_HOME", "/nonexistent", 1), 0);
    CHECK_INT(client_options_load(&o, NULL, 1, argv, &rest, &error), -ENOENT);
    CHECK(strstr(error.message, "app.logFile: /nonexistent/log"));
    client_options_free(&o);
}

/* What the table promises: defaults parse back, and a name without its module is never ambiguous.
 */
TEST(table_is_consistent)
{
    struct client_options o;
    client_options_init(&o);
    char letters[128] = "";
    for (size_t i = 0; i < client_option_table.count; i++) {
        const struct option_def *def = &client_option_table.defs[i];
        char text[160];
        CHECK_MSG(options_find(&client_option_table, strchr(def->name, '.') + 1) == def, "%s",
                  def->name);
        if (def->default_text) {
            option_value_text(def, &o, text, sizeof(text));
            CHECK_STR(text, def->default_text);
        }
        if (def->short_name) {
            CHECK_MSG(!strchr(letters, def->short_name), "-%c is taken", def->short_name);
            strncat(letters, &def->short_name, 1);
        }
        CHECK_MSG(def->help[0] && !strchr(def->help, '\n'), "%s", def->name);
    }
    CHECK(client_options_renderer_name(&o) == NULL);
    client_options_free(&o);
}

TEST(passwords_vanish_from_the_command_line)
{
    struct home h;
    home_init(&h, NULL, NULL);
    char words[][40] = { "spice:password=hunter2", "--password", "secret", "win:title=password",
                         "--spice.passwordFile=/tmp/x" };
    char *argv[ARRAY_LEN(words) + 1] = { NULL };
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        argv[i] = words[i];
    struct client_options options;
    struct option_error error;
    int rest;
    CHECK_INT(client_options_load(&options, NULL, ARRAY_LEN(words), argv, &rest, &error), 0);
    CHECK_STR(options.spice.password, "secret");
    CHECK_STR(words[0], "spice:password=xxxxxxx");
    CHECK_STR(words[2], "xxxxxx");
    CHECK_STR(words[3], "win:title=password");
    CHECK_STR(words[4], "--spice.passwordFile=/tmp/x");
    client_options_free(&options);
    home_fini(&h);
}
