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

/* Of those that last, the better one first: what is built in, as a laptop's keyboard, has a name
 * by its place only. */
static const char *const lasting[] = { "/dev/input/by-id/", "/dev/input/by-path/" };

static bool is_lasting(const char *path)
{
    for (size_t i = 0; i < ARRAY_LEN(lasting); i++)
        if (strncmp(path, lasting[i], strlen(lasting[i])) == 0)
            return true;
    return false;
}

/* The link in that folder which leads to "event5". */
static bool find_link(struct root *root, const char *folder, const char *node, char *name,
                      size_t cap)
{
    autofree struct root_names *names = NULL;
    if (root_list(root, folder, &names) < 0)
        return false;
    for (size_t i = 0; i < names->count; i++) {
        char target[64];
        snprintf(name, cap, "%s%.200s", folder, names->name[i]);
        if (root_link_name(root, name, target, sizeof(target)) == 0 && strcmp(target, node) == 0)
            return true;
    }
    return false;
}

/* The lasting name of "/dev/input/event5". */
static bool lasting_name(struct root *root, const char *path, char *name, size_t cap)
{
    static const char folder[] = "/dev/input/";
    if (strncmp(path, folder, strlen(folder)) != 0)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(lasting); i++)
        if (find_link(root, lasting[i], path + strlen(folder), name, cap))
            return true;
    return false;
}

/* setup finds the devices by their use, and takes those out of the VM that are not there. */
static char *choose_fix(const struct vm *vm)
{
    autofree char *setup = vm->is_process ? NULL : wording_setup(vm, "input");
    return setup ? wording(_("Plug it in, or choose the devices anew (this asks you to press a key "
                             "and to move the mouse):\n  %s"),
                           setup)
                 : wording("%s", _("Plug it in, or find the devices' lasting names (this asks you "
                                   "to press a key and to move the mouse) for the script that "
                                   "starts QEMU:\n  sudo espelho setup input"));
}

static char *lasting_fix(const struct doctor_facts *facts, const char *path)
{
    char name[256];
    return lasting_name(facts->root, path, name, sizeof(name))
               ? wording_replace(facts->vm, path, name)
               : choose_fix(facts->vm);
}

/* A device that the guest has for itself: setup does not choose such. */
static char *take_out_fix(const struct vm_input *input, const struct vm *vm)
{
    autofree char *xml = wording("  <input type='passthrough' bus='virtio'>\n"
                                 "    <source evdev='%s'/>\n  </input>",
                                 input->path);
    autofree char *edit =
        xml ? wording_edit(vm, (struct vm_edit){ VM_EDIT_REMOVE, xml, input->path }) : NULL;
    return edit ? wording(_("Plug it in, or take it out of the VM.\n%s"), edit) : NULL;
}

static void tell_missing(const struct vm_input *input, const struct vm *vm, struct findings *out)
{
    autofree char *fix =
        strcmp(input->type, "passthrough") == 0 ? take_out_fix(input, vm) : choose_fix(vm);
    finding_add(out, VERDICT_FAILURE, input->path,
                _("The VM reads a keyboard or mouse that is not there."), fix);
}

static void check_node(const struct doctor_facts *facts, const struct vm_input *input,
                       struct findings *out)
{
    struct root_stat st;
    const int err = root_stat(facts->root, input->path, &st);
    autofree char *fix = lasting_fix(facts, input->path);
    if (err == -EACCES)
        finding_add(out, VERDICT_SKIPPED, input->path, _("Only root can see this device."), NULL);
    else if (err < 0)
        tell_missing(input, facts->vm, out);
    else if (!is_lasting(input->path))
        finding_addf(out, VERDICT_WARNING, input->path, fix,
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
