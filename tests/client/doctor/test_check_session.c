/* SPDX-License-Identifier: GPL-2.0-or-later
 * The groups session and guest, with probes that say what they are told to, and trees with the
 * settings of a desktop. */
#include <errno.h>

#include "client/machine/tree.h"
#include "doctor/doctor.h"
#include "doctor/report.h"
#include "test.h"

/* What the fake session says. */
struct session {
    int wayland_err, egl_err, guest_err;
    struct doctor_wayland wayland;
    const char *renderer, *egl_problem, *guest_problem;
    bool import_works, pipewire;
    struct doctor_guest guest;
    char asked[VM_PATH + 16]; /* the region that was asked for; "-": the usual one */
};

static char *copy(const char *text)
{
    return text ? strdup(text) : NULL;
}

static int say_wayland(void *ctx, struct doctor_wayland *out)
{
    const struct session *s = ctx;
    *out = s->wayland;
    return s->wayland_err;
}

static int say_egl(void *ctx, char **renderer, bool *import_works, char **problem)
{
    const struct session *s = ctx;
    *renderer = copy(s->renderer);
    *problem = copy(s->egl_problem);
    *import_works = s->import_works;
    return s->egl_err;
}

static int say_guest(void *ctx, const char *region_path, struct doctor_guest *out, char **problem)
{
    struct session *s = ctx;
    snprintf(s->asked, sizeof(s->asked), "%s", region_path ? region_path : "-");
    *out = s->guest;
    *problem = copy(s->guest_problem);
    return s->guest_err;
}

static bool say_pipewire(void *ctx)
{
    const struct session *s = ctx;
    return s->pipewire;
}

static void offer(struct session *s, const char *interface)
{
    snprintf(s->wayland.interfaces[s->wayland.interface_count++], 64, "%s", interface);
}

static struct session good_session(void)
{
    static const char *const all[] = { "zwp_linux_dmabuf_v1",
                                       "wp_viewporter",
                                       "wp_fractional_scale_manager_v1",
                                       "wp_presentation",
                                       "zwp_pointer_constraints_v1",
                                       "zwp_relative_pointer_manager_v1",
                                       "zwp_keyboard_shortcuts_inhibit_manager_v1",
                                       "zwp_idle_inhibit_manager_v1" };
    struct session s = { .renderer = "Mesa Intel(R) UHD", .import_works = true, .pipewire = true };
    snprintf(s.wayland.compositor, sizeof(s.wayland.compositor), "gnome-shell");
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        offer(&s, all[i]);
    s.guest = (struct doctor_guest){ .host_version = "B7",
                                     .capture = "DXGI",
                                     .os = "Windows 11",
                                     .width_px = 2560,
                                     .height_px = 1440,
                                     .needed_mib = 64,
                                     .len_mib = 64 };
    return s;
}

/* One check; its first finding's verdict, and all texts in one for strstr(). */
static enum verdict run(struct session *s, const struct vm *vm, const char *id, char text[4096])
{
    const struct doctor_probes probes = { say_wayland, say_egl, say_guest, say_pipewire, s };
    struct root *root = tree_open();
    struct machine *machine;
    CHECK_INT(machine_load(root, &machine), 0);
    const struct doctor_facts facts = {
        .root = root, .machine = machine, .vm = vm, .probes = s ? &probes : NULL
    };
    struct doctor_report *r;
    CHECK_INT(doctor_run(&facts, id, &r), 0);
    size_t at = 0;
    text[0] = '\0';
    for (size_t i = 0; i < r->findings.count && at < 4000; i++) {
        const struct finding *f = &r->findings.items[i];
        at += (size_t)snprintf(text + at, 4096 - at, "%s|%s|%s\n", f->subject ? f->subject : "",
                               f->found, f->fix ? f->fix : "");
    }
    const enum verdict verdict = r->findings.items[0].verdict;
    CHECK(verdict != VERDICT_WARNING || r->findings.items[0].fix);
    CHECK(verdict != VERDICT_FAILURE || r->findings.items[0].fix);
    doctor_report_free(r);
    machine_free(machine);
    root_close(root);
    return verdict;
}

#define CHECK_RUN(session, vm, id, verdict, words)                                                 \
    do {                                                                                           \
        char text_[4096];                                                                          \
        CHECK_INT(run(session, vm, id, text_), verdict);                                           \
        CHECK_MSG(strstr(text_, words), "%s: \"%s\" has no \"%s\"", id, text_, words);             \
    } while (0)

TEST(a_saved_tree_has_no_session)
{
    tree_begin();
    static const char *const ids[] = { "session.wayland", "session.protocols", "session.driver",
                                       "session.sound",   "session.sleep",     "session.governor",
                                       "session.monitor", "guest.host",        "guest.picture",
                                       "guest.room" };
    for (size_t i = 0; i < ARRAY_LEN(ids); i++)
        CHECK_RUN(NULL, NULL, ids[i], VERDICT_NOT_APPLICABLE, "");
}

TEST(a_desktop_that_has_everything)
{
    tree_begin();
    struct session s = good_session();
    CHECK_RUN(&s, NULL, "session.wayland", VERDICT_OK, "gnome-shell");
    CHECK_RUN(&s, NULL, "session.protocols", VERDICT_OK, "");
    CHECK_RUN(&s, NULL, "session.driver", VERDICT_OK, "Mesa Intel(R) UHD");
    CHECK_RUN(&s, NULL, "session.sound", VERDICT_OK, "");
    CHECK_RUN(&s, NULL, "session.sleep", VERDICT_OK, "");
}

TEST(no_desktop_is_one_failure_and_not_four)
{
    tree_begin();
    struct session s = good_session();
    s.wayland_err = -ENOENT;
    CHECK_RUN(&s, NULL, "session.wayland", VERDICT_FAILURE, "Wayland session");
    CHECK_RUN(&s, NULL, "session.protocols", VERDICT_NOT_APPLICABLE, "");
    CHECK_RUN(&s, NULL, "session.driver", VERDICT_NOT_APPLICABLE, "");
}

TEST(each_missing_protocol_is_named)
{
    tree_begin();
    struct session s = good_session();
    s.wayland.interface_count -= 2;
    CHECK_RUN(&s, NULL, "session.protocols", VERDICT_WARNING,
              "(zwp_keyboard_shortcuts_inhibit_manager_v1); ");
    CHECK_RUN(&s, NULL, "session.protocols", VERDICT_WARNING, "(zwp_idle_inhibit_manager_v1).");
}

TEST(a_driver_that_cannot_import_is_a_warning_with_its_reason)
{
    tree_begin();
    struct session s = good_session();
    s.import_works = false;
    s.egl_problem = "/dev/udmabuf: Permission denied";
    CHECK_RUN(&s, NULL, "session.driver", VERDICT_WARNING, "Permission denied");
    s.egl_problem = NULL;
    CHECK_RUN(&s, NULL, "session.driver", VERDICT_WARNING, "");
    s.egl_err = -ENOMEM;
    CHECK_RUN(&s, NULL, "session.driver", VERDICT_SKIPPED, "");
}

TEST(no_sound_service)
{
    tree_begin();
    tree_file("/etc/os-release", "ID=debian\nVERSION_ID=12\n");
    struct session s = good_session();
    s.pipewire = false;
    CHECK_RUN(&s, NULL, "session.sound", VERDICT_WARNING, "apt install pipewire");
}

TEST(a_computer_that_sleeps_by_itself)
{
    struct session s = good_session();
    tree_begin();
    tree_file("/etc/systemd/logind.conf", "[Login]\n#IdleAction=suspend\n");
    CHECK_RUN(&s, NULL, "session.sleep", VERDICT_OK, "");
    tree_file("/etc/systemd/logind.conf", "[Login]\nIdleAction=ignore\n");
    CHECK_RUN(&s, NULL, "session.sleep", VERDICT_OK, "");
    tree_file("/etc/systemd/logind.conf", "[Login]\nIdleAction=suspend\n");
    CHECK_RUN(&s, NULL, "session.sleep", VERDICT_WARNING, "logind|");
    static const char name[] =
        "/.espelho/commands/gsettings+get+org.gnome.settings-daemon.plugins.power+"
        "sleep-inactive-ac-type";
    tree_file(name, "status 0\n'suspend'\n");
    CHECK_RUN(&s, NULL, "session.sleep", VERDICT_WARNING, "GNOME|");
    tree_file(name, "status 0\n'nothing'\n");
    CHECK_RUN(&s, NULL, "session.sleep", VERDICT_WARNING, "logind|");
}

TEST(pieces_of_loginds_settings)
{
    struct session s = good_session();
    tree_begin();
    tree_file("/etc/systemd/logind.conf", "[Login]\nIdleAction=suspend\nIdleAction=lock\n");
    CHECK_RUN(&s, NULL, "session.sleep", VERDICT_OK, "");
    tree_file("/etc/systemd/logind.conf.d/10.conf", "[Login]\nIdleAction=hibernate\n");
    CHECK_RUN(&s, NULL, "session.sleep", VERDICT_WARNING, "zz-espelho.conf");
    tree_file("/etc/systemd/logind.conf.d/zz-espelho.conf", "[Login]\nIdleAction=ignore\n");
    CHECK_RUN(&s, NULL, "session.sleep", VERDICT_OK, "");
}

#define INHIBIT "/.espelho/commands/systemd-inhibit+--list+--no-legend+--no-pager"

/* logind's inhibitors, as systemd 252 and newer print them. */
TEST(who_keeps_a_running_vm_awake)
{
    static const struct {
        const char *lines;
        enum verdict verdict;
        const char *words;
    } rows[] = {
        { "", VERDICT_WARNING, "logind" },
        { "NetworkManager 0 root 812 NetworkManager sleep NetworkManager needs to turn off delay\n",
          VERDICT_WARNING, "logind" },
        { "libvirtd       0 root 900 libvirtd shutdown Virtual machines block\n", VERDICT_WARNING,
          "logind" },
        { "A program 1000 ana 77 a handle-lid-switch sleep is not meant block\n", VERDICT_WARNING,
          "logind" },
        { "A program 1000 ana 77 a handle-lid-switch:sleep why block-weak\n", VERDICT_OK,
          "awake by: A program." },
        { "x 0 root 1 x shutdown why block\nmy keeper   1000 ana 5 sh idle for the VM block\n"
          "other 0 root 2 y shutdown:sleep:idle z block\n",
          VERDICT_OK, "awake by: my keeper, other." },
        { "\n \nblock\nsleep\n:::: sleep: block", VERDICT_WARNING, "logind" },
    };
    struct session s = good_session();
    struct vm vm = { .name = "win", .running = true };
    tree_begin();
    tree_file("/etc/systemd/logind.conf", "[Login]\nIdleAction=suspend\n");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char text[4096];
        snprintf(text, sizeof(text), "status 0\n%s", rows[i].lines);
        tree_file(INHIBIT, text);
        CHECK_RUN(&s, &vm, "session.sleep", rows[i].verdict, rows[i].words);
    }
    vm.running = false; /* what holds now says nothing of later */
    tree_file(INHIBIT, "status 0\nkeeper 0 root 2 y sleep z block\n");
    CHECK_RUN(&s, &vm, "session.sleep", VERDICT_WARNING, "logind");
}

static void policy(const char *driver, const char *governor, const char *preference)
{
    tree_file("/sys/devices/system/cpu/cpufreq/policy0/scaling_driver", driver);
    tree_file("/sys/devices/system/cpu/cpufreq/policy0/scaling_governor", governor);
    tree_file("/sys/devices/system/cpu/cpufreq/policy0/energy_performance_preference", preference);
}

TEST(governors)
{
    struct session s = good_session();
    tree_begin();
    static const struct {
        const char *driver, *governor, *preference;
        enum verdict verdict;
    } rows[] = {
        { "acpi-cpufreq", "powersave", "", VERDICT_WARNING },
        { "acpi-cpufreq", "schedutil", "", VERDICT_OK },
        { "intel_pstate", "powersave", "balance_performance", VERDICT_OK },
        { "intel_pstate", "powersave", "power", VERDICT_WARNING },
        { "amd-pstate-epp", "powersave", "performance", VERDICT_OK },
        { "amd-pstate", "powersave", "performance", VERDICT_WARNING },
        { "intel_cpufreq", "performance", "", VERDICT_OK },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        policy(rows[i].driver, rows[i].governor, rows[i].preference);
        CHECK_RUN(&s, NULL, "session.governor", rows[i].verdict, "");
    }
}

TEST(monitors)
{
    struct session s = good_session();
    tree_begin();
    CHECK_RUN(&s, NULL, "session.monitor", VERDICT_NOT_APPLICABLE, "");
    tree_file("/.espelho/commands/ddcutil+detect+--brief",
              "status 0\nDisplay 1\n   I2C bus: /dev/i2c-4\nInvalid display\nDisplay 2\n");
    CHECK_RUN(&s, NULL, "session.monitor", VERDICT_OK, "2 monitor");
    tree_file("/.espelho/commands/ddcutil+detect+--brief", "status 1\nNo displays found\n");
    CHECK_RUN(&s, NULL, "session.monitor", VERDICT_SKIPPED, "i2c-dev");
}

static const struct vm running = { .name = "win11",
                                   .running = true,
                                   .shmem_count = 1,
                                   .shmems = { { .model = VM_SHMEM_PLAIN, .name = "mirror" } } };

TEST(a_guest_that_shows_its_picture)
{
    tree_begin();
    struct session s = good_session();
    CHECK_RUN(&s, &running, "guest.host", VERDICT_OK, "version B7, pictures by DXGI, Windows 11");
    CHECK_STR(s.asked, "/dev/shm/mirror");
    CHECK_RUN(&s, &running, "guest.picture", VERDICT_OK, "2560x1440, no HDR");
    CHECK_RUN(&s, &running, "guest.room", VERDICT_OK, "64 MiB");
}

TEST(where_the_region_is)
{
    tree_begin();
    struct session s = good_session();
    struct vm vm = running;
    snprintf(vm.shmems[0].path, sizeof(vm.shmems[0].path), "/dev/kvmfr0");
    CHECK_RUN(&s, &vm, "guest.host", VERDICT_OK, "");
    CHECK_STR(s.asked, "/dev/kvmfr0");
    vm.shmems[0].model = VM_SHMEM_DOORBELL;
    snprintf(vm.shmems[0].path, sizeof(vm.shmems[0].path), "/run/espelho/win11.sock");
    CHECK_RUN(&s, &vm, "guest.host", VERDICT_OK, "");
    CHECK_STR(s.asked, "unix:/run/espelho/win11.sock");
    vm.shmem_count = 0;
    CHECK_RUN(&s, &vm, "guest.host", VERDICT_OK, "");
    CHECK_STR(s.asked, "-");
}

TEST(a_vm_that_is_off_is_not_asked)
{
    tree_begin();
    struct session s = good_session();
    struct vm vm = running;
    vm.running = false;
    CHECK_RUN(&s, &vm, "guest.host", VERDICT_NOT_APPLICABLE, "");
    CHECK_STR(s.asked, "");
}

TEST(guests_with_troubles)
{
    tree_begin();
    struct session s = good_session();
    s.guest.truncated = true;
    s.guest.needed_mib = 128;
    CHECK_RUN(&s, &running, "guest.room", VERDICT_FAILURE, "128 MiB would do");
    CHECK_RUN(&s, &running, "guest.room", VERDICT_FAILURE, "|espelho size 2560x1440\n");
    s.guest.hdr = true;
    CHECK_RUN(&s, &running, "guest.room", VERDICT_FAILURE, "|espelho size 2560x1440 --hdr\n");
    s.guest.width_px = 0;
    CHECK_RUN(&s, &running, "guest.picture", VERDICT_WARNING, "dummy plug");
    CHECK_RUN(&s, &running, "guest.room", VERDICT_NOT_APPLICABLE, "");
    s.guest = (struct doctor_guest){ .len_mib = 64 };
    s.guest_problem = "Waiting for the host";
    CHECK_RUN(&s, &running, "guest.host", VERDICT_FAILURE, "Waiting for the host");
    CHECK_RUN(&s, NULL, "guest.host", VERDICT_NOT_APPLICABLE, "");
    s.guest_err = -EACCES;
    CHECK_RUN(&s, &running, "guest.host", VERDICT_SKIPPED, "Permission denied");
}
