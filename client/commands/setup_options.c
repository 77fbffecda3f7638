/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "commands/setup_options.h"

#include "base/text.h"
#include "kvmfr/frame.h"

#define AT(field) offsetof(struct setup_options, field)

/* As libvirt names them (grabToggle). */
const char *const setup_grab_toggles[] = { "ctrl-ctrl", "alt-alt",    "shift-shift",
                                           "meta-meta", "scrolllock", "ctrl-scrolllock",
                                           NULL };
/* In the order of enum memory_backend. */
static const char *const backends[] = { "keep", "plain", "kvmfr", "doorbell", NULL };
static const char *const pages[] = { "2M", "1G", NULL };
static const char *const videos[] = { "keep", "none", "vga", "virtio", NULL };

static const struct option_def defs[] = {
    { "apply", .type = OPTION_BOOL, .offset = AT(apply), .default_text = "no",
      .help = N_("do it, after asking; without it everything is only shown") },
    { "yes", .short_name = 'y', .type = OPTION_BOOL, .offset = AT(yes), .default_text = "no",
      .help = N_("with --apply: do not ask") },
    { "domain", .type = OPTION_STRING, .offset = AT(domain), .default_text = "",
      .value_name = "NAME", .help = N_("the VM, as `virsh list --all` names it") },
    { "uri", .type = OPTION_STRING, .offset = AT(uri), .default_text = "qemu:///system",
      .value_name = "URI", .help = N_("where libvirt has it") },
    { "user", .type = OPTION_STRING, .offset = AT(user), .default_text = "", .value_name = "NAME",
      .help = N_("who runs the viewer; by default whoever called sudo") },
    { "root", .type = OPTION_STRING, .offset = AT(root), .default_text = "", .value_name = "PATH",
      .help = N_("the system's files lie below this folder, for trying it out") },
    { "mode", .type = OPTION_SIZE, .offset = AT(mode), .min = 1, .max = FRAME_MAX_PX,
      .value_name = "WxH",
      .help = N_("vm: the largest mode of the guest's screen; by default that of the largest "
                 "screen plugged in") },
    { "hdr", .type = OPTION_BOOL, .offset = AT(hdr), .default_text = "no",
      .help = N_("vm: room for HDR") },
    { "backend", .type = OPTION_ENUM, .offset = AT(backend), .choices = backends,
      .default_text = "keep",
      .help =
          N_("vm: a file in /dev/shm (plain), the kernel module's device (kvmfr), or the server's "
             "(doorbell); keep is plain where there is none yet") },
    { "video", .type = OPTION_ENUM, .offset = AT(video), .choices = videos, .default_text = "keep",
      .help = N_("vm: the emulated graphics card beside the real one") },
    { "pci", .type = OPTION_STRING, .offset = AT(pci), .default_text = "", .value_name = "03:00",
      .help = N_("gpu, vbios: where the GPU is, as `lspci` names it") },
    { "early", .type = OPTION_BOOL, .offset = AT(early), .default_text = "no",
      .help = N_("gpu, hugepages: from the boot on, not when the VM starts") },
    { "rescan", .type = OPTION_BOOL, .offset = AT(rescan), .default_text = "no",
      .help = N_(
          "gpu: afterwards the GPU is removed and found anew, for those that do not come back") },
    { "bar0", .type = OPTION_U32, .offset = AT(bar0), .max = 1 << 20, .default_text = "0",
      .value_name = "MiB", .help = N_("gpu: size of BAR 0 for the VM; 0: as it is") },
    { "bar2", .type = OPTION_U32, .offset = AT(bar2), .max = 1 << 20, .default_text = "0",
      .value_name = "MiB",
      .help = N_("gpu: size of BAR 2 for the VM; AMD's need 8 or less at times") },
    { "memory", .type = OPTION_STRING, .offset = AT(memory), .default_text = "",
      .value_name = "16G", .help = N_("hugepages: how much; by default what the VM has") },
    { "page", .type = OPTION_ENUM, .offset = AT(page), .choices = pages, .default_text = "2M",
      .help = N_("hugepages: their size") },
    { "cores", .type = OPTION_U32, .offset = AT(cores), .max = 512, .default_text = "0",
      .value_name = "N",
      .help = N_("cpus: cores for the VM; 0: those of one L3 cache, or all but two") },
    { "governor", .type = OPTION_BOOL, .offset = AT(governor), .default_text = "no",
      .help = N_("cpus: governor performance on them while the VM runs") },
    { "display", .type = OPTION_U32, .offset = AT(display), .max = 64, .default_text = "0",
      .value_name = "N",
      .help = N_("monitor: which, as `ddcutil detect` counts; 0: the only one") },
    { "vm-input", .type = OPTION_STRING, .offset = AT(vm_input), .default_text = "",
      .value_name = "0x0f", .help = N_("monitor: the input that the VM's GPU is plugged into") },
    { "host-input", .type = OPTION_STRING, .offset = AT(host_input), .default_text = "",
      .value_name = "0x11", .help = N_("monitor: the input of this desktop") },
    { "toggle", .type = OPTION_ENUM, .offset = AT(toggle), .choices = setup_grab_toggles,
      .default_text = "ctrl-ctrl",
      .help = N_("input: the keys that give them to the VM and back") },
    { "file", .type = OPTION_STRING, .offset = AT(file), .default_text = "", .value_name = "FILE",
      .help = N_("vbios: an image to look at") },
};

const struct option_table setup_option_table = { .defs = defs, .count = ARRAY_LEN(defs) };
