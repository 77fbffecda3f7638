/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/vm/server_conf.h - the options of an ivshmem server of ours, as far as they say how large
 * its memory is: /etc/espelho/shm/NAME.conf, untrusted text. Pure, any thread. */
#ifndef ESPELHO_VM_SERVER_CONF_H
#define ESPELHO_VM_SERVER_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A size that is said goes before the mode; without either the server takes 3840x2160. */
struct server_conf {
    const char *size_line;  /* in the text, "size=64M"; NULL: none */
    size_t size_line_bytes; /* without its end of line */
    uint64_t size_bytes;
    uint32_t width_px, height_px; /* below 100000 */
    bool hdr;
    bool understood; /* false: a size or mode that is none, so nothing is known */
};

/* Lines of "name=value", the value in quotes or not; what else there is is passed over. */
struct server_conf server_conf_read(const char *text);

#endif
