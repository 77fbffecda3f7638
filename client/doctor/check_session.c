/* SPDX-License-Identifier: GPL-2.0-or-later
 * The desktop: what the compositor offers, and whether pictures and sound have a way. */
#include "doctor/doctor.h"

#include <stdlib.h>
#include <string.h>

#include "text/text.h"

/* What the viewer wants of a compositor beyond the least, and what is worse without it. */
static const struct {
    const char *interface, *without;
} wanted[] = {
    { "zwp_linux_dmabuf_v1", N_("pictures are copied once more than needed") },
    { "wp_viewporter", N_("pictures cannot be scaled by the desktop") },
    { "wp_fractional_scale_manager_v1", N_("scales such as 125% are drawn less sharply") },
    { "wp_presentation", N_("the delay of pictures cannot be measured") },
    { "zwp_pointer_constraints_v1", N_("the mouse cannot be held in the window, as games need") },
    { "zwp_relative_pointer_manager_v1", N_("mouse movements of games are less exact") },
    { "zwp_keyboard_shortcuts_inhibit_manager_v1",
      N_("shortcuts such as Alt+Tab stay on the desktop and do not reach the VM") },
    { "zwp_idle_inhibit_manager_v1", N_("the screen may go dark while you watch the VM") },
};

static bool offers(const struct doctor_wayland *w, const char *interface)
{
    for (size_t i = 0; i < w->interface_count; i++) {
        if (strcmp(w->interfaces[i], interface) == 0)
            return true;
    }
    return false;
}

static void check_wayland(const struct doctor_facts *facts, struct findings *out)
{
    struct doctor_wayland w = { .interface_count = 0 };
    if (!facts->probes || !facts->probes->wayland)
        return;
    if (facts->probes->wayland(facts->probes->ctx, &w) < 0) {
        finding_add(out, VERDICT_FAILURE, NULL,
                    _("No Wayland desktop answers here; the window of the VM needs one."),
                    _("Log out, and choose a Wayland session on the login screen (GNOME or "
                      "\"Plasma (Wayland)\").\nIf you are connected through SSH: run this on the "
                      "desktop itself."));
        return;
    }
    finding_addf(out, VERDICT_OK, NULL, NULL, _("A Wayland desktop answers (%s)."), w.compositor);
}

static void check_protocols(const struct doctor_facts *facts, struct findings *out)
{
    struct doctor_wayland w = { .interface_count = 0 };
    if (!facts->probes || !facts->probes->wayland ||
        facts->probes->wayland(facts->probes->ctx, &w) < 0)
        return;
    bool complete = true;
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        if (offers(&w, wanted[i].interface))
            continue;
        complete = false;
        finding_addf(out, VERDICT_WARNING, wanted[i].interface,
                     _("Update the desktop; a newer version may offer it. The VM works without."),
                     _("The desktop does not offer this: %s."), _(wanted[i].without));
    }
    if (complete)
        finding_add(out, VERDICT_OK, NULL, _("The desktop offers everything that the viewer uses."),
                    NULL);
}

static const struct check checks[] = {
    { "session.wayland", CHECK_SESSION, N_("Wayland desktop"),
      N_("The VM's window is a Wayland window; under X11 it cannot be shown."), check_wayland },
    { "session.protocols", CHECK_SESSION, N_("What the desktop offers"),
      N_("Each missing part makes pictures slower or keyboard and mouse less exact."),
      check_protocols },
};
const struct check_table check_session_table = { checks, ARRAY_LEN(checks) };
