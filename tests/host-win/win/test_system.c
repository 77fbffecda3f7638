/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "win/system.h"

#include <windows.h>

#include "test.h"

TEST(this_machine_is_described)
{
    struct kvmfr_session s = { .version = 20, .host_version = "kept", .capture = "kept as well" };
    SYSTEM_INFO info;
    GetSystemInfo(&info);
    system_describe(&s);
    CHECK_STR(s.host_version, "kept");
    CHECK_STR(s.capture, "kept as well");
    CHECK(s.has_vm && s.has_os);
    CHECK_INT(s.os, KVMFR_OS_WINDOWS);
    CHECK_INT(s.cpus, info.dwNumberOfProcessors);
    CHECK(s.cores >= 1 && s.cores <= s.cpus);
    CHECK(s.sockets >= 1 && s.sockets <= s.cores);
    CHECK_MSG(s.cpu_model[0] && s.cpu_model[0] != ' ' && !strstr(s.cpu_model, "  "), "'%s'",
              s.cpu_model);
    /* The tests' prefix is told to be this one. */
    CHECK_MSG(strstr(s.os_name, "Windows 10 (build 18362"), "'%s'", s.os_name);
}

/* Wine hands out the Linux machine's table, or one of its own making: if there is a UUID at all, it
 * is the one that the registry's or firmware's reader finds as well. */
TEST(uuid_is_stable)
{
    struct kvmfr_session a = { .uuid = { 1, 2, 3 } }, b = { .uuid = { 9 } };
    system_describe(&a);
    system_describe(&b);
    CHECK(memcmp(a.uuid, b.uuid, sizeof(a.uuid)) == 0);
}
