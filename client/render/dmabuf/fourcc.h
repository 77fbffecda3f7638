/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/render/dmabuf/fourcc.h - the DRM pixel formats and modifiers we speak of, as the kernel's
 * <drm/drm_fourcc.h> defines them (its package, libdrm-dev, is needed for nothing else). */
#ifndef ESPELHO_RENDER_DMABUF_FOURCC_H
#define ESPELHO_RENDER_DMABUF_FOURCC_H

#include <stdint.h>

#define FOURCC(a, b, c, d)                                                                         \
    ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)

/* Names are of little-endian words: XRGB8888 is B, G, R, x in memory. */
#define FOURCC_XRGB8888         FOURCC('X', 'R', '2', '4')
#define FOURCC_XBGR8888         FOURCC('X', 'B', '2', '4')
#define FOURCC_ABGR8888         FOURCC('A', 'B', '2', '4')
#define FOURCC_XBGR2101010      FOURCC('X', 'B', '3', '0')
#define FOURCC_XBGR16161616F    FOURCC('X', 'B', '4', 'H')
#define FOURCC_RGB888           FOURCC('R', 'G', '2', '4') /* B, G, R in memory */
#define FOURCC_BGR888           FOURCC('B', 'G', '2', '4')

#define FOURCC_MODIFIER_LINEAR  UINT64_C(0)
#define FOURCC_MODIFIER_INVALID UINT64_C(0x00ffffffffffffff) /* "whatever the driver thinks" */

#endif
