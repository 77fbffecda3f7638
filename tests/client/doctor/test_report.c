/* SPDX-License-Identifier: GPL-2.0-or-later
 * What people and programs read of a report. */
#include <cjson/cJSON.h>
#include <errno.h>

#include "doctor/doctor.h"
#include "doctor/report.h"
#include "test.h"

static void say_ok(const struct doctor_facts *facts, struct findings *out)
{
    (void)facts;
    finding_add(out, VERDICT_OK, "0000:03:00.0", "It works.", NULL);
}

static void say_failure(const struct doctor_facts *facts, struct findings *out)
{
    (void)facts;
    finding_add(out, VERDICT_FAILURE, NULL,
                "The kernel was started without an IOMMU, so no device of this computer can be "
                "given to a VM.",
                "sudo nano /etc/default/grub\nsudo update-grub && echo a command is never broken, "
                "however long its line may be");
}

static void say_hostile(const struct doctor_facts *facts, struct findings *out)
{
    (void)facts;
    finding_add(out, VERDICT_WARNING, "\033[2Jname", "a\033]0;title\007 b\nc", "x\r\033[A");
}

static void say_nothing(const struct doctor_facts *facts, struct findings *out)
{
    (void)facts;
    (void)out;
}

static const struct check cpu_checks[] = {
    { "cpu.ok", CHECK_CPU, "Virtualisation", "Why one.", say_ok },
    { "cpu.failure", CHECK_CPU, "IOMMU", "Without it no VM gets a graphics card.", say_failure },
    { "cpu.nothing", CHECK_CPU, "Nothing", "Why not.", say_nothing },
};
static const struct check hostile_checks[] = {
    { "gpu.hostile", CHECK_GPU, "Card", "Why.", say_hostile },
};
static const struct check domain_checks[] = {
    { "domain.a", CHECK_DOMAIN, "Machine", "Why.", say_failure },
    { "domain.b", CHECK_DOMAIN, "Memory", "Why.", say_failure },
};
static const struct check_table cpu_table = { cpu_checks, ARRAY_LEN(cpu_checks) };
static const struct check_table hostile_table = { hostile_checks, 1 };
static const struct check_table domain_table = { domain_checks, ARRAY_LEN(domain_checks) };

static char *print(const struct check_table *table, bool colour, bool all)
{
    const struct doctor_facts facts = { .vm_problem = "Name a VM." };
    struct doctor_report *r;
    CHECK_INT(doctor_run_tables(&table, 1, &facts, NULL, &r), 0);
    char *text = NULL;
    size_t len_bytes;
    FILE *to = open_memstream(&text, &len_bytes);
    doctor_print_table(r, to, colour, all);
    fclose(to);
    doctor_report_free(r);
    return text;
}

TEST(what_is_in_order_takes_a_line_and_what_is_not_brings_its_cure)
{
    char *text = print(&cpu_table, false, false);
    CHECK_STR(text,
              "\n"
              "CPU and firmware\n"
              "  ok        Virtualisation: 0000:03:00.0: It works.\n"
              "  FAILURE   IOMMU: The kernel was started without an IOMMU, so no device of this\n"
              "            computer can be given to a VM.\n"
              "            Without it no VM gets a graphics card.\n"
              "            What to do:\n"
              "                sudo nano /etc/default/grub\n"
              "                sudo update-grub && echo a command is never broken, however long "
              "its line may be\n"
              "            More about it: espelho doctor --explain cpu.failure\n"
              "\n"
              "Failures: 1, warnings: 0, in order: 1, skipped: 0.\n"
              "  FAILURE   IOMMU: The kernel was started without an IOMMU, so no device of this\n"
              "            computer can be given to a VM.\n"
              "Begin with the first failure and run `espelho doctor` again after each cure:\n"
              "later ones often come from earlier ones.\n");
    free(text);
}

TEST(all_shows_what_does_not_apply)
{
    char *text = print(&cpu_table, false, true);
    CHECK(strstr(text, "  n/a       Nothing\n"));
    free(text);
}

TEST(the_lack_of_a_vm_is_told_once)
{
    char *text = print(&domain_table, false, false);
    CHECK(strstr(text, "The virtual machine\n  warning   Machine: Name a VM.\n"));
    CHECK(!strstr(text, "Memory"));
    free(text);
}

TEST(texts_of_others_do_not_steer_the_terminal)
{
    char *text = print(&hostile_table, false, true);
    CHECK(!strpbrk(text, "\033\007\r"));
    CHECK(strstr(text, "?[2Jname"));
    free(text);
    text = print(&hostile_table, true, true);
    CHECK(strstr(text, "\033[33mwarning\033[0m"));
    free(text);
}

TEST(json_is_for_programs)
{
    const struct check_table *table = &cpu_table;
    const struct doctor_facts facts = { .vm_problem = NULL };
    struct doctor_report *r;
    CHECK_INT(doctor_run_tables(&table, 1, &facts, NULL, &r), 0);
    char *text = NULL;
    size_t len_bytes;
    FILE *to = open_memstream(&text, &len_bytes);
    CHECK_INT(doctor_print_json(r, to), 0);
    fclose(to);
    doctor_report_free(r);
    cJSON *root = cJSON_Parse(text);
    CHECK(root);
    CHECK_STR(cJSON_GetObjectItem(root, "worst")->valuestring, "failure");
    CHECK_INT(cJSON_GetObjectItem(root, "version")->valueint, 1);
    const cJSON *list = cJSON_GetObjectItem(root, "findings");
    CHECK_INT(cJSON_GetArraySize(list), 3);
    const cJSON *f = cJSON_GetArrayItem(list, 1);
    CHECK_STR(cJSON_GetObjectItem(f, "id")->valuestring, "cpu.failure");
    CHECK_STR(cJSON_GetObjectItem(f, "group")->valuestring, "cpu");
    CHECK(strstr(cJSON_GetObjectItem(f, "fix")->valuestring, "update-grub"));
    CHECK(strstr(cJSON_GetObjectItem(f, "page")->valuestring, "doctor.md#cpufailure"));
    CHECK(!cJSON_GetObjectItem(f, "subject"));
    CHECK_STR(cJSON_GetObjectItem(cJSON_GetArrayItem(list, 2), "verdict")->valuestring,
              "not_applicable");
    cJSON_Delete(root);
    free(text);
}

TEST(explain_refuses_what_it_does_not_know)
{
    char *text = NULL;
    size_t len_bytes;
    FILE *to = open_memstream(&text, &len_bytes);
    CHECK_INT(doctor_explain("cpu.none_such", to), -ENOENT);
    fflush(to);
    CHECK_INT(len_bytes, 0);
    CHECK_INT(doctor_explain("session.wayland", to), 0);
    fclose(to);
    CHECK(strstr(text, "session.wayland: Wayland desktop\n"));
    free(text);
}
