/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "domain/qemu_option.h"

struct row {
    const char *text, *key, *expected; /* NULL: not there */
};

static const struct row rows[] = {
    /* hostile ones first */
    { "", "id", NULL },
    { ",", "id", NULL },
    { ",,,,=,=,", "id", NULL },
    { "id", "id", NULL },
    { "id=", "id", "" },
    { "=x", "id", NULL },
    { "{", "id", NULL },
    { "{'id", "id", NULL },
    { "{'id':", "id", "" },
    { "{'id':'x", "id", "x" },
    { "{'id':'x\\", "id", "x" },
    { "{\"x\":\"id\",\"y\":1}", "id", NULL },
    { "plain,idx=4", "id", NULL },
    { "plain,x=id=4", "id", NULL },
    { "plain,id=0123456789abcdefgh", "id", NULL }, /* does not fit */
    { "a-driver-whose-name-is-longer-than-any-key-that-exists,id=a", "id", "a" },
    /* plain */
    { "ivshmem-plain,memdev=iv", "driver", "ivshmem-plain" },
    { "ivshmem-plain,memdev=iv", "memdev", "iv" },
    { "memdev=iv,driver=ivshmem", "driver", "ivshmem" },
    { "a,path=x,,y,id=z", "path", "x,y" },
    { "a,path=x,,y,id=z", "id", "z" },
    { "a,path=x=y", "path", "x=y" },
    { "a,id=first,id=second", "id", "first" },
    /* JSON */
    { "{\"driver\":\"a\", \"id\" : \"b\"}", "id", "b" },
    { "  {'driver':'a','id':'b'}", "id", "b" },
    { "{'size':123,'id':'b'}", "size", "123" },
    { "{'share':true}", "share", "true" },
    { "{'path':'a\\\"b'}", "path", "a\"b" },
    { "{'x':{'y':['z',1]},'id':'b'}", "id", "b" },
};

TEST(values_are_found)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char out[16] = "untouched";
        const bool found = qemu_option_get(rows[i].text, "driver", rows[i].key, out, sizeof(out));
        CHECK_MSG(found == (rows[i].expected != NULL), "'%s' in \"%s\": found %d", rows[i].key,
                  rows[i].text, found);
        if (found)
            CHECK_STR(out, rows[i].expected);
        else
            CHECK_MSG(strcmp(out, "untouched") == 0 || !out[0], "%s", out);
    }
}

TEST(values_are_compared)
{
    CHECK(qemu_option_is("a,unix=on", NULL, "unix", "on"));
    CHECK(!qemu_option_is("a,unix=one", NULL, "unix", "on"));
    CHECK(!qemu_option_is("a", NULL, "driver", "a"));
    CHECK(qemu_option_is("a", "driver", "driver", "a"));
}
