#version 100
// SPDX-License-Identifier: GPL-2.0-or-later
#ifdef GL_FRAGMENT_PRECISION_HIGH
precision highp float;
#else
precision mediump float;
#endif
#define FRAGMENT_IN varying
#define TEXTURE texture2D
#define FRAGMENT_COLOUR gl_FragColor

// a XOR b of whole numbers 0..255: ES 2 has no integer operators, so bit by bit.
float xor8(float a, float b)
{
    float result = 0.0;
    float bit = 1.0;
    for (int i = 0; i < 8; i++) {
        result += bit * mod(floor(a / bit) + floor(b / bit), 2.0);
        bit *= 2.0;
    }
    return result;
}

vec3 xor888(vec3 a, vec3 b)
{
    return vec3(xor8(a.r, b.r), xor8(a.g, b.g), xor8(a.b, b.b));
}
