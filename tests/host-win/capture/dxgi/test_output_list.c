/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include <errno.h>

#include "capture/dxgi/output_list.h"

#define ON  .has_output = true, .attached = true
#define OFF .has_output = true, .attached = false

/* An emulated display that is the primary one, a GPU with two monitors and a free connector, and
 * one without any. */
static const struct output_list machine = {
    .count = 6,
    .entries = {
        { .adapter_index = 0, ON, .output_index = 0, .luid_low = 0x1111, .software = true, .primary = true, .width_px = 1280, .height_px = 800,
          .adapter = "Microsoft Basic Render Driver", .device = "\\\\.\\DISPLAY1" },
        { .adapter_index = 1, ON, .output_index = 0, .luid_low = 0xb2c4, .x_px = 1280, .width_px = 2560, .height_px = 1440,
          .adapter = "NVIDIA GeForce RTX 4070", .device = "\\\\.\\DISPLAY2", .monitor = "DELL U2720Q" },
        { .adapter_index = 1, ON, .output_index = 1, .luid_low = 0xb2c4, .x_px = -1080, .y_px = 5, .width_px = 1080, .height_px = 1920,
          .mode_rotation = 2, .hdr = true,
          .adapter = "NVIDIA GeForce RTX 4070", .device = "\\\\.\\DISPLAY3", .monitor = "LG ULTRAFINE" },
        { .adapter_index = 1, OFF, .output_index = 2, .luid_low = 0xb2c4,
          .adapter = "NVIDIA GeForce RTX 4070", .device = "\\\\.\\DISPLAY4" },
        { .adapter_index = 2, .luid_high = -1, .luid_low = 0xffffffff, .adapter = "AMD Radeon" },
        { .adapter_index = 3, ON, .output_index = 0, .luid_low = 0x3333, .software = true, .width_px = 640, .height_px = 480,
          .adapter = "Second Basic", .device = "\\\\.\\DISPLAY5" },
    },
};

TEST(choice)
{
    static const struct {
        const char *adapter, *output;
        int want;
    } rows[] = {
        { "no such thing", "", -ENOENT },
        { "", "no such thing", -ENOENT },
        { "99999999999999999999999999", "", -ENOENT },
        { "", "4294967295", -ENOENT },
        { "0x0:0x", "", -ENOENT },
        { "0x:0xb2c4", "", -ENOENT },
        { "0x0:0xb2c4x", "", -ENOENT },
        { "0x0;0xb2c4", "", -ENOENT },
        { "0x000000000:0xb2c4", "", -ENOENT },
        { "0x0:0xb2c5", "", -ENOENT },
        { "0xffffffff:0xffffffff", "", -ENOENT }, /* is there, but has no output */
        { "AMD", "", -ENOENT },
        { "", "DISPLAY4", -ENOENT }, /* not part of the desktop */
        { "1", "2", -ENOENT },
        { "basic", "1", -ENOENT },
        /* The real GPU before the primary one of a software adapter. */
        { NULL, NULL, 1 },
        { "", "", 1 },
        { "0", NULL, 0 },
        { "1", NULL, 1 },
        { "1", "1", 2 },
        { "3", "", 5 },
        { "", "1", 2 },
        { "rtx", "", 1 },
        { "RTX 4070", "lg", 2 },
        { "0x0:0xb2c4", "\\\\.\\DISPLAY3", 2 },
        { "0X0:0XB2C4", "display3", 2 },
        { "0x00000000:0x1111", "", 0 },
        { "", "u2720q", 1 },
        { "basic", "", 0 }, /* both are software: the primary one */
        { "second", "", 5 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const int got = output_list_choose(&machine, rows[i].adapter, rows[i].output);
        CHECK_MSG(got == rows[i].want, "row %zu (\"%s\", \"%s\"): %d, expected %d", i,
                  rows[i].adapter ? rows[i].adapter : "", rows[i].output ? rows[i].output : "", got,
                  rows[i].want);
    }
}

TEST(without_outputs_there_is_no_choice)
{
    static const struct output_list none = { 0 };
    static const struct output_list dark = {
        .count = 2,
        .entries = { { .adapter = "A" },
                     { .adapter_index = 1, OFF, .adapter = "B", .device = "D" } },
    };
    CHECK_INT(output_list_choose(&none, "", ""), -ENODEV);
    CHECK_INT(output_list_choose(&dark, "", ""), -ENODEV);
    CHECK_INT(output_list_choose(&dark, "B", "D"), -ENODEV);
}

TEST(among_real_gpus_the_primary_output_is_chosen)
{
    struct output_list list = machine;
    list.entries[0].primary = false;
    list.entries[2].primary = true;
    CHECK_INT(output_list_choose(&list, "", ""), 2);
}

TEST(a_software_adapter_is_better_than_none)
{
    struct output_list list = machine;
    list.entries[1].attached = list.entries[2].attached = false;
    CHECK_INT(output_list_choose(&list, "", ""), 0);
}

TEST(lines)
{
    static const struct {
        uint32_t entry;
        const char *want;
    } rows[] = {
        { 0,
          "\\\\.\\DISPLAY1 of Microsoft Basic Render Driver, 1280x800 at 0,0, primary, software" },
        { 1, "\\\\.\\DISPLAY2 \"DELL U2720Q\" of NVIDIA GeForce RTX 4070, 2560x1440 at 1280,0" },
        { 2, "\\\\.\\DISPLAY3 \"LG ULTRAFINE\" of NVIDIA GeForce RTX 4070, 1080x1920 at -1080,5, "
             "rotated by 90, HDR" },
        { 3, "\\\\.\\DISPLAY4 of NVIDIA GeForce RTX 4070, not part of the desktop" },
        { 4, "AMD Radeon, no output" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct output_entry *e = &machine.entries[rows[i].entry];
        char text[256];
        output_entry_format(e, text, sizeof(text));
        CHECK_STR(text, rows[i].want);
        for (size_t n = 1; n < sizeof(text); n++) { /* any buffer: cut, terminated, not overrun */
            char *cut = malloc(n);
            output_entry_format(e, cut, n);
            CHECK_INT(strlen(cut), strlen(rows[i].want) < n ? strlen(rows[i].want) : n - 1);
            CHECK(strncmp(cut, rows[i].want, strlen(cut)) == 0);
            free(cut);
        }
    }
}

TEST(adapter_lines)
{
    char text[256];
    output_entry_format_adapter(&machine.entries[1], text, sizeof(text));
    CHECK_STR(text, "NVIDIA GeForce RTX 4070 (LUID 0x0:0xb2c4)");
    output_entry_format_adapter(&machine.entries[4], text, sizeof(text));
    CHECK_STR(text, "AMD Radeon (LUID 0xffffffff:0xffffffff)");
    output_entry_format_adapter(&machine.entries[5], text, sizeof(text));
    CHECK_STR(text, "Second Basic (LUID 0x0:0x3333), software");
}
