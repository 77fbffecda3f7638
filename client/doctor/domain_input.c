/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "doctor/domain_check.h"
#include "doctor/wording.h"

static bool has_input(const struct vm *vm, const char *type, const char *bus)
{
    for (size_t i = 0; i < vm->input_count; i++)
        if (strcmp(vm->inputs[i].type, type) == 0 && strcmp(vm->inputs[i].bus, bus) == 0)
            return true;
    return false;
}

static void check_virtio(const struct vm *vm, struct findings *out)
{
    const bool keyboard = has_input(vm, "keyboard", "virtio"),
               mouse = has_input(vm, "mouse", "virtio");
    if (keyboard && mouse) {
        finding_add(out, VERDICT_OK, NULL, _("Keyboard and mouse are virtio devices."), NULL);
        return;
    }
    finding_edit(
        out, VERDICT_WARNING, vm, NULL,
        (struct vm_edit){ "<devices>",
                          "  <input type='keyboard' bus='virtio'/>\n"
                          "  <input type='mouse' bus='virtio'/>",
                          "  -device virtio-keyboard-pci\n  -device virtio-mouse-pci" },
        _("These are no virtio devices: %s. With them, and the virtio-win drivers in Windows, keys "
          "and movements arrive quicker."),
        keyboard ? _("mouse")
        : mouse  ? _("keyboard")
                 : _("keyboard, mouse"));
}

void domain_input(const struct doctor_facts *facts, struct findings *out)
{
    const struct vm *const vm = facts->vm;
    if (vm->tablet)
        finding_edit(out, VERDICT_WARNING, vm, "tablet",
                     (struct vm_edit){ VM_EDIT_REMOVE, "  <input type='tablet' .../>",
                                       "  -device usb-tablet (or virtio-tablet-pci)" },
                     _("The VM has a tablet: games that turn the view by the mouse jump about."));
    check_virtio(vm, out);
}

/* ---- evdev: nodes of this machine that QEMU reads ---- */

#define BY_ID "/dev/input/by-id/"

/* The lasting name of "/dev/input/event5": the link that leads there. */
static bool lasting_name(struct root *root, const char *path, char *name, size_t cap)
{
    static const char folder[] = "/dev/input/";
    autofree struct root_names *names = NULL;
    if (strncmp(path, folder, strlen(folder)) != 0 || root_list(root, BY_ID, &names) < 0)
        return false;
    for (size_t i = 0; i < names->count; i++) {
        char target[64];
        snprintf(name, cap, BY_ID "%.200s", names->name[i]);
        if (root_link_name(root, name, target, sizeof(target)) == 0 &&
            strcmp(target, path + strlen(folder)) == 0)
            return true;
    }
    return false;
}

static char *lasting_fix(const struct doctor_facts *facts, const char *path)
{
    char name[256];
    if (lasting_name(facts->root, path, name, sizeof(name)))
        return wording_replace(facts->vm, path, name);
    return wording(_("Find its lasting name (this asks you to press a key):\n"
                     "  espelho setup input"));
}

static void check_node(const struct doctor_facts *facts, const struct vm_input *input,
                       struct findings *out)
{
    struct root_stat st;
    const int err = root_stat(facts->root, input->path, &st);
    autofree char *lasting = lasting_fix(facts, input->path);
    if (err == -EACCES)
        finding_add(out, VERDICT_SKIPPED, input->path, _("Only root can see this device."), NULL);
    else if (err < 0)
        finding_addf(out, VERDICT_FAILURE, input->path,
                     _("Plug it in, or find its new name (this asks you to press a key):\n"
                       "  espelho setup input"),
                     _("The VM reads a keyboard or mouse that is not there."));
    else if (strncmp(input->path, BY_ID, strlen(BY_ID)) != 0)
        finding_addf(out, VERDICT_WARNING, input->path, lasting,
                     _("This name may belong to another device after the next start; names in "
                       "/dev/input/by-id/ last."));
    else
        finding_add(out, VERDICT_OK, input->path, _("The device is there."), NULL);
}

void domain_evdev(const struct doctor_facts *facts, struct findings *out)
{
    for (size_t i = 0; i < facts->vm->input_count; i++) {
        const struct vm_input *const input = &facts->vm->inputs[i];
        if (input->path[0] &&
            (strcmp(input->type, "evdev") == 0 || strcmp(input->type, "passthrough") == 0))
            check_node(facts, input, out);
    }
}
