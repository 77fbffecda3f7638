/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "dxgi"
#include "capture/dxgi/target.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "capture/dxgi/outputs.h"
#include "win/hresult.h"

/* A reason that comes again within so long after a good start is not logged again. */
#define QUIET_MS 5000u

int dxgi_target_init(struct dxgi_target *t, const char *adapter, const char *output, bool wide)
{
    *t = (struct dxgi_target){ .adapter = strdup(adapter ? adapter : ""),
                               .output = strdup(output ? output : ""),
                               .wide = wide };
    return t->adapter && t->output ? 0 : -ENOMEM;
}

void dxgi_target_fini(struct dxgi_target *t)
{
    dxgi_target_close(t);
    dxgi_device_destroy(&t->device);
    com_release(&t->factory);
    free(t->adapter);
    free(t->output);
}

static const char *meaning(enum capture_result result)
{
    static const char *const texts[] = {
        [CAPTURE_REBUILD] = "trying again",
        [CAPTURE_DEVICE_REMOVED] = "trying again with a new device",
        [CAPTURE_UNSUPPORTED] = "Desktop Duplication is not to be had here",
        [CAPTURE_FATAL] = "giving up",
    };
    return texts[result] ? texts[result] : "";
}

static void log_failure(struct dxgi_target *t, struct dxgi_failure f, enum capture_result result)
{
    if (f.call == t->reported.call && f.hr == t->reported.hr)
        return;
    t->reported = f;
    t->reported_ms = clock_ms();
    const enum log_level level = result == CAPTURE_REBUILD ? LOG_LEVEL_INFO
                                 : result == CAPTURE_FATAL ? LOG_LEVEL_ERROR
                                                           : LOG_LEVEL_WARN;
    if (f.call == DXGI_CALL_ENUM && f.hr == HR_DXGI_ERROR_NOT_CURRENTLY_AVAILABLE)
        log_write(level, LOG_MODULE, "no adapter has an output that is part of the desktop: %s",
                  meaning(result));
    else if (f.call == DXGI_CALL_ENUM && f.hr == HR_DXGI_ERROR_NOT_FOUND)
        log_write(level, LOG_MODULE,
                  "no output matches adapter \"%s\", output \"%s\" (see --list-outputs): %s",
                  t->adapter, t->output, meaning(result));
    else
        log_write(level, LOG_MODULE, "%s: %s: %s", dxgi_call_name(f.call), hresult_text(f.hr).text,
                  meaning(result));
}

/* The verdict on a failed call. A driver may answer with anything once its device is gone. */
enum capture_result dxgi_target_judge(struct dxgi_target *t, struct dxgi_failure f)
{
    enum capture_result result = dxgi_result_of(f.call, f.hr);
    if (dxgi_may_pass(f.call, f.hr))
        result = dxgi_patience_fail(&t->patience, clock_ms() + 1);
    if (t->device.d3d && FAILED(dxgi_device_removed_reason(&t->device)))
        result = CAPTURE_DEVICE_REMOVED;
    if (result == CAPTURE_DEVICE_REMOVED)
        t->device_is_lost = true;
    log_failure(t, f, result);
    return result;
}

static void drop_device(struct dxgi_target *t)
{
    dxgi_device_destroy(&t->device);
    t->device_is_lost = false;
}

static bool device_is_gone(struct dxgi_target *t)
{
    return t->device.d3d && (t->device_is_lost || FAILED(dxgi_device_removed_reason(&t->device)));
}

static bool device_is_of_adapter(struct dxgi_target *t)
{
    const LUID *luid = &t->device.adapter;
    return luid->LowPart == t->entry.luid_low && luid->HighPart == t->entry.luid_high;
}

static struct dxgi_failure duplicate(struct dxgi_target *t, IDXGIOutput *output)
{
    const HRESULT hr =
        duplication_create(&t->device, output, t->wide, t->entry.hdr, &t->duplication);
    return (struct dxgi_failure){ DXGI_CALL_DUPLICATE, hr };
}

/* A device that was kept may be why it fails: one more try without it. */
static struct dxgi_failure open_duplication(struct dxgi_target *t, IDXGIAdapter1 *adapter,
                                            IDXGIOutput *output)
{
    if (t->device.d3d && !device_is_of_adapter(t))
        drop_device(t);
    if (t->device.d3d) {
        const struct dxgi_failure f = duplicate(t, output);
        if (f.hr >= 0 || dxgi_result_of(f.call, f.hr) == CAPTURE_REBUILD)
            return f;
        drop_device(t);
    }
    const HRESULT hr = dxgi_device_create(adapter, &t->device);
    if (FAILED(hr))
        return (struct dxgi_failure){ DXGI_CALL_CREATE_DEVICE, hr };
    return duplicate(t, output);
}

static struct dxgi_failure choose_output(struct dxgi_target *t)
{
    struct output_list *list = calloc(1, sizeof(*list));
    if (!list)
        return (struct dxgi_failure){ DXGI_CALL_ENUM, HR_E_OUTOFMEMORY };
    outputs_enumerate(t->factory, list);
    const int chosen = output_list_choose(list, t->adapter, t->output);
    if (chosen >= 0)
        t->entry = list->entries[chosen];
    free(list);
    return (struct dxgi_failure){ DXGI_CALL_ENUM, chosen >= 0 ? HR_S_OK
                                                  : chosen == -ENODEV
                                                      ? HR_DXGI_ERROR_NOT_CURRENTLY_AVAILABLE
                                                      : HR_DXGI_ERROR_NOT_FOUND };
}

static struct dxgi_failure open_all(struct dxgi_target *t)
{
    IDXGIAdapter1 *adapter = NULL;
    IDXGIOutput *output = NULL;
    struct dxgi_failure f = choose_output(t);
    if (f.hr < 0)
        return f;
    f.hr = outputs_open(t->factory, &t->entry, &adapter, &output);
    if (f.hr >= 0)
        f = open_duplication(t, adapter, output);
    com_release(&output);
    com_release(&adapter);
    return f;
}

static struct dxgi_failure refresh_factory(struct dxgi_target *t)
{
    if (device_is_gone(t))
        drop_device(t);
    if (!t->device.d3d || (t->factory && !IDXGIFactory1_IsCurrent(t->factory)))
        com_release(&t->factory);
    HRESULT hr = S_OK;
    if (!t->factory)
        hr = CreateDXGIFactory1(&IID_IDXGIFactory1, (void **)&t->factory);
    return (struct dxgi_failure){ DXGI_CALL_CREATE_FACTORY, hr };
}

static enum capture_result opened(struct dxgi_target *t)
{
    dxgi_patience_reset(&t->patience);
    if (clock_ms() - t->reported_ms > QUIET_MS)
        t->reported = (struct dxgi_failure){ 0 };
    return CAPTURE_OK;
}

enum capture_result dxgi_target_open(struct dxgi_target *t)
{
    struct dxgi_failure f = refresh_factory(t);
    if (f.hr >= 0)
        f = open_all(t);
    if (f.hr >= 0)
        return opened(t);
    const enum capture_result result = dxgi_target_judge(t, f);
    if (f.call != DXGI_CALL_DUPLICATE || result != CAPTURE_REBUILD)
        com_release(&t->factory); /* it may be why */
    return result;
}

void dxgi_target_close(struct dxgi_target *t)
{
    duplication_destroy(t->duplication);
    t->duplication = NULL;
}
