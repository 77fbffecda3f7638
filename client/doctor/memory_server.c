/* SPDX-License-Identifier: GPL-2.0-or-later
 * How large the memory of an ivshmem server of ours is: /etc/espelho/shm/NAME.conf. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "doctor/memory_check.h"
#include "kvmfr/sizing.h"

enum { SDR_BYTES = 4, HDR_BYTES = 8 };

bool memory_server_name(const char *path, char name[VM_TEXT])
{
    static const char folder[] = "/run/espelho/", end[] = ".sock";
    const size_t len = strlen(path);
    if (strncmp(path, folder, strlen(folder)) != 0 || len <= strlen(folder) + strlen(end) ||
        strcmp(path + len - strlen(end), end) != 0)
        return false;
    const size_t name_len = len - strlen(folder) - strlen(end);
    if (name_len >= VM_TEXT || memchr(path + strlen(folder), '/', name_len) ||
        memchr(path + strlen(folder), '\'', name_len))
        return false;
    memcpy(name, path + strlen(folder), name_len);
    name[name_len] = '\0';
    return true;
}

/* "128M", or a number of bytes. */
static uint64_t size_of(const char *text)
{
    char *end;
    const unsigned long long n = strtoull(text, &end, 10);
    const unsigned int shift = *end == 'G' ? 30 : *end == 'M' ? 20 : *end == 'K' ? 10 : 0;
    return n <= UINT64_MAX >> shift ? (uint64_t)n << shift : 0;
}

uint64_t memory_server_bytes(const struct doctor_facts *facts, const char *path)
{
    char name[VM_TEXT], file[VM_TEXT + 32], *rest = NULL;
    autofree char *text = NULL;
    unsigned int width = 0, height = 0;
    bool hdr = false;
    if (!memory_server_name(path, name))
        return 0;
    snprintf(file, sizeof(file), "/etc/espelho/shm/%s.conf", name);
    if (root_read(facts->root, file, &text, NULL) < 0)
        return 0;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        if (strncmp(line, "size=", 5) == 0)
            return size_of(line + 5);
        if (strncmp(line, "hdr=yes", 7) == 0)
            hdr = true;
        else if (strncmp(line, "mode=", 5) == 0 &&
                 sscanf(line + 5, "%5ux%5u", &width, &height) != 2)
            return 0;
    }
    return kvmfr_region_mib_for_mode(width, height, hdr ? HDR_BYTES : SDR_BYTES) * MIB;
}
