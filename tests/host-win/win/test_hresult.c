/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "win/hresult.h"

#ifdef _WIN32
#include <assert.h>
#include <windows.h>
#define SAME(name, value) static_assert(HR_##name == name, "winerror.h has another number");
HRESULT_LIST(SAME)
#endif

TEST(numbers_have_names)
{
    CHECK_STR(hresult_text((int32_t)0x887A0026).text, "DXGI_ERROR_ACCESS_LOST (0x887A0026)");
    CHECK_STR(hresult_text((int32_t)0x80070005).text, "E_ACCESSDENIED (0x80070005)");
    CHECK_STR(hresult_text(0).text, "S_OK (0x00000000)");
    CHECK_STR(hresult_text((int32_t)0x887A0022).text,
              "DXGI_ERROR_NOT_CURRENTLY_AVAILABLE (0x887A0022)");
}

TEST(unknown_numbers_are_told)
{
    CHECK_STR(hresult_text((int32_t)0xDEADBEEF).text, "0xDEADBEEF");
    CHECK_STR(hresult_text(0x123).text, "0x00000123");
    CHECK_STR(hresult_text(INT32_MIN).text, "0x80000000");
}
