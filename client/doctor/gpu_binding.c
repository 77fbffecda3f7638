/* SPDX-License-Identifier: GPL-2.0-or-later
 * vfio-pci must have the guest's card, and the desktop's must keep its own driver. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "doctor/gpu_checks.h"
#include "doctor/gpu_role.h"
#include "doctor/vfio_config.h"
#include "doctor/wording.h"

/* ---- what a fix names ---- */

/* Ids of the functions of the card's slot that have a driver's work to do: "10de:2204,10de:1aef";
 * and the drivers that have them now. */
struct slot_text {
    char ids[160], drivers[320];
};

static void add_once(char *text, size_t cap, const char *gap, const char *more)
{
    if (!strstr(text, more))
        wording_append(text, cap, gap, more);
}

static void add_id(struct slot_text *t, uint32_t vendor, uint32_t device)
{
    char id[16];
    snprintf(id, sizeof(id), "%04x:%04x", vendor & 0xffff, device & 0xffff);
    add_once(t->ids, sizeof(t->ids), ",", id);
}

static void add_function(struct slot_text *t, const struct pci_function *f)
{
    add_id(t, f->vendor, f->device);
    if (f->driver[0] && !gpu_has_vfio(f))
        add_once(t->drivers, sizeof(t->drivers), " ", f->driver);
}

static struct slot_text slot_text(const struct machine *m, const struct pci_function *gpu)
{
    struct slot_text t = { .ids = "" };
    struct vfio_config config;
    add_function(&t, gpu);
    for (size_t i = 0; i < m->pci_count; i++)
        if (pci_same_slot(gpu, &m->pci[i]))
            add_function(&t, &m->pci[i]);
    vfio_config_read(m, &config);
    for (size_t i = 0; i < config.id_count; i++) /* of other devices: they stay vfio-pci's */
        if (!config.ids[i].is_parameter)
            add_id(&t, config.ids[i].vendor, config.ids[i].device);
    return t;
}

static const struct pci_function *twin_of(const struct machine *m, const struct pci_function *gpu)
{
    for (size_t i = 0; i < m->pci_count; i++) {
        const struct pci_function *const f = &m->pci[i];
        if (f != gpu && pci_is_gpu(f) && f->vendor == gpu->vendor && f->device == gpu->device)
            return f;
    }
    return NULL;
}

/* By address: for cards whose ids another card has too, which must stay with its driver. */
static char *fix_by_address(const struct doctor_facts *facts, const struct pci_function *gpu)
{
    char *text = NULL;
    size_t len_bytes = 0;
    FILE *const to = open_memstream(&text, &len_bytes);
    if (!to)
        return NULL;
    autofree char *install = fix_install(facts->machine, "driverctl");
    fprintf(to, "%s\nsudo driverctl set-override %s vfio-pci", install ? install : "",
            gpu->address);
    for (size_t i = 0; i < facts->machine->pci_count; i++)
        if (pci_same_slot(gpu, &facts->machine->pci[i]))
            fprintf(to, "\nsudo driverctl set-override %s vfio-pci",
                    facts->machine->pci[i].address);
    return fclose(to) == 0 ? text : NULL;
}

/* A name that a shell takes as it is; others are not put into a command. */
static bool is_plain(const char *name)
{
    return name[0] && name[0] != '-' &&
           name[strspn(
               name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")] == '\0';
}

char *gpu_setup_command(const struct doctor_facts *facts, const struct pci_function *gpu,
                        const char *more)
{
    char *text = NULL;
    const char *const name = facts->vm && is_plain(facts->vm->name) ? facts->vm->name : "NAME";
    if (asprintf(&text, "sudo espelho setup gpu --pci %s --domain %s%s --apply", gpu->address, name,
                 more) < 0)
        return NULL;
    return text;
}

static char *fix_binding(const struct doctor_facts *facts, const struct pci_function *gpu)
{
    if (twin_of(facts->machine, gpu))
        return fix_by_address(facts, gpu);
    const struct slot_text t = slot_text(facts->machine, gpu);
    autofree char *early = fix_bind_early(facts->machine, t.ids, t.drivers),
                  *setup = gpu_setup_command(facts, gpu, "");
    char *text = NULL;
    if (!early || !setup ||
        asprintf(&text, "%s\n%s\n%s", early,
                 _("Or, if the desktop shall have the card while the guest is off:"), setup) < 0)
        return NULL;
    return text;
}

/* ---- gpu.vfio ---- */

static void bound(const struct doctor_facts *facts, const struct pci_function *gpu, bool kept,
                  struct findings *out)
{
    const struct gpu_subject subject = gpu_subject(gpu);
    const bool hooks = vfio_config_has_hooks(facts->machine);
    if (kept || pci_is_virtual(gpu)) {
        finding_add(out, VERDICT_OK, subject.text, _("vfio-pci has the card from the boot on."),
                    NULL);
    } else if (hooks || (facts->vm && facts->vm->running)) {
        finding_add(out, VERDICT_OK, subject.text,
                    _("vfio-pci has the card as long as the guest runs."), NULL);
    } else {
        autofree char *fix = fix_binding(facts, gpu);
        finding_add(out, VERDICT_WARNING, subject.text,
                    _("vfio-pci has the card now, but nothing says that it will after the next "
                      "boot."),
                    fix);
    }
}

static void unbound_part(const struct pci_function *gpu, struct findings *out)
{
    const struct gpu_subject subject = gpu_subject(gpu);
    char fix[512];
    snprintf(fix, sizeof(fix),
             _("In the VM's definition, give its <hostdev> the attribute managed='yes', or:\n"
               "echo vfio-pci | sudo tee /sys/bus/pci/devices/%s/driver_override\n"
               "echo %s | sudo tee /sys/bus/pci/devices/%s/driver/unbind\n"
               "echo %s | sudo tee /sys/bus/pci/drivers_probe"),
             gpu->address, gpu->address, gpu->address, gpu->address);
    finding_addf(out, VERDICT_WARNING, subject.text, fix,
                 _("The host's driver %s has this part of the card; vfio-pci should."),
                 gpu->driver);
}

static void unbound(const struct doctor_facts *facts, const struct pci_function *gpu, bool kept,
                    struct findings *out)
{
    const struct gpu_subject subject = gpu_subject(gpu);
    if (!gpu->driver[0]) {
        finding_add(
            out, VERDICT_OK, subject.text,
            _("No driver has the card; libvirt gives it to vfio-pci when the guest starts."), NULL);
        return;
    }
    if (!kept && vfio_config_has_hooks(facts->machine)) {
        finding_addf(out, VERDICT_OK, subject.text, NULL,
                     _("%s has the card until libvirt's hook takes it for the guest."),
                     gpu->driver);
        return;
    }
    autofree char *fix = fix_binding(facts, gpu);
    finding_addf(out, VERDICT_FAILURE, subject.text, fix,
                 kept ? _("vfio-pci is told to take the card, but %s was there earlier at boot.")
                      : _("The host's driver %s has the card, and nothing will take it away."),
                 gpu->driver);
}

static void vfio_of(const struct doctor_facts *facts, const struct pci_function *gpu,
                    struct findings *out)
{
    struct vfio_config config;
    vfio_config_read(facts->machine, &config);
    const bool kept =
        vfio_config_takes(&config, gpu) || vfio_config_has_override(facts->machine, gpu);
    const struct vm_hostdev *const dev = facts->vm ? vm_hostdev(facts->vm, gpu->address) : NULL;
    const struct gpu_subject subject = gpu_subject(gpu);
    if (gpu_has_vfio(gpu))
        bound(facts, gpu, kept, out);
    else if (pci_is_virtual(gpu) && dev && dev->managed)
        finding_add(out, VERDICT_OK, subject.text,
                    _("libvirt gives it to vfio-pci when the guest starts."), NULL);
    else if (pci_is_virtual(gpu) && gpu->driver[0])
        unbound_part(gpu, out);
    else
        unbound(facts, gpu, kept && !pci_is_virtual(gpu), out);
}

void gpu_check_vfio(const struct doctor_facts *facts, struct findings *out)
{
    gpu_each(facts, GPU_OF_GUEST, vfio_of, out);
}

/* ---- gpu.functions ---- */

/* Function 0 has vfio-pci: the others must follow it. */
static void functions_of(const struct doctor_facts *facts, const struct pci_function *gpu,
                         struct findings *out)
{
    const struct machine *const m = facts->machine;
    const struct gpu_subject subject = gpu_subject(gpu);
    size_t others = 0, wrong = 0;
    for (size_t i = 0; gpu_has_vfio(gpu) && i < m->pci_count; i++) {
        const struct pci_function *const f = &m->pci[i];
        if (!pci_same_slot(gpu, f) || pci_is_virtual(gpu))
            continue;
        others++;
        if (!f->driver[0] || gpu_has_vfio(f))
            continue;
        wrong++;
        autofree char *fix = fix_binding(facts, gpu);
        finding_addf(out, VERDICT_FAILURE, gpu_subject(f).text, fix,
                     _("The host's driver %s has this part of the guest's card."), f->driver);
    }
    if (others > 0 && wrong == 0)
        finding_add(out, VERDICT_OK, subject.text,
                    _("The card's sound and other parts are free for the guest too."), NULL);
}

void gpu_check_functions(const struct doctor_facts *facts, struct findings *out)
{
    gpu_each(facts, GPU_OF_GUEST, functions_of, out);
}

/* ---- gpu.same_ids ---- */

static void twins(const struct doctor_facts *facts, const struct pci_function *gpu,
                  struct findings *out)
{
    struct vfio_config config;
    const struct pci_function *const twin = twin_of(facts->machine, gpu);
    vfio_config_read(facts->machine, &config);
    if (!twin || pci_is_virtual(gpu) || pci_is_virtual(twin) || !vfio_config_takes(&config, gpu))
        return;
    const struct gpu_subject subject = gpu_subject(gpu);
    autofree char *by_address = fix_by_address(facts, gpu), *fix = NULL;
    if (asprintf(&fix,
                 _("Take ids=%04x:%04x out of /etc/modprobe.d and of the kernel's command "
                   "line, then:\n%s"),
                 gpu->vendor, gpu->device, by_address ? by_address : "") < 0)
        return;
    finding_addf(out, VERDICT_FAILURE, subject.text, fix,
                 _("%s is the same model: vfio-pci takes both by their ids, and the desktop has "
                   "none."),
                 twin->address);
}

void gpu_check_same_ids(const struct doctor_facts *facts, struct findings *out)
{
    gpu_each(facts, GPU_OF_GUEST, twins, out);
}

/* ---- gpu.blacklist ---- */

static const struct {
    uint32_t vendor;
    const char *driver;
} usual_drivers[] = {
    { 0x1002, "amdgpu" }, { 0x1002, "radeon" }, { 0x8086, "i915" },
    { 0x8086, "xe" },     { 0x10de, "nvidia" }, { 0x10de, "nouveau" },
};

static const struct vfio_ban *ban_of(const struct vfio_config *config,
                                     const struct pci_function *gpu)
{
    const struct vfio_ban *ban = NULL;
    for (size_t i = 0; !ban && i < ARRAY_LEN(usual_drivers); i++)
        if (usual_drivers[i].vendor == gpu->vendor)
            ban = vfio_config_ban(config, usual_drivers[i].driver);
    return ban;
}

static char *fix_ban(const struct machine *m, const struct vfio_ban *ban)
{
    char *text = NULL;
    if (ban->is_parameter)
        return fix_remove_parameters(m, ban->where);
    autofree char *rebuild = fix_rebuild_initramfs(m);
    if (asprintf(&text, "sudo sed -i '/^blacklist %s/d' %s\n%s\nsudo reboot", ban->driver,
                 ban->where, rebuild ? rebuild : "") < 0)
        return NULL;
    return text;
}

/* Guides for one card of a kind say: blacklist its driver. With two of the kind the desktop loses
 * its own. */
static void ban_on(const struct doctor_facts *facts, const struct pci_function *gpu,
                   struct findings *out)
{
    struct vfio_config config;
    const struct gpu_subject subject = gpu_subject(gpu);
    vfio_config_read(facts->machine, &config);
    const struct vfio_ban *const ban = gpu->driver[0] ? NULL : ban_of(&config, gpu);
    if (ban) {
        autofree char *fix = fix_ban(facts->machine, ban);
        finding_addf(out, VERDICT_FAILURE, subject.text, fix,
                     _("The desktop's card has no driver, because %s keeps %s out."), ban->where,
                     ban->driver);
    } else if (!gpu->driver[0]) {
        finding_add(out, VERDICT_WARNING, subject.text,
                    _("The desktop's card has no driver: its picture is slow and has one size."),
                    _("Look why: sudo dmesg | grep -iE 'amdgpu|i915|xe|nouveau|nvidia'"));
    } else {
        finding_addf(out, VERDICT_OK, subject.text, NULL,
                     _("The desktop's card has its driver, %s."), gpu->driver);
    }
}

void gpu_check_blacklist(const struct doctor_facts *facts, struct findings *out)
{
    gpu_each(facts, GPU_OF_HOST, ban_on, out);
}
