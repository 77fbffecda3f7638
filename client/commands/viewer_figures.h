/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/commands/viewer_figures.h - what running viewers of this user tell of themselves
 * (viewer/report.h). Their words are checked: one may hang, or be another program. Threads: any
 * one. */
#ifndef ESPELHO_COMMANDS_VIEWER_FIGURES_H
#define ESPELHO_COMMANDS_VIEWER_FIGURES_H

#include <stddef.h>

#include "base/macros.h"

struct cJSON;

enum { VIEWER_FIGURES_MAX = 16, VIEWER_FIGURES_TIMEOUT_MS = 200 };

/* An array of one object per viewer that answers, with its process id as "pid"; empty where there
 * is none. cJSON_Delete() it; NULL: no memory. */
struct cJSON *viewer_figures_read(void);
/* One line about a viewer, without line end; what is missing is left out. */
void viewer_figures_text(const struct cJSON *viewer, char *text, size_t text_bytes);

#endif
