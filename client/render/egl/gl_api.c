/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/egl/gl_api.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

struct entry {
    const char *name;
    size_t offset_bytes;
};

static const struct entry egl_entries[] = {
#define ENTRY(name, type) { "egl" #name, offsetof(struct egl_api, name) },
    EGL_REQUIRED(ENTRY)
#undef ENTRY
};
static const struct entry gl_entries[] = {
#define ENTRY(name, type) { "gl" #name, offsetof(struct gl_api, name) },
    GL_REQUIRED(ENTRY)
#undef ENTRY
};

/* Function pointers are stored as bytes: ISO C has no cast from what dlsym() returns. */
static int load_entries(void *library, const struct entry *entries, size_t count, void *table,
                        const char **why)
{
    for (size_t i = 0; i < count; i++) {
        void *fn = dlsym(library, entries[i].name);
        if (!fn) {
            *why = entries[i].name;
            return -ENOENT;
        }
        memcpy((char *)table + entries[i].offset_bytes, &fn, sizeof(fn));
    }
    return 0;
}

static void load_optional(const struct egl_api *egl, const char *name, void *member)
{
    const __eglMustCastToProperFunctionPointerType fn = egl->GetProcAddress(name);
    memcpy(member, &fn, sizeof(fn));
}

int gl_api_load(struct egl_api *egl, struct gl_api *gl, const char **why)
{
    struct egl_api e = { 0 };
    struct gl_api g = { 0 };
    void *libegl = dlopen("libEGL.so.1", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    void *libgles = libegl ? dlopen("libGLESv2.so.2", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) : NULL;
    if (!libgles) {
        *why = dlerror();
        return -ENOENT;
    }
    int err = load_entries(libegl, egl_entries, ARRAY_LEN(egl_entries), &e, why);
    if (err == 0)
        err = load_entries(libgles, gl_entries, ARRAY_LEN(gl_entries), &g, why);
    if (err < 0)
        return err;
    load_optional(&e, "eglGetPlatformDisplayEXT", &e.GetPlatformDisplayEXT);
    load_optional(&e, "eglSwapBuffersWithDamageKHR", &e.SwapBuffersWithDamage);
    if (!e.SwapBuffersWithDamage)
        load_optional(&e, "eglSwapBuffersWithDamageEXT", &e.SwapBuffersWithDamage);
    load_optional(&e, "eglSetDamageRegionKHR", &e.SetDamageRegionKHR);
    load_optional(&e, "eglQueryDisplayAttribEXT", &e.QueryDisplayAttribEXT);
    load_optional(&e, "eglQueryDeviceStringEXT", &e.QueryDeviceStringEXT);
    load_optional(&e, "eglCreateImageKHR", &e.CreateImage);
    load_optional(&e, "eglDestroyImageKHR", &e.DestroyImage);
    load_optional(&e, "eglQueryDmaBufModifiersEXT", &e.QueryDmaBufModifiers);
    load_optional(&e, "eglCreateSyncKHR", &e.CreateSync);
    load_optional(&e, "eglDestroySyncKHR", &e.DestroySync);
    load_optional(&e, "eglClientWaitSyncKHR", &e.ClientWaitSync);
    load_optional(&e, "eglDupNativeFenceFDANDROID", &e.DupNativeFenceFD);
    load_optional(&e, "glEGLImageTargetTexture2DOES", &g.EGLImageTargetTexture2D);
    load_optional(&e, "glGetGraphicsResetStatusEXT", &g.GetGraphicsResetStatus);
    *egl = e;
    *gl = g;
    return 0;
}

bool gl_list_has(const char *list, const char *name)
{
    const size_t len = strlen(name);
    for (const char *at = list; at && (at = strstr(at, name)); at += len) {
        const bool starts = at == list || at[-1] == ' ', ends = at[len] == ' ' || at[len] == '\0';
        if (starts && ends)
            return true;
    }
    return false;
}

GLuint gl_new_texture(const struct gl_api *gl)
{
    GLuint id = 0;
    while (gl->GetError() != GL_NO_ERROR)
        ; /* older errors are not this texture's */
    gl->GenTextures(1, &id);
    gl->BindTexture(GL_TEXTURE_2D, id);
    gl->TexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
    gl->TexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
    gl->TexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_S, GL_CLAMP_TO_EDGE);
    gl->TexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_T, GL_CLAMP_TO_EDGE);
    return id;
}
