/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "base/cleanup.h"
#include "setup/conf_lines.h"

static const struct {
    const char *text, *words, *line, *want;
} lines[] = {
    { "", "f /dev/shm/a", "f /dev/shm/a 0660", "f /dev/shm/a 0660\n" },
    { "# mine", "f /dev/shm/a", "f /dev/shm/a 0660", "# mine\nf /dev/shm/a 0660\n" },
    { "f /dev/shm/ab 1\n f\t/dev/shm/a 2\nx\n", "f /dev/shm/a", "new",
      "f /dev/shm/ab 1\nnew\nx\n" },
    { "#f /dev/shm/a 1\n", "f /dev/shm/a", "new", "#f /dev/shm/a 1\nnew\n" },
    { "kvmfr", "kvmfr", "kvmfr", "kvmfr" },
    { "options kvmfrx a=1\n", "options kvmfr", "options kvmfr b=2",
      "options kvmfrx a=1\noptions kvmfr b=2\n" },
};

TEST(lines_are_replaced_or_added)
{
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        autofree char *got = conf_line_set(lines[i].text, lines[i].words, lines[i].line);
        CHECK_STR(got, lines[i].want);
    }
}

TEST(words_with_values_are_found)
{
    static const char line[] =
        "options kvmfr xstatic_size_mb=1 static_size_mb=64,128 lazy=1\nsize=9";
    const size_t len_bytes = strcspn(line, "\n");
    const char *value;
    size_t value_bytes;
    CHECK(conf_word_find(line, len_bytes, "static_size_mb", &value, &value_bytes));
    CHECK(value_bytes == 6 && strncmp(value, "64,128", 6) == 0);
    CHECK(!conf_word_find(line, len_bytes, "size", &value, &value_bytes)); /* the next line's */
    CHECK(!conf_word_find(line, len_bytes, "lazy=1", &value, &value_bytes));
}

static const struct {
    const char *text, *want;
    bool understood;
} confs[] = {
    { "cgroup_device_acl = [ \"/dev/null\"\n", "cgroup_device_acl = [ \"/dev/null\"\n", false },
    { "cgroup_device_acl = [ # ]\n", "cgroup_device_acl = [ # ]\n", false },
    { "cgroup_device_acl = [\n    \"/dev/null\", \"/dev/kvmfr0\"\n]\n",
      "cgroup_device_acl = [\n    \"/dev/null\", \"/dev/kvmfr0\"\n]\n", true },
    { "a = 1\ncgroup_device_acl = [\n    \"/dev/null\", # ]\n    \"/dev/kvm\"\n]\nb = 2\n",
      "a = 1\ncgroup_device_acl = [\n    \"/dev/null\", # ]\n    \"/dev/kvm\",\n"
      "    \"/dev/kvmfr0\"\n]\nb = 2\n",
      true },
    { "cgroup_device_acl = [ \"/dev/null\", ]\n",
      "cgroup_device_acl = [ \"/dev/null\",\n    \"/dev/kvmfr0\"\n]\n", true },
    { "cgroup_device_acl=[]", "cgroup_device_acl=[\n    \"/dev/kvmfr0\"\n]", true },
    { "# text\n#cgroup_device_acl = [\n#    \"/dev/null\",\n#    \"/dev/kvm\"\n#]\n",
      "# text\n#cgroup_device_acl = [\n#    \"/dev/null\",\n#    \"/dev/kvm\"\n#]\n\n"
      "cgroup_device_acl = [\n    \"/dev/null\",\n    \"/dev/kvm\",\n    \"/dev/kvmfr0\"\n]\n",
      true },
    { "#cgroup_device_acl = [\n#    \"/dev/kvmfr0\", \"/dev/kvm\"\n#]\n",
      "#cgroup_device_acl = [\n#    \"/dev/kvmfr0\", \"/dev/kvm\"\n#]\n\n"
      "cgroup_device_acl = [\n    \"/dev/kvmfr0\", \"/dev/kvm\"\n]\n",
      true },
    { "#cgroup_device_acl = [ \"/dev/null\" ]\n", /* no VM starts with that */
      "#cgroup_device_acl = [ \"/dev/null\" ]\n\n"
      "cgroup_device_acl = [\n    \"/dev/null\", \"/dev/full\", \"/dev/zero\",\n"
      "    \"/dev/random\", \"/dev/urandom\",\n    \"/dev/ptmx\", \"/dev/kvm\",\n"
      "    \"/dev/userfaultfd\",\n    \"/dev/kvmfr0\"\n]\n",
      true },
    { "x = 1",
      "x = 1\n\ncgroup_device_acl = [\n    \"/dev/null\", \"/dev/full\", \"/dev/zero\",\n"
      "    \"/dev/random\", \"/dev/urandom\",\n    \"/dev/ptmx\", \"/dev/kvm\",\n"
      "    \"/dev/userfaultfd\",\n    \"/dev/kvmfr0\"\n]\n",
      true },
};

TEST(libvirts_list_of_devices_gets_one_more)
{
    for (size_t i = 0; i < ARRAY_LEN(confs); i++) {
        bool understood;
        autofree char *got = qemu_conf_allow_device(confs[i].text, "/dev/kvmfr0", &understood);
        CHECK_STR(got, confs[i].want);
        CHECK_INT(understood, confs[i].understood);
        autofree char *again = qemu_conf_allow_device(got, "/dev/kvmfr0", &understood);
        CHECK_STR(again, got);
    }
}
