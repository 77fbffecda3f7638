/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/viewer/viewer_report.h - a viewer's figures for people and for `espelho stats`. Pure
 * functions; any thread. */
#ifndef ESPELHO_VIEWER_VIEWER_REPORT_H
#define ESPELHO_VIEWER_VIEWER_REPORT_H

#include <stddef.h>

#include "viewer/viewer.h"

struct cJSON;

/* Some short lines, for the overlay. */
void viewer_report_text(const struct viewer_stats *stats, char *text, size_t text_bytes);
/* Adds the same as numbers, with units in the names. */
void viewer_report_json(const struct viewer_stats *stats, struct cJSON *object);

#endif
