// SPDX-License-Identifier: GPL-2.0-or-later
// The picture as it is: the whole of the usual frame.
FRAGMENT_IN vec2 picture_at;
uniform sampler2D picture;

void main()
{
#ifdef SWAP_RED_BLUE
    FRAGMENT_COLOUR = vec4(TEXTURE(picture, picture_at).bgr, 1.0);
#else
    FRAGMENT_COLOUR = vec4(TEXTURE(picture, picture_at).rgb, 1.0);
#endif
}
