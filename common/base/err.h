/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/base/err.h - text for an errno value. Any thread. */
#ifndef ESPELHO_BASE_ERR_H
#define ESPELHO_BASE_ERR_H

/* `err` may be an errno value or its negative. The text is valid until this thread's next call. */
const char *err_str(int err);

#endif
