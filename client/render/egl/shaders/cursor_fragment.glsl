// SPDX-License-Identifier: GPL-2.0-or-later
// Picture and cursor together, replacing what is there. No blending: XOR has no blend function, and whole numbers here give the same
// result as client/frame/cursor_image.c, bit for bit.
FRAGMENT_IN vec2 picture_at;
FRAGMENT_IN vec2 corner_at;
uniform sampler2D picture;
uniform sampler2D cursor_argb;  // pre-multiplied, in the order R G B A
#ifdef WITH_XOR
uniform sampler2D cursor_xor;
#endif

vec4 whole(vec4 c)
{
    return floor(c * 255.0 + 0.5);
}

void main()
{
#ifdef SWAP_RED_BLUE
    vec3 under = whole(TEXTURE(picture, picture_at)).bgr;
#else
    vec3 under = whole(TEXTURE(picture, picture_at)).rgb;
#endif
    vec4 over = whole(TEXTURE(cursor_argb, corner_at));
    // n / 255 rounded to nearest, with + 0.5 against a quotient that comes out a hair too small
    vec3 rest = floor((under * (255.0 - over.a) + 127.0 + 0.5) / 255.0);
    vec3 colour = min(over.rgb + rest, 255.0);
#ifdef WITH_XOR
    colour = xor888(colour, whole(TEXTURE(cursor_xor, corner_at)).rgb);
#endif
    FRAGMENT_COLOUR = vec4(colour / 255.0, 1.0);
}
