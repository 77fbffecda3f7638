/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/setup/hooks.h - the text of hooks/NAME.sh as hook_NAME; the definitions are generated at
 * build time. Each script is settings, hook_common, and those of the others that it uses. */
#ifndef ESPELHO_SETUP_HOOKS_H
#define ESPELHO_SETUP_HOOKS_H

extern const char hook_common[], hook_complain[], hook_write[];
extern const char hook_gpu[], hook_hugepages[], hook_cpus[], hook_monitor[];

#endif
