/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include <stdlib.h>

#include "machine/connector.h"
#include "machine/root.h"
#include "tree.h"

#define DRM "/sys/class/drm/"

static struct root *begin(void)
{
    tree_begin();
    tree_link(DRM "card1/device", "../../../0000:03:00.0");
    return tree_open();
}

static void screen(const char *name, const char *status, const char *modes)
{
    char path[128];
    snprintf(path, sizeof(path), DRM "%s/status", name);
    tree_file(path, status);
    snprintf(path, sizeof(path), DRM "%s/modes", name);
    tree_file(path, modes);
}

TEST(no_screens)
{
    static const struct {
        const char *name, *status, *modes;
    } rows[] = {
        { "card1-DP-1", "disconnected\n", "1920x1080\n" },
        { "card1-DP-1", "", "1920x1080\n" },
        { "card1-DP-1", "connected\n", "" },
        { "card1-DP-1", "connected\n", "nonsense\n" },
        { "card1-DP-1", "connected\n", "1920\n" },
        { "card1-DP-1", "connected\n", "0x1080\n" },
        { "card1-DP-1", "connected\n", "1920x0\n" },
        { "card1-DP-1", "connected\n", "-1x1080\n" },
        { "renderD128", "connected\n", "1920x1080\n" },
        { "card1", "connected\n", "1920x1080\n" },
        { "version", "connected\n", "1920x1080\n" },
    };
    struct root *const root = begin();
    struct connector c = { .name = "untouched" };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        screen(rows[i].name, rows[i].status, rows[i].modes);
        CHECK_MSG(!connector_read(root, rows[i].name, &c), "row %zu", i);
    }
    CHECK(!connector_read(root, "card9-DP-1", &c)); /* there is no such folder */
    CHECK(!connector_read(root, "", &c) && !connector_read(root, "card-", &c));
    CHECK_STR(c.name, "untouched");
    root_close(root);
}

TEST(the_preferred_mode_comes_first)
{
    struct root *const root = begin();
    struct connector c;
    screen("card1-HDMI-A-1", "connected\n", "3840x2160\n1920x1080\n");
    CHECK(connector_read(root, "card1-HDMI-A-1", &c));
    CHECK_STR(c.name, "HDMI-A-1");
    CHECK_STR(c.card, "0000:03:00.0");
    CHECK_INT(c.width_px, 3840);
    CHECK_INT(c.height_px, 2160);
    screen("card2-eDP-1", "connected\n", "1366x768\n");
    CHECK(connector_read(root, "card2-eDP-1", &c));
    CHECK_STR(c.card, "");
    struct root_names *const names = connector_names(root);
    CHECK(names && names->count == 3);
    free(names);
    root_close(root);
}

TEST(no_graphics_at_all)
{
    tree_begin();
    struct root *const root = tree_open();
    CHECK(!connector_names(root));
    root_close(root);
}
