/* SPDX-License-Identifier: GPL-2.0-or-later
 * The desktop: what the compositor offers, whether pictures and sound have a way, and whether the
 * computer stays awake and fast. */
#include "doctor/doctor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "doctor/session_check.h"

/* What the viewer wants of a compositor beyond the least, and what is worse without it. */
static const struct {
    const char *interface, *without;
} wanted[] = {
    { "zwp_linux_dmabuf_v1", N_("pictures are copied once more than needed") },
    { "wp_viewporter", N_("pictures cannot be scaled by the desktop") },
    { "wp_fractional_scale_manager_v1",
      N_("scales between whole numbers (125 percent) are drawn less sharply") },
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

/* "what is worse (interface); ..."; heap; "": nothing. */
static char *missing_of(const struct doctor_wayland *w)
{
    char *text = NULL;
    size_t len_bytes = 0;
    FILE *to = open_memstream(&text, &len_bytes);
    if (!to)
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        if (!offers(w, wanted[i].interface))
            fprintf(to, "%s%s (%s)", ftell(to) ? "; " : "", _(wanted[i].without),
                    wanted[i].interface);
    }
    if (fclose(to) == 0)
        return text;
    free(text);
    return NULL;
}

static void check_protocols(const struct doctor_facts *facts, struct findings *out)
{
    struct doctor_wayland w = { .interface_count = 0 };
    if (!facts->probes || !facts->probes->wayland ||
        facts->probes->wayland(facts->probes->ctx, &w) < 0)
        return;
    autofree char *missing = missing_of(&w);
    if (!missing)
        return;
    if (!missing[0])
        finding_add(out, VERDICT_OK, NULL, _("The desktop offers everything that the viewer uses."),
                    NULL);
    else
        finding_addf(out, VERDICT_WARNING, NULL,
                     _("Update the desktop; a newer version may offer it. The VM works without."),
                     _("The desktop does not offer all that the viewer would use: %s."), missing);
}

static void check_driver(const struct doctor_facts *facts, struct findings *out)
{
    const struct doctor_probes *p = facts->probes;
    struct doctor_wayland w = { .interface_count = 0 };
    autofree char *renderer = NULL, *problem = NULL;
    bool works = false;
    if (!p || !p->egl || !p->wayland || p->wayland(p->ctx, &w) < 0)
        return; /* without a desktop there is nothing to draw on */
    const int err = p->egl(p->ctx, &renderer, &works, &problem);
    if (err < 0)
        finding_addf(out, VERDICT_SKIPPED, NULL, NULL, _("The trial could not be made: %s."),
                     err_str(err));
    else if (works)
        finding_addf(out, VERDICT_OK, NULL, NULL,
                     _("The graphics driver (%s) reads the VM's pictures where they lie; this was "
                       "tried."),
                     renderer && renderer[0] ? renderer : "?");
    else
        finding_addf(
            out, VERDICT_WARNING, NULL,
            _("See the line about udmabuf above; if that one is in order, update Mesa or the "
              "graphics driver.\nThe VM is shown all the same, with one copy more of each "
              "picture."),
            _("The graphics driver cannot read the VM's pictures where they lie: %s."),
            problem && problem[0] ? problem : "?");
}

static void check_sound(const struct doctor_facts *facts, struct findings *out)
{
    if (!facts->probes || !facts->probes->pipewire)
        return;
    if (facts->probes->pipewire(facts->probes->ctx)) {
        finding_add(out, VERDICT_OK, NULL, _("PipeWire answers."), NULL);
        return;
    }
    autofree char *install = fix_install(facts->machine, "pipewire");
    autofree char *fix = NULL;
    if (asprintf(&fix, "%s\nsystemctl --user enable --now pipewire wireplumber",
                 install ? install : "") < 0)
        fix = NULL;
    finding_add(out, VERDICT_WARNING, NULL,
                _("PipeWire, the sound service, does not answer: the VM will be silent."), fix);
}

/* ---- how fast the processor may be ---- */

#define POLICY "/sys/devices/system/cpu/cpufreq/policy0/"

/* With these drivers "powersave" lets the processor choose, and is right. */
static bool chooses_itself(const char *driver)
{
    return strcmp(driver, "intel_pstate") == 0 || strcmp(driver, "amd-pstate-epp") == 0 ||
           strcmp(driver, "amd_pstate_epp") == 0;
}

static void check_governor(const struct doctor_facts *facts, struct findings *out)
{
    char governor[64], driver[64] = "?", preference[64] = "";
    if (root_read_line(facts->root, POLICY "scaling_governor", governor, sizeof(governor)) < 0)
        return;
    if (root_read_line(facts->root, POLICY "scaling_driver", driver, sizeof(driver)) < 0 ||
        root_read_line(facts->root, POLICY "energy_performance_preference", preference,
                       sizeof(preference)) < 0)
        preference[0] = '\0';
    const bool slow = strcmp(governor, "powersave") == 0 && !chooses_itself(driver);
    if (slow || strcmp(preference, "power") == 0)
        finding_addf(
            out, VERDICT_WARNING, NULL,
            _("powerprofilesctl set performance\nor, where that is not there: echo "
              "performance | sudo tee /sys/devices/system/cpu/cpufreq/policy*/scaling_governor\n"
              "`espelho setup cpus` does it when the VM starts, and takes it back when it "
              "ends."),
            _("The processor is told to save power (%s), so games in the VM stutter."),
            slow ? governor : preference);
    else
        finding_addf(out, VERDICT_OK, NULL, NULL, _("The processor may be fast (%s, %s)."), driver,
                     governor);
}

/* ---- a monitor that changes its input by itself ---- */

static size_t count_displays(const char *text)
{
    size_t count = 0;
    for (const char *at = text; at; at = strchr(at, '\n')) {
        at += at[0] == '\n';
        count += strncmp(at, "Display ", 8) == 0;
    }
    return count;
}

static void check_monitor(const struct doctor_facts *facts, struct findings *out)
{
    static const char *const argv[] = { "ddcutil", "detect", "--brief", NULL };
    autofree char *text = NULL;
    int status = 0;
    const int err = root_command(facts->root, argv, &text, &status);
    if (err == -ENOENT)
        return; /* nobody needs it who did not install it */
    const size_t count = err == 0 ? count_displays(text) : 0;
    if (count > 0)
        finding_addf(
            out, VERDICT_OK, NULL, NULL,
            NG_("ddcutil reaches %zu monitor, so `espelho setup monitor` can switch its input.",
                "ddcutil reaches %zu monitors, so `espelho setup monitor` can switch their input.",
                count),
            count);
    else
        finding_add(out, VERDICT_SKIPPED, NULL,
                    _("ddcutil is installed, but reaches no monitor: it may need the kernel module "
                      "i2c-dev and your user in the group i2c."),
                    "sudo modprobe i2c-dev\nsudo usermod -aG i2c $USER");
}

static const struct check checks[] = {
    { "session.wayland", CHECK_SESSION, N_("Wayland desktop"),
      N_("The VM's window is a Wayland window; under X11 it cannot be shown."), check_wayland },
    { "session.protocols", CHECK_SESSION, N_("What the desktop offers"),
      N_("Each missing part makes pictures slower or keyboard and mouse less exact."),
      check_protocols },
    { "session.driver", CHECK_SESSION, N_("Pictures without a copy"),
      N_("When the graphics card reads pictures where the VM wrote them, the processor has nothing "
         "to copy."),
      check_driver },
    { "session.sound", CHECK_SESSION, N_("Sound"),
      N_("The VM's sound and your microphone go through PipeWire."), check_sound },
    { "session.sleep", CHECK_SESSION, N_("Sleep"),
      N_("A VM with a graphics card of its own seldom survives that the computer sleeps."),
      session_sleep },
    { "session.governor", CHECK_SESSION, N_("Processor speed"),
      N_("A processor that saves power wakes up late for every picture and every sound."),
      check_governor },
    { "session.monitor", CHECK_SESSION, N_("Monitor input"),
      N_("A monitor on both graphics cards can be switched by the computer instead of by hand."),
      check_monitor },
};
const struct check_table check_session_table = { checks, ARRAY_LEN(checks) };
