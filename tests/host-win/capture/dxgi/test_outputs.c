/* SPDX-License-Identifier: GPL-2.0-or-later
 * The outputs of the machine that the test runs on: under Wine one, the X server's screen. */
#include "test.h"

#include <errno.h>

#include "capture/capture.h"
#include "capture/dxgi/outputs.h"
#include "capture/outputs.h"

enum { TEXT_BYTES = 4096 };

static struct output_list list;

static IDXGIFactory1 *enumerate(void)
{
    IDXGIFactory1 *factory = NULL;
    CHECK(SUCCEEDED(CreateDXGIFactory1(&IID_IDXGIFactory1, (void **)&factory)));
    outputs_enumerate(factory, &list);
    return factory;
}

TEST(the_screen_is_there_as_gdi_knows_it)
{
    IDXGIFactory1 *factory = enumerate();
    const int chosen = output_list_choose(&list, "", "");
    CHECK(chosen >= 0);
    const struct output_entry *e = &list.entries[chosen];
    CHECK(e->primary && e->attached && !e->hdr);
    CHECK_INT(e->width_px, GetSystemMetrics(SM_CXSCREEN));
    CHECK_INT(e->height_px, GetSystemMetrics(SM_CYSCREEN));
    CHECK_STR(e->device, "\\\\.\\DISPLAY1");
    CHECK(e->adapter[0] != 0);

    IDXGIAdapter1 *adapter = NULL;
    IDXGIOutput *output = NULL;
    DXGI_OUTPUT_DESC desc;
    CHECK(SUCCEEDED(outputs_open(factory, e, &adapter, &output)));
    CHECK(SUCCEEDED(IDXGIOutput_GetDesc(output, &desc)));
    CHECK(wcscmp(desc.DeviceName, L"\\\\.\\DISPLAY1") == 0);
    com_release(&output);
    com_release(&adapter);
    com_release(&factory);
}

TEST(an_output_that_went_away_is_not_found)
{
    IDXGIFactory1 *factory = enumerate();
    struct output_entry e = list.entries[0];
    IDXGIAdapter1 *adapter = (void *)1;
    IDXGIOutput *output = (void *)1;
    e.output_index = 31;
    CHECK_INT(outputs_open(factory, &e, &adapter, &output), DXGI_ERROR_NOT_FOUND);
    CHECK(adapter == (void *)1 && output == (void *)1);
    com_release(&factory);
}

static void add_line(void *ctx, const char *line)
{
    char *text = ctx;
    const size_t used = strlen(text);
    snprintf(text + used, TEXT_BYTES - used, "%s\n", line);
}

static void list_them(const char *adapter, const char *output, char *text)
{
    text[0] = 0;
    CHECK_INT(capture_outputs_tell(adapter, output, add_line, text), 0);
}

TEST(the_list_names_what_is_captured)
{
    char text[TEXT_BYTES], want[128];
    list_them(NULL, NULL, text);
    snprintf(want, sizeof(want), "%dx%d at 0,0, primary", GetSystemMetrics(SM_CXSCREEN),
             GetSystemMetrics(SM_CYSCREEN));
    CHECK_MSG(strstr(text, "adapter 0: ") && strstr(text, "  output 0: \\\\.\\DISPLAY1") &&
                  strstr(text, want) && strstr(text, "  <- captured\n"),
              "%s", text);
    list_them("0", "display1", text);
    CHECK(strstr(text, "  <- captured\n"));
    list_them("no such adapter", "", text);
    CHECK_MSG(!strstr(text, "<- captured") &&
                  strstr(text, "no output matches adapter \"no such adapter\", output \"\"\n"),
              "%s", text);
}

/* Wine has the functions, and they do nothing. */
TEST(a_system_without_duplication_is_unsupported)
{
    static const struct capture_config config = { .hdr = CAPTURE_HDR_KEEP };
    struct capture *capture = NULL;
    CHECK_INT(capture_dxgi_ops.create(&config, &capture), 0);
    for (int i = 0; i < 2; i++) {
        const enum capture_result r = capture_dxgi_ops.start(capture);
        if (r == CAPTURE_OK)
            SKIP("this system has it");
        CHECK_INT(r, CAPTURE_UNSUPPORTED);
        capture_dxgi_ops.stop(capture);
    }
    capture_dxgi_ops.destroy(capture);
    capture_dxgi_ops.destroy(NULL);
}
