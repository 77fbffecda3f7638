/* SPDX-License-Identifier: GPL-2.0-or-later
 * The host program in the guest, by what it says in the shared memory. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "doctor/doctor.h"

/* The file, device or socket behind a shared memory device. */
static void path_of(const struct vm_shmem *shmem, char *path, size_t cap)
{
    if (shmem->path[0])
        snprintf(path, cap, "%s", shmem->path);
    else
        snprintf(path, cap, "/dev/shm/%s", shmem->name);
}

/* Where the VM's pictures should come from, as the viewer writes it: of several places the first
 * that is there. "": the usual place. */
static void region_of(const struct doctor_facts *facts, char *region, size_t cap)
{
    char path[VM_PATH + sizeof("/dev/shm/")];
    region[0] = '\0';
    for (size_t i = 0; facts->vm && i < facts->vm->shmem_count; i++) {
        const struct vm_shmem *shmem = &facts->vm->shmems[i];
        path_of(shmem, path, sizeof(path));
        const bool is_there = root_exists(facts->root, path);
        if (region[0] && !is_there)
            continue;
        snprintf(region, cap, "%s%s", shmem->model == VM_SHMEM_DOORBELL ? "unix:" : "", path);
        if (is_there)
            return;
    }
}

/* False: nobody to ask. */
static bool ask(const struct doctor_facts *facts, struct doctor_guest *guest, char **problem,
                int *err)
{
    char path[VM_PATH + sizeof("unix:/dev/shm/")];
    const struct doctor_probes *p = facts->probes;
    if (!p || !p->guest || (facts->vm && !facts->vm->running))
        return false;
    region_of(facts, path, sizeof(path));
    *err = p->guest(p->ctx, path[0] ? path : NULL, guest, problem);
    return true;
}

static const char *install_host(void)
{
    return _("Install the host program in Windows (the page install-windows.md tells how), and "
             "restart Windows once.\nIf it is installed: its icon beside the clock of Windows says "
             "what it waits for.");
}

static void check_host(const struct doctor_facts *facts, struct findings *out)
{
    struct doctor_guest guest = { .len_mib = 0 };
    autofree char *problem = NULL;
    int err = 0;
    if (!ask(facts, &guest, &problem, &err))
        return;
    if (err < 0)
        finding_addf(out, VERDICT_SKIPPED, NULL, NULL, _("The guest could not be asked: %s."),
                     err_str(err));
    else if (guest.host_version[0])
        finding_addf(out, VERDICT_OK, NULL, NULL,
                     _("The host program answers: version %s, pictures by %s, %s."),
                     guest.host_version, guest.capture[0] ? guest.capture : "?",
                     guest.os[0] ? guest.os : "?");
    else if (facts->vm)
        finding_addf(out, VERDICT_FAILURE, NULL, install_host(),
                     _("The VM runs, but no host program answers in it: %s."),
                     problem ? problem : "?");
}

static void check_picture(const struct doctor_facts *facts, struct findings *out)
{
    struct doctor_guest guest = { .len_mib = 0 };
    autofree char *problem = NULL;
    int err = 0;
    if (!ask(facts, &guest, &problem, &err) || err < 0 || !guest.host_version[0])
        return;
    if (guest.width_px)
        finding_addf(
            out, VERDICT_OK, NULL, NULL,
            _("Pictures come: %" PRIu32 "x%" PRIu32 ", %s; the newest is %" PRIu64 " ms old."),
            guest.width_px, guest.height_px, guest.hdr ? _("HDR") : _("no HDR"),
            guest.frame_age_ms);
    else
        finding_add(
            out, VERDICT_WARNING, NULL,
            _("The host program answers, but no picture came in some seconds."),
            _("Is a monitor, a dummy plug or a virtual display connected to the VM's graphics "
              "card? Windows draws nothing without one.\nIn Windows: turn off that the screen "
              "goes dark (Settings, System, Power)."));
}

static void check_room(const struct doctor_facts *facts, struct findings *out)
{
    struct doctor_guest guest = { .len_mib = 0 };
    autofree char *problem = NULL, *fix = NULL;
    int err = 0;
    if (!ask(facts, &guest, &problem, &err) || err < 0 || !guest.width_px)
        return;
    if (!guest.truncated) {
        finding_addf(out, VERDICT_OK, NULL, NULL,
                     _("The shared memory (%" PRIu64 " MiB) holds the whole picture."),
                     guest.len_mib);
        return;
    }
    if (asprintf(&fix,
                 _("espelho size %" PRIu32 "x%" PRIu32 "%s\nShut the VM down, put the size that "
                   "is printed (%" PRIu64 " MiB) into its definition, and start it again."),
                 guest.width_px, guest.height_px, guest.hdr ? " --hdr" : "", guest.needed_mib) < 0)
        fix = NULL;
    finding_addf(out, VERDICT_FAILURE, NULL, fix,
                 _("The shared memory (%" PRIu64 " MiB) is too small for %" PRIu32 "x%" PRIu32
                   ": the lower part of the picture is missing; %" PRIu64 " MiB would do."),
                 guest.len_mib, guest.width_px, guest.height_px, guest.needed_mib);
}

static const struct check checks[] = {
    { "guest.host", CHECK_GUEST, N_("Host program"),
      N_("It takes the pictures in Windows and puts them into the shared memory; without it the "
         "window stays empty."),
      check_host },
    { "guest.picture", CHECK_GUEST, N_("Pictures"),
      N_("Windows only makes pictures when it believes that a monitor is connected."),
      check_picture },
    { "guest.room", CHECK_GUEST, N_("Room for the picture"),
      N_("What does not fit into the shared memory is cut off."), check_room },
};
const struct check_table check_guest_table = { checks, ARRAY_LEN(checks) };
