/* SPDX-License-Identifier: GPL-2.0-or-later
 * Which backend draws: the one place that names them. */
#define LOG_MODULE "render"

#include "render/render.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/text.h"
#include "render/direct/direct_renderer.h"
#include "render/egl/egl_probe.h"
#include "render/egl/import_trial.h"

static int create(const struct renderer_ops *ops, const struct renderer_config *config,
                  const char *reason, struct renderer **out)
{
    const char *why = NULL;
    const int err = ops->create(config, out, &why);
    if (!err)
        log_info("drawing by %s: %s", ops->name, reason);
    else
        log_warn("cannot draw by %s: %s", ops->name, why ? why : err_str(err));
    return err;
}

static const struct renderer_ops *const backends[] = {
    &renderer_shm_ops,
    &renderer_egl_ops,
};

static int create_named(const char *name, const struct renderer_config *config,
                        struct renderer **out)
{
    for (size_t i = 0; i < ARRAY_LEN(backends); i++)
        if (strcmp(backends[i]->name, name) == 0)
            return create(backends[i], config, _("as asked for"), out);
    log_err("there is no renderer \"%s\" in this build", name);
    return -EINVAL;
}

/* GL on a CPU costs ten times as much as a copy into shared memory: only a GPU makes it worth
 * while. */
static const struct renderer_ops *choose(const struct renderer_config *config, const char **reason)
{
    if (egl_probe_display(display_get_native(config->display), reason) == EGL_PROBE_HARDWARE)
        return &renderer_egl_ops;
    return &renderer_shm_ops;
}

static int create_any(const char *name, const struct renderer_config *config, struct renderer **out)
{
    if (name && strcmp(name, "auto") != 0)
        return create_named(name, config, out);
    const char *reason = "";
    const struct renderer_ops *first = choose(config, &reason);
    int err = create(first, config, reason, out);
    for (size_t i = 0; err && i < ARRAY_LEN(backends); i++)
        if (backends[i] != first)
            err = create(backends[i], config, _("the other one does not work here"), out);
    if (err)
        log_err("no renderer works with this compositor");
    return err;
}

int renderer_create(const char *name, const struct renderer_config *config, struct renderer **out)
{
    struct renderer *inner = NULL, *direct = NULL;
    const char *why = NULL;
    int err = create_any(name, config, &inner);
    if (err)
        return err;
    if (config->direct && config->loop) {
        err = direct_renderer_create(config, inner, &direct, &why);
        if (err)
            log_warn("frames are not handed to the compositor: %s", why);
    }
    *out = direct ? direct : inner;
    return 0;
}

int renderer_try_import(const char *exporter)
{
    return import_trial_run(exporter);
}
