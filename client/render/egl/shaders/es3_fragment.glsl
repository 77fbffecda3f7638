#version 300 es
// SPDX-License-Identifier: GPL-2.0-or-later
precision highp float;
precision highp int;
precision highp sampler2D;
#define FRAGMENT_IN in
#define TEXTURE texture
#define FRAGMENT_COLOUR fragment_colour
out vec4 fragment_colour;

// a XOR b of whole numbers 0..255
vec3 xor888(vec3 a, vec3 b)
{
    return vec3(uvec3(a) ^ uvec3(b));
}
