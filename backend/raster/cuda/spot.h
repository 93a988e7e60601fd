// A place on a stroke as a pixel sees it, and how much of the pixel the stroke covers there.
#pragma once
#include "scene.h"

namespace {

// A place on a stroke as a pixel sees it.
struct Spot {
    float ex, ey;          // curve − pixel, px
    float vx, vy;          // derivative by t
    float ax, ay;          // second derivative
    float radius, growth;  // and its derivative by t
    float distance;
    float nx, ny;          // direction of the edge, unit
    float top, slope, height;  // the edge filter: flat to `top`, then falling over `slope`
    float steep;           // 1 / slope
};

INLINE void place_on_curve(const Curve& s, float t, float x, float y, Spot& at) {
    at.ex = s.c[0][0] - x + t * (s.c[1][0] + t * (s.c[2][0] + t * s.c[3][0]));
    at.ey = s.c[0][1] - y + t * (s.c[1][1] + t * (s.c[2][1] + t * s.c[3][1]));
}

INLINE void derive_on_curve(const Curve& s, float t, Spot& at) {
    at.vx = s.c[1][0] + t * (2 * s.c[2][0] + t * (3 * s.c[3][0]));
    at.vy = s.c[1][1] + t * (2 * s.c[2][1] + t * (3 * s.c[3][1]));
    at.ax = 2 * s.c[2][0] + t * (6 * s.c[3][0]);
    at.ay = 2 * s.c[2][1] + t * (6 * s.c[3][1]);
}

INLINE int knot_before(const Curve& s, float place) { return most(s.first_knot, least((int)floorf(place), s.last_knot - 1)); }

template <bool VARYING>
INLINE void measure_radius(const Curve& s, const float* widths, float t, Spot& at) {
    if (!VARYING) {
        at.radius = radius_at(widths, 0);
        at.growth = 0;
        return;
    }
    const float u = s.part_first + t * s.part_rate;
    const int k = knot_before(s, u);
    const float low = radius_at(widths, k), rise = radius_at(widths, k + 1) - low;
    at.radius = low + clamped(u - (float)k, 0.0f, 1.0f) * rise;
    at.growth = rise * s.part_rate;
}

// What Newton's method divides by: the derivative by t of distance · d(distance − radius)/dt.
INLINE float curvature(const Spot& at) {
    return at.vx * at.vx + at.vy * at.vy + at.ex * at.ax + at.ey * at.ay - at.growth * at.growth;
}

INLINE bool regular(const Spot& at, float bend) { return bend > 1e-3f * (at.vx * at.vx + at.vy * at.vy) + 1e-9f; }

// Newton's method from t on, in at most `steps` of at most `stride`, between low and high.
template <bool VARYING>
INLINE float refined(const Curve& s, const float* widths, float t, float x, float y, int steps, float stride, float low,
                     float high) {
    for (int i = 0; i < steps; i++) {
        Spot at;
        place_on_curve(s, t, x, y, at);
        derive_on_curve(s, t, at);
        measure_radius<VARYING>(s, widths, t, at);
        float fall = at.ex * at.vx + at.ey * at.vy;
        if (VARYING) fall -= sqrtf(at.ex * at.ex + at.ey * at.ey) * at.growth;
        const float bend = curvature(at);
        if (regular(at, bend)) t = clamped(t - clamped(fall / bend, -stride, stride), low, high);
    }
    return t;
}

INLINE void choose_filter(const Filter& filter, Spot& at) {
    at.nx = at.ny = 0;
    if (filter.tent) {
        at.top = 0;
        at.slope = filter.reach;
        at.steep = at.height = 1 / filter.reach;
        return;
    }
    float gx = at.ex, gy = at.ey, length = at.distance;
    if (length < 1e-3f) {  // On the middle line the direction to the pixel is noise; the curve's own normal takes over.
        gx = at.vy;
        gy = -at.vx;
        length = sqrtf(gx * gx + gy * gy);
        if (length < 1e-12f) gx = 1, gy = 0, length = 1;
    }
    const float ax = fabsf(gx), ay = fabsf(gy), more = fmaxf(ax, ay), lesser = fmaxf(fminf(ax, ay), 1e-6f * length);
    const float scale = 1 / length;
    at.nx = gx * scale;
    at.ny = gy * scale;
    at.top = 0.5f * (more - fminf(ax, ay)) * scale;
    at.slope = lesser * scale;
    at.height = length / more;
    at.steep = length / lesser;
}

// How much of the filter lies between its middle and `u`; an odd function.
INLINE float area(const Spot& at, float u) {
    const float away = fabsf(u), beyond = clamped(away - at.top, 0.0f, at.slope);
    const float share = at.height * (fminf(away, at.top) + beyond - beyond * beyond * (0.5f * at.steep));
    return u < 0 ? -share : share;
}

// The filter itself.
INLINE float density(const Spot& at, float u) {
    const float beyond = clamped(fabsf(u) - at.top, 0.0f, at.slope);
    return at.height * (1 - beyond * at.steep);
}

// The derivative of `area` by a turn of the edge, but for the sign that `turning` adds.
INLINE float area_turning(const Spot& at, float u) {
    const float away = fabsf(u), beyond = clamped(away - at.top, 0.0f, at.slope), part = beyond * at.steep;
    const float share = at.height * (fminf(away, at.top) + beyond - 0.5f * beyond * part);
    const float turn = at.slope * at.height * (share - 0.5f * part) + 0.5f * part * (part - 1);
    return u < 0 ? -turn : turn;
}

// The derivative by the angle of the edge of what lies between `low` and `high`.
INLINE float turning(const Spot& at, float low, float high) {
    const float sum = area_turning(at, high) - area_turning(at, low);
    const float same = at.nx * at.ny * (fabsf(at.nx) - fabsf(at.ny));
    return same < 0 ? -sum : same > 0 ? sum : 0.0f;
}

INLINE float coverage(const Spot& at) { return area(at, at.radius - at.distance) + area(at, at.radius + at.distance); }

template <bool VARYING>
INLINE Spot measured(const Filter& filter, const Curve& s, const float* widths, float t, float x, float y) {
    Spot at;
    place_on_curve(s, t, x, y, at);
    derive_on_curve(s, t, at);
    measure_radius<VARYING>(s, widths, t, at);
    at.distance = sqrtf(at.ex * at.ex + at.ey * at.ey);
    choose_filter(filter, at);
    return at;
}

}  // namespace
