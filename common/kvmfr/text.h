/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/kvmfr/text.h - text from the other side, made fit for logs, terminals and JSON. Pure, any
 * thread. */
#ifndef ESPELHO_KVMFR_TEXT_H
#define ESPELHO_KVMFR_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* Copies private bytes up to a zero byte or `src_bytes` into `dst`, always terminated. What is not
 * printable UTF-8 (control characters, broken or overlong sequences, surrogates) becomes '?'. A
 * character that does not fit is left out whole. */
void kvmfr_text_copy(char *dst, size_t dst_bytes, const uint8_t *src, size_t src_bytes);

#endif
