/* SPDX-License-Identifier: GPL-2.0-or-later
 * Graphics cards: which one is whose, and whether the guest's can be given and taken back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "doctor/check.h"
#include "doctor/gpu_checks.h"
#include "doctor/gpu_role.h"

/* ---- gpu.cards ---- */

/* Whether `name` is a connector of the card: "card1-HDMI-A-1" of "card1". */
static bool is_connector_of(const char *name, const char *card)
{
    const size_t len = strlen(card);
    return strncmp(name, card, len) == 0 && name[len] == '-';
}

static unsigned int monitors_of_card(struct root *root, const struct root_names *names,
                                     const char *card)
{
    unsigned int count = 0;
    for (size_t i = 0; i < names->count; i++) {
        char path[320], line[32];
        snprintf(path, sizeof(path), "/sys/class/drm/%s/status", names->name[i]);
        if (is_connector_of(names->name[i], card) &&
            root_read_line(root, path, line, sizeof(line)) == 0)
            count += strcmp(line, "connected") == 0;
    }
    return count;
}

/* Monitors that are plugged into a card; only its own driver knows. */
static unsigned int monitors(struct root *root, const struct pci_function *gpu)
{
    autofree struct root_names *names = NULL;
    if (root_list(root, "/sys/class/drm", &names) < 0)
        return 0;
    for (size_t i = 0; i < names->count; i++) {
        char path[320], address[32];
        snprintf(path, sizeof(path), "/sys/class/drm/%s/device", names->name[i]);
        if (!strchr(names->name[i], '-') && strncmp(names->name[i], "card", 4) == 0 &&
            root_link_name(root, path, address, sizeof(address)) == 0 &&
            strcmp(address, gpu->address) == 0)
            return monitors_of_card(root, names, names->name[i]);
    }
    return 0;
}

static const char *role_text(enum gpu_role role)
{
    switch (role) {
    case GPU_OF_HOST:
        return _("For the desktop");
    case GPU_OF_GUEST:
        return _("For the guest");
    case GPU_ONLY_ONE:
        break;
    }
    return _("The only one");
}

static void card(const struct doctor_facts *facts, const struct pci_function *gpu,
                 struct findings *out)
{
    const struct gpu_subject subject = gpu_subject(gpu);
    const enum gpu_role role = gpu_role_of(facts, gpu);
    const unsigned int count = monitors(facts->root, gpu);
    finding_addf(out, VERDICT_OK, subject.text, NULL,
                 gpu->boot_vga
                     ? _("%s; driver: %s; monitors: %u; the firmware shows its picture here.")
                     : _("%s; driver: %s; monitors: %u."),
                 role_text(role), gpu->driver[0] ? gpu->driver : _("none"), count);
}

static void cards(const struct doctor_facts *facts, struct findings *out)
{
    const struct machine *const m = facts->machine;
    size_t count = 0;
    for (size_t i = 0; i < m->pci_count; i++)
        if (pci_is_gpu(&m->pci[i])) {
            card(facts, &m->pci[i], out);
            count++;
        }
    if (m->pci_count > 0 && count == 0)
        finding_add(out, VERDICT_FAILURE, NULL, _("There is no graphics card on the PCI bus."),
                    _("Put one into the machine, or turn the processor's own on in the firmware."));
}

/* ---- gpu.second ---- */

static void only_one(const struct doctor_facts *facts, const struct pci_function *gpu,
                     struct findings *out)
{
    const struct gpu_subject subject = gpu_subject(gpu);
    autofree char *setup = gpu_setup_command(facts, gpu, ""), *fix = NULL;
    if (!setup ||
        asprintf(&fix,
                 _("Turn the processor's own graphics on in the firmware ('iGPU Multi-Monitor', "
                   "'Integrated Graphics': Enabled), or add a second, cheap card.\n"
                   "Or let the desktop end while the guest runs, and use the guest from another "
                   "machine:\n%s"),
                 setup) < 0)
        return;
    finding_add(out, VERDICT_WARNING, subject.text,
                _("It is the only card: a desktop cannot show the guest's window while the guest "
                  "has it."),
                fix);
}

static void second(const struct doctor_facts *facts, struct findings *out)
{
    const struct machine *const m = facts->machine;
    size_t of_host = 0;
    for (size_t i = 0; i < m->pci_count; i++)
        of_host += pci_is_gpu(&m->pci[i]) && gpu_role_of(facts, &m->pci[i]) == GPU_OF_HOST;
    gpu_each(facts, GPU_ONLY_ONE, only_one, out);
    if (of_host > 0)
        finding_add(out, VERDICT_OK, NULL, _("The desktop has a card of its own."), NULL);
}

/* ---- gpu.primary ---- */

static void primary_of(const struct doctor_facts *facts, const struct pci_function *gpu,
                       struct findings *out)
{
    (void)facts;
    const struct gpu_subject subject = gpu_subject(gpu);
    if (gpu->boot_vga)
        finding_add(out, VERDICT_WARNING, subject.text,
                    _("The firmware shows its picture on the guest's card, which then is in use "
                      "before the guest has it, with a changed vBIOS."),
                    _("In the firmware, set 'Primary Display' ('Initial Display Output', 'VGA "
                      "Device') to the desktop's card. If it has no such choice: exchange the "
                      "slots, or connect no monitor to the guest's card while the machine "
                      "starts."));
}

static void primary(const struct doctor_facts *facts, struct findings *out)
{
    const struct machine *const m = facts->machine;
    gpu_each(facts, GPU_OF_GUEST, primary_of, out);
    for (size_t i = 0; i < m->pci_count; i++)
        if (pci_is_gpu(&m->pci[i]) && m->pci[i].boot_vga &&
            gpu_role_of(facts, &m->pci[i]) == GPU_OF_HOST)
            finding_add(out, VERDICT_OK, gpu_subject(&m->pci[i]).text,
                        _("The firmware shows its picture on the desktop's card."), NULL);
}

/* ---- gpu.reset ---- */

/* AMD's cards that do not come back from a reset by themselves; vendor-reset knows them. */
static const struct {
    uint32_t first, last;
} stubborn[] = {
    { 0x67c0, 0x67ff }, /* Polaris 10, 11, 20 */
    { 0x6980, 0x699f }, /* Polaris 12 */
    { 0x6860, 0x687f }, /* Vega 10 */
    { 0x66a0, 0x66af }, /* Vega 20 */
    { 0x7310, 0x731f }, /* Navi 10 */
    { 0x7340, 0x734f }, /* Navi 14 */
    { 0x7360, 0x7362 }, /* Navi 12 */
};

static bool is_stubborn(const struct pci_function *gpu)
{
    for (size_t i = 0; gpu->vendor == 0x1002 && i < ARRAY_LEN(stubborn); i++)
        if (gpu->device >= stubborn[i].first && gpu->device <= stubborn[i].last)
            return true;
    return false;
}

static void stubborn_card(const struct doctor_facts *facts, const struct gpu_subject *subject,
                          const struct pci_function *gpu, struct findings *out)
{
    if (root_exists(facts->root, "/sys/module/vendor_reset") &&
        strncmp(gpu->reset_method, "device_specific", 15) == 0) {
        finding_add(out, VERDICT_OK, subject->text, _("vendor-reset resets the card."), NULL);
        return;
    }
    char steps[512];
    autofree char *dkms = fix_install(facts->machine, "dkms");
    snprintf(steps, sizeof(steps),
             _("%s\nInstall vendor-reset (github.com/gnif/vendor-reset has the steps), then:\n"
               "echo vendor-reset | sudo tee /etc/modules-load.d/vendor-reset.conf\n"
               "sudo modprobe vendor-reset\n"
               "echo device_specific | sudo tee /sys/bus/pci/devices/%s/reset_method"),
             dkms ? dkms : "", gpu->address);
    finding_add(out, VERDICT_WARNING, subject->text,
                _("Cards of this kind do not come back after the guest was shut off, until the "
                  "whole machine starts anew."),
                steps);
}

static void reset_of(const struct doctor_facts *facts, const struct pci_function *gpu,
                     struct findings *out)
{
    const struct gpu_subject subject = gpu_subject(gpu);
    if (is_stubborn(gpu))
        stubborn_card(facts, &subject, gpu, out);
    else if (gpu->reset_possible)
        finding_addf(out, VERDICT_OK, subject.text, NULL,
                     gpu->reset_method[0] ? _("The card can be reset (%s).")
                                          : _("The card can be reset."),
                     gpu->reset_method);
    else
        finding_add(out, VERDICT_WARNING, subject.text,
                    _("The kernel knows no way to reset the card: the guest may start only once "
                      "after each start of the machine."),
                    _("Shut Windows down from within, never by force; put the machine to sleep and "
                      "wake it if the card hangs."));
}

static void reset(const struct doctor_facts *facts, struct findings *out)
{
    gpu_each(facts, GPU_OF_GUEST, reset_of, out);
    gpu_each(facts, GPU_ONLY_ONE, reset_of, out);
}

/* ---- gpu.vbios ---- */

static bool has_rom_file(const struct vm *vm, const struct pci_function *gpu)
{
    for (size_t i = 0; vm && i < vm->hostdev_count; i++)
        if (strcmp(vm->hostdevs[i].address, gpu->address) == 0)
            return vm->hostdevs[i].rom_file[0] != '\0';
    return false;
}

static void vbios_of(const struct doctor_facts *facts, const struct pci_function *gpu,
                     struct findings *out)
{
    const struct gpu_subject subject = gpu_subject(gpu);
    char fix[128];
    snprintf(fix, sizeof(fix), "espelho setup vbios --pci %s", gpu->address);
    if (pci_is_virtual(gpu))
        return;
    if (has_rom_file(facts->vm, gpu))
        finding_add(out, VERDICT_OK, subject.text, _("The guest gets the vBIOS from a file."),
                    NULL);
    else if (!gpu->has_rom)
        finding_add(out, VERDICT_WARNING, subject.text,
                    _("The card has no vBIOS of its own, as in most notebooks: the guest's driver "
                      "may miss it."),
                    fix);
    else if (gpu->boot_vga)
        finding_add(out, VERDICT_WARNING, subject.text,
                    _("The vBIOS was changed while the firmware used the card: a guest may need it "
                      "from a file."),
                    fix);
    else
        finding_add(out, VERDICT_OK, subject.text, _("The card has its vBIOS."), NULL);
}

static void vbios(const struct doctor_facts *facts, struct findings *out)
{
    gpu_each(facts, GPU_OF_GUEST, vbios_of, out);
    gpu_each(facts, GPU_ONLY_ONE, vbios_of, out);
}

static const struct check checks[] = {
    { "gpu.cards", CHECK_GPU, N_("Cards"),
      N_("One card draws the desktop, the other one is the guest's."), cards },
    { "gpu.second", CHECK_GPU, N_("A card for the desktop"),
      N_("The guest's window is drawn by the desktop's card."), second },
    { "gpu.primary", CHECK_GPU, N_("The firmware's card"),
      N_("The card on which the firmware shows its picture is hard to give away."), primary },
    { "gpu.vfio", CHECK_GPU, N_("vfio-pci"),
      N_("While another driver has the card, the guest does not start, or the desktop stops."),
      gpu_check_vfio },
    { "gpu.functions", CHECK_GPU, N_("The card's sound"),
      N_("All parts of a card go to the guest together."), gpu_check_functions },
    { "gpu.same_ids", CHECK_GPU, N_("Two cards of one model"),
      N_("vfio-pci takes cards by their model's number, which both have."), gpu_check_same_ids },
    { "gpu.blacklist", CHECK_GPU, N_("The desktop's driver"),
      N_("What keeps a driver from the guest's card must not keep it from the desktop's."),
      gpu_check_blacklist },
    { "gpu.reset", CHECK_GPU, N_("Reset"),
      N_("A card must be reset between two starts of the guest."), reset },
    { "gpu.vbios", CHECK_GPU, N_("vBIOS"),
      N_("The card's own program sets it up; a guest needs it as the maker wrote it."), vbios },
    { "gpu.bars", CHECK_GPU, N_("Resizable BAR"),
      N_("It is the window through which the processor reaches the card's memory."),
      gpu_check_bars },
    { "gpu.bar2", CHECK_GPU, N_("BAR 2 of AMD's cards"),
      N_("AMD's driver for Windows wants this second window small."), gpu_check_bar2 },
    { "gpu.sriov", CHECK_GPU, N_("Graphics in parts (SR-IOV)"),
      N_("Some graphics in processors can make parts of themselves for guests, without a second "
         "card."),
      gpu_check_sriov },
};
const struct check_table check_gpu_table = { checks, ARRAY_LEN(checks) };
