#version 300 es
// SPDX-License-Identifier: GPL-2.0-or-later
#define VERTEX_IN in
#define VERTEX_OUT out
