/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "commands/doctor_probes.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/printable.h"
#include "base/text.h"
#include "commands/wayland_ask.h"
#include "kvmfr/sizing.h"
#include "machine/program.h"
#include "source/relay/relay.h"

enum { PATIENCE_MS = 2500 };

struct probe_memory {
    bool asked_wayland, asked_egl, asked_guest;
    int wayland_err, egl_err, guest_err;
    struct doctor_wayland wayland;
    char *renderer, *egl_problem;
    bool import_works;
    char *region; /* that the guest was asked through */
    struct doctor_guest guest;
    char *guest_problem;
};

/* ---- Wayland ---- */

static void on_global(void *ctx, struct wl_registry *registry, uint32_t name, const char *interface,
                      uint32_t version)
{
    (void)registry;
    (void)name;
    (void)version;
    struct doctor_wayland *w = ctx;
    if (w->interface_count == ARRAY_LEN(w->interfaces))
        return;
    snprintf(w->interfaces[w->interface_count++], sizeof(w->interfaces[0]), "%s", interface);
}

static void on_global_remove(void *ctx, struct wl_registry *registry, uint32_t name)
{
    (void)ctx;
    (void)registry;
    (void)name;
}

static int list_globals(struct wl_display *display, struct doctor_wayland *out)
{
    static const struct wl_registry_listener registry_listener = { on_global, on_global_remove };
    struct wl_registry *registry = wl_display_get_registry(display);
    if (!registry)
        return -ENOMEM;
    wl_registry_add_listener(registry, &registry_listener, out);
    const int err = wayland_ask_wait(display);
    wl_registry_destroy(registry);
    return err;
}

/* The program at the other end of the socket: "kwin_wayland". */
static void name_peer(int fd, char *name, size_t cap)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);
    char path[64];
    snprintf(name, cap, "?");
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
        return;
    snprintf(path, sizeof(path), "/proc/%ld/comm", (long)peer.pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return;
    if (fgets(name, (int)cap, file))
        name[strcspn(name, "\n")] = '\0';
    fclose(file);
}

static int ask_wayland(struct doctor_wayland *out)
{
    struct wl_display *display = NULL;
    int err = wayland_ask_open(NULL, &display);
    if (err < 0)
        return err;
    name_peer(wl_display_get_fd(display), out->compositor, sizeof(out->compositor));
    err = list_globals(display, out);
    wl_display_disconnect(display);
    return err;
}

static int probe_wayland(void *ctx, struct doctor_wayland *out)
{
    struct probe_memory *m = ctx;
    if (!m->asked_wayland)
        m->wayland_err = ask_wayland(&m->wayland);
    m->asked_wayland = true;
    *out = m->wayland;
    return m->wayland_err;
}

/* ---- the graphics driver ---- */

/* As long as the viewer waits for it; a software driver in an emulated machine needs some seconds.
 */
enum { TRIAL_MS = 60000 };

/* The very trial that the viewer makes before it trusts a driver, in a process of its own. */
static int try_import(struct probe_memory *m)
{
    int status = 0;
    char *said = NULL;
    const int err = program_ask_ourselves("try-import", "udmabuf", TRIAL_MS, &said, &status);
    if (err == -ETIMEDOUT || err == -EINTR)
        return asprintf(&m->egl_problem, "%s",
                        err == -EINTR
                            ? _("the driver crashed when it was tried")
                            : _("the driver did not come to an end when it was tried")) < 0
                   ? -ENOMEM
                   : 0;
    if (err < 0)
        return err;
    said[strcspn(said, "\n")] = '\0';
    make_printable(said); /* the driver's name is the driver's */
    m->import_works = status == 0;
    *(status == 0 ? &m->renderer : &m->egl_problem) = said;
    return 0;
}

static int probe_egl(void *ctx, char **renderer, bool *import_works, char **problem)
{
    struct probe_memory *m = ctx;
    if (!m->asked_egl)
        m->egl_err = try_import(m);
    m->asked_egl = true;
    *renderer = m->renderer ? strdup(m->renderer) : NULL;
    *problem = m->egl_problem ? strdup(m->egl_problem) : NULL;
    *import_works = m->import_works;
    return m->egl_err;
}

/* ---- sound ---- */

static bool probe_pipewire(void *ctx)
{
    (void)ctx;
    const char *folder = getenv("PIPEWIRE_RUNTIME_DIR");
    if (!folder)
        folder = getenv("XDG_RUNTIME_DIR");
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    const int len = snprintf(address.sun_path, sizeof(address.sun_path), "%s/pipewire-0",
                             folder ? folder : "/run");
    if (len < 0 || (size_t)len >= sizeof(address.sun_path))
        return false;
    autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
}

/* ---- the guest ---- */

struct listening {
    struct doctor_guest *out;
    struct loop *loop;
    struct source *source;
    struct source_status status;
    bool has_frame;
};

static void on_status(void *ctx, const struct source_status *status)
{
    struct listening *l = ctx;
    struct doctor_guest *g = l->out;
    l->status = *status;
    l->status.session = NULL; /* borrowed for the call only */
    if (!status->session)
        return;
    snprintf(g->host_version, sizeof(g->host_version), "%s", status->session->host_version);
    snprintf(g->capture, sizeof(g->capture), "%s", status->session->capture);
    snprintf(g->os, sizeof(g->os), "%.*s", (int)sizeof(g->os) - 1, status->session->os_name);
}

static void on_activity(void *ctx)
{
    (void)ctx; /* looked for after each round */
}

static void take_frame(struct listening *l)
{
    struct frame_view frame;
    struct damage damage;
    damage_clear(&damage);
    if (l->source->ops->take_frame(l->source, &frame, &damage) != SOURCE_TAKE_FRAME)
        return;
    struct doctor_guest *g = l->out;
    g->width_px = frame.width_px;
    g->height_px = frame.height_px;
    g->hdr = (frame.flags & FRAME_FLAG_HDR) != 0;
    g->truncated = (frame.flags & FRAME_FLAG_TRUNCATED) != 0;
    g->needed_mib = kvmfr_region_mib_for_mode(frame.width_px, frame.height_px,
                                              kvmfr_sizing_bytes_per_pixel(frame.fmt));
    const struct source_frame_times times = source_frame_times(l->source);
    if (times.post_ns && times.post_ns < clock_ns())
        g->frame_age_ms = (clock_ns() - times.post_ns) / NS_PER_MS;
    l->source->ops->finish_frame(l->source, true);
    l->has_frame = true;
}

static int listen_to(struct listening *l)
{
    const uint64_t end_ns = clock_ns() + PATIENCE_MS * NS_PER_MS;
    while (!l->has_frame && clock_ns() < end_ns) {
        if (l->status.state == SOURCE_STATE_NO_REGION ||
            l->status.state == SOURCE_STATE_WRONG_VERSION)
            break; /* waiting would mend nothing */
        const int err = loop_run_once(l->loop, 20);
        if (err < 0)
            return err;
        struct cursor_update cursor;
        while (l->source->ops->take_cursor(l->source, &cursor)) {
            if (cursor.has_shape)
                cursor_shape_fini(&cursor.shape);
        }
        take_frame(l);
    }
    const struct shm_region *region = l->source->ops->region(l->source);
    l->out->len_mib = region ? region->len_bytes >> 20 : 0;
    return 0;
}

static int ask_guest(struct probe_memory *m, const char *path)
{
    struct listening l = { .out = &m->guest };
    const struct relay_config config = { .path = path, .fd = -1 };
    const struct source_listener listener = { .on_status = on_status,
                                              .on_activity = on_activity,
                                              .ctx = &l };
    int err = loop_create(&l.loop);
    if (err == 0)
        err = relay_create(l.loop, &config, &listener, &l.source);
    if (err == 0)
        err = listen_to(&l);
    if (l.source)
        l.source->ops->destroy(l.source);
    loop_destroy(l.loop);
    if (err == 0 && !l.has_frame &&
        asprintf(&m->guest_problem, "%s", l.status.title[0] ? l.status.title : "") < 0)
        err = -ENOMEM;
    return err;
}

static int probe_guest(void *ctx, const char *region_path, struct doctor_guest *out, char **problem)
{
    struct probe_memory *m = ctx;
    if (!m->asked_guest)
        m->guest_err = ask_guest(m, region_path);
    m->asked_guest = true;
    *out = m->guest;
    *problem = m->guest_problem ? strdup(m->guest_problem) : NULL;
    return m->guest_err;
}

int doctor_probes_init(struct doctor_probes *out)
{
    struct probe_memory *m = calloc(1, sizeof(*m));
    if (!m)
        return -ENOMEM;
    *out = (struct doctor_probes){ .wayland = probe_wayland,
                                   .egl = probe_egl,
                                   .guest = probe_guest,
                                   .pipewire = probe_pipewire,
                                   .ctx = m };
    return 0;
}

void doctor_probes_fini(struct doctor_probes *probes)
{
    struct probe_memory *m = probes->ctx;
    if (!m)
        return;
    free(m->renderer);
    free(m->egl_problem);
    free(m->region);
    free(m->guest_problem);
    free(m);
    probes->ctx = NULL;
}
