/* SPDX-License-Identifier: GPL-2.0-or-later
 * How large the memory of an ivshmem server of ours is: /etc/espelho/shm/NAME.conf. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "doctor/memory_check.h"
#include "kvmfr/sizing.h"
#include "vm/server_conf.h"

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

uint64_t memory_server_bytes(const struct doctor_facts *facts, const char *path)
{
    char name[VM_TEXT], file[VM_TEXT + 32];
    autofree char *text = NULL;
    if (!memory_server_name(path, name))
        return 0;
    snprintf(file, sizeof(file), "/etc/espelho/shm/%s.conf", name);
    if (root_read(facts->root, file, &text, NULL) < 0)
        return 0;
    const struct server_conf conf = server_conf_read(text);
    if (!conf.understood)
        return 0;
    if (conf.size_line)
        return conf.size_bytes;
    return kvmfr_region_mib_for_mode(conf.width_px, conf.height_px,
                                     conf.hdr ? HDR_BYTES : SDR_BYTES) *
           MIB;
}
