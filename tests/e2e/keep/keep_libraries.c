/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/e2e/keep/keep_libraries.c - preloaded into the viewer when it runs under a sanitizer: no
 * library is ever unloaded, so that the leak report can name the graphics driver that a leak
 * belongs to (and lsan.supp can know it). */
#include <dlfcn.h>

__attribute__((visibility("default"))) int dlclose(void *handle)
{
    (void)handle;
    return 0;
}
