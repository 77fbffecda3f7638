/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/control_security.h"

#include <errno.h>
#include <sddl.h>
#include <stdio.h>
#include <stdlib.h>

enum { USER_BYTES = 256, SDDL_CHARS = 512 };

/* SDDL; %ls: the SID of this process's user. The order is Windows': refusals first. */
static const wchar_t *const descriptors[] = {
    /* 0x12019b: FILE_GENERIC_READ, FILE_WRITE_DATA, FILE_WRITE_EA and FILE_WRITE_ATTRIBUTES */
    [CONTROL_SECURITY_PIPE] =
        L"D:P(D;;GA;;;NU)(A;;GA;;;SY)(A;;GA;;;BA)(A;;GA;;;%ls)(A;;0x12019b;;;IU)",
    /* 0x100000: SYNCHRONIZE */
    [CONTROL_SECURITY_EVENT] =
        L"D:P(D;;GA;;;NU)(A;;GA;;;SY)(A;;GA;;;BA)(A;;GA;;;%ls)(A;;0x100000;;;IU)",
};

struct control_security {
    PSECURITY_DESCRIPTOR descriptor; /* owned: LocalFree() */
    SECURITY_ATTRIBUTES attributes;
};

/* LocalFree() it. NULL: no. */
static wchar_t *own_user(void)
{
    union {
        TOKEN_USER user;
        BYTE bytes[USER_BYTES];
    } info;
    DWORD used;
    HANDLE token;
    wchar_t *text = NULL;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
        return NULL;
    if (!GetTokenInformation(token, TokenUser, &info, sizeof(info), &used) ||
        !ConvertSidToStringSidW(info.user.User.Sid, &text))
        text = NULL;
    CloseHandle(token);
    return text;
}

static int make_descriptor(enum control_security_kind kind, PSECURITY_DESCRIPTOR *out)
{
    wchar_t text[SDDL_CHARS];
    wchar_t *user = own_user();
    if (!user)
        return -EIO;
    const int len = snwprintf(text, SDDL_CHARS, descriptors[kind], user);
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
