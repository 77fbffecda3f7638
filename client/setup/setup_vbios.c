/* SPDX-License-Identifier: GPL-2.0-or-later
 * `espelho setup vbios`: how a GPU's firmware is read safely, and whether what was read is whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "setup/setup_private.h"
#include "setup/vbios.h"

static void print_command(FILE *to, const char *command, const char *address)
{
    fprintf(to, "     sudo sh -c '%s /sys/bus/pci/devices/%s/rom'\n", command, address);
}

static void print_reading(const struct pci_function *gpu, int *step, FILE *to)
{
    fprintf(to, "%d. %s\n", (*step)++,
            _("Nothing may use the GPU: bind it to vfio-pci (`espelho setup gpu`), and leave the "
              "VM off."));
    fprintf(to, "%d. %s\n", (*step)++,
            _("Read it; the last command closes the ROM again, do not leave it out:"));
    fputs("     sudo mkdir -p /var/lib/libvirt/vbios\n", to);
    print_command(to, "echo 1 >", gpu->address);
    fprintf(to,
            "     sudo sh -c 'cat /sys/bus/pci/devices/%s/rom > "
            "/var/lib/libvirt/vbios/gpu.rom'\n",
            gpu->address);
    print_command(to, "echo 0 >", gpu->address);
}

void setup_vbios_steps(const struct pci_function *gpu, FILE *to)
{
    int step = 1;
    fprintf(to, "%s  %s\n\n", gpu->address, gpu->name);
    if (gpu->has_rom && gpu->boot_vga)
        fprintf(to, "%s\n\n",
                _("The firmware started this machine with it, so the kernel shows a copy that the "
                  "firmware has changed. Start the machine with another GPU as the primary one "
                  "first (firmware setup: primary display); without another GPU, read it in "
                  "Windows with GPU-Z."));
    if (gpu->has_rom)
        print_reading(gpu, &step, to);
    else
        fprintf(to, "%d. %s\n", step++,
                _("The kernel shows no ROM of it. Read it in Windows with GPU-Z, on this machine, "
                  "and copy the file to /var/lib/libvirt/vbios/gpu.rom."));
    fprintf(to, "%d. %s\n", step++, _("See whether it is whole:"));
    fprintf(to, "     espelho setup vbios --pci %s --file /var/lib/libvirt/vbios/gpu.rom\n",
            gpu->address);
    fprintf(to, "%d. %s\n", step,
            _("Give it to the VM: the same with --domain NAME, which shows and makes the change."));
}

static int read_file(const struct setup *s, const char *path, uint8_t **bytes, size_t *len_bytes)
{
    autofclose FILE *f = fopen(path, "re");
    if (!f)
        return plan_fail(s->plan, -errno, _("%s cannot be read: %s"), path, err_str(errno));
    autofree uint8_t *buffer = malloc(VBIOS_MAX_BYTES);
    if (!buffer)
        return setup_no_memory(s);
    *len_bytes = fread(buffer, 1, VBIOS_MAX_BYTES, f);
    if (ferror(f))
        return plan_fail(s->plan, -EIO, _("%s cannot be read: %s"), path, err_str(EIO));
    *bytes = steal_ptr(&buffer);
    return 0;
}

static int refuse(const struct setup *s, const char *path, const struct vbios *v)
{
    switch (v->fault) {
    case VBIOS_NO_SIGNATURE:
        return plan_fail(s->plan, -EPROTO,
                         _("%s is no GPU's firmware: it does not begin with 55 AA. Was the ROM "
                           "opened (echo 1), and the GPU unused?"),
                         path);
    case VBIOS_HEADER:
        return plan_fail(s->plan, -EPROTO,
                         _("%s has %zu bytes in front of the firmware. Cut them off: dd "
                           "if=%s of=%s.cut bs=%zu skip=1"),
                         path, v->image_offset, path, path, v->image_offset);
    case VBIOS_NO_STRUCTURE:
        return plan_fail(s->plan, -EPROTO, _("%s is damaged: its header leads nowhere."), path);
    default:
        return plan_fail(s->plan, -EPROTO, _("%s is cut off: it is shorter than it says."), path);
    }
}

static int check_file(const struct setup *s, const struct pci_function *gpu, const char *path)
{
    autofree uint8_t *bytes = NULL;
    size_t len_bytes = 0;
    int err = read_file(s, path, &bytes, &len_bytes);
    if (err < 0)
        return err;
    const struct vbios v = vbios_read(bytes, len_bytes);
    if (v.fault != VBIOS_GOOD)
        return refuse(s, path, &v);
    if (v.vendor != gpu->vendor)
        return plan_fail(s->plan, -EPROTO,
                         _("%s is of another GPU: %04" PRIx32 ":%04" PRIx32
                           ", this one is %04" PRIx32 ":%04" PRIx32 "."),
                         path, v.vendor, v.device, gpu->vendor, gpu->device);
    if (v.device != gpu->device) /* one file often serves a family */
        err = plan_note(s->plan, _("The file names another model of the same maker; that is usual "
                                   "for some, and wrong if it came from elsewhere."));
    if (err == 0 && !v.uefi)
        err =
            plan_note(s->plan, _("The file has no part for UEFI: the VM's screen stays dark until "
                                 "the driver in Windows starts."));
    return err;
}

int setup_vbios(const struct setup *setup, const struct setup_domain *domain,
                const struct pci_function *gpu, const char *path)
{
    struct domain_edit *edit = NULL;
    int err = path[0] == '/'
                  ? check_file(setup, gpu, path)
                  : plan_fail(setup->plan, -EINVAL, _("--file: the whole path, beginning with /"));
    if (err < 0 || !domain->xml)
        return err;
    err = setup_domain_open(setup, domain, &edit);
    if (err < 0)
        return err;
    err = domain_edit_rom(edit, gpu->address, path);
    if (err < 0)
        setup_edit_failed(setup, edit, err);
    else
        err = setup_domain_plan(setup, domain, edit, _("The VM starts the GPU with this firmware"));
    domain_edit_close(edit);
    return err;
}
