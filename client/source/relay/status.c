/* SPDX-License-Identifier: GPL-2.0-or-later
 * The texts are read by people whose screen stays dark: one calm sentence on top, below it what was
 * seen, where, and what to do. */
#include "source/relay/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"

/* What this program speaks: docs/protocol, tables L0 and K0. */
enum { LGMP_SPOKEN = 6, KVMFR_SPOKEN = 20 };

static void PRINTF_LIKE(2, 3) set_title(struct source_status *out, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(out->title, sizeof(out->title), fmt, args);
    va_end(args);
}

static void PRINTF_LIKE(2, 3) add_detail(struct source_status *out, const char *fmt, ...)
{
    const size_t used = strlen(out->detail);
    va_list args;
    va_start(args, fmt);
    vsnprintf(out->detail + used, sizeof(out->detail) - used, fmt, args);
    va_end(args);
}

static const char *title_of_fault(enum shm_fault fault)
{
    switch (fault) {
    case SHM_FAULT_MISSING:
        return _("Waiting for the VM: its shared memory is not there yet");
    case SHM_FAULT_PERMISSION:
        return _("This user may not open the shared memory");
    case SHM_FAULT_TYPE:
        return _("The shared memory path names something else");
    case SHM_FAULT_SIZE:
        return _("The shared memory has a size that cannot be used");
    case SHM_FAULT_SYSTEM:
    case SHM_FAULT_DRIVER: /* these two: on Windows only */
    case SHM_FAULT_BUSY:
    case SHM_FAULT_NONE:
        break;
    }
    return _("The shared memory could not be opened");
}

void relay_status_no_region(struct source_status *out, const struct shm_problem *problem)
{
    *out = (struct source_status){ .state = SOURCE_STATE_NO_REGION };
    set_title(out, "%s", title_of_fault(problem->fault));
    add_detail(out, "%s", problem->message);
    if (problem->advice[0] != '\0')
        add_detail(out, "\n%s", problem->advice);
}

void relay_status_region_gone(struct source_status *out, const char *path, bool shrank)
{
    *out = (struct source_status){ .state = SOURCE_STATE_NO_REGION };
    set_title(out, "%s", _("The VM's shared memory went away"));
    add_detail(out,
               shrank
                   ? _("%s became smaller while it was in use. It is opened again as soon as it "
                       "has a usable size.")
                   : _("%s was deleted or created anew, as a restart of the VM does. It is opened "
                       "again by itself."),
               path);
}

static void no_host(struct source_status *out, const char *path)
{
    out->state = SOURCE_STATE_NO_HOST;
    set_title(out, "%s", _("Waiting for the VM to start"));
    add_detail(out,
               _("%s is there, but no host program has used it since it was created.\n"
                 "The VM is off or still starting, or the host program is not installed or not "
                 "running in it.\n"),
               path);
    /* A server that is started anew has a new memory; nobody can tell the VM. */
    if (strncmp(path, "unix:", strlen("unix:")) == 0)
        add_detail(
            out, "%s",
            _("If the VM was on before this memory's server was (re)started, it is not on this "
              "memory: shut it down and start it again.\n"));
    add_detail(out, _("The picture appears by itself as soon as the host program runs."));
}

static void host_silent(struct source_status *out, const char *path)
{
    out->state = SOURCE_STATE_HOST_SILENT;
    set_title(out, "%s", _("The host program in the VM has stopped"));
    add_detail(out,
               _("%s shows no sign of life from the VM for more than a second.\n"
                 "The VM is off, paused or restarting, or its host program ended. If the VM is "
                 "running, start the host program "
                 "again in it.\n"
                 "The picture comes back by itself."),
               path);
}

static void wrong_version(struct source_status *out, const char *path,
                          const struct kvmfr_versions *v)
{
    out->state = SOURCE_STATE_WRONG_VERSION;
    set_title(out, "%s", _("The host program in the VM has another version"));
    if (v->lgmp != LGMP_SPOKEN) {
        add_detail(out,
                   _("%s is in use by a host program with message protocol (LGMP) %u; this viewer "
                     "speaks %d.\n"),
                   path, v->lgmp, LGMP_SPOKEN);
    } else if (v->kvmfr == 0) {
        add_detail(out,
                   _("%s is in use by a program that does not send pictures (no KVMFR data in its "
                     "session).\n"),
                   path);
    } else if (v->host_version[0]) {
        add_detail(out, _("The host program \"%s\" speaks KVMFR %u; this viewer speaks %d.\n"),
                   v->host_version, v->kvmfr, KVMFR_SPOKEN);
    } else {
        add_detail(out, _("The host program speaks KVMFR %u; this viewer speaks %d.\n"), v->kvmfr,
                   KVMFR_SPOKEN);
    }
    add_detail(out,
               _("Install a host program of a matching version in the VM: KVMFR %d is that of "
                 "Looking Glass B7 and of "
                 "Espelho.\nConnecting is tried again by itself."),
               KVMFR_SPOKEN);
}

static const char *os_name(const struct kvmfr_session *session)
{
    static const char *const names[] = {
        [KVMFR_OS_LINUX] = "Linux",
        [KVMFR_OS_BSD] = "BSD",
        [KVMFR_OS_MACOS] = "macOS",
        [KVMFR_OS_WINDOWS] = "Windows",
        [KVMFR_OS_OTHER] = N_("another system"),
    };
    if (session->os_name[0] != '\0')
        return session->os_name;
    return _((size_t)session->os < ARRAY_LEN(names) ? names[session->os] : names[KVMFR_OS_OTHER]);
}

static void connected(struct source_status *out, const struct kvmfr_session *session)
{
    out->state = SOURCE_STATE_CONNECTED;
    out->session = session;
    set_title(out, "%s", _("Connected"));
    if (session->host_version[0])
        add_detail(out, _("Host program %s"), session->host_version);
    else
        add_detail(out, "%s", _("Host program of unknown version"));
    if (session->has_vm && session->capture[0] != '\0')
        add_detail(out, _(", capture %s"), session->capture);
    if (session->has_os)
        add_detail(out, ", %s", os_name(session));
    if (kvmfr_session_has_uuid(session)) {
        char uuid[37];
        kvmfr_session_uuid_text(session, uuid);
        add_detail(out, _(", VM %s"), uuid);
    }
}

void relay_status_of(struct source_status *out, enum kvmfr_state state, const char *path,
                     const struct kvmfr_versions *versions, const struct kvmfr_session *session)
{
    *out = (struct source_status){ 0 };
    switch (state) {
    case KVMFR_STATE_NO_HOST:
        no_host(out, path);
        return;
    case KVMFR_STATE_HOST_SILENT:
        host_silent(out, path);
        return;
    case KVMFR_STATE_WRONG_VERSION:
        wrong_version(out, path, versions);
        return;
    case KVMFR_STATE_CONNECTED:
        connected(out, session);
        return;
    case KVMFR_STATE_CONNECTING:
    case KVMFR_STATE_NONE:
        break;
    }
    out->state = SOURCE_STATE_CONNECTING;
    set_title(out, "%s", _("Connecting to the VM"));
    add_detail(out, _("The host program answers in %s; waiting for its picture."), path);
}

bool relay_status_equal(const struct source_status *a, const struct source_status *b)
{
    return a->state == b->state && strcmp(a->title, b->title) == 0 &&
           strcmp(a->detail, b->detail) == 0;
}
