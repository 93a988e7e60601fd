// A place on a stroke as a pixel sees it, and how much of the pixel the stroke covers there.
#pragma once
#include "engine.h"
#include "lanes.h"

namespace stylesketch {
namespace {

constexpr float FAR = 1e30f;
constexpr int REFINEMENTS = 2;
constexpr float NEAREST_PIVOT = 0.25f;  // px; around an end of the stroke an edge turns no faster than at this distance

struct Spot {
    Floats ex, ey;         // curve − pixel, px
    Floats vx, vy;         // derivative by t
    Floats ax, ay;         // second derivative
    Floats radius, growth;  // and its derivative by t
    Floats distance;
    Floats nx, ny;         // direction of the edge, unit
    Floats top, slope, height;  // the edge filter: flat to `top`, then falling over `slope`
    Floats steep;          // 1 / slope
};

INLINE void place_on_curve(const Segment& s, Floats t, Floats x, Floats y, Spot& at) {
    const auto& c = s.curve;
    at.ex = c[0][0] - x + t * (c[1][0] + t * (c[2][0] + t * c[3][0]));
    at.ey = c[0][1] - y + t * (c[1][1] + t * (c[2][1] + t * c[3][1]));
}

INLINE void derive_on_curve(const Segment& s, Floats t, Spot& at) {
    const auto& c = s.curve;
    at.vx = c[1][0] + t * (2 * c[2][0] + t * (3 * c[3][0]));
    at.vy = c[1][1] + t * (2 * c[2][1] + t * (3 * c[3][1]));
    at.ax = 2 * c[2][0] + t * (6 * c[3][0]);
    at.ay = 2 * c[2][1] + t * (6 * c[3][1]);
}

template <bool VARYING>
INLINE void measure_radius(const Segment& s, const float* radii, Floats t, Spot& at) {
    if (!VARYING) {
        at.radius = all(radii[0]);
        at.growth = all(0.0f);
        return;
    }
    const Floats u = s.part_first + t * s.part_rate;
    at.radius = at.growth = all(0.0f);
    for (int k = s.first_knot; k <= s.last_knot; k++) at.radius += larger(1 - magnitude(u - (float)k), all(0.0f)) * radii[k];
    for (int k = s.first_knot; k < s.last_knot; k++) {
        const Floats here = all((radii[k + 1] - radii[k]) * s.part_rate);
        at.growth = k == s.first_knot ? here : select(less(u, all((float)k)), at.growth, here);
    }
}

// What Newton's method divides by: the derivative by t of distance · d(distance − radius)/dt.
INLINE Floats curvature(const Spot& at) {
    return at.vx * at.vx + at.vy * at.vy + at.ex * at.ax + at.ey * at.ay - at.growth * at.growth;
}

INLINE Mask regular(const Spot& at, Floats bend) { return less(1e-3f * (at.vx * at.vx + at.vy * at.vy) + 1e-9f, bend); }

// Newton's method from t on, in at most `steps` of at most `stride`, between low and high.
template <bool VARYING>
INLINE Floats refined(const Segment& s, const float* radii, Floats t, Floats x, Floats y, int steps, float stride, Floats low,
                      Floats high) {
    for (int i = 0; i < steps; i++) {
        Spot at;
        place_on_curve(s, t, x, y, at);
        derive_on_curve(s, t, at);
        measure_radius<VARYING>(s, radii, t, at);
        Floats fall = at.ex * at.vx + at.ey * at.vy;
        if (VARYING) fall -= root(at.ex * at.ex + at.ey * at.ey) * at.growth;
        const Floats bend = curvature(at);
        const Mask usable = regular(at, bend);
        const Floats step = clamped(fall * inverse(select(usable, bend, all(1.0f))), all(-stride), all(stride));
        t = clamped(t - select(usable, step, all(0.0f)), low, high);
    }
    return t;
}

// The parameter of a segment that is nearest to pixels, from that of its pieces.
template <bool VARYING>
INLINE Floats nearest_place(const Segment& s, const float* radii, Floats t, Floats x, Floats y) {
    return refined<VARYING>(s, radii, t, x, y, REFINEMENTS, 1.0f / (float)s.pieces, all(0.0f), all(1.0f));
}

template <bool TENT>
INLINE void choose_filter(const Scene& scene, Spot& at) {
    if (TENT) {
        at.top = all(0.0f);
        at.slope = all(scene.reach);
        at.steep = at.height = all(1 / scene.reach);
        return;
    }
    Floats gx = at.ex, gy = at.ey, length = at.distance;
    const Mask near = less(length, all(1e-3f));
    if (bits(near)) {  // On the middle line the direction to the pixel is noise; the curve's own normal takes over.
        gx = select(near, at.vy, gx);
        gy = select(near, -at.vx, gy);
        length = root(gx * gx + gy * gy);
        const Mask none = less(length, all(1e-12f));
        gx = select(none, all(1.0f), gx);
        gy = select(none, all(0.0f), gy);
        length = select(none, all(1.0f), length);
    }
    const Floats ax = magnitude(gx), ay = magnitude(gy), more = larger(ax, ay), fewer = smaller(ax, ay);
    const Floats lesser = larger(fewer, 1e-6f * length);
    // One division for 1 / length, length / more and length / lesser.
    const Floats over = inverse(length * more * lesser), scale = over * more * lesser;
    at.nx = gx * scale;
    at.ny = gy * scale;
    at.top = 0.5f * (more - fewer) * scale;
    at.slope = lesser * scale;
    at.height = over * length * lesser * length;
    at.steep = over * length * more * length;
}

// How much of the filter lies between its middle and `u`; an odd function.
INLINE Floats area(const Spot& at, Floats u) {
    const Floats away = magnitude(u);
    const Floats beyond = clamped(away - at.top, all(0.0f), at.slope);
    const Floats share = at.height * (smaller(away, at.top) + beyond - beyond * beyond * (0.5f * at.steep));
    return select(less(u, all(0.0f)), -share, share);
}

// The filter itself.
INLINE Floats density(const Spot& at, Floats u) {
    const Floats beyond = clamped(magnitude(u) - at.top, all(0.0f), at.slope);
    return at.height * (1 - beyond * at.steep);
}

// The derivative of `area` by a turn of the edge, but for the sign that `turning` adds.
INLINE Floats area_turning(const Spot& at, Floats u) {
    const Floats away = magnitude(u);
    const Floats beyond = clamped(away - at.top, all(0.0f), at.slope), part = beyond * at.steep;
    const Floats share = at.height * (smaller(away, at.top) + beyond - 0.5f * beyond * part);
    const Floats turn = at.slope * at.height * (share - 0.5f * part) + 0.5f * part * (part - 1);
    return select(less(u, all(0.0f)), -turn, turn);
}

// The derivative by the angle of the edge of what lies between `low` and `high`.
INLINE Floats turning(const Spot& at, Floats low, Floats high) {
    const Floats sum = area_turning(at, high) - area_turning(at, low);
    const Floats steep = magnitude(at.nx) - magnitude(at.ny), same = at.nx * at.ny * steep;
    return select(less(same, all(0.0f)), -sum, select(less(all(0.0f), same), sum, all(0.0f)));
}

INLINE Floats coverage(const Spot& at) { return area(at, at.radius - at.distance) + area(at, at.radius + at.distance); }

template <bool TENT, bool VARYING>
INLINE Spot measured(const Scene& scene, const Segment& s, const float* radii, Floats t, Floats x, Floats y) {
    Spot at;
    place_on_curve(s, t, x, y, at);
    if (!TENT || VARYING) derive_on_curve(s, t, at);
    measure_radius<VARYING>(s, radii, t, at);
    at.distance = root(at.ex * at.ex + at.ey * at.ey);
    choose_filter<TENT>(scene, at);
    return at;
}

}  // namespace
}  // namespace stylesketch
