/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "doctor/domain_check.h"
#include "doctor/wording.h"

/* What there is when nothing is said: none from libvirt, "-vga std" from QEMU. */
static const char *video_of(const struct vm *vm)
{
    if (vm->video_count)
        return vm->video;
    return vm->is_process ? "vga" : "none";
}

void domain_video(const struct doctor_facts *facts, struct findings *out)
{
    const char *const video = video_of(facts->vm);
    const bool gpu = domain_has_gpu(facts);
    if (strcmp(video, "none") == 0 && !gpu)
        finding_edit(out, VERDICT_FAILURE, facts->vm, NULL,
                     (struct vm_edit){ NULL, "  <video>\n    <model type='vga'/>\n  </video>",
                                       "  -vga std" },
                     _("The VM has neither a passed-through card nor an emulated display."));
    else if (strcmp(video, "none") == 0)
        finding_add(out, VERDICT_OK, NULL,
                    _("There is no emulated display. The passed-through card needs a monitor, a "
                      "dummy plug or a virtual display driver."),
                    NULL);
    else if (strcmp(video, "vga") == 0)
        finding_add(out, VERDICT_OK, NULL,
                    _("An emulated VGA display is shown until the card's picture comes. In Windows "
                      "choose \"Show only on\" the card's screen."),
                    NULL);
    else
        finding_edit(out, VERDICT_WARNING, facts->vm, NULL,
                     (struct vm_edit){ NULL, "  <video>\n    <model type='vga'/>\n  </video>",
                                       "  -vga std" },
                     _("The emulated display is '%s'. Plain 'vga' is enough to install Windows, "
                       "and 'none' is best once the card's driver works."),
                     video);
}

/* ---- SPICE ---- */

static bool has_evdev(const struct vm *vm)
{
    for (size_t i = 0; i < vm->input_count; i++)
        if (strcmp(vm->inputs[i].type, "evdev") == 0)
            return true;
    return false;
}

static bool is_local(const char *address)
{
    return strcmp(address, "127.0.0.1") == 0 || strcmp(address, "::1") == 0 ||
           strcmp(address, "localhost") == 0;
}

static const struct vm_edit spice_edit = {
    "<devices>",
    "  <graphics type='spice' autoport='yes'>\n    <listen type='address' address='127.0.0.1'/>\n"
    "    <image compression='off'/>\n  </graphics>",
    "  -spice port=5900,addr=127.0.0.1,disable-ticketing=on",
};
static const struct vm_edit listen_edit = {
    NULL,
    "  <listen type='address' address='127.0.0.1'/>",
    "  -spice port=5900,addr=127.0.0.1,disable-ticketing=on",
};

/* An address that is not said: libvirt takes this machine's own, QEMU all. */
static void check_address(const struct vm *vm, const char *address, struct findings *out)
{
    if (is_local(address) || (!address[0] && !vm->is_process))
        finding_add(out, VERDICT_OK, NULL, _("SPICE listens on this machine only."), NULL);
    else
        finding_edit(out, VERDICT_WARNING, vm, NULL, listen_edit,
                     _("SPICE listens on '%s': other machines of the network can reach the VM's "
                       "keyboard."),
                     address[0] ? address : "0.0.0.0");
}

void domain_spice(const struct doctor_facts *facts, struct findings *out)
{
    const struct vm *const vm = facts->vm;
    static const char address[] = "address";
    if (strcmp(vm->graphics, "spice") != 0)
        finding_edit(out, has_evdev(vm) ? VERDICT_WARNING : VERDICT_FAILURE, vm, NULL, spice_edit,
                     _("The VM has no SPICE server (its graphics: '%s')."),
                     vm->graphics[0] ? vm->graphics : "none");
    else if (strcmp(vm->spice_listen, "none") == 0)
        finding_edit(out, VERDICT_FAILURE, vm, NULL, listen_edit,
                     _("The SPICE server listens nowhere (listen type 'none')."));
    else if (strncmp(vm->spice_listen, "socket", 6) == 0)
        finding_addf(out, VERDICT_OK, NULL, NULL, _("SPICE listens on this machine only (%s)."),
                     vm->spice_listen);
    else
        check_address(vm,
                      vm->spice_listen[0] ? vm->spice_listen + strlen(address) +
                                                (vm->spice_listen[strlen(address)] == ' ')
                                          : "",
                      out);
}

void domain_agent(const struct doctor_facts *facts, struct findings *out)
{
    const struct vm *const vm = facts->vm;
    if (strcmp(vm->graphics, "spice") != 0)
        return;
    if (vm->spicevmc_agent) {
        finding_add(out, VERDICT_OK, NULL, _("The channel for the agent is there."), NULL);
        return;
    }
    finding_edit(out, VERDICT_WARNING, vm, NULL,
                 (struct vm_edit){ "<devices>",
                                   "  <channel type='spicevmc'>\n"
                                   "    <target type='virtio' name='com.redhat.spice.0'/>\n"
                                   "  </channel>",
                                   "  -device virtio-serial-pci\n"
                                   "  -chardev spicevmc,id=vdagent,name=vdagent\n"
                                   "  -device virtserialport,chardev=vdagent,"
                                   "name=com.redhat.spice.0" },
                 _("The channel for the SPICE agent is missing: no copy and paste."));
}

/* ---- sound, USB ---- */

void domain_sound(const struct doctor_facts *facts, struct findings *out)
{
    const struct vm *const vm = facts->vm;
    if (!vm->sound[0]) {
        finding_edit(out, VERDICT_WARNING, vm, NULL,
                     (struct vm_edit){ "<devices>",
                                       "  <sound model='ich9'/>\n  <audio id='1' "
                                       "type='spice'/>",
                                       "  -audiodev spice,id=a\n  -device ich9-intel-hda\n"
                                       "  -device hda-duplex,audiodev=a" },
                     _("The VM has no sound card; only the passed-through card's HDMI has sound."));
        return;
    }
    if (strcmp(vm->audio, "none") == 0) {
        finding_edit(
            out, VERDICT_WARNING, vm, NULL,
            (struct vm_edit){ NULL, "  <audio id='1' type='spice'/>", "  -audiodev spice,id=a" },
            _("The sound card '%s' plays into nothing (audio type 'none')."), vm->sound);
        return;
    }
    finding_addf(out, VERDICT_OK, NULL, NULL, _("Sound card '%s', played by '%s'."), vm->sound,
                 vm->audio[0] ? vm->audio : "spice");
}

void domain_usb(const struct doctor_facts *facts, struct findings *out)
{
    const struct vm *const vm = facts->vm;
    const char *const model = vm->usb_controller;
    if (strstr(model, "xhci")) {
        finding_addf(out, VERDICT_OK, NULL, NULL, _("The USB controller is '%s' (USB 3)."), model);
        return;
    }
    finding_edit(out, VERDICT_WARNING, vm, NULL,
                 (struct vm_edit){ NULL, "  <controller type='usb' model='qemu-xhci' ports='15'/>",
                                   "  -device qemu-xhci" },
                 _("The USB controller is '%s', without USB 3."), model[0] ? model : "default");
}
