/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/shm/holder_windows.h - who may have mapped the IVSHMEM device, when it is refused. */
#ifndef ESPELHO_SHM_HOLDER_WINDOWS_H
#define ESPELHO_SHM_HOLDER_WINDOWS_H

#include <stddef.h>

/* "looking-glass-host.exe (process 1234)" of the first running program that is known to use the
 * device; "another program" if there is none. Windows does not say who it really is. */
void shm_holder_text(char *text, size_t text_bytes);

#endif
