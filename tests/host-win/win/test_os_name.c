/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "win/os_name.h"

#include "test.h"

static const struct {
    struct os_version version;
    const char *text;
} rows[] = {
    { { "", "", 10, 0, 17763, 0 }, "Windows 10.0 (build 17763)" },
    { { "Windows 10 Pro", "22H2", 10, 0, 19045, 3803 }, "Windows 10 Pro 22H2 (build 19045.3803)" },
    { { "Windows 10 Pro", "23H2", 10, 0, 22631, 2861 }, "Windows 11 Pro 23H2 (build 22631.2861)" },
    { { "Windows 10 IoT Enterprise LTSC", "", 10, 0, 21999, 1 },
      "Windows 10 IoT Enterprise LTSC (build 21999.1)" },
    { { "Windows 11 Home", "25H2", 10, 0, 26200, 1 }, "Windows 11 Home 25H2 (build 26200.1)" },
    { { "Windows Server 2022 Standard", "21H2", 10, 0, 22348, 1 },
      "Windows Server 2022 Standard 21H2 (build 22348.1)" },
};

TEST(os_names)
{
    char text[128];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        os_name_format(&rows[i].version, text, sizeof(text));
        CHECK_STR(text, rows[i].text);
    }
}

TEST(os_name_stays_inside)
{
    char product[300], text[128];
    memset(product, 'x', sizeof(product) - 1);
    product[sizeof(product) - 1] = '\0';
    const struct os_version v = { product, product, 10, 0, UINT32_MAX, UINT32_MAX };
    for (size_t bytes = 1; bytes <= sizeof(text); bytes++) {
        memset(text, '#', sizeof(text));
        os_name_format(&v, text, bytes);
        CHECK(memchr(text, '\0', bytes));
        for (size_t i = bytes; i < sizeof(text); i++)
            CHECK(text[i] == '#');
    }
}
