/* SPDX-License-Identifier: GPL-2.0-or-later
 * A GPU that answers as the test wants, on a clock of its own: drivers that block in Map, or that
 * lose their device between two calls, are not to be had on demand. */
#include "test.h"

#include "base/clock.h"
#include "capture/dxgi/readback.h"
#include "win/hresult.h"

struct gpu {
    uint32_t busy_queries, busy_maps; /* answers of "not yet" before success */
    int32_t query_hr, map_hr;         /* then */
    int32_t removed;
    uint64_t now_ns;
    uint32_t queries, maps, sleeps;
    uint64_t longest_sleep_ns;
    uint8_t pixels[4];
};

static int32_t gpu_is_done(void *ctx, uint32_t slot)
{
    struct gpu *g = ctx;
    CHECK_INT(slot, 2);
    g->queries++;
    return g->queries <= g->busy_queries ? HR_S_FALSE : g->query_hr;
}

static int32_t gpu_map(void *ctx, uint32_t slot, struct readback_rows *out)
{
    struct gpu *g = ctx;
    CHECK_INT(slot, 2);
    g->maps++;
    if (g->maps <= g->busy_maps)
        return HR_DXGI_ERROR_WAS_STILL_DRAWING;
    *out = (struct readback_rows){ g->pixels, 4 };
    return g->map_hr;
}

static int32_t gpu_removed(void *ctx)
{
    return ((struct gpu *)ctx)->removed;
}

static uint64_t gpu_now(void *ctx)
{
    return ((struct gpu *)ctx)->now_ns;
}

static void gpu_sleep(void *ctx, uint64_t duration_ns)
{
    struct gpu *g = ctx;
    g->sleeps++;
    g->now_ns += duration_ns;
    if (duration_ns > g->longest_sleep_ns)
        g->longest_sleep_ns = duration_ns;
}

static const struct readback_gpu_ops ops = { gpu_is_done, gpu_map, gpu_removed, gpu_now,
                                             gpu_sleep };

static enum capture_result run(struct gpu *g, struct readback_failure *why)
{
    struct readback_rows rows = { NULL, 99 };
    *why = (struct readback_failure){ 0 };
    const enum capture_result result = readback_map(&ops, g, 2, &rows, why);
    CHECK_INT(rows.pitch_bytes, result == CAPTURE_OK ? 4 : 99);
    CHECK(rows.pixels == (result == CAPTURE_OK ? g->pixels : NULL));
    CHECK_INT(why->call != NULL, result != CAPTURE_OK);
    return result;
}

TEST(a_gpu_that_never_ends_is_given_up)
{
    struct readback_failure why;
    struct gpu g = { .busy_queries = UINT32_MAX };
    CHECK_INT(run(&g, &why), CAPTURE_REBUILD);
    CHECK_INT(why.hr, HR_S_FALSE);
    CHECK_INT(g.maps, 0); /* a Map of a copy that is not done would block */
    CHECK(g.now_ns >= READBACK_LIMIT_MS * NS_PER_MS);
    CHECK(g.now_ns < (READBACK_LIMIT_MS + 20) * NS_PER_MS);
    CHECK(g.longest_sleep_ns <= 5 * NS_PER_MS);
    CHECK(g.sleeps < 1000);
}

TEST(a_map_that_is_busy_for_ever_is_given_up)
{
    struct readback_failure why;
    struct gpu g = { .busy_maps = UINT32_MAX };
    CHECK_INT(run(&g, &why), CAPTURE_REBUILD);
    CHECK_INT(why.hr, HR_DXGI_ERROR_WAS_STILL_DRAWING);
    CHECK_STR(why.call, "Map");
}

TEST(failures)
{
    static const struct {
        struct gpu gpu;
        enum capture_result want;
        int32_t hr;
    } rows[] = {
        { { .query_hr = HR_DXGI_ERROR_DEVICE_REMOVED },
          CAPTURE_DEVICE_REMOVED,
          HR_DXGI_ERROR_DEVICE_REMOVED },
        { { .map_hr = HR_DXGI_ERROR_DEVICE_RESET },
          CAPTURE_DEVICE_REMOVED,
          HR_DXGI_ERROR_DEVICE_RESET },
        { { .busy_queries = 3, .query_hr = HR_DXGI_ERROR_DEVICE_HUNG },
          CAPTURE_DEVICE_REMOVED,
          HR_DXGI_ERROR_DEVICE_HUNG },
        /* The call says something else, the device knows better. */
        { { .map_hr = HR_E_OUTOFMEMORY, .removed = HR_DXGI_ERROR_DEVICE_REMOVED },
          CAPTURE_DEVICE_REMOVED,
          HR_E_OUTOFMEMORY },
        { { .map_hr = HR_E_FAIL, .removed = HR_DXGI_ERROR_DEVICE_HUNG },
          CAPTURE_DEVICE_REMOVED,
          HR_E_FAIL },
        { { .busy_queries = UINT32_MAX, .removed = HR_DXGI_ERROR_DEVICE_HUNG },
          CAPTURE_DEVICE_REMOVED,
          HR_S_FALSE },
        { { .map_hr = HR_E_OUTOFMEMORY }, CAPTURE_REBUILD, HR_E_OUTOFMEMORY },
        { { .map_hr = (int32_t)0xDEADBEEF }, CAPTURE_FATAL, (int32_t)0xDEADBEEF },
        { { .query_hr = HR_E_FAIL }, CAPTURE_FATAL, HR_E_FAIL },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct readback_failure why;
        struct gpu g = rows[i].gpu;
        const enum capture_result got = run(&g, &why);
        CHECK_MSG(got == rows[i].want, "row %zu: %d, expected %d", i, got, rows[i].want);
        CHECK_INT(why.hr, rows[i].hr);
    }
}

TEST(done_at_once_sleeps_never)
{
    struct readback_failure why;
    struct gpu g = { 0 };
    CHECK_INT(run(&g, &why), CAPTURE_OK);
    CHECK_INT(g.sleeps, 0);
    CHECK_INT(g.queries, 1);
    CHECK_INT(g.maps, 1);
}

TEST(still_drawing_waits_in_short_steps)
{
    struct readback_failure why;
    struct gpu g = { .busy_queries = 3, .busy_maps = 2 };
    CHECK_INT(run(&g, &why), CAPTURE_OK);
    CHECK_INT(g.sleeps, 5);
    CHECK(g.now_ns <= 2 * NS_PER_MS);
    CHECK_INT(g.maps, 3);
}
