// The straight pieces of curves, which find the nearest parameter.
#pragma once
#include "folds.h"
#include "spot.h"

namespace stylesketch {
namespace {

enum Field { X, Y, DX, DY, UX, UY, LEAN, HALF, XLOW, XHIGH, YLOW, YHIGH, RADIUS, GROWTH };
static_assert(GROWTH + 1 == FIELDS, "the engine makes the room");

INLINE int padded(int count) { return (count + LANES - 1) / LANES * LANES; }
INLINE int least(int a, int b) { return a < b ? a : b; }
INLINE int most(int a, int b) { return a > b ? a : b; }

// The straight pieces and folds of strokes [from, to).
void prepare(Scene& scene, int from, int to) {
    for (int i = from; i < to; i++) {
        const Stroke& stroke = scene.strokes[i];
        for (int j = 0; j < stroke.segments; j++) {
            Segment& s = scene.segments[stroke.first_segment + j];
            if (s.pieces) find_folds(scene, stroke.radii, s);
            const int pitch = padded(s.pieces);
            const float rate = 1.0f / (float)most(s.pieces, 1), reach = s.most + scene.reach + s.slack;
            for (int p = 0; p < s.pieces; p += LANES) {
                float* to_field = scene.pieces + s.place + p;
                const Floats t = floats(p + COUNTING) * rate;
                Spot start, end;
                place_on_curve(s, t, all(0.0f), all(0.0f), start);
                place_on_curve(s, t + rate, all(0.0f), all(0.0f), end);
                const Floats dx = end.ex - start.ex, dy = end.ey - start.ey, square = dx * dx + dy * dy;
                const Floats scale = inverse(larger(square, all(1e-20f)));
                const Mask flat = less(magnitude(dy), 1e-4f * magnitude(dx) + 1e-12f);
                const Floats over = inverse(select(flat, all(1.0f), dy));
                store(to_field + X * pitch, start.ex);
                store(to_field + Y * pitch, start.ey);
                store(to_field + DX * pitch, dx);
                store(to_field + DY * pitch, dy);
                store(to_field + UX * pitch, dx * scale);
                store(to_field + UY * pitch, dy * scale);
                store(to_field + LEAN * pitch, select(flat, all(0.0f), dx * over));
                store(to_field + HALF * pitch, select(flat, all(FAR), reach * root(square) * magnitude(over) + 0.05f));
                store(to_field + XLOW * pitch, smaller(start.ex, end.ex) - reach);
                store(to_field + XHIGH * pitch, larger(start.ex, end.ex) + reach);
                store(to_field + YLOW * pitch, smaller(start.ey, end.ey) - reach);
                store(to_field + YHIGH * pitch, larger(start.ey, end.ey) + reach);
                if (scene.knots == 1) continue;
                measure_radius<true>(s, stroke.radii, t, start);
                measure_radius<true>(s, stroke.radii, t + rate, end);
                store(to_field + RADIUS * pitch, start.radius);
                store(to_field + GROWTH * pitch, end.radius - start.radius);
            }
        }
    }
}

}  // namespace
}  // namespace stylesketch
