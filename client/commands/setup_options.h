/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/commands/setup_options.h - the options of `espelho setup`, of all its parts. */
#ifndef ESPELHO_COMMANDS_SETUP_OPTIONS_H
#define ESPELHO_COMMANDS_SETUP_OPTIONS_H

#include "options/options.h"

struct setup_options {
    bool apply, yes;
    char *domain, *uri, *user, *root;
    /* vm */
    struct option_size mode;
    bool hdr;
    int backend; /* enum memory_backend */
    int video;   /* keep, none, vga, virtio */
    /* gpu, vbios */
    char *pci, *file;
    bool rescan;
    uint32_t bar0, bar2; /* MiB */
    bool early;          /* hugepages too */
    /* hugepages */
    char *memory;
    int page; /* 2M, 1G */
    /* cpus */
    uint32_t cores;
    bool governor;
    /* input */
    int toggle; /* index into setup_grab_toggles */
    /* monitor */
    uint32_t display;
    char *vm_input, *host_input;
};

extern const char *const setup_grab_toggles[];
extern const struct option_table setup_option_table;

#endif
