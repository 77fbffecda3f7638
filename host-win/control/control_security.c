/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/control_security.h"

#include <aclapi.h>
#include <errno.h>
#include <sddl.h>
#include <stdio.h>
#include <stdlib.h>

enum { USER_BYTES = 256, SDDL_CHARS = 512 };

/* SDDL; %ls, twice: the SID of this process's user. The order is Windows': refusals first. */
static const wchar_t *const descriptors[] = {
    /* 0x12019b: FILE_GENERIC_READ, FILE_WRITE_DATA, FILE_WRITE_EA and FILE_WRITE_ATTRIBUTES */
    [CONTROL_SECURITY_PIPE] =
        L"O:%lsD:P(D;;GA;;;NU)(A;;GA;;;SY)(A;;GA;;;BA)(A;;GA;;;%ls)(A;;0x12019b;;;IU)",
    /* 0x100000: SYNCHRONIZE */
    [CONTROL_SECURITY_EVENT] =
        L"O:%lsD:P(D;;GA;;;NU)(A;;GA;;;SY)(A;;GA;;;BA)(A;;GA;;;%ls)(A;;0x100000;;;IU)",
};

struct control_security {
    PSECURITY_DESCRIPTOR descriptor; /* owned: LocalFree() */
    SECURITY_ATTRIBUTES attributes;
};

union user_info {
    TOKEN_USER user; /* its SID lies behind it */
    BYTE bytes[USER_BYTES];
};

static bool own_user(union user_info *out)
{
    DWORD used;
    HANDLE token;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
        return false;
    const BOOL got = GetTokenInformation(token, TokenUser, out, sizeof(*out), &used);
    CloseHandle(token);
    return got;
}

static int make_descriptor(enum control_security_kind kind, PSECURITY_DESCRIPTOR *out)
{
    wchar_t text[SDDL_CHARS];
    union user_info info;
    wchar_t *user = NULL;
    if (!own_user(&info) || !ConvertSidToStringSidW(info.user.User.Sid, &user))
        return -EIO;
    const int len = snwprintf(text, SDDL_CHARS, descriptors[kind], user, user);
    LocalFree(user);
    if (len < 0 || len >= SDDL_CHARS)
        return -EIO;
    return ConvertStringSecurityDescriptorToSecurityDescriptorW(text, SDDL_REVISION_1, out, NULL)
               ? 0
               : -EIO;
}

int control_security_create(enum control_security_kind kind, struct control_security **out)
{
    struct control_security *s = calloc(1, sizeof(*s));
    if (!s)
        return -ENOMEM;
    const int err = make_descriptor(kind, &s->descriptor);
    if (err < 0) {
        control_security_destroy(s);
        return err;
    }
    s->attributes = (SECURITY_ATTRIBUTES){ .nLength = sizeof(s->attributes),
                                           .lpSecurityDescriptor = s->descriptor };
    *out = s;
    return 0;
}

void control_security_destroy(struct control_security *security)
{
    if (!security)
        return;
    if (security->descriptor)
        LocalFree(security->descriptor);
    free(security);
}

SECURITY_ATTRIBUTES *control_security_attributes(struct control_security *security)
{
    return &security->attributes;
}

static bool is_trusted(PSID owner)
{
    union user_info info;
    return IsWellKnownSid(owner, WinLocalSystemSid) ||
           IsWellKnownSid(owner, WinBuiltinAdministratorsSid) ||
           (own_user(&info) && EqualSid(owner, info.user.User.Sid));
}

bool control_security_trusts_owner(HANDLE object)
{
    PSID owner = NULL;
    PSECURITY_DESCRIPTOR descriptor = NULL;
    if (GetSecurityInfo(object, SE_KERNEL_OBJECT, OWNER_SECURITY_INFORMATION, &owner, NULL, NULL,
                        NULL, &descriptor) != ERROR_SUCCESS)
        return false;
    const bool trusted = owner && is_trusted(owner);
    LocalFree(descriptor);
    return trusted;
}
