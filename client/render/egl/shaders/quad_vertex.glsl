// SPDX-License-Identifier: GPL-2.0-or-later
// A rectangle of the framebuffer, and where its corners lie in the picture.
VERTEX_IN vec2 corner;      // 0,0 top left .. 1,1 bottom right
uniform vec4 target;        // clip space: x, y of the top left corner, width, height (downwards, so negative)
uniform vec3 picture_s;     // texture coordinates as dot(vec3(corner, 1), ...): holds the rotation
uniform vec3 picture_t;
VERTEX_OUT vec2 picture_at;
VERTEX_OUT vec2 corner_at;

void main()
{
    vec3 at = vec3(corner, 1.0);
    picture_at = vec2(dot(at, picture_s), dot(at, picture_t));
    corner_at = corner;
    gl_Position = vec4(target.xy + corner * target.zw, 0.0, 1.0);
}
