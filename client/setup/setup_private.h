/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/setup/setup_private.h - what the parts of setup share. */
#ifndef ESPELHO_SETUP_SETUP_PRIVATE_H
#define ESPELHO_SETUP_SETUP_PRIVATE_H

#include "setup/plan_private.h"
#include "setup/setup.h"

/* A line of words in a file made of such: the planned text, with `line` in place of the one that
 * begins with `words`. A new file begins with a comment that says whose it is. */
int setup_conf_line(const struct setup *setup, const char *path, const char *words,
                    const char *line, const char *why) MUST_CHECK;
/* The planned text; "" (heap) if it is not there. With the plan's sentence on an error. */
int setup_read(const struct setup *setup, const char *path, char **text) MUST_CHECK;
/* Which file of a folder has a line that begins with `words`; `fallback` if none. */
void setup_conf_place(const struct setup *setup, const char *folder, const char *words,
                      const char *fallback, char *path, size_t path_bytes);
/* The edited domain goes into the plan. */
int setup_domain_plan(const struct setup *setup, const struct setup_domain *domain,
                      const struct domain_edit *edit, const char *why) MUST_CHECK;
/* -EINVAL with a sentence if the name cannot be in a file's name, a unit or a script. */
int setup_check_name(const struct setup *setup, const char *name) MUST_CHECK;
int setup_no_memory(const struct setup *setup);

/* Whether the user whose viewer it is, who need not be who runs us, is in that group. */
bool setup_user_is_in(const struct setup *setup, const char *group);
/* SELinux, where it is on: the path has this type from now on, whenever it is made. *added: it did
 * not have it by a rule of this machine's yet; what is there already has to be labelled anew. */
int setup_selinux_type(const struct setup *setup, const char *path, const char *type,
                       bool *added) MUST_CHECK;

/* What a kind of memory needs outside of the VM's XML. */
int setup_vm_plain(const struct setup *setup, const struct setup_domain *domain,
                   const struct memory_result *memory) MUST_CHECK;
int setup_vm_kvmfr(const struct setup *setup, const struct memory_result *memory) MUST_CHECK;
int setup_vm_doorbell(const struct setup *setup, const struct setup_domain *domain,
                      const struct memory_result *memory) MUST_CHECK;

/* Opens the domain's XML; 0, or -errno with the plan's sentence. */
int setup_domain_open(const struct setup *setup, const struct setup_domain *domain,
                      struct domain_edit **edit) MUST_CHECK;
/* What went wrong in an edit becomes the plan's sentence; returns err. */
int setup_edit_failed(const struct setup *setup, const struct domain_edit *edit, int err);
/* Commands that make libvirt read its files again. */
int setup_restart_libvirt(const struct setup *setup) MUST_CHECK;

/* A script of libvirt's for one VM: /etc/libvirt/hooks/qemu.d/espelho-NAME-WHAT. `settings`: lines
 * of shell, variables that the rest uses; `bodies`: texts of hooks.h behind hook_common, up to
 * NULL.
 */
int setup_hook(const struct setup *setup, const char *vm, const char *what, const char *settings,
               const char *const bodies[], const char *why) MUST_CHECK;

#endif
