// Where segments of strokes may have ink.
#pragma once
#include "scene.h"

namespace {

INLINE float radius_at(const float* widths, int knot) { return 0.5f * fmaxf(widths[knot], 0.0f); }

INLINE int segment_count(const Drawing& d, int stroke) {
    const long long count = d.segments[stroke];
    return count < 1 ? 1 : count > d.longest ? d.longest : (int)count;
}

INLINE void set_curve(const float* p, Curve& s, Bounds& b) {
    for (int axis = 0; axis < 2; axis++) {
        const float a = p[axis], m = p[2 + axis], n = p[4 + axis], z = p[6 + axis];
        s.c[0][axis] = a;
        s.c[1][axis] = 3 * (m - a);
        s.c[2][axis] = 3 * ((n - m) - (m - a));
        s.c[3][axis] = (z - a) - 3 * (n - m);
        b.low[axis] = fminf(fminf(a, m), fminf(n, z));
        b.high[axis] = fmaxf(fmaxf(a, m), fmaxf(n, z));
    }
}

INLINE float set_knots(const float* widths, int knots, int number, int count, Curve& s) {
    s.part_rate = (float)(knots - 1) / (float)count;
    s.part_first = (float)number * s.part_rate;
    s.first_knot = least((int)((long long)number * (knots - 1) / count), knots - 1);
    s.last_knot = least((int)(((long long)(number + 1) * (knots - 1) + count - 1) / count), knots - 1);
    s.most = s.uneven = 0;
    for (int k = s.first_knot; k <= s.last_knot; k++) s.most = fmaxf(s.most, radius_at(widths, k));
    if (knots > 1 && (knots - 1) % count)
        for (int k = s.first_knot; k < s.last_knot; k++)
            s.uneven = fmaxf(s.uneven, fabsf(radius_at(widths, k + 1) - radius_at(widths, k)));
    return s.most;
}

INLINE int set_pieces(const float* p, int knots, int count, Curve& s) {
    const float x1 = p[0] - 2 * p[2] + p[4], y1 = p[1] - 2 * p[3] + p[5];
    const float x2 = p[2] - 2 * p[4] + p[6], y2 = p[3] - 2 * p[5] + p[7];
    const float away = 0.75f * sqrtf(fmaxf(x1 * x1 + y1 * y1, x2 * x2 + y2 * y2));  // px, of a single piece
    int pieces = most(1, least(MOST_PIECES, (int)ceilf(sqrtf(away / TOLERANCE))));
    const int intervals = s.last_knot - s.first_knot;
    const bool even = knots > 1 && (knots - 1) % count == 0;
    pieces = even ? (pieces + intervals - 1) / intervals * intervals : most(pieces, intervals);
    s.slack = fminf(TOLERANCE, away / (float)(pieces * pieces)) + ROUNDING;
    return pieces;
}

struct Vector {
    float x, y;
};

INLINE Vector sum(Vector a, float factor, Vector b) { return {a.x + factor * b.x, a.y + factor * b.y}; }
INLINE float dot(Vector a, Vector b) { return a.x * b.x + a.y * b.y; }
INLINE float cross(Vector a, Vector b) { return a.x * b.y - a.y * b.x; }

// Whether the arms of a place of least speed, q(t ± d) = q + bend d² ± (speed d + twist d³), come so far apart that a pixel may
// see the paper between them, while they still open narrowly.
INLINE bool counts(Vector speed, Vector bend, Vector twist, float end, float thinnest, float thickest, float reach) {
    const float square = dot(bend, bend), length = sqrtf(square);
    if (!(dot(speed, speed) < 2 * (thickest + reach) * length)) return false;
    const float first = cross(speed, bend), third = cross(twist, bend);
    float apart = fabsf(end * (first + third * end * end));
    if (first * third < 0) {
        const float top = sqrtf(-first / (3 * third));
        if (top < end) apart = fmaxf(apart, fabsf(2.0f / 3 * first * top));
    } else if (!(fabsf(first + 3 * third * end * end) < STEEPEST * 2 * square * end)) {
        return false;
    }
    return apart > (thinnest - reach) * length;
}

// Finds the folds that count of a segment whose control legs are not all within 90° of each other: else no arm turns back.
INLINE void find_folds(const float* widths, int knots, float reach, Curve& s) {
    const Vector c1 = {s.c[1][0], s.c[1][1]}, c2 = {s.c[2][0], s.c[2][1]}, c3 = {s.c[3][0], s.c[3][1]};
    const Vector middle = sum(c1, 1, c2), last = sum(sum(middle, 1, c2), 3, c3);
    s.folds = 0;
    if (dot(c1, middle) >= 0 && dot(middle, last) >= 0 && dot(c1, last) >= 0) return;
    // Half of q' · q'', which is where it becomes positive.
    const float q0 = dot(c1, c2), q1 = 2 * dot(c2, c2) + 3 * dot(c1, c3), q2 = 9 * dot(c2, c3), q3 = 9 * dot(c3, c3);
    float found[MOST_FOLDS + 2] = {0, 1, 1, 1}, before = q0;
    int count = 0;
    for (int look = 1; look <= LOOKS && count < MOST_FOLDS; look++) {
        const float t = (float)look / LOOKS, now = q0 + t * (q1 + t * (q2 + t * q3));
        if (before < 0 && now >= 0) found[++count] = t - now / (now - before) / LOOKS;
        before = now;
    }
    float thinnest = radius_at(widths, 0), thickest = thinnest;
    for (int k = 1; count && k < knots; k++) {
        thinnest = fminf(thinnest, radius_at(widths, k));
        thickest = fmaxf(thickest, radius_at(widths, k));
    }
    for (int i = 1; i <= count; i++) {
        const float t = found[i], end = fminf(t - found[i - 1], found[i + 1] - t);
        const Vector bend = sum(c2, 3 * t, c3), speed = sum(sum(c1, 2 * t, c2), 3 * t * t, c3);
        if (counts(speed, bend, c3, end, thinnest, thickest, reach)) s.fold[s.folds++] = t;
    }
}

INLINE float from_chord(const Bounds& b, float x, float y) {
    const float t = clamped(((x - b.x) * b.dx + (y - b.y) * b.dy) * b.inverse, 0.0f, 1.0f);
    const float ex = x - b.x - t * b.dx, ey = y - b.y - t * b.dy;
    return sqrtf(ex * ex + ey * ey);
}

// A curve is no farther from its chord than 3/4 of what its inner control points are.
INLINE void set_chord(const float* p, float ink, Bounds& b) {
    b.x = p[0], b.y = p[1], b.dx = p[6] - p[0], b.dy = p[7] - p[1];
    b.inverse = 1 / fmaxf(b.dx * b.dx + b.dy * b.dy, 1e-20f);
    const float rounding = 1e-6f * (fabsf(b.x) + fabsf(b.y) + fabsf(b.dx) + fabsf(b.dy));
    b.margin = 0.75f * fmaxf(from_chord(b, p[2], p[3]), from_chord(b, p[4], p[5])) + ink + TOLERANCE + rounding;
}

INLINE void plan_segment(const Job& job, const Drawing& d, float reach, int stroke, int number, int count) {
    const int place = d.first + stroke * d.longest + number;
    const float* p = d.points + ((size_t)stroke * (3 * d.longest + 1) + 3 * number) * 2;
    Bounds b = {};
    Curve s = {};
    b.stroke = stroke;
    s.order = number;
    if (number < count) {
        set_curve(p, s, b);
        const float ink = set_knots(d.widths + (size_t)stroke * d.knots, d.knots, number, count, s) + reach;
        for (int axis = 0; axis < 2; axis++) b.low[axis] -= ink + 0.5f, b.high[axis] += ink + 0.5f;
        set_chord(p, ink, b);
        const bool seen = b.low[0] < (float)job.width && b.high[0] > 0 && b.low[1] < (float)job.height && b.high[1] > 0;
        b.pieces = seen ? set_pieces(p, d.knots, count, s) : 0;
        find_folds(d.widths + (size_t)stroke * d.knots, d.knots, reach, s);
    }
    job.bounds[place] = b;
    job.curves[place] = s;
}

// Whether ink of a segment may be within `half` of (x, y), whose corners are `diagonal` away.
INLINE bool may_touch(const Bounds& b, float x, float y, float half_width, float half_height, float diagonal) {
    return b.pieces > 0 && b.low[0] < x + half_width && b.high[0] > x - half_width && b.low[1] < y + half_height &&
           b.high[1] > y - half_height && from_chord(b, x, y) < b.margin + diagonal;
}

}  // namespace
