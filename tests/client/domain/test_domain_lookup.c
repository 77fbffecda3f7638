/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include <errno.h>

#include "domain/domain.h"

#define URI "test://" TEST_SOURCE_DIR "/client/domain/data/node.xml"

static void must_find(const char *name, bool want_password, struct domain_info *info)
{
    struct domain_problem problem = { .message = "" };
    const int err = domain_lookup(URI, name, want_password, info, &problem);
    CHECK_MSG(err == 0, "%s", problem.message);
    CHECK_STR(info->name, "running");
    CHECK_INT(info->spice.kind, DOMAIN_SPICE_TCP);
    CHECK_STR(info->spice.host, "127.0.0.1");
    CHECK_INT(info->spice.port, 5911);
    CHECK_INT(info->memory.kind, DOMAIN_MEMORY_FILE);
    CHECK_STR(info->memory.path, "/dev/shm/looking-glass");
}

TEST(password_only_when_wanted)
{
    struct domain_info info;
    must_find("running", false, &info);
    CHECK_STR(info.spice.password, "");
    must_find("running", true, &info);
    CHECK_STR(info.spice.password, "hunter2");
}

TEST(found_by_uuid)
{
    struct domain_info info;
    must_find("0f4e7a5c-1b2d-4c3e-8f90-a1b2c3d4e5f6", false, &info);
    CHECK(info.has_uuid);
    CHECK_INT(info.uuid[0], 0x0f);
}

static void must_fail(const char *uri, const char *name, int expected, enum domain_fault fault,
                      const char *word)
{
    struct domain_info info = { .name = "untouched" };
    struct domain_problem problem = { .message = "" };
    CHECK_INT(domain_lookup(uri, name, true, &info, &problem), expected);
    CHECK_INT(problem.fault, fault);
    CHECK_MSG(strstr(problem.message, word), "%s", problem.message);
    CHECK_STR(info.name, "untouched");
}

TEST(unknown_name_tells_the_nearest_first)
{
    must_fail(URI, "Runing", -ENOENT, DOMAIN_FAULT_NO_DOMAIN, "'running', 'stopped'");
    must_fail(URI, "stop", -ENOENT, DOMAIN_FAULT_NO_DOMAIN, "'stopped', 'running'");
    must_fail(URI, "", -ENOENT, DOMAIN_FAULT_NO_DOMAIN, "no domain ''");
}

TEST(stopped_one_says_how_to_start_it)
{
    must_fail(URI, "stopped", -EAGAIN, DOMAIN_FAULT_NOT_RUNNING, "start stopped");
}

TEST(no_connection_says_why)
{
    must_fail("test:///nowhere/node.xml", "a", -ENOENT, DOMAIN_FAULT_CONNECTION, "nowhere");
    must_fail("nonsense:///system", "a", -ENOENT, DOMAIN_FAULT_CONNECTION, "nonsense");
}
