// Cubics that turn back on themselves: a pixel between the two arms of a fold sees the ink of both. As folds.py has it.
#pragma once
#include "segments.h"
#include "spot.h"

namespace {

// Whether distance − radius is least at t, to first order or at an end of the segment.
INLINE bool settled(const Spot& at, float distance, float t) {
    const float fall = at.ex * at.vx + at.ey * at.vy - distance * at.growth;
    if ((t <= 0 && fall > 0) || (t >= 1 && fall < 0)) return true;
    return fall * fall < STILL * distance * distance * (at.vx * at.vx + at.vy * at.vy) + 1e-12f;
}

// Where another arm than that of the nearest parameter t comes nearest to a pixel; −1: nowhere that matters.
template <bool VARYING>
INLINE float other_arm(const Filter& filter, const Curve& s, const float* widths, float t, float x, float y) {
    float found = -1, nearest = filter.reach;
    for (int i = 0; i < s.folds; i++) {
        const float fold = s.fold[i], before = i ? s.fold[i - 1] : 0, after = i + 1 < s.folds ? s.fold[i + 1] : 1;
        if (t < before || t > after) continue;
        const float low = t < fold ? fold : before, high = t < fold ? after : fold;
        const float at = refined<VARYING>(s, widths, clamped(2 * fold - t, low, high), x, y, STEPS, STRIDE, low, high);
        if ((at <= low + AT_FOLD && low > 0) || (at >= high - AT_FOLD && high < 1)) continue;
        Spot spot;
        place_on_curve(s, at, x, y, spot);
        derive_on_curve(s, at, spot);
        measure_radius<VARYING>(s, widths, at, spot);
        const float distance = sqrtf(spot.ex * spot.ex + spot.ey * spot.ey), away = distance - spot.radius;
        if (away < nearest && settled(spot, distance, at)) nearest = away, found = at;
    }
    return found;
}

// Two arms in a pixel: intervals along the first one's normal, px; what the filter holds of both is counted once.
struct Meeting {
    float parallel;               // how much the second one counts: 1 where they are parallel, 0 from 45° on
    float side;                   // −1 where they lie on either side of the pixel's center, else 1
    float other_low, other_high;  // of the second one
    float low, high;              // of both; none unless low < high
    bool own_low, own_high;       // whether that part ends where the first one does
    float covered;
};

INLINE Meeting meet(const Spot& at, const Spot& other) {
    Meeting m;
    const bool on = at.distance < 1e-3f, on_other = other.distance < 1e-3f;
    const float ax = on ? at.vy : at.ex, ay = on ? -at.vx : at.ey;
    const float bx = on_other ? other.vy : other.ex, by = on_other ? -other.vx : other.ey;
    const float product = ax * bx + ay * by, squares = (ax * ax + ay * ay) * (bx * bx + by * by);
    m.parallel = fmaxf(2 * product * product / fmaxf(squares, 1e-24f) - 1, 0.0f);
    m.side = product < 0 ? -1.0f : 1.0f;
    const float low = at.distance - at.radius, high = at.distance + at.radius;
    m.other_low = m.side * other.distance - other.radius;
    m.other_high = m.side * other.distance + other.radius;
    m.own_low = m.other_low < low;
    m.own_high = high < m.other_high;
    m.low = m.own_low ? low : m.other_low;
    m.high = m.own_high ? high : m.other_high;
    const float shared = m.low < m.high ? area(at, m.high) - area(at, m.low) : 0.0f;
    m.covered = coverage(at) + m.parallel * (area(at, m.other_high) - area(at, m.other_low) - shared);
    return m;
}

// What a segment with folds covers of a pixel whose nearest parameter is t, and the parameter of a second arm, or −1. A function of
// its own, since few strokes fold: the registers of all others are not for it.
struct Look {
    float covered, other;
};

template <bool VARYING>
__device__ __noinline__ Look look_between(const Filter filter, const Curve& s, const float* widths, float t, float x, float y) {
    const float other = other_arm<VARYING>(filter, s, widths, t, x, y);
    const Spot at = measured<VARYING>(filter, s, widths, t, x, y);
    if (other < 0) return {coverage(at), other};
    return {meet(at, measured<VARYING>(filter, s, widths, other, x, y)).covered, other};
}

}  // namespace
