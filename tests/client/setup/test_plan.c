/* SPDX-License-Identifier: GPL-2.0-or-later
 * Plans on a folder of the test's own, with the programs that are really there (sh, test) and a
 * virsh of the test's. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "setup/plan.h"

struct scene {
    char top[64], prefix[128], state[128];
    struct plan *plan;
    char *log; /* of the last apply or undo */
};

static void path_of(const struct scene *s, const char *path, char out[512])
{
    snprintf(out, 512, "%s%s", s->prefix, path);
}

static void put(const struct scene *s, const char *path, const char *text, mode_t mode)
{
    char whole[512];
    path_of(s, path, whole);
    FILE *f = fopen(whole, "we");
    CHECK_MSG(f, "%s", whole);
    fputs(text, f);
    fclose(f);
    CHECK_INT(chmod(whole, mode), 0);
}

static char *get(const struct scene *s, const char *path)
{
    char whole[512];
    path_of(s, path, whole);
    FILE *f = fopen(whole, "re");
    if (!f)
        return NULL;
    char *text = calloc(1, 65536);
    CHECK(text);
    const size_t got_bytes = fread(text, 1, 65535, f);
    text[got_bytes] = '\0';
    fclose(f);
    return text;
}

static bool holds(const struct scene *s, const char *path, const char *want)
{
    autofree char *text = get(s, path);
    return want && text ? strcmp(text, want) == 0 : want == text;
}

static unsigned int mode_of(const struct scene *s, const char *path)
{
    char whole[512];
    struct stat st;
    path_of(s, path, whole);
    CHECK_INT(stat(whole, &st), 0);
    return st.st_mode & 07777;
}

static void make_folder(const struct scene *s, const char *path)
{
    char whole[512];
    path_of(s, path, whole);
    CHECK_INT(mkdir(whole, 0755), 0);
}

static void new_plan(struct scene *s)
{
    plan_destroy(s->plan);
    CHECK_INT(plan_create(s->prefix, s->state, "a test", "win11", &s->plan), 0);
}

static void begin(struct scene *s)
{
    *s = (struct scene){ .top = "/tmp/espelho-plan-XXXXXX" };
    CHECK(mkdtemp(s->top));
    snprintf(s->prefix, sizeof(s->prefix), "%s/root", s->top);
    snprintf(s->state, sizeof(s->state), "%s/state", s->top);
    make_folder(s, "");
    make_folder(s, "/etc");
    new_plan(s);
}

static void end(struct scene *s)
{
    char command[128];
    plan_destroy(s->plan);
    free(s->log);
    snprintf(command, sizeof(command), "rm -rf %s", s->top);
    CHECK_INT(system(command), 0);
}

static FILE *log_open(struct scene *s)
{
    static size_t len_bytes;
    free(s->log);
    FILE *f = open_memstream(&s->log, &len_bytes);
    CHECK(f);
    return f;
}

static int apply(struct scene *s)
{
    FILE *log = log_open(s);
    const int err = plan_apply(s->plan, log);
    fclose(log);
    return err;
}

static int undo(struct scene *s)
{
    FILE *log = log_open(s);
    const int err = plan_undo(s->prefix, s->state, "", log);
    fclose(log);
    return err;
}

static char *shown(const struct scene *s)
{
    char *text = NULL;
    size_t len_bytes;
    FILE *f = open_memstream(&text, &len_bytes);
    CHECK(f);
    plan_show(s->plan, f, false);
    fclose(f);
    return text;
}

/* ---- hostile ---- */

TEST(paths_that_are_none_are_refused)
{
    static const char *const paths[] = { "",       "etc/x",   "/",         "/etc/", "/etc/../x",
                                         "/etc/.", "/etc/..", "/etc//x",   "/./x",  "/etc/a\nb",
                                         "/..",    "/.",      "/etc/\001x" };
    struct scene s;
    begin(&s);
    for (size_t i = 0; i < ARRAY_LEN(paths); i++)
        CHECK_MSG(plan_file(s.plan, paths[i], 0644, "x", "why") == -EINVAL, "%s", paths[i]);
    CHECK(plan_is_empty(s.plan));
    end(&s);
}

/* A link as the file is left alone; a link in a folder's place does not lead outside. */
TEST(links_do_not_lead_out)
{
    struct scene s;
    char whole[512];
    begin(&s);
    path_of(&s, "/etc/link", whole);
    CHECK_INT(symlink("/etc/passwd", whole), 0);
    CHECK_INT(plan_file(s.plan, "/etc/link", 0644, "x", "why"), -ELOOP);
    CHECK(strstr(plan_problem(s.plan), "/etc/link"));
    path_of(&s, "/out", whole);
    CHECK_INT(symlink("/etc", whole), 0); /* inside: the scene's /etc */
    CHECK_INT(plan_file(s.plan, "/out/espelho-inside", 0644, "x", "why"), 0);
    CHECK_INT(apply(&s), 0);
    CHECK(holds(&s, "/etc/espelho-inside", "x"));
    CHECK(access("/etc/espelho-inside", F_OK) < 0);
    end(&s);
}

TEST(what_is_no_text_is_left_alone)
{
    struct scene s;
    char whole[512];
    begin(&s);
    put(&s, "/etc/binary", "x", 0644);
    path_of(&s, "/etc/binary", whole);
    CHECK_INT(truncate(whole, 100), 0);
    CHECK_INT(plan_file(s.plan, "/etc/binary", 0644, "x", "why"), -EPROTO);
    CHECK_INT(truncate(whole, 5 << 20), 0);
    CHECK_INT(plan_file(s.plan, "/etc/binary", 0644, "x", "why"), -EFBIG);
    path_of(&s, "/etc/fifo", whole);
    CHECK_INT(mkfifo(whole, 0600), 0);
    CHECK_INT(plan_file(s.plan, "/etc/fifo", 0644, "x", "why"), -ELOOP);
    end(&s);
}

TEST(a_file_that_changed_since_the_plan_stops_it)
{
    struct scene s;
    begin(&s);
    put(&s, "/etc/a", "old\n", 0644);
    CHECK_INT(plan_file(s.plan, "/etc/b", 0644, "new\n", "why"), 0);
    CHECK_INT(plan_file(s.plan, "/etc/a", 0644, "new\n", "why"), 0);
    put(&s, "/etc/a", "edited\n", 0644);
    CHECK_INT(apply(&s), -EBUSY);
    CHECK(strstr(plan_problem(s.plan), "/etc/a"));
    CHECK(holds(&s, "/etc/a", "edited\n") && holds(&s, "/etc/b", NULL));
    CHECK_INT(undo(&s), -ENOENT);
    end(&s);
}

TEST(an_undo_refuses_what_was_edited)
{
    struct scene s;
    begin(&s);
    put(&s, "/etc/a", "old\n", 0644);
    CHECK_INT(plan_file(s.plan, "/etc/a", 0644, "new\n", "why"), 0);
    CHECK_INT(plan_file(s.plan, "/etc/b", 0644, "new\n", "why"), 0);
    CHECK_INT(apply(&s), 0);
    put(&s, "/etc/b", "edited\n", 0644);
    CHECK_INT(undo(&s), -EBUSY);
    CHECK(strstr(s.log, "/etc/b was changed since"));
    CHECK(holds(&s, "/etc/a", "new\n") && holds(&s, "/etc/b", "edited\n"));
    put(&s, "/etc/b", "new\n", 0600); /* the mode counts too */
    CHECK_INT(undo(&s), -EBUSY);
    put(&s, "/etc/b", "new\n", 0644);
    CHECK_INT(undo(&s), 0);
    CHECK(holds(&s, "/etc/a", "old\n") && holds(&s, "/etc/b", NULL));
    end(&s);
}

TEST(a_failing_command_takes_everything_back)
{
    struct scene s;
    const char *const first[] = { "sh", "-c", "echo once >> \"$0\"", NULL, NULL };
    const char *const first_undo[] = { "sh", "-c", "echo back >> \"$0\"", NULL, NULL };
    const char *const fails[] = { "sh", "-c", "echo it is broken; exit 3", NULL };
    char marks[512];
    begin(&s);
    path_of(&s, "/marks", marks);
    const char *first_words[5], *undo_words[5];
    memcpy(first_words, first, sizeof(first));
    memcpy(undo_words, first_undo, sizeof(first_undo));
    first_words[3] = undo_words[3] = marks;
    put(&s, "/etc/a", "old\n", 0640);
    CHECK_INT(plan_file(s.plan, "/etc/a", 0644, "new\n", "why"), 0);
    CHECK_INT(plan_file(s.plan, "/etc/deep/er/b", 0755, "new\n", "why"), 0);
    CHECK_INT(plan_command(s.plan, first_words, undo_words, "why"), 0);
    CHECK_INT(plan_command(s.plan, fails, undo_words, "why"), 0);
    CHECK_INT(apply(&s), -EIO);
    CHECK(strstr(s.log, "it is broken"));
    CHECK(holds(&s, "/etc/a", "old\n"));
    CHECK_INT(mode_of(&s, "/etc/a"), 0640);
    CHECK(holds(&s, "/etc/deep", NULL)); /* the folder is gone again */
    CHECK(holds(&s, "/marks", "once\nback\n"));
    CHECK_INT(undo(&s), -ENOENT);
    end(&s);
}

TEST(a_missing_program_says_so)
{
    struct scene s;
    const char *const argv[] = { "espelho-no-such-program", NULL };
    begin(&s);
    CHECK_INT(plan_command(s.plan, argv, NULL, "why"), 0);
    CHECK_INT(apply(&s), -ENOENT);
    CHECK(strstr(plan_problem(s.plan), "espelho-no-such-program"));
    end(&s);
}

/* As after a power cut: the folder is still called 1.begun, and only a part was written. */
TEST(an_apply_that_was_cut_off_is_undone)
{
    struct scene s;
    char from[256], to[256];
    begin(&s);
    put(&s, "/etc/a", "old\n", 0644);
    CHECK_INT(plan_file(s.plan, "/etc/a", 0644, "new\n", "why"), 0);
    CHECK_INT(plan_file(s.plan, "/etc/b", 0644, "new\n", "why"), 0);
    CHECK_INT(apply(&s), 0);
    snprintf(from, sizeof(from), "%s/1", s.state);
    snprintf(to, sizeof(to), "%s/1.begun", s.state);
    CHECK_INT(rename(from, to), 0);
    char whole[512];
    path_of(&s, "/etc/b", whole);
    CHECK_INT(unlink(whole), 0);
    CHECK_INT(undo(&s), 0);
    CHECK(holds(&s, "/etc/a", "old\n") && holds(&s, "/etc/b", NULL));
    end(&s);
}

TEST(a_bad_manifest_is_refused)
{
    static const char *const manifests[] = {
        "",
        "nonsense\n",
        "espelho-setup 2 t\n",
        "espelho-setup 1 t\nfile 0\n",
        "espelho-setup 1 t\nfile 0 - 644\n",
        "espelho-setup 1 t\nfile 1 - - /etc/a\n",
        "espelho-setup 1 t\nfile 0 99999 - /etc/a\n",
        "espelho-setup 1 t\nfile 0 - 644 /etc/a\n", /* its text is not there */
        "espelho-setup 1 t\nfile 0 - - /etc/%zz\n",
        "espelho-setup 1 t\nfile 0 - - /etc/%00\n",
        "espelho-setup 1 t\ncommand 0 0 0\n",
        "espelho-setup 1 t\ncommand 0 99999999 a\n",
        "espelho-setup 1 t\ncommand 0 2 a\n",
        "espelho-setup 1 t\ncommand 0 1 a\n",
        "espelho-setup 1 t\ncommand 0 1 a 0\ndone 1\n",
        "espelho-setup 1 t\ncommand 0 1 a 0\ndone 0\ndone 0\n",
        "espelho-setup 1 t\nfile 0 - - /etc/a\ndone 0\n",
        "espelho-setup 1 t\ndomain 0 test:///default test\n",
        "espelho-setup 1 t\nwhat 0\n",
        "espelho-setup 1 t\nvm\n",
        "espelho-setup 1 t\nhold\n",
    };
    struct scene s;
    char folder[256], manifest[300];
    begin(&s);
    snprintf(folder, sizeof(folder), "%s/1", s.state);
    CHECK(mkdir(s.state, 0700) == 0 && mkdir(folder, 0700) == 0);
    CHECK_INT(undo(&s), -EPROTO);
    for (size_t i = 0; i < ARRAY_LEN(manifests); i++) {
        snprintf(manifest, sizeof(manifest), "%s/manifest", folder);
        FILE *f = fopen(manifest, "we");
        CHECK(f);
        fputs(manifests[i], f);
        fclose(f);
        CHECK_MSG(undo(&s) == -EPROTO || undo(&s) == -EINVAL, "row %zu", i);
    }
    end(&s);
}

/* What a script holds for a VM is taken back by that script alone. */
TEST(what_is_held_is_not_undone)
{
    struct scene s;
    char whole[512];
    begin(&s);
    CHECK_INT(plan_file(s.plan, "/etc/hook", 0755, "x\n", "why"), 0);
    CHECK_INT(plan_hold(s.plan, "/held"), 0);
    make_folder(&s, "/held");
    CHECK_INT(apply(&s), 0);
    CHECK_INT(undo(&s), -EBUSY);
    CHECK(strstr(s.log, "win11 runs"));
    CHECK(holds(&s, "/etc/hook", "x\n"));
    path_of(&s, "/held", whole);
    CHECK_INT(rmdir(whole), 0);
    CHECK_INT(undo(&s), 0);
    CHECK(holds(&s, "/etc/hook", NULL));
    end(&s);
}

/* ---- as it should be ---- */

TEST(what_is_there_already_is_no_change)
{
    struct scene s;
    begin(&s);
    put(&s, "/etc/a", "text\n", 0644);
    CHECK_INT(plan_file(s.plan, "/etc/a", 0644, "text\n", "why"), 0);
    CHECK_INT(plan_remove(s.plan, "/etc/not-there", "why"), 0);
    CHECK_INT(plan_domain(s.plan, "test:///default", "x", "<a/>", "<a/>", "why"), 0);
    CHECK(plan_is_empty(s.plan) && !plan_touches(s.plan, "/etc/a"));
    CHECK_INT(plan_file(s.plan, "/etc/a", 0755, "text\n", "why"), 0);
    CHECK(!plan_is_empty(s.plan) && plan_touches(s.plan, "/etc/a"));
    CHECK_INT(plan_file(s.plan, "/etc/a", 0644, "text\n", "why"), 0); /* taken back */
    CHECK(plan_is_empty(s.plan));
    autofree char *text = shown(&s);
    CHECK_STR(text, "a test: nothing has to be changed.\n");
    CHECK_INT(apply(&s), 0);
    CHECK_INT(undo(&s), -ENOENT);
    end(&s);
}

TEST(two_parts_add_to_one_file)
{
    struct scene s;
    autofree char *text = NULL;
    begin(&s);
    CHECK_INT(plan_read(s.plan, "/etc/a", &text), -ENOENT);
    CHECK_INT(plan_file(s.plan, "/etc/a", 0644, "one\n", "why"), 0);
    CHECK_INT(plan_read(s.plan, "/etc/a", &text), 0);
    CHECK_STR(text, "one\n");
    CHECK_INT(plan_file(s.plan, "/etc/a", 0644, "one\ntwo\n", "why"), 0);
    CHECK_INT(apply(&s), 0);
    CHECK(holds(&s, "/etc/a", "one\ntwo\n"));
    end(&s);
}

TEST(a_plan_is_shown_in_its_order)
{
    static const char want[] = "# the command's reason\n"
                               "$ sh -c 'echo it'\\''s done'\n\n"
                               "To be done by you:\n"
                               "  * restart\n";
    struct scene s;
    const char *const argv[] = { "sh", "-c", "echo it's done", NULL };
    begin(&s);
    put(&s, "/etc/a", "1\n2\n", 0600);
    CHECK_INT(plan_command(s.plan, argv, NULL, "the command's reason"), 0);
    CHECK_INT(plan_note(s.plan, "restart"), 0);
    CHECK_INT(plan_domain(s.plan, "test:///default", "win11", "<a/>\n", "<b/>\n", "its XML"), 0);
    CHECK_INT(plan_file(s.plan, "/etc/a", 0644, "1\ntwo\n", "the file's reason"), 0);
    autofree char *text = shown(&s);
    const char *const file = strstr(text, "# the file's reason\n--- /etc/a\n+++ /etc/a\n"
                                          "@@ -1,2 +1,2 @@\n 1\n-2\n+two\n"
                                          "mode of /etc/a: 0600, will be 0644\n\n");
    const char *const domain = strstr(text, "# its XML\n--- win11\n+++ win11\n");
    CHECK(file == text && domain > file);
    CHECK_STR(strstr(text, "# the command's"), want);
    end(&s);
}

TEST(plans_are_undone_newest_first)
{
    struct scene s;
    begin(&s);
    put(&s, "/etc/a", "zero\n", 0644);
    static const char *const texts[] = { "one\n", "two\n" };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        new_plan(&s);
        CHECK_INT(plan_file(s.plan, "/etc/a", 0644, texts[i], "why"), 0);
        CHECK_INT(apply(&s), 0);
    }
    CHECK_INT(undo(&s), 0);
    CHECK(holds(&s, "/etc/a", "one\n"));
    CHECK_INT(undo(&s), 0);
    CHECK(holds(&s, "/etc/a", "zero\n"));
    CHECK_INT(undo(&s), -ENOENT);
    new_plan(&s); /* numbers of undone ones are not used again */
    CHECK_INT(plan_remove(s.plan, "/etc/a", "why"), 0);
    CHECK_INT(apply(&s), 0);
    CHECK(holds(&s, "/etc/a", NULL));
    CHECK_INT(undo(&s), 0);
    CHECK(holds(&s, "/etc/a", "zero\n"));
    CHECK_INT(mode_of(&s, "/etc/a"), 0644);
    end(&s);
}

static void apply_for(struct scene *s, const char *vm, const char *path)
{
    plan_destroy(s->plan);
    CHECK_INT(plan_create(s->prefix, s->state, "a test", vm, &s->plan), 0);
    CHECK_INT(plan_file(s->plan, path, 0644, vm, "why"), 0);
    CHECK_INT(apply(s), 0);
}

static int undo_of(struct scene *s, const char *vm)
{
    FILE *log = log_open(s);
    const int err = plan_undo(s->prefix, s->state, vm, log);
    fclose(log);
    return err;
}

/* One VM's newest, though another's is newer; what both changed is the newer one's first. */
TEST(a_vm_is_undone_by_its_name)
{
    struct scene s;
    char line[64] = "";
    begin(&s);
    apply_for(&s, "one", "/etc/a");
    apply_for(&s, "one", "/etc/both");
    apply_for(&s, "two", "/etc/both");
    apply_for(&s, "two", "/etc/b");
    CHECK_INT(undo_of(&s, "three"), -ENOENT);
    CHECK_INT(undo_of(&s, "one"), -EBUSY);
    CHECK(strstr(s.log, "/etc/both was changed since"));
    CHECK_INT(plan_undo_next(s.prefix, s.state, "one", line, sizeof(line)), 0);
    CHECK_STR(line, "a test (one)");
    CHECK_INT(undo_of(&s, "two"), 0);
    CHECK(holds(&s, "/etc/b", NULL));
    CHECK_INT(undo_of(&s, "two"), 0);
    CHECK_INT(undo_of(&s, "two"), -ENOENT);
    apply_for(&s, "two", "/etc/b");
    CHECK_INT(undo_of(&s, "one"), 0);
    CHECK_INT(undo_of(&s, "one"), 0);
    CHECK(holds(&s, "/etc/a", NULL) && holds(&s, "/etc/both", NULL) && holds(&s, "/etc/b", "two"));
    CHECK_INT(plan_undo_next(s.prefix, s.state, "one", line, sizeof(line)), -ENOENT);
    CHECK_INT(undo(&s), 0);
    CHECK_INT(undo(&s), -ENOENT);
    end(&s);
}

/* A virsh that stores what is defined, with something of libvirt's own added. */
static const char fake_virsh[] =
    "#!/bin/sh\n"
    "store=$(dirname \"$0\")/xml\n"
    "[ \"$1 $2\" = '-c test:///scene' ] || exit 9\n"
    "case $3 in\n"
    "define) grep -q refuse-me \"$4\" && { echo 'error: no such thing'; exit 1; }\n"
    "        cat \"$4\" > \"$store\"; echo '<!-- added -->' >> \"$store\";;\n"
    "dumpxml) [ \"$4 $5 $6 $7\" = '--inactive --security-info --domain win11' ] && cat "
    "\"$store\";;\n"
    "*) exit 8;;\n"
    "esac\n";

static void use_fake_virsh(const struct scene *s)
{
    char path[1024];
    make_folder(s, "/bin");
    put(s, "/bin/virsh", fake_virsh, 0755);
    snprintf(path, sizeof(path), "%s/bin:%s", s->prefix, getenv("PATH"));
    CHECK_INT(setenv("PATH", path, 1), 0);
}

TEST(a_domain_is_defined_and_put_back)
{
    struct scene s;
    begin(&s);
    use_fake_virsh(&s);
    put(&s, "/bin/xml", "<old/>\n", 0644);
    CHECK_INT(plan_domain(s.plan, "test:///scene", "win11", "<old/>\n", "<new/>\n", "why"), 0);
    CHECK_INT(apply(&s), 0);
    CHECK(holds(&s, "/bin/xml", "<new/>\n<!-- added -->\n"));
    put(&s, "/bin/xml", "<new/>\n<!-- edited -->\n", 0644);
    CHECK_INT(undo(&s), -EBUSY);
    CHECK(strstr(s.log, "win11 was changed since"));
    put(&s, "/bin/xml", "<new/>\n<!-- added -->\n", 0644);
    CHECK_INT(undo(&s), 0);
    CHECK(holds(&s, "/bin/xml", "<old/>\n<!-- added -->\n"));
    end(&s);
}

TEST(xml_that_libvirt_refuses_takes_the_files_back)
{
    struct scene s;
    begin(&s);
    use_fake_virsh(&s);
    put(&s, "/bin/xml", "<old/>\n", 0644);
    CHECK_INT(plan_domain(s.plan, "test:///scene", "win11", "<old/>\n", "<refuse-me/>\n", "why"),
              0);
    CHECK_INT(plan_file(s.plan, "/etc/a", 0644, "x", "why"), 0);
    CHECK_INT(apply(&s), -EIO);
    CHECK(strstr(s.log, "no such thing"));
    CHECK(holds(&s, "/etc/a", NULL) && holds(&s, "/bin/xml", "<old/>\n"));
    end(&s);
}

/* Backups may hold a password. */
TEST(backups_are_for_root_only)
{
    struct scene s;
    struct stat st;
    char path[256];
    begin(&s);
    put(&s, "/etc/a", "secret\n", 0640);
    CHECK_INT(plan_file(s.plan, "/etc/a", 0640, "other secret\n", "why"), 0);
    CHECK_INT(apply(&s), 0);
    static const char *const names[] = { "1", "1/manifest", "1/0.old", "1/0.new" };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        snprintf(path, sizeof(path), "%s/%s", s.state, names[i]);
        CHECK_MSG(stat(path, &st) == 0 && (st.st_mode & 077) == 0, "%s", path);
    }
    end(&s);
}
