/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/render/direct/linux_dmabuf_protocol.h - the protocol's header, whose name changed when it
 * became stable. */
#ifndef ESPELHO_RENDER_DIRECT_LINUX_DMABUF_PROTOCOL_H
#define ESPELHO_RENDER_DIRECT_LINUX_DMABUF_PROTOCOL_H

#ifdef ESPELHO_HAVE_LINUX_DMABUF_V1
#include "linux-dmabuf-v1-client-protocol.h"
#else
#include "linux-dmabuf-unstable-v1-client-protocol.h"
#endif

#endif
