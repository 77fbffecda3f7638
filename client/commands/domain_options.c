/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "domain"

#include "commands/domain_options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "domain/domain.h"

/* Replaces an option's text. */
static int set_text(char **option, const char *text)
{
    char *copy = strdup(text);
    if (!copy)
        return -ENOMEM;
    free(*option);
    *option = copy;
    return 0;
}

/* Did the user say where SPICE listens? Defaults do not count. */
static bool gave_spice(const struct client_options *o)
{
    struct client_options defaults;
    client_options_init(&defaults);
    const bool gave = o->spice.socket || o->spice.port != defaults.spice.port ||
                      o->spice.tls_port != defaults.spice.tls_port ||
                      strcmp(o->spice.host, defaults.spice.host) != 0;
    client_options_free(&defaults);
    return gave;
}

static int apply_spice(struct client_options *o, const struct domain_info *info)
{
    int err = 0;
    switch (info->spice.kind) {
    case DOMAIN_SPICE_UNIX:
        err = set_text(&o->spice.socket, info->spice.socket_path);
        break;
    case DOMAIN_SPICE_TCP:
        err = set_text(&o->spice.host, info->spice.host);
        o->spice.port = info->spice.port;
        o->spice.tls_port = info->spice.tls_port;
        break;
    default:
        log_warn("domain %s has no SPICE server that listens: no keyboard, mouse, sound and "
                 "clipboard (add <graphics type='spice'/>)",
                 info->name);
        o->spice.enable = false;
        break;
    }
    if (err == 0 && !o->spice.password && !o->spice.password_file && info->spice.password[0])
        err = set_text(&o->spice.password, info->spice.password);
    return err;
}

static int apply_memory(struct client_options *o, const struct domain_info *info)
{
    if (info->memory.kind == DOMAIN_MEMORY_FILE)
        return set_text(&o->app.shm_file, info->memory.path);
    if (info->memory.kind == DOMAIN_MEMORY_SOCKET) {
        char name[sizeof("unix:") + sizeof(info->memory.path)];
        snprintf(name, sizeof(name), "unix:%s", info->memory.path);
        return set_text(&o->app.shm_file, name);
    }
    log_warn("domain %s has no shared memory: add a <shmem> device (`espelho size` prints it)",
             info->name);
    return 0;
}

int domain_options_apply(struct client_options *o, char *why, size_t why_bytes)
{
    struct domain_info info;
    struct domain_problem problem;
    if (!o->app.domain)
        return 0;
    const bool want_password = o->spice.enable && !o->spice.password && !o->spice.password_file;
    int err = domain_lookup(o->app.libvirt_uri, o->app.domain, want_password, &info, &problem);
    if (err < 0) {
        snprintf(why, why_bytes, "app.domain: %s", problem.message);
        return err;
    }
    if (!o->app.shm_file)
        err = apply_memory(o, &info);
    if (err == 0 && o->spice.enable && !gave_spice(o))
        err = apply_spice(o, &info);
    domain_info_wipe(&info);
    if (err < 0)
        snprintf(why, why_bytes, _("app.domain: out of memory"));
    return err;
}
