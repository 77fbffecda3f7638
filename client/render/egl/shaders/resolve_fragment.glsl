// SPDX-License-Identifier: GPL-2.0-or-later
// Guest pixels that are not 8-bit RGB, as uploaded, to 8-bit RGB. One fragment per picture pixel; ES 3 only.
// The mathematics of HDR are those of client/frame/hdr.h; its tests and these are compared with each other.
uniform sampler2D raw;

#ifdef SOURCE_24
// Three bytes per pixel inside a texture of four-byte units: a pixel lies in one unit or two neighbours.
vec3 load(ivec2 at)
{
    int first = 3 * at.x;
    vec4 a = texelFetch(raw, ivec2(first >> 2, at.y), 0);
    vec4 b = texelFetch(raw, ivec2((first + 2) >> 2, at.y), 0);
    int phase = first & 3;
    vec3 c = phase == 0 ? a.xyz : phase == 1 ? a.yzw : phase == 2 ? vec3(a.zw, b.x) : vec3(a.w, b.xy);
#ifdef SWAP_RED_BLUE
    return c.bgr;
#else
    return c;
#endif
}
#else
vec3 load(ivec2 at)
{
    return texelFetch(raw, at, 0).rgb;
}
#endif

// 0..1; written as comparisons that a NaN fails, so that it becomes 0
float clip(float v)
{
    return v > 0.0 ? (v < 1.0 ? v : 1.0) : 0.0;
}

float encode(float v)
{
    return v <= 0.0031308 ? v * 12.92 : 1.055 * pow(v, 1.0 / 2.4) - 0.055;
}

// ST 2084 sample to light, 1.0 = 203 cd/m2
float pq_light(float v)
{
    float e = pow(v, 1.0 / 78.84375);
    float top = max(e - 0.8359375, 0.0);
    return top > 0.0 ? pow(top / (18.8515625 - 18.6875 * e), 1.0 / 0.1593017578125) * (10000.0 / 203.0) : 0.0;
}

vec3 tone_map(vec3 light)
{
    const float knee = 0.8;
    vec3 c = max(vec3(dot(light, vec3(1.660491, -0.587641, -0.072850)),
                      dot(light, vec3(-0.124550, 1.132900, -0.008349)),
                      dot(light, vec3(-0.018151, -0.100579, 1.118730))), 0.0);
    float m = max(c.r, max(c.g, c.b));
    float t = (m - knee) / (1.0 - knee);
    return m <= knee ? c : c * ((knee + (1.0 - knee) * t / (1.0 + t)) / m);
}

void main()
{
    vec3 c = load(ivec2(gl_FragCoord.xy));
#if defined(LINEAR) || defined(PQ)
    c = vec3(clip(c.r), clip(c.g), clip(c.b));
#endif
#ifdef PQ
    c = tone_map(vec3(pq_light(c.r), pq_light(c.g), pq_light(c.b)));
#endif
#if defined(LINEAR) || defined(PQ)
    c = vec3(encode(c.r), encode(c.g), encode(c.b));
#endif
    FRAGMENT_COLOUR = vec4(c, 1.0);
}
