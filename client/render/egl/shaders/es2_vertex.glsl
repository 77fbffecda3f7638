#version 100
// SPDX-License-Identifier: GPL-2.0-or-later
#define VERTEX_IN attribute
#define VERTEX_OUT varying
