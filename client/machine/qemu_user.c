/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine/qemu_user.h"

#include <stddef.h>
#include <string.h>

#include "base/macros.h"

static bool is_one_of(const char *name, const char *const names[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

bool qemu_user_is(const char *user)
{
    static const char *const users[] = { "libvirt-qemu", "qemu", "nobody" };
    return is_one_of(user, users, ARRAY_LEN(users));
}

bool qemu_user_is_in(const char *group)
{
    static const char *const groups[] = { QEMU_USER_GROUP, "qemu", "libvirt-qemu" };
    return is_one_of(group, groups, ARRAY_LEN(groups));
}
