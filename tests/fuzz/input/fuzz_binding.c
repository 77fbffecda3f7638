/* SPDX-License-Identifier: GPL-2.0-or-later
 * Lines of any bytes as bindings: the first byte of each chooses the action. What is accepted must
 * be well-formed: every key that a macro presses is up at its end. */
#include <stdlib.h>
#include <string.h>

#include "input/binding.h"
#include "input/keymap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct binding *b)
{
    bool down[KEYMAP_CODES] = { false };
    for (size_t i = 0; i < b->step_count; i++) {
        const struct binding_step *s = &b->steps[i];
        if (s->kind == BINDING_WAIT ? s->value > BINDING_MAX_WAIT_MS : s->value >= KEYMAP_CODES)
            abort();
        if (s->kind != BINDING_WAIT)
            down[s->value] = s->kind == BINDING_DOWN;
    }
    for (uint32_t key = 0; key < KEYMAP_CODES; key++)
        if (down[key])
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct binding_table *t;
    struct binding_error error = { .text = "full" }; /* -ENOSPC says nothing */
    if (binding_table_create("ScrollLock", &t, &error) != 0)
        return 0;
    char *text = malloc(size + 1);
    memcpy(text, data, size);
    text[size] = 0;
    char *rest = text, *line;
    while ((line = strsep(&rest, "\n")) != NULL) {
        const enum input_action action =
            line[0] & 1 ? INPUT_ACTION_MACRO
                        : (enum input_action)(1 + (unsigned char)line[0] % (INPUT_ACTIONS - 2));
        if (line[0] && binding_table_add(t, action, line + 1, &error) != 0 && !error.text[0])
            abort();
    }
    for (uint32_t key = 0; key < KEYMAP_CODES; key++)
        if (binding_table_find(t, key))
            check(binding_table_find(t, key));
    char help[256];
    (void)!binding_table_help(t, help, sizeof(help));
    free(text);
    binding_table_destroy(t);
    return 0;
}
