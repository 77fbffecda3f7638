/* SPDX-License-Identifier: GPL-2.0-or-later
 * The shared memory device, and whether it is large enough for the screens in use. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/units.h"
#include "doctor/doctor.h"
#include "doctor/domain_check.h"
#include "doctor/memory_check.h"
#include "doctor/wording.h"
#include "kvmfr/frame.h"
#include "kvmfr/sizing.h"
#include "machine/connector.h"

enum { LIBVIRT_DEFAULT_MIB = 4, MAX_MIB = 2048, SDR_BYTES = 4, HDR_BYTES = 8 };

static const struct vm_edit plain_edit = {
    "<devices>",
    "  <shmem name='looking-glass'>\n    <model type='ivshmem-plain'/>\n"
    "    <size unit='M'>64</size>\n  </shmem>",
    "  -object memory-backend-file,id=espelho,share=on,mem-path=/dev/shm/looking-glass,size=64M\n"
    "  -device ivshmem-plain,memdev=espelho",
};

void domain_shmem(const struct doctor_facts *facts, struct findings *out)
{
    const struct vm *const vm = facts->vm;
    const struct vm_shmem *const shmem = vm_relay_shmem(vm);
    char path[VM_PATH];
    if (!shmem)
        finding_edit(
            out, VERDICT_FAILURE, vm, NULL, plain_edit,
            _("The VM has no shared memory device. 'espelho setup vm --domain %s' adds one "
              "of the right size."),
            vm->name);
    else if (!vm_shmem_path(shmem, path))
        finding_edit(out, VERDICT_FAILURE, vm, NULL, plain_edit,
                     _("The shared memory device has a name or path that cannot be used: '%s'."),
                     shmem->path[0] ? shmem->path : shmem->name);
    else if (shmem->model == VM_SHMEM_DOORBELL && shmem->vectors < 2 &&
             !shmem->from_qemu_commandline)
        finding_edit(
            out, VERDICT_WARNING, vm, path, (struct vm_edit){ NULL, "  <msi vectors='2'/>", NULL },
            NG_("The doorbell device has %u interrupt; two are needed to ring.",
                "The doorbell device has %u interrupts; two are needed to ring.", shmem->vectors),
            shmem->vectors);
    else
        finding_addf(out, VERDICT_OK, path, NULL, _("The VM has a shared memory device (%s)."),
                     shmem->model == VM_SHMEM_DOORBELL ? "ivshmem-doorbell" : "ivshmem-plain");
}

/* ---- which mode it must be large enough for ---- */

struct mode {
    uint32_t width_px, height_px;
    bool hdr;
    const char *whose; /* translated */
};

static void take_larger(struct mode *mode, uint32_t width_px, uint32_t height_px, const char *whose)
{
    if (width_px > FRAME_MAX_PX || height_px > FRAME_MAX_PX ||
        (uint64_t)width_px * height_px <= (uint64_t)mode->width_px * mode->height_px)
        return;
    mode->width_px = width_px;
    mode->height_px = height_px;
    mode->whose = whose;
}

/* A screen at a passed-through card: Linux sees it between two runs of the VM. */
static void take_screens(const struct doctor_facts *facts, struct mode *mode)
{
    autofree struct root_names *names = connector_names(facts->root);
    for (size_t i = 0; names && i < names->count; i++) {
        struct connector screen;
        if (connector_read(facts->root, names->name[i], &screen) && screen.card[0] &&
            vm_hostdev(facts->vm, screen.card))
            take_larger(mode, screen.width_px, screen.height_px,
                        _("the screen at the passed-through card"));
    }
}

/* What the guest shows now. */
static void take_guest(const struct doctor_facts *facts, const struct vm_shmem *shmem,
                       struct mode *mode)
{
    char path[VM_PATH], region[VM_PATH + 8];
    autofree char *problem = NULL;
    struct doctor_guest guest = { .width_px = 0 };
    if (!facts->probes || !facts->probes->guest || !facts->vm->running ||
        !vm_shmem_path(shmem, path))
        return;
    snprintf(region, sizeof(region), "%s%s", shmem->model == VM_SHMEM_DOORBELL ? "unix:" : "",
             path);
    if (facts->probes->guest(facts->probes->ctx, region, &guest, &problem) < 0)
        return;
    take_larger(mode, guest.width_px, guest.height_px, _("the guest's screen"));
    mode->hdr |= guest.hdr;
}

static struct mode mode_in_use(const struct doctor_facts *facts, const struct vm_shmem *shmem)
{
    struct mode mode = { .width_px = 0 };
    take_screens(facts, &mode);
    take_guest(facts, shmem, &mode);
    if (mode.width_px == 0)
        take_larger(&mode, 1920, 1080, _("a usual screen; yours is not known now"));
    return mode;
}

/* ---- the size ---- */

static void tell_size(const struct vm *vm, const struct vm_shmem *shmem, const char *path,
                      uint32_t mib, const char *found, struct findings *out)
{
    autofree char *xml = wording("  <size unit='M'>%u</size>", mib);
    autofree char *qemu = wording("  -object memory-backend-file,id=espelho,share=on,mem-path=%s,"
                                  "size=%uM",
                                  path, mib);
    if (!xml || !qemu)
        return;
    if (shmem->model == VM_SHMEM_DOORBELL) {
        autofree char *fix =
            wording(_("Shut the VM down, set size=%uM in /etc/espelho/shm/NAME.conf "
                      "(or --size of the server), and restart the server."),
                    mib);
        finding_add(out, VERDICT_FAILURE, path, found, fix);
        return;
    }
    /* <qemu:commandline> has the words of QEMU. */
    finding_edit(out, VERDICT_FAILURE, vm, path,
                 (struct vm_edit){ NULL, shmem->from_qemu_commandline ? qemu : xml, qemu }, "%s",
                 found);
}

static void judge_size(const struct doctor_facts *facts, const struct vm_shmem *shmem,
                       const char *path, uint64_t bytes, struct findings *out)
{
    const struct mode mode = mode_in_use(facts, shmem);
    const uint32_t needed =
        kvmfr_region_mib_for_mode(mode.width_px, mode.height_px, mode.hdr ? HDR_BYTES : SDR_BYTES);
    autofree char *found = NULL;
    if (bytes / MIB > MAX_MIB)
        found = wording(_("The shared memory has %ju MiB; 2048 are the most that can be used."),
                        bytes / MIB);
    else if (bytes & (bytes - 1))
        found = wording(_("The shared memory has %ju KiB, which is no power of two: QEMU refuses "
                          "it."),
                        bytes / 1024);
    else if (bytes < needed * MIB)
        found = wording(_("The shared memory has %ju MiB; %ux%u%s (%s) needs %u MiB."), bytes / MIB,
                        mode.width_px, mode.height_px, mode.hdr ? " HDR" : "", mode.whose, needed);
    if (found) {
        tell_size(facts->vm, shmem, path, needed ? needed : MAX_MIB, found, out);
        return;
    }
    uint32_t width = 0, height = 0, hdr_width = 0, hdr_height = 0;
    if (!kvmfr_largest_mode(bytes, SDR_BYTES, &width, &height) ||
        !kvmfr_largest_mode(bytes, HDR_BYTES, &hdr_width, &hdr_height))
        return;
    finding_addf(out, VERDICT_OK, path, NULL,
                 _("%ju MiB: enough for %ux%u (%s), and at most for %ux%u, or %ux%u with HDR."),
                 bytes / MIB, mode.width_px, mode.height_px, mode.whose, width, height, hdr_width,
                 hdr_height);
}

void domain_shmem_size(const struct doctor_facts *facts, struct findings *out)
{
    const struct vm_shmem *const shmem = vm_relay_shmem(facts->vm);
    char path[VM_PATH];
    if (!shmem || !vm_shmem_path(shmem, path))
        return;
    const bool server = shmem->model == VM_SHMEM_DOORBELL;
    uint64_t bytes = server ? memory_server_bytes(facts, path) : shmem->len_bytes;
    if (bytes == 0 && server) {
        finding_add(out, VERDICT_SKIPPED, path,
                    _("The ivshmem server's size is not in a file of /etc/espelho/shm."), NULL);
        return;
    }
    if (bytes == 0 && shmem->from_qemu_commandline) {
        finding_add(out, VERDICT_SKIPPED, path,
                    _("The size is not among the arguments that could be read."), NULL);
        return;
    }
    if (bytes == 0)
        bytes = LIBVIRT_DEFAULT_MIB * MIB;
    judge_size(facts, shmem, path, bytes, out);
}
