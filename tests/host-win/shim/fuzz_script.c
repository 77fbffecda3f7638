/* SPDX-License-Identifier: GPL-2.0-or-later
 * Arbitrary bytes as a desktop's script; what is accepted is played, if it is small. */
#include <assert.h>
#include <stdlib.h>

#include "shim/screen.h"

enum { SMALL_PX = 200, EVENTS = 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_small(const struct shim_script *script)
{
    for (uint32_t i = 0; i < script->command_count; i++) {
        const struct shim_command *c = &script->commands[i];
        if (c->op == SHIM_OP_MODE && (c->n[0] > SMALL_PX || c->n[1] > SMALL_PX))
            return false;
    }
    return shim_script_find(script, 0, SHIM_OP_MODE);
}

static void check_shape(const struct shim_pointer *p)
{
    const size_t bytes = (size_t)shim_pointer_pitch_bytes(p) * shim_pointer_rows(p);
    uint8_t *out = malloc(bytes + 1);
    assert(out);
    shim_pointer_bytes(p, out);
    free(out);
}

static void play(const struct shim_script *script)
{
    static struct shim_news news;
    static uint8_t row[SMALL_PX * 8];
    struct shim_screen s;
    if (shim_screen_init(&s, script, 1) < 0)
        return;
    for (uint32_t event = 1; event < script->event_count && event < EVENTS; event++) {
        if (shim_screen_apply(&s, script, event, &news) < 0)
            break;
        assert(news.painted.left >= 0 && (uint32_t)news.painted.right <= s.width_px);
        assert(news.painted.top >= 0 && (uint32_t)news.painted.bottom <= s.height_px);
        for (uint32_t y = 0; y < s.height_px; y++)
            shim_screen_row(&s, s.format, 0, y, s.width_px, row);
        check_shape(&s.pointer);
    }
    shim_screen_fini(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct shim_script script;
    char error[160];
    if (shim_script_parse((const char *)data, size, &script, error) < 0) {
        assert(error[0]);
        return 0;
    }
    assert(script.event_count > 0);
    if (is_small(&script))
        play(&script);
    shim_script_fini(&script);
    return 0;
}
