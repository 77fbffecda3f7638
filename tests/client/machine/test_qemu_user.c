/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "machine/qemu_user.h"

TEST(names_that_qemu_has)
{
    CHECK(qemu_user_is("libvirt-qemu") && qemu_user_is("qemu") && qemu_user_is("nobody"));
    CHECK(!qemu_user_is("") && !qemu_user_is("root") && !qemu_user_is("kvm"));
    CHECK(qemu_user_is_in(QEMU_USER_GROUP) && qemu_user_is_in("qemu"));
    CHECK(!qemu_user_is_in("") && !qemu_user_is_in("libvirt") && !qemu_user_is_in("qem"));
}
