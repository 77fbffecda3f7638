/* SPDX-License-Identifier: GPL-2.0-or-later
 * The expected verdicts are those of the documentation of each call, and of kvmfr's rules, not of
 * the tables. */
#include "test.h"

#include "capture/dxgi/results.h"
#include "win/hresult.h"

struct row {
    enum dxgi_call call;
    uint32_t hr;
    enum capture_result want;
};

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const enum capture_result got = dxgi_result_of(rows[i].call, (int32_t)rows[i].hr);
        CHECK_MSG(got == rows[i].want, "%s: 0x%08x gives %d, expected %d",
                  dxgi_call_name(rows[i].call), rows[i].hr, got, rows[i].want);
    }
}

TEST(what_nobody_knows_is_fatal)
{
    for (int c = DXGI_CALL_NONE + 1; c < DXGI_CALL_COUNT; c++) {
        const enum dxgi_call call = (enum dxgi_call)c;
        CHECK_INT(dxgi_result_of(call, (int32_t)0xDEADBEEF), CAPTURE_FATAL);
        CHECK_INT(dxgi_result_of(call, INT32_MIN), CAPTURE_FATAL);
        CHECK_INT(dxgi_result_of(call, 0), CAPTURE_OK);
        CHECK_INT(dxgi_result_of(call, 0x087A0001), CAPTURE_OK); /* DXGI_STATUS_OCCLUDED */
        CHECK(dxgi_call_name(call)[0] != 0);
    }
}

TEST(a_lost_device_is_seen_by_every_call)
{
    static const uint32_t lost[] = { 0x887A0005, 0x887A0006, 0x887A0007, 0x887A0020 };
    for (int c = DXGI_CALL_NONE + 1; c < DXGI_CALL_COUNT; c++) {
        for (size_t i = 0; i < ARRAY_LEN(lost); i++)
            CHECK_INT(dxgi_result_of((enum dxgi_call)c, (int32_t)lost[i]), CAPTURE_DEVICE_REMOVED);
    }
}

TEST(another_desktop_is_a_rebuild)
{
    static const enum dxgi_call calls[] = { DXGI_CALL_DUPLICATE, DXGI_CALL_ACQUIRE,
                                            DXGI_CALL_RELEASE, DXGI_CALL_RECTS,
                                            DXGI_CALL_POINTER_SHAPE };
    /* access lost, access denied (secure desktop), session disconnected, mode change */
    static const uint32_t codes[] = { 0x887A0026, 0x80070005, 0x887A0028, 0x887A0025 };
    for (size_t c = 0; c < ARRAY_LEN(calls); c++) {
        for (size_t i = 0; i < ARRAY_LEN(codes); i++)
            CHECK_INT(dxgi_result_of(calls[c], (int32_t)codes[i]), CAPTURE_REBUILD);
    }
}

TEST(calls_have_answers_of_their_own)
{
    static const struct row rows[] = {
        { DXGI_CALL_ACQUIRE, 0x887A0027, CAPTURE_TIMEOUT },
        { DXGI_CALL_ACQUIRE, 0x887A0001, CAPTURE_REBUILD }, /* INVALID_CALL after a mode change */
        { DXGI_CALL_RELEASE, 0x887A0001, CAPTURE_OK },      /* nothing was held */
        { DXGI_CALL_RECTS, 0x887A0001, CAPTURE_REBUILD },
        { DXGI_CALL_RECTS, 0x887A0003, CAPTURE_OK }, /* more data, twice: full damage */
        { DXGI_CALL_POINTER_SHAPE, 0x80004005, CAPTURE_OK },
        { DXGI_CALL_DUPLICATE, 0x80004001, CAPTURE_UNSUPPORTED }, /* E_NOTIMPL */
        { DXGI_CALL_DUPLICATE, 0x887A0004, CAPTURE_UNSUPPORTED },
        { DXGI_CALL_DUPLICATE, 0x887A0022, CAPTURE_UNSUPPORTED },
        { DXGI_CALL_DUPLICATE, 0x887A0027, CAPTURE_FATAL }, /* it cannot time out */
        { DXGI_CALL_CREATE_DEVICE, 0x887A0004, CAPTURE_UNSUPPORTED },
        { DXGI_CALL_CREATE_DEVICE, 0x8007000E, CAPTURE_REBUILD },
        { DXGI_CALL_CREATE_RESOURCE, 0x8007000E, CAPTURE_REBUILD },
        { DXGI_CALL_CREATE_RESOURCE, 0x80070057, CAPTURE_UNSUPPORTED },
        { DXGI_CALL_QUERY, 1, CAPTURE_TIMEOUT },
        { DXGI_CALL_MAP, 0x887A000A, CAPTURE_TIMEOUT },
        { DXGI_CALL_MAP, 0x887A0027, CAPTURE_FATAL },
    };
    check_rows(rows, ARRAY_LEN(rows));
}

TEST(patience_ends)
{
    struct dxgi_patience p = { 0 };
    CHECK(dxgi_may_pass(DXGI_CALL_DUPLICATE, HR_DXGI_ERROR_NOT_CURRENTLY_AVAILABLE));
    CHECK(!dxgi_may_pass(DXGI_CALL_DUPLICATE, HR_DXGI_ERROR_UNSUPPORTED));
    CHECK(!dxgi_may_pass(DXGI_CALL_DUPLICATE, HR_DXGI_ERROR_ACCESS_LOST));
    CHECK_INT(dxgi_patience_fail(&p, 1000), CAPTURE_REBUILD);
    CHECK_INT(dxgi_patience_fail(&p, 1000 + DXGI_PATIENCE_MS - 1), CAPTURE_REBUILD);
    CHECK_INT(dxgi_patience_fail(&p, 1000 + DXGI_PATIENCE_MS), CAPTURE_UNSUPPORTED);
    dxgi_patience_reset(&p);
    CHECK_INT(dxgi_patience_fail(&p, 1000 + DXGI_PATIENCE_MS), CAPTURE_REBUILD);
}
