/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/setup/journal.h - a plan on disk: what is needed to take it back, even after a power cut.
 *
 * <state>/N/ has a manifest (a record per line, words parted by spaces, bytes that would confuse it
 * as %XX) and N.old, N.new for the texts of step N, all for root's eyes only: a domain's XML may
 * hold a password. While a plan is being applied its folder is called N.begun; undone plans are
 * called N.undone and are kept.
 *
 *   espelho-setup 1 TITLE
 *   file N OLDMODE|- NEWMODE|- PATH          domain N URI NAME
 *   command N COUNT WORD... COUNT WORD...    (the second list: how it is undone)
 *   vm NAME                                  whose it is; missing: no VM's
 *   hold PATH                                not undone while it is there
 *   folder PATH                              it was made on the way
 *   done N                                   a domain or command; N.defined is what libvirt made
 *
 * The manifest is checked when it is read; a bad one is -EPROTO. Threads: main thread. */
#ifndef ESPELHO_SETUP_JOURNAL_H
#define ESPELHO_SETUP_JOURNAL_H

#include "setup/plan_private.h"

struct journal {
    char folder[512]; /* absolute */
    bool begun;       /* it was not finished */
};

/* Stores the plan in a new folder. */
int journal_begin(const struct plan *plan, struct journal *out) MUST_CHECK;
int journal_folder_made(const struct journal *journal, const char *path) MUST_CHECK;
/* `defined`: of a domain; else NULL. */
int journal_step_done(const struct journal *journal, size_t step, const char *defined) MUST_CHECK;
int journal_finish(struct journal *journal) MUST_CHECK;
int journal_set_undone(struct journal *journal) MUST_CHECK;
/* Takes the folder away again: nothing had been changed. */
void journal_forget(struct journal *journal);
/* The newest that was not undone, as a plan; with `vm` not "": of those that are that VM's.
 * -ENOENT: there is none. */
int journal_load_newest(const char *prefix, const char *state, const char *vm, struct journal *out,
                        struct plan **plan) MUST_CHECK;

#endif
