/* SPDX-License-Identifier: GPL-2.0-or-later
 * Arbitrary bytes as the files that setup reads: a GPU's firmware, qemu.conf, lines of words,
 * QEMU's arguments, and two texts of which the differences are shown. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "setup/conf_lines.h"
#include "setup/line_diff.h"
#include "setup/qemu_argument.h"
#include "setup/vbios.h"

static void check_vbios(const uint8_t *data, size_t len_bytes)
{
    const struct vbios v = vbios_read(data, len_bytes);
    if (v.fault == VBIOS_GOOD && (v.len_bytes > len_bytes || v.images == 0))
        abort();
    if (v.fault == VBIOS_HEADER && v.image_offset >= len_bytes)
        abort();
}

/* A second time changes nothing. */
static void check_conf(const char *text)
{
    bool understood, again_understood;
    char *changed = qemu_conf_allow_device(text, "/dev/kvmfr0", &understood);
    char *again =
        changed ? qemu_conf_allow_device(changed, "/dev/kvmfr0", &again_understood) : NULL;
    if (again && (strcmp(changed, again) != 0 || understood != again_understood))
        abort();
    char *line = conf_line_set(text, "f /dev/shm/a", "f /dev/shm/a 0660");
    char *line_again = line ? conf_line_set(line, "f /dev/shm/a", "f /dev/shm/a 0660") : NULL;
    if (line_again && strcmp(line, line_again) != 0)
        abort();
    free(changed);
    free(again);
    free(line);
    free(line_again);
}

/* What is found lies in the argument, and a copy is the same or does not fit. */
static void check_argument(const char *text)
{
    static const char *const keys[] = { "id", "size", "mem-path", "memdev" };
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        const char *value;
        size_t len_bytes;
        char copy[16];
        const bool found = qemu_argument_find(text, keys[i], &value, &len_bytes);
        if (found && (value < text || value + len_bytes > text + strlen(text)))
            abort();
        if (qemu_argument_get(text, keys[i], copy, sizeof(copy)) !=
            (found && len_bytes < sizeof(copy)))
            abort();
    }
    (void)qemu_argument_is(text, "driver", "ivshmem-plain");
}

/* What is shown holds nothing that steers a terminal. */
static void check_diff(const char *old_text, const char *new_text)
{
    char *shown = NULL;
    size_t shown_bytes = 0;
    FILE *to = open_memstream(&shown, &shown_bytes);
    if (!to)
        return;
    if (line_diff_print("a", old_text, "a", new_text, to, false) < 0)
        abort();
    fclose(to);
    for (size_t i = 0; i < shown_bytes; i++)
        if ((unsigned char)shown[i] < ' ' && shown[i] != '\n' && shown[i] != '\t')
            abort();
    if ((shown_bytes == 0) != (strcmp(old_text, new_text) == 0))
        abort();
    free(shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
    char *text = malloc(len_bytes + 1);
    if (!text)
        return 0;
    memcpy(text, data, len_bytes);
    text[len_bytes] = '\0';
    check_vbios(data, len_bytes);
    check_conf(text);
    check_argument(text);
    const size_t first_bytes = strlen(text); /* behind a NUL: the new text */
    check_diff(text, first_bytes < len_bytes ? text + first_bytes + 1 : "");
    free(text);
    return 0;
}
