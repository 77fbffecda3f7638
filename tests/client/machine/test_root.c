/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "machine/root.h"
#include "tree.h"

static void begin(void)
{
    tree_begin();
    tree_folder("/sys");
    tree_folder("/etc");
    tree_folder("/.espelho/commands");
}

static int read_error(struct root *root, const char *path)
{
    char *text = NULL;
    const int err = root_read(root, path, &text, NULL);
    CHECK((err == 0) == (text != NULL));
    free(text);
    return err;
}

/* ---- hostile trees ---- */

TEST(nothing_outside_of_the_tree_is_read)
{
    begin();
    tree_link("/etc/up", "../../../../../../etc/hostname");
    tree_link("/etc/absolute", "/etc/inside");
    tree_link("/etc/self", "/proc/self/environ");
    tree_file("/etc/inside", "inside\n");
    struct root *const root = tree_open();
    char line[64];
    CHECK_INT(read_error(root, "/etc/up"), -ENOENT);
    CHECK_INT(read_error(root, "/etc/self"), -ENOENT);
    CHECK_INT(read_error(root, "/../../../../etc/hostname"), -ENOENT);
    CHECK_INT(root_read_line(root, "/etc/absolute", line, sizeof(line)), 0);
    CHECK_STR(line, "inside");
    root_close(root);
}

TEST(what_is_no_file_is_not_opened)
{
    begin();
    tree_link("/etc/loop", "loop");
    CHECK_INT(mkfifo(tree_path("/etc/pipe"), 0644), 0);
    struct root *const root = tree_open();
    static const struct {
        const char *path;
        int error;
    } rows[] = {
        { "/etc/pipe", -EINVAL },
        { "/etc/loop", -ELOOP },
        { "/etc", -EINVAL },
        { "etc", -EINVAL },
        { "", -EINVAL },
        { "/nothing", -ENOENT },
        { "/etc/pipe/x", -ENOENT },
        { "/etc/nothing/x", -ENOENT },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK_MSG(read_error(root, rows[i].path) == rows[i].error, "%s: %d", rows[i].path,
                  read_error(root, rows[i].path));
    root_close(root);
}

TEST(a_huge_file_is_refused)
{
    begin();
    tree_file("/etc/huge", "x");
    CHECK_INT(truncate(tree_path("/etc/huge"), ROOT_MAX_BYTES + 1), 0);
    tree_file("/etc/large", "x");
    CHECK_INT(truncate(tree_path("/etc/large"), ROOT_MAX_BYTES), 0);
    struct root *const root = tree_open();
    CHECK_INT(read_error(root, "/etc/huge"), -EFBIG);
    CHECK_INT(read_error(root, "/etc/large"), 0);
    root_close(root);
}

TEST(odd_lists_of_owners_are_skipped_line_by_line)
{
    begin();
    tree_file("/dev", ""); /* a file where a folder is expected */
    tree_file("/.espelho/stat", "\n"
                                "nonsense\n"
                                "20660 0 36 0 10:232 relative\n"
                                "20660 0 36 0 10:232\n"
                                "99999999999999999999 0 0 0 0:0 /dev/overflow\n"
                                "20660 0 36 0 10:232 /dev/kvm\n"
                                "100644 1000 1000 5 0:0 /etc/with space");
    struct root *const root = tree_open();
    struct root_stat st;
    CHECK_INT(root_stat(root, "/dev/kvm", &st), 0);
    CHECK(S_ISCHR(st.mode));
    CHECK_INT(st.mode & 07777, 0660);
    CHECK_INT(st.gid, 36);
    CHECK_INT(st.major, 10);
    CHECK_INT(st.minor, 232);
    CHECK_INT(root_stat(root, "/etc/with space", &st), 0);
    CHECK_INT(st.len_bytes, 5);
    CHECK_INT(root_stat(root, "relative", &st), -EINVAL);
    CHECK_INT(root_stat(root, "/dev/none", &st), -ENOENT);
    CHECK(root_exists(root, "/dev/kvm"));
    CHECK(!root_exists(root, "/dev/none"));
    root_close(root);
}

TEST(what_was_denied_stays_denied)
{
    begin();
    tree_folder("/sys/real");
    tree_link("/sys/way", "real");
    tree_file("/sys/real/rom", "readable for us, but it was not there");
    tree_file("/.espelho/denied", "/sys/real/rom\n/sys/real/absent\nno path\n/sys/real");
    struct root *const root = tree_open();
    struct root_names *names = NULL;
    CHECK_INT(read_error(root, "/sys/real/rom"), -EACCES);
    CHECK_INT(read_error(root, "/sys/way/rom"), -EACCES);
    CHECK_INT(read_error(root, "/sys/way/absent"), -EACCES);
    CHECK_INT(read_error(root, "/sys/way/other"), -ENOENT);
    CHECK_INT(root_list(root, "/sys/real", &names), -EACCES);
    CHECK(!names);
    root_close(root);
}

TEST(commands_with_odd_records)
{
    begin();
    tree_file("/.espelho/commands/virsh+--version", "status 0\n10.0.0\n");
    tree_file("/.espelho/commands/fails", "status 3\n");
    tree_file("/.espelho/commands/empty", "");
    tree_file("/.espelho/commands/wordy", "status zero\nx");
    tree_file("/.espelho/commands/no-line", "status 0");
    tree_file("/.espelho/commands/..+..+..+etc+passwd", "status 0\nours");
    struct root *const root = tree_open();
    static const struct {
        const char *argv[3];
        int error, status;
        const char *text;
    } rows[] = {
        { { "virsh", "--version" }, 0, 0, "10.0.0\n" },
        { { "fails" }, 0, 3, "" },
        { { "empty" }, -EPROTO, 0, NULL },
        { { "wordy" }, -EPROTO, 0, NULL },
        { { "no-line" }, -EPROTO, 0, NULL },
        { { "absent" }, -ENOENT, 0, NULL },
        { { "sh", "-c" }, -ENOENT, 0, NULL }, /* never run for a tree */
        { { "../../../etc/passwd" }, 0, 0, "ours" },
        { { "" }, -EINVAL, 0, NULL },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        autofree char *text = NULL;
        int status = -1;
        CHECK_INT(root_command(root, rows[i].argv, &text, &status), rows[i].error);
        if (rows[i].error < 0) {
            CHECK(!text);
            CHECK_INT(status, -1);
            continue;
        }
        CHECK_INT(status, rows[i].status);
        CHECK_STR(text, rows[i].text);
    }
    char longest[600];
    memset(longest, 'a', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    char *text = NULL;
    int status;
    CHECK_INT(root_command(root, (const char *[]){ longest, NULL }, &text, &status), -ENAMETOOLONG);
    root_close(root);
}

TEST(no_such_tree)
{
    struct root *root = NULL;
    CHECK_INT(root_open("/nonexistent/tree", &root), -ENOENT);
    CHECK_INT(root_open("/etc/hostname", &root), -ENOTDIR);
    CHECK(!root);
    root_close(NULL);
}

/* ---- what is there ---- */

TEST(lines_and_numbers)
{
    begin();
    tree_file("/sys/vendor", "0x10de\n");
    static const struct {
        const char *text;
        int error;
        uint64_t number;
    } rows[] = {
        { "", -EPROTO, 0 },        { "\n", -EPROTO, 0 },
        { "-1\n", -EPROTO, 0 },    { "12 tail\n", -EPROTO, 0 },
        { "0x\n", -EPROTO, 0 },    { "99999999999999999999999\n", -EPROTO, 0 },
        { "0x10de\n", 0, 0x10de }, { " 42 \nsecond", 0, 42 },
        { "010", 0, 10 },          { "18446744073709551615\n", 0, UINT64_MAX },
    };
    struct root *const root = tree_open();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint64_t number = 7;
        tree_file("/sys/number", rows[i].text);
        CHECK_MSG(root_read_number(root, "/sys/number", &number) == rows[i].error, "row %zu", i);
        CHECK_MSG(number == (rows[i].error ? 7 : rows[i].number), "row %zu", i);
    }
    char line[5];
    CHECK_INT(root_read_line(root, "/sys/vendor", line, sizeof(line)), 0);
    CHECK_STR(line, "0x10"); /* cut, and ended */
    root_close(root);
}

TEST(links)
{
    begin();
    tree_link("/sys/driver", "../../bus/pci/drivers/vfio-pci");
    tree_link("/sys/flat", "name");
    tree_file("/sys/file", "");
    struct root *const root = tree_open();
    char text[64], small[4];
    CHECK_INT(root_link(root, "/sys/driver", text, sizeof(text)), 0);
    CHECK_STR(text, "../../bus/pci/drivers/vfio-pci");
    CHECK_INT(root_link_name(root, "/sys/driver", text, sizeof(text)), 0);
    CHECK_STR(text, "vfio-pci");
    CHECK_INT(root_link_name(root, "/sys/flat", text, sizeof(text)), 0);
    CHECK_STR(text, "name");
    CHECK_INT(root_link(root, "/sys/driver", small, sizeof(small)), -ENAMETOOLONG);
    CHECK_INT(root_link_name(root, "/sys/flat", small, sizeof(small)), -ENAMETOOLONG);
    CHECK_INT(root_link(root, "/sys/file", text, sizeof(text)), -EINVAL);
    CHECK_INT(root_link(root, "/sys/none", text, sizeof(text)), -ENOENT);
    root_close(root);
}

TEST(names_are_sorted)
{
    begin();
    tree_file("/sys/b", "");
    tree_folder("/sys/a");
    tree_link("/sys/.c", "nowhere");
    struct root *const root = tree_open();
    autofree struct root_names *names = NULL;
    CHECK_INT(root_list(root, "/sys", &names), 0);
    CHECK_INT(names->count, 3);
    CHECK_STR(names->name[0], ".c");
    CHECK_STR(names->name[1], "a");
    CHECK_STR(names->name[2], "b");
    autofree struct root_names *none = NULL;
    CHECK_INT(root_list(root, "/etc", &none), 0);
    CHECK_INT(none->count, 0);
    struct root_names *absent = NULL;
    CHECK_INT(root_list(root, "/sys/b", &absent), -ENOENT);
    root_close(root);
}

/* ---- what is told, put into a second tree, and read there ---- */

struct copy {
    char text[4096];
};

static void note(struct copy *c, const char *what, const char *path)
{
    const size_t at = strlen(c->text);
    snprintf(c->text + at, sizeof(c->text) - at, "%s %s\n", what, path);
}
static void on_file(void *ctx, const char *path, const char *text, size_t len_bytes)
{
    note(ctx, "file", path);
    CHECK_INT(strlen(text), len_bytes);
}
static void on_link(void *ctx, const char *path, const char *target)
{
    note(ctx, "link", path);
    note(ctx, " to", target);
}
static void on_stat(void *ctx, const char *path, const struct root_stat *st)
{
    note(ctx, S_ISDIR(st->mode) ? "folder" : "stat", path);
}
static void on_list(void *ctx, const char *path)
{
    note(ctx, "list", path);
}
static void on_denied(void *ctx, const char *path)
{
    note(ctx, "denied", path);
}
static void on_command(void *ctx, const char *name, int status, const char *text, size_t len_bytes)
{
    note(ctx, "command", name);
    CHECK_INT(status, 0);
    CHECK_INT(strlen(text), len_bytes);
}

TEST(observers_get_real_paths_and_the_links_on_the_way)
{
    begin();
    tree_folder("/sys/devices/a");
    tree_folder("/sys/bus");
    tree_link("/sys/bus/a", "../devices/./a");
    tree_link("/sys/short", "/sys/bus");
    tree_file("/sys/devices/a/vendor", "0x1002\n");
    tree_link("/sys/devices/a/driver", "../../bus/drivers/amdgpu");
    tree_file("/.espelho/denied", "/sys/devices/a/config\n");
    tree_file("/.espelho/commands/uname+-r", "status 0\n6.12\n");
    struct root *const root = tree_open();
    struct copy c = { "" };
    root_observe(root, &(struct root_observer){ on_file, on_link, on_stat, on_list, on_denied,
                                                on_command, &c });
    char line[64], *text = NULL;
    int status;
    CHECK_INT(root_read_line(root, "/sys/short/a/vendor", line, sizeof(line)), 0);
    CHECK_STR(c.text, "link /sys/short\n to /sys/bus\nlink /sys/bus/a\n to ../devices/./a\n"
                      "file /sys/devices/a/vendor\n");
    c.text[0] = '\0';
    CHECK_INT(root_link(root, "/sys/bus/a/driver", line, sizeof(line)), 0);
    CHECK_STR(c.text, "link /sys/bus/a\n to ../devices/./a\n"
                      "link /sys/devices/a/driver\n to ../../bus/drivers/amdgpu\n");
    c.text[0] = '\0';
    CHECK_INT(read_error(root, "/sys/devices/a/config"), -EACCES);
    CHECK_INT(read_error(root, "/sys/devices/a/none"), -ENOENT);
    CHECK(root_exists(root, "/sys/devices/a"));
    CHECK_INT(root_command(root, (const char *[]){ "uname", "-r", NULL }, &text, &status), 0);
    free(text);
    struct root_names *names = NULL;
    CHECK_INT(root_list(root, "/sys/bus/../devices", &names), 0);
    free(names);
    CHECK_STR(c.text, "denied /sys/devices/a/config\nfolder /sys/devices/a\n"
                      "command uname+-r\nlist /sys/devices\n");
    root_close(root);
}

/* ---- this machine ---- */

static int command(struct root *root, const char *script, char **text, int *status)
{
    return root_command(root, (const char *[]){ "sh", "-c", script, NULL }, text, status);
}

TEST(live_files_and_commands)
{
    struct root *root = NULL;
    CHECK_INT(root_open(NULL, &root), 0);
    CHECK(root_is_live(root));
    char line[64];
    CHECK_INT(root_read_line(root, "/proc/sys/kernel/ostype", line, sizeof(line)), 0);
    CHECK_STR(line, "Linux");
    CHECK_INT(read_error(root, "/dev/zero"), -EINVAL);
    autofree char *text = NULL, *more = NULL, *none = NULL;
    int status = -1;
    CHECK_INT(command(root, "cat; echo $LC_ALL; echo noise >&2; exit 3", &text, &status), 0);
    CHECK_STR(text, "C\n");
    CHECK_INT(status, 3);
    CHECK_INT(command(root, "kill -9 $$", &more, &status), -EINTR);
    CHECK_INT(command(root, "yes", &more, &status), -EFBIG);
    CHECK_INT(root_command(root, (const char *[]){ "espelho-none", NULL }, &none, &status),
              -ENOENT);
    CHECK(!more && !none);
    CHECK_INT(status, 3);
    root_close(root);
}

/* Both a program that prints nothing and one that has closed its output; its children too. */
TEST(live_commands_that_hang_are_ended)
{
    struct root *root = NULL;
    CHECK_INT(root_open(NULL, &root), 0);
    char *text = NULL;
    int status;
    const uint64_t begin_ms = clock_ms();
    CHECK_INT(command(root, "exec >/dev/null; sleep 60 & wait", &text, &status), -ETIMEDOUT);
    const uint64_t took_ms = clock_ms() - begin_ms;
    CHECK_MSG(took_ms >= ROOT_COMMAND_MS - 50 && took_ms < ROOT_COMMAND_MS + 5000, "%" PRIu64,
              took_ms);
    CHECK(!text);
    root_close(root);
}
