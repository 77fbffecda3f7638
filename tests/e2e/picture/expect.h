/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/e2e/picture/expect.h - the picture that a screen must show, computed without any code of
 * the viewer. One thread. */
#ifndef ESPELHO_E2E_EXPECT_H
#define ESPELHO_E2E_EXPECT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "picture/pixels.h"
#include "testcard/testcard.h"

struct expectation {
    struct testcard_config card;
    uint32_t serial;
    enum cursor_type pointer;           /* CURSOR_NONE: none */
    int32_t pointer_x_px, pointer_y_px; /* top-left of the shape on the guest's upright desktop */
    uint32_t turn; /* the viewer user's own rotation, quarter turns clockwise */
};

/* "WIDTHxHEIGHT:FORMAT:ROTATION:DAMAGE:FLAGS@SERIAL", as `card` and `frames` of the puppet. */
bool expectation_parse_card(const char *text, struct expectation *e);
/* "KIND,X,Y" */
bool expectation_parse_pointer(const char *text, struct expectation *e);
/* Fills *out (owned by the caller then). 0 or -errno. */
int expectation_draw(const struct expectation *e, struct pixels *out) MUST_CHECK;

#endif
