/* SPDX-License-Identifier: GPL-2.0-or-later
 * Running checks and adding up what they say; the program's own tables. */
#include <errno.h>

#include "doctor/doctor.h"
#include "doctor/report.h"
#include "test.h"

static void say_nothing(const struct doctor_facts *facts, struct findings *out)
{
    (void)facts;
    (void)out;
}

static void say_three(const struct doctor_facts *facts, struct findings *out)
{
    (void)facts;
    char subject[] = "0000:03:00.0";
    finding_add(out, VERDICT_OK, subject, "fine", NULL);
    subject[0] = 'X'; /* the findings keep a copy */
    finding_addf(out, VERDICT_WARNING, NULL, "do this", "%d of %d", 1, 2);
    finding_add(out, VERDICT_SKIPPED, NULL, "needs root", NULL);
}

static void say_failure(const struct doctor_facts *facts, struct findings *out)
{
    (void)facts;
    finding_add(out, VERDICT_FAILURE, NULL, "broken", "sudo mend");
}

static const struct check cpu_checks[] = {
    { "cpu.nothing", CHECK_CPU, "Nothing", "", say_nothing },
    { "cpu.three", CHECK_CPU, "Three", "", say_three },
};
static const struct check domain_checks[] = {
    { "domain.broken", CHECK_DOMAIN, "Broken", "", say_failure },
    { "domain.broken_too", CHECK_DOMAIN, "Broken too", "", say_failure },
};
static const struct check_table cpu_table = { cpu_checks, ARRAY_LEN(cpu_checks) };
static const struct check_table domain_table = { domain_checks, ARRAY_LEN(domain_checks) };
static const struct check_table *const both[] = { &cpu_table, &domain_table };
static const struct vm a_vm = { .name = "win11" };

TEST(findings_are_copied_and_counted)
{
    const struct doctor_facts facts = { .vm = &a_vm };
    struct doctor_report *r;
    CHECK_INT(doctor_run_tables(both, 2, &facts, NULL, &r), 0);
    const struct finding *f = r->findings.items;
    CHECK_INT(r->findings.count, 6);
    CHECK_INT(f[0].verdict, VERDICT_NOT_APPLICABLE);
    CHECK_STR(f[0].check->id, "cpu.nothing");
    CHECK_STR(f[1].subject, "0000:03:00.0");
    CHECK_STR(f[2].found, "1 of 2");
    CHECK_STR(f[2].fix, "do this");
    CHECK_INT(r->counts[VERDICT_FAILURE], 2);
    CHECK_INT(r->counts[VERDICT_WARNING], 1);
    CHECK_INT(doctor_worst(r), VERDICT_FAILURE);
    doctor_report_free(r);
}

TEST(without_a_vm_its_checks_do_not_run_and_one_sentence_says_why)
{
    const struct doctor_facts facts = { .vm_problem = "name one" };
    struct doctor_report *r;
    CHECK_INT(doctor_run_tables(both, 2, &facts, NULL, &r), 0);
    CHECK_INT(r->findings.count, 6);
    CHECK_STR(r->findings.items[4].found, "name one");
    CHECK_INT(r->findings.items[4].verdict, VERDICT_WARNING);
    CHECK_INT(r->findings.items[5].verdict, VERDICT_NOT_APPLICABLE);
    CHECK_STR(r->findings.items[5].found, "");
    CHECK_INT(r->counts[VERDICT_FAILURE], 0);
    CHECK_INT(doctor_worst(r), VERDICT_WARNING);
    doctor_report_free(r);
}

TEST(one_check_alone)
{
    const struct doctor_facts facts = { .vm = &a_vm };
    struct doctor_report *r = NULL;
    CHECK_INT(doctor_run_tables(both, 2, &facts, "domain.broken_too", &r), 0);
    CHECK_INT(r->findings.count, 1);
    doctor_report_free(r);
    r = NULL;
    CHECK_INT(doctor_run_tables(both, 2, &facts, "domain.brok", &r), -ENOENT);
    CHECK(r == NULL);
}

TEST(nothing_wrong_is_ok)
{
    const struct doctor_facts facts = { .vm = &a_vm };
    struct doctor_report *r;
    CHECK_INT(doctor_run_tables(both, 2, &facts, "cpu.nothing", &r), 0);
    CHECK_INT(doctor_worst(r), VERDICT_OK);
    doctor_report_free(r);
}

/* Of the program's own tables: ids are "group.what", unique, in the order of the groups. */
TEST(own_tables_are_in_order)
{
    const struct check *check, *before = NULL;
    size_t count = 0;
    for (; (check = doctor_check_at(count)); count++) {
        const char *group = check_group_id(check->group);
        CHECK_MSG(strncmp(check->id, group, strlen(group)) == 0 && check->id[strlen(group)] == '.',
                  "%s is in the group %s", check->id, group);
        CHECK_MSG(!before || before->group <= check->group, "%s comes too late", check->id);
        CHECK_MSG(doctor_check_find(check->id) == check, "%s is there twice", check->id);
        CHECK(check->title[0] && check->why[0] && check->run);
        before = check;
    }
    CHECK(count > 0);
    CHECK(doctor_check_find("cpu.none_such") == NULL);
}
