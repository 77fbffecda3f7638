/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "kvmfr/frame.h"
#include "setup/displays.h"
#include "client/machine/tree.h"

#define DRM "/sys/class/drm/"

static void screen(const char *name, const char *modes)
{
    char path[128];
    snprintf(path, sizeof(path), DRM "%s/status", name);
    tree_file(path, "connected\n");
    snprintf(path, sizeof(path), DRM "%s/modes", name);
    tree_file(path, modes);
}

/* DP-1 prefers 3840x2160, DP-2 2560x1440. */
static const struct {
    const char *name;
    struct displays_shown shown;
    const char *connector; /* NULL: none is known */
    uint32_t width_px;
    bool is_shown, no_connectors;
} rows[] = {
    { "nothing at all", { .count = 0 }, NULL, 0, false, true },
    { "no session", { .count = 0 }, "DP-1", 3840, false, false },
    { "a session alone", { { { 1920, 1080, "DP-1", true } }, 1 }, "DP-1", 1920, true, true },
    { "the desktop has less than DP-1 could",
      { { { 1920, 1080, "DP-1", true } }, 1 },
      "DP-2",
      2560,
      false,
      false },
    { "the desktop has both",
      { { { 1920, 1080, "DP-1", true }, { 2048, 1152, "DP-2", true } }, 2 },
      "DP-2",
      2048,
      true,
      false },
    { "the GPU for the VM has the larger one",
      { { { 2560, 1440, "DP-2", true } }, 1 },
      "DP-1",
      3840,
      false,
      false },
    { "without names", { { { 1280, 720, "", true } }, 1 }, "", 1280, true, false },
    { "no mode", { { { 0, 0, "DP-1", true } }, 1 }, "DP-2", 2560, false, false },
    { "larger than can be",
      { { { FRAME_MAX_PX + 1, 1, "DP-1", true } }, 1 },
      "DP-2",
      2560,
      false,
      false },
};

static void judge(bool no_connectors)
{
    struct root *root = tree_open();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct display_mode mode = { .width_px = 7 };
        if (rows[i].no_connectors != no_connectors)
            continue;
        const bool known = displays_largest(root, &rows[i].shown, &mode);
        CHECK_MSG(known == (rows[i].connector != NULL), "%s", rows[i].name);
        CHECK_MSG(!known || strcmp(mode.connector, rows[i].connector) == 0, "%s: %s", rows[i].name,
                  mode.connector);
        CHECK_MSG(mode.width_px == (known ? rows[i].width_px : 7), "%s: %u", rows[i].name,
                  mode.width_px);
        CHECK_MSG(!known || mode.is_shown == rows[i].is_shown, "%s", rows[i].name);
    }
    root_close(root);
}

TEST(the_largest_mode_in_use)
{
    tree_begin();
    judge(true);
    screen("card0-DP-1", "3840x2160\n1920x1080\n");
    screen("card1-DP-2", "2560x1440\n");
    judge(false);
}
