/* SPDX-License-Identifier: GPL-2.0-or-later
 * What the display configuration of this machine says: under Wine a monitor's name, and nothing of
 * SDR white. */
#include "test.h"

#include "capture/dxgi/display.h"

TEST(unknown_outputs_have_no_facts)
{
    struct display_facts facts = { .monitor = "x", .sdr_white_permille = 7 };
    display_facts_find(L"\\\\.\\DISPLAY99", &facts);
    CHECK_STR(facts.monitor, "");
    CHECK_INT(facts.sdr_white_permille, 0);
    CHECK_INT(display_sdr_white("\\\\.\\DISPLAY99"), 0);
    CHECK_INT(display_sdr_white(""), 0);
    char longer[200];
    memset(longer, 'x', sizeof(longer));
    longer[sizeof(longer) - 1] = 0;
    CHECK_INT(display_sdr_white(longer), 0);
}

TEST(the_screen_has_a_name)
{
    struct display_facts facts;
    display_facts_find(L"\\\\.\\DISPLAY1", &facts);
    CHECK(facts.monitor[0] != 0);
    CHECK_INT(display_sdr_white("\\\\.\\DISPLAY1"), facts.sdr_white_permille);
}
