/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "commands/setup_options.h"

#include "kvmfr/frame.h"

#define AT(field) offsetof(struct setup_options, field)

/* In the order of enum memory_backend. */
static const char *const backends[] = { "keep", "plain", "kvmfr", "doorbell", NULL };
static const char *const videos[] = { "keep", "none", "vga", "virtio", NULL };

static const struct option_def defs[] = {
    { "apply", .type = OPTION_BOOL, .offset = AT(apply), .default_text = "no",
      .help = "do it, after asking; without it everything is only shown" },
    { "yes", .short_name = 'y', .type = OPTION_BOOL, .offset = AT(yes), .default_text = "no",
      .help = "with --apply: do not ask" },
    { "domain", .type = OPTION_STRING, .offset = AT(domain), .default_text = "",
      .value_name = "NAME", .help = "the VM, as `virsh list --all` names it" },
    { "uri", .type = OPTION_STRING, .offset = AT(uri), .default_text = "qemu:///system",
      .value_name = "URI", .help = "where libvirt has it" },
    { "user", .type = OPTION_STRING, .offset = AT(user), .default_text = "", .value_name = "NAME",
      .help = "who runs the viewer; by default whoever called sudo" },
    { "root", .type = OPTION_STRING, .offset = AT(root), .default_text = "", .value_name = "PATH",
      .help = "the system's files lie below this folder, for trying it out" },
    { "mode", .type = OPTION_SIZE, .offset = AT(mode), .min = 1, .max = FRAME_MAX_PX,
      .default_text = "1920x1080", .value_name = "WxH",
      .help = "vm: the largest mode of the guest's screen" },
    { "hdr", .type = OPTION_BOOL, .offset = AT(hdr), .default_text = "no",
      .help = "vm: room for HDR" },
    { "backend", .type = OPTION_ENUM, .offset = AT(backend), .choices = backends,
      .default_text = "keep",
      .help = "vm: a file in /dev/shm (plain), the kernel module's device (kvmfr), or the server's "
              "(doorbell); keep is plain where there is none yet" },
    { "video", .type = OPTION_ENUM, .offset = AT(video), .choices = videos, .default_text = "keep",
      .help = "vm: the emulated graphics card beside the real one" },
};

const struct option_table setup_option_table = { .defs = defs, .count = ARRAY_LEN(defs) };
