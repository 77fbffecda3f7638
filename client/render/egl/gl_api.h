/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/render/egl/gl_api.h - the EGL and OpenGL ES functions we call, found at run time.
 *
 * Why not linked: libEGL brings a driver, and a software one brings LLVM (some 100 MiB of
 * mappings). A machine that ends up with the shm backend must not pay for that, and one without any
 * GL must still start. dlopen() at create time is the simplest way to have both. The libraries stay
 * loaded once they are (drivers leave threads and thread-local destructors behind). Threads: load
 * from one thread; the table is constant afterwards. */
#ifndef ESPELHO_RENDER_EGL_GL_API_H
#define ESPELHO_RENDER_EGL_GL_API_H

/* No prototypes: a direct call, past the table, does not compile. */
#define EGL_EGL_PROTOTYPES             0
#define GL_GLES_PROTOTYPES             0
#define EGL_NO_PLATFORM_SPECIFIC_TYPES 1
#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <GLES3/gl3.h>
#include <GLES2/gl2ext.h>
#include <stdbool.h>

#include "base/macros.h"

/* X(name without egl or gl prefix, type) */
#define EGL_REQUIRED(X)                                                                            \
    X(GetProcAddress, PFNEGLGETPROCADDRESSPROC)                                                    \
    X(GetError, PFNEGLGETERRORPROC)                                                                \
    X(Initialize, PFNEGLINITIALIZEPROC)                                                            \
    X(Terminate, PFNEGLTERMINATEPROC)                                                              \
    X(QueryString, PFNEGLQUERYSTRINGPROC)                                                          \
    X(BindAPI, PFNEGLBINDAPIPROC)                                                                  \
    X(ChooseConfig, PFNEGLCHOOSECONFIGPROC)                                                        \
    X(GetConfigAttrib, PFNEGLGETCONFIGATTRIBPROC)                                                  \
    X(CreateContext, PFNEGLCREATECONTEXTPROC)                                                      \
    X(DestroyContext, PFNEGLDESTROYCONTEXTPROC)                                                    \
    X(CreateWindowSurface, PFNEGLCREATEWINDOWSURFACEPROC)                                          \
    X(CreatePbufferSurface, PFNEGLCREATEPBUFFERSURFACEPROC)                                        \
    X(DestroySurface, PFNEGLDESTROYSURFACEPROC)                                                    \
    X(QuerySurface, PFNEGLQUERYSURFACEPROC)                                                        \
    X(MakeCurrent, PFNEGLMAKECURRENTPROC)                                                          \
    X(GetCurrentContext, PFNEGLGETCURRENTCONTEXTPROC)                                              \
    X(SwapBuffers, PFNEGLSWAPBUFFERSPROC)                                                          \
    X(SwapInterval, PFNEGLSWAPINTERVALPROC)

#define GL_REQUIRED(X)                                                                             \
    X(ActiveTexture, PFNGLACTIVETEXTUREPROC)                                                       \
    X(AttachShader, PFNGLATTACHSHADERPROC)                                                         \
    X(BindAttribLocation, PFNGLBINDATTRIBLOCATIONPROC)                                             \
    X(BindBuffer, PFNGLBINDBUFFERPROC)                                                             \
    X(BindFramebuffer, PFNGLBINDFRAMEBUFFERPROC)                                                   \
    X(BindTexture, PFNGLBINDTEXTUREPROC)                                                           \
    X(BufferData, PFNGLBUFFERDATAPROC)                                                             \
    X(CheckFramebufferStatus, PFNGLCHECKFRAMEBUFFERSTATUSPROC)                                     \
    X(Clear, PFNGLCLEARPROC)                                                                       \
    X(ClearColor, PFNGLCLEARCOLORPROC)                                                             \
    X(CompileShader, PFNGLCOMPILESHADERPROC)                                                       \
    X(CreateProgram, PFNGLCREATEPROGRAMPROC)                                                       \
    X(CreateShader, PFNGLCREATESHADERPROC)                                                         \
    X(DeleteBuffers, PFNGLDELETEBUFFERSPROC)                                                       \
    X(DeleteFramebuffers, PFNGLDELETEFRAMEBUFFERSPROC)                                             \
    X(DeleteProgram, PFNGLDELETEPROGRAMPROC)                                                       \
    X(DeleteShader, PFNGLDELETESHADERPROC)                                                         \
    X(DeleteTextures, PFNGLDELETETEXTURESPROC)                                                     \
    X(Disable, PFNGLDISABLEPROC)                                                                   \
    X(DrawArrays, PFNGLDRAWARRAYSPROC)                                                             \
    X(Enable, PFNGLENABLEPROC)                                                                     \
    X(EnableVertexAttribArray, PFNGLENABLEVERTEXATTRIBARRAYPROC)                                   \
    X(Finish, PFNGLFINISHPROC)                                                                     \
    X(Flush, PFNGLFLUSHPROC)                                                                       \
    X(FramebufferTexture2D, PFNGLFRAMEBUFFERTEXTURE2DPROC)                                         \
    X(GenBuffers, PFNGLGENBUFFERSPROC)                                                             \
    X(GenFramebuffers, PFNGLGENFRAMEBUFFERSPROC)                                                   \
    X(GenTextures, PFNGLGENTEXTURESPROC)                                                           \
    X(GetError, PFNGLGETERRORPROC)                                                                 \
    X(GetIntegerv, PFNGLGETINTEGERVPROC)                                                           \
    X(GetProgramInfoLog, PFNGLGETPROGRAMINFOLOGPROC)                                               \
    X(GetProgramiv, PFNGLGETPROGRAMIVPROC)                                                         \
    X(GetShaderInfoLog, PFNGLGETSHADERINFOLOGPROC)                                                 \
    X(GetShaderiv, PFNGLGETSHADERIVPROC)                                                           \
    X(GetString, PFNGLGETSTRINGPROC)                                                               \
    X(GetUniformLocation, PFNGLGETUNIFORMLOCATIONPROC)                                             \
    X(LinkProgram, PFNGLLINKPROGRAMPROC)                                                           \
    X(PixelStorei, PFNGLPIXELSTOREIPROC)                                                           \
    X(ReadPixels, PFNGLREADPIXELSPROC)                                                             \
    X(Scissor, PFNGLSCISSORPROC)                                                                   \
    X(ShaderSource, PFNGLSHADERSOURCEPROC)                                                         \
    X(TexImage2D, PFNGLTEXIMAGE2DPROC)                                                             \
    X(TexParameteri, PFNGLTEXPARAMETERIPROC)                                                       \
    X(TexSubImage2D, PFNGLTEXSUBIMAGE2DPROC)                                                       \
    X(Uniform1i, PFNGLUNIFORM1IPROC)                                                               \
    X(Uniform3f, PFNGLUNIFORM3FPROC)                                                               \
    X(Uniform4f, PFNGLUNIFORM4FPROC)                                                               \
    X(UseProgram, PFNGLUSEPROGRAMPROC)                                                             \
    X(VertexAttribPointer, PFNGLVERTEXATTRIBPOINTERPROC)                                           \
    X(Viewport, PFNGLVIEWPORTPROC)

struct egl_api {
#define MEMBER(name, type) type name;
    EGL_REQUIRED(MEMBER)
    /* NULL where the library lacks them; their extensions are checked where they are used. */
    PFNEGLGETPLATFORMDISPLAYEXTPROC GetPlatformDisplayEXT;
    PFNEGLSWAPBUFFERSWITHDAMAGEKHRPROC SwapBuffersWithDamage; /* KHR or EXT */
    PFNEGLSETDAMAGEREGIONKHRPROC SetDamageRegionKHR;
    PFNEGLQUERYDISPLAYATTRIBEXTPROC QueryDisplayAttribEXT;
    PFNEGLQUERYDEVICESTRINGEXTPROC QueryDeviceStringEXT;
    PFNEGLCREATEIMAGEKHRPROC CreateImage; /* these and the next: import_dmabuf.c */
    PFNEGLDESTROYIMAGEKHRPROC DestroyImage;
    PFNEGLQUERYDMABUFMODIFIERSEXTPROC QueryDmaBufModifiers;
    PFNEGLCREATESYNCKHRPROC CreateSync;
    PFNEGLDESTROYSYNCKHRPROC DestroySync;
    PFNEGLCLIENTWAITSYNCKHRPROC ClientWaitSync;
    PFNEGLDUPNATIVEFENCEFDANDROIDPROC DupNativeFenceFD;
};

struct gl_api {
    GL_REQUIRED(MEMBER)
#undef MEMBER
    PFNGLGETGRAPHICSRESETSTATUSEXTPROC GetGraphicsResetStatus;   /* NULL if the driver has none */
    PFNGLEGLIMAGETARGETTEXTURE2DOESPROC EGLImageTargetTexture2D; /* likewise */
};

/* Fills both tables. 0; -ENOENT with a text in *why (static, or dlerror()'s, valid until the next
 * dl call). */
int gl_api_load(struct egl_api *egl, struct gl_api *gl, const char **why) MUST_CHECK;

/* `name` is one of the space separated words of `list` (NULL: none are). */
bool gl_list_has(const char *list, const char *name);

/* A texture without an image, bound; unfiltered, clamped to its edges. Forgets older errors first:
 * what GetError() says afterwards is about this texture. */
GLuint gl_new_texture(const struct gl_api *gl);

#endif
