// Cubics that turn back on themselves: a pixel between the two arms of a fold sees the ink of both. As folds.py has it.
#pragma once
#include "spot.h"

namespace stylesketch {
namespace {

constexpr int LOOKS = 16;               // how finely folds are looked for
constexpr float STEEPEST = 0.5f;        // by how much each arm leaves the middle between them per length of it
constexpr int STEPS = 3;                // of Newton's method from the mirrored parameter on
constexpr float STRIDE = 1.0f / 8;      // of these, at most
constexpr float LOOSE = 1.5f;           // how far from the line between the arms pixels are looked at, in reaches of the ink
constexpr float SLOPING = 1.5f;         // px; how much nearer to the fold than a place on an arm a pixel beside it may be
constexpr float AT_FOLD = 1.0f / 4096;  // of the parameter: what is nearer to a fold is the fold itself
constexpr float STILL = 1e-4f;          // squared cosine between the curve and the direction to the pixel where it is nearest
static_assert(LOOKS % LANES == 0 && LOOKS < 32, "a bit for each");

// ----------------------------------------------------------------------------------------------------- where they are

struct Vector {
    float x, y;
};

INLINE Vector sum(Vector a, float factor, Vector b) { return {a.x + factor * b.x, a.y + factor * b.y}; }
INLINE float dot(Vector a, Vector b) { return a.x * b.x + a.y * b.y; }
INLINE float cross(Vector a, Vector b) { return a.x * b.y - a.y * b.x; }
INLINE Vector power(const Segment& s, int order) { return {s.curve[order][0], s.curve[order][1]}; }

// Whether its control legs are within 90° of each other: then no arm turns back.
INLINE bool goes_on(const Segment& s) {
    const Vector a = power(s, 1), b = sum(a, 1, power(s, 2)), c = sum(sum(b, 1, power(s, 2)), 3, power(s, 3));
    return dot(a, b) >= 0 && dot(b, c) >= 0 && dot(a, c) >= 0;
}

// How far from a fold, in parameters, its shorter arm goes.
INLINE float extent(float before, float fold, float after) { return fold - before < after - fold ? fold - before : after - fold; }

// Whether the arms of a place of least speed, q(t ± d) = q + bend d² ± (speed d + twist d³), come so far apart that a pixel may
// see the paper between them, while they still open narrowly.
INLINE bool counts(Vector speed, Vector bend, Vector twist, float end, float thinnest, float thickest, float reach) {
    const float square = dot(bend, bend), length = __builtin_sqrtf(square);
    if (!(dot(speed, speed) < 2 * (thickest + reach) * length)) return false;
    const float first = cross(speed, bend), third = cross(twist, bend);
    float apart = __builtin_fabsf(end * (first + third * end * end));
    if (first * third < 0) {
        const float top = __builtin_sqrtf(-first / (3 * third)), most = __builtin_fabsf(2.0f / 3 * first * top);
        if (top < end && apart < most) apart = most;
    } else if (!(__builtin_fabsf(first + 3 * third * end * end) < STEEPEST * 2 * square * end)) {
        return false;
    }
    return apart > (thinnest - reach) * length;
}

// Finds the folds of a segment that count.
void find_folds(const Scene& scene, const float* radii, Segment& s) {
    s.folds = 0;
    if (goes_on(s)) return;
    const Vector c1 = power(s, 1), c2 = power(s, 2), c3 = power(s, 3);
    // Half of q' · q'', which is where it becomes positive.
    const float q0 = dot(c1, c2), q1 = 2 * dot(c2, c2) + 3 * dot(c1, c3), q2 = 9 * dot(c2, c3), q3 = 9 * dot(c3, c3);
    unsigned slows = (unsigned)(q0 + q1 + q2 + q3 < 0) << LOOKS;
    for (int look = 0; look < LOOKS; look += LANES) {
        const Floats t = floats(look + COUNTING) * (1.0f / LOOKS);
        slows |= bits(less(q0 + t * (q1 + t * (q2 + t * q3)), all(0.0f))) << look;
    }
    unsigned turning = slows & ~(slows >> 1) & ((1u << LOOKS) - 1);
    if (!turning) return;
    float found[MOST_FOLDS + 2] = {0};
    int count = 0;
    for (; turning && count < MOST_FOLDS; turning &= turning - 1) {
        const float low = (float)__builtin_ctz(turning) / LOOKS, high = low + 1.0f / LOOKS;
        const float slow = q0 + low * (q1 + low * (q2 + low * q3)), quick = q0 + high * (q1 + high * (q2 + high * q3));
        found[++count] = low + slow / (slow - quick) / LOOKS;
    }
    found[count + 1] = 1;
    float thinnest = radii[0], thickest = radii[0];
    for (int k = 1; k < scene.knots; k++) {
        thinnest = radii[k] < thinnest ? radii[k] : thinnest;
        thickest = radii[k] > thickest ? radii[k] : thickest;
    }
    for (int i = 1; i <= count; i++) {
        const float t = found[i], end = extent(found[i - 1], t, found[i + 1]);
        const Vector bend = sum(c2, 3 * t, c3), speed = sum(sum(c1, 2 * t, c2), 3 * t * t, c3);
        if (counts(speed, bend, c3, end, thinnest, thickest, scene.reach)) s.fold[s.folds++] = t;
    }
}

// ---------------------------------------------------------------------------------------------------- a second place

INLINE float end_before(const Segment& s, int fold) { return fold ? s.fold[fold - 1] : 0.0f; }
INLINE float end_after(const Segment& s, int fold) { return fold + 1 < s.folds ? s.fold[fold + 1] : 1.0f; }

// The line between the arms of a fold, from where on a pixel may see the paper between them.
INLINE void find_axis(const Scene& scene, const Segment& s, int fold, Vector& from, Vector& to) {
    const float t = s.fold[fold], end = extent(end_before(s, fold), t, end_after(s, fold)), most = end * end;
    const Vector c1 = power(s, 1), c2 = power(s, 2), c3 = power(s, 3), bend = sum(c2, 3 * t, c3);
    const Vector speed = sum(sum(c1, 2 * t, c2), 3 * t * t, c3);
    const Vector place = sum(sum(sum(power(s, 0), t, c1), t * t, c2), t * t * t, c3);
    const float square = dot(bend, bend), inside = scene.knots > 1 ? 0 : s.most - scene.reach;
    const float widening = __builtin_fabsf(cross(speed, bend)) + most * __builtin_fabsf(cross(c3, bend));
    float begin = 0;
    if (inside > 0) {
        const float margin = LOOSE * (s.most + scene.reach) - SLOPING;  // that whoever draws the line adds to it
        begin = inside * inside * square / (widening * widening) + margin / __builtin_sqrtf(square);
    }
    from = sum(place, begin < most ? begin : most, bend);
    to = sum(place, most, bend);
}

template <bool VARYING>
INLINE Spot look(const Segment& s, const float* radii, Floats t, Floats x, Floats y) {
    Spot at;
    place_on_curve(s, t, x, y, at);
    derive_on_curve(s, t, at);
    measure_radius<VARYING>(s, radii, t, at);
    at.distance = root(at.ex * at.ex + at.ey * at.ey);
    return at;
}

// Whether distance − radius is least at t, to first order or at an end of the segment.
INLINE Mask settled(const Spot& at, Floats t) {
    const Floats fall = at.ex * at.vx + at.ey * at.vy - at.distance * at.growth;
    const Floats outward = select(less(t, all(0.5f)), fall, -fall), zero = all(0.0f);
    const Floats at_end = select(less(all(0.0f), t * (1 - t)), zero, outward);
    const Floats square = at.distance * at.distance * (at.vx * at.vx + at.vy * at.vy);
    const Floats moved = select(less(zero, at_end), zero, fall * fall);
    return less(moved, STILL * square + 1e-12f);
}

// Where another arm than that of the nearest parameter t comes nearest to pixels; −1: nowhere.
template <bool VARYING>
INLINE Floats other_arm(const Segment& s, const float* radii, Floats t, Floats x, Floats y) {
    Floats found = all(-1.0f), nearest = all(FAR);
    for (int i = 0; i < s.folds; i++) {
        const Floats fold = all(s.fold[i]), before = all(end_before(s, i)), after = all(end_after(s, i));
        const Mask later = less(t, fold);
        const Floats low = select(later, fold, before), high = select(later, after, fold);
        const Floats at = refined<VARYING>(s, radii, clamped(2 * fold - t, low, high), x, y, STEPS, STRIDE, low, high);
        const Spot spot = look<VARYING>(s, radii, at, x, y);
        const Floats away = spot.distance - spot.radius;
        const Floats lowest = select(less(all(0.0f), low), low + AT_FOLD, all(-1.0f));
        const Floats highest = select(less(high, all(1.0f)), high - AT_FOLD, all(2.0f));
        const Mask beside = both(less(before - 1e-7f, t), less(t, after + 1e-7f));
        const Mask clear = both(less(lowest, at), less(at, highest));
        const Mask better = both(both(beside, clear), both(settled(spot, at), less(away, nearest)));
        found = select(better, at, found);
        nearest = select(better, away, nearest);
    }
    return found;
}

// --------------------------------------------------------------------------------------------------------- the union

template <bool TENT, bool VARYING>
INLINE Spot measured_arm(const Scene& scene, const Segment& s, const float* radii, Floats t, Floats x, Floats y) {
    Spot at = look<VARYING>(s, radii, t, x, y);
    choose_filter<TENT>(scene, at);
    return at;
}

// The direction from a pixel to a place; near the middle line the curve's own normal.
INLINE void face(const Spot& at, Floats& x, Floats& y) {
    const Mask near = less(at.distance, all(1e-3f));
    x = select(near, at.vy, at.ex);
    y = select(near, -at.vx, at.ey);
}

// How two arms lie to each other.
struct Angle {
    Floats parallel;  // how much the second one counts: 1 where they are parallel, 0 from 45° on
    Floats side;      // −1 where they lie on either side of the pixel's center, else 1
};

INLINE Angle angle_between(const Spot& at, const Spot& other) {
    Floats ax, ay, bx, by;
    face(at, ax, ay);
    face(other, bx, by);
    const Floats product = ax * bx + ay * by, squares = (ax * ax + ay * ay) * (bx * bx + by * by);
    const Floats cosines = product * product / larger(squares, all(1e-24f));
    return {larger(2 * cosines - 1, all(0.0f)), select(less(product, all(0.0f)), all(-1.0f), all(1.0f))};
}

// Two arms in a pixel: intervals along the first one's normal, px; what the filter holds of both is counted once.
struct Meeting {
    Angle angle;
    Floats other_low, other_high;  // of the second one
    Floats low, high;              // of both
    Mask overlap;                  // whether there is such a part
    Mask own_low, own_high;        // whether it ends where the first one does
    Floats covered;
};

INLINE Meeting meet(const Spot& at, const Spot& other) {
    Meeting m;
    m.angle = angle_between(at, other);
    const Floats place = m.angle.side * other.distance, low = at.distance - at.radius, high = at.distance + at.radius;
    m.other_low = place - other.radius;
    m.other_high = place + other.radius;
    m.own_low = less(m.other_low, low);
    m.own_high = less(high, m.other_high);
    m.low = select(m.own_low, low, m.other_low);
    m.high = select(m.own_high, high, m.other_high);
    m.overlap = less(m.low, m.high);
    const Floats shared = select(m.overlap, area(at, m.high) - area(at, m.low), all(0.0f));
    m.covered = coverage(at) + m.angle.parallel * (area(at, m.other_high) - area(at, m.other_low) - shared);
    return m;
}

}  // namespace
}  // namespace stylesketch
