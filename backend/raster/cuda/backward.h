// The backward pass of a tile.
#pragma once
#include "forward.h"

namespace {

// Halves the values that a lane holds: of each pair of lanes that far apart, one goes on with the upper half.
template <int HALF>
INLINE void fold(float (&values)[PAGE], int lane) {
    const bool upper = lane & 2 * HALF;
#pragma unroll
    for (int i = 0; i < HALF; i++) {
        const float given = upper ? values[i] : values[i + HALF], own = upper ? values[i + HALF] : values[i];
        values[i] = own + __shfl_xor_sync(EVERYONE, given, 2 * HALF);
    }
}

// Sums 16 values over the lanes of a warp, always in the same order; lanes 2i and 2i + 1 get the sum of value i.
INLINE float summed(float (&values)[PAGE], int lane) {
    fold<8>(values, lane);
    fold<4>(values, lane);
    fold<2>(values, lane);
    fold<1>(values, lane);
    return values[0] + __shfl_xor_sync(EVERYONE, values[0], 1);
}

INLINE void add_points(float (&page)[PAGE], const float (&weights)[4], float x, float y) {
#pragma unroll
    for (int k = 0; k < 4; k++) {
        page[2 * k] += weights[k] * x;
        page[2 * k + 1] += weights[k] * y;
    }
}

// Gradients to the radii at the knots before and after a pixel's place on its stroke.
struct Knots {
    int before;
    float low, high;
};

// What a loss asks of a place on a curve: its derivatives by distance, radius, and angle of the edge; and by a move of the
// parameter that lets distance and radius grow alike.
struct Demand {
    float distance, radius, angle, far;
};

INLINE Demand demand(const Filter& filter, const Spot& at, float by_coverage) {
    const float near = density(at, at.radius - at.distance), far = density(at, at.radius + at.distance);
    const float angle = filter.tent ? 0.0f : by_coverage * turning(at, at.distance - at.radius, at.distance + at.radius);
    return {by_coverage * (far - near), by_coverage * (near + far), angle, by_coverage * far * 2};
}

// The same of two arms that meet in a pixel.
INLINE void demand_of_both(const Filter& filter, const Spot& at, const Meeting& both, float by_coverage, Demand& first,
                           Demand& second) {
    const float by = by_coverage * both.parallel, by_shared = both.low < both.high ? by : 0.0f;
    first = demand(filter, at, by_coverage);
    const float low = by_shared * density(at, both.low), high = by_shared * density(at, both.high);
    const float own_low = both.own_low ? low : 0.0f, own_high = both.own_high ? high : 0.0f;
    first.distance += own_low - own_high;
    first.radius -= own_low + own_high;
    if (!filter.tent) {
        first.angle += by * turning(at, both.other_low, both.other_high) - by_shared * turning(at, both.low, both.high);
    }
    const float other_low = by * density(at, both.other_low) - (low - own_low);
    const float other_high = by * density(at, both.other_high) - (high - own_high);
    second = {both.side * (other_high - other_low), other_high + other_low, 0.0f, 0.0f};
    first.far = first.distance + first.radius;
    second.far = second.distance + second.radius;
}

// The gradient of a pixel's coverage to the curve: to its place, to its derivative by t, and to its radii. Where the parameter is
// free, i.e. no end of its segment, it moves with points and widths: the edge turns with the curve, and the far edge grows with
// the width (the near edge, distance − radius, is what the parameter minimizes).
template <bool VARYING>
INLINE Knots pull_curve(const Filter& filter, const Curve& s, const Spot& at, float t, const Demand& asked, float (&page)[PAGE]) {
    const float outward = asked.distance / fmaxf(at.distance, 1e-6f), by_radius = asked.radius;
    float px = outward * at.ex, py = outward * at.ey, vx = 0, vy = 0, rate = 0;
    if (!filter.tent || VARYING) {
        const float bend = curvature(at), square = at.vx * at.vx + at.vy * at.vy;
        const bool free = regular(at, bend) && t > 0 && t < 1;
        float gain = VARYING ? asked.far * at.growth : 0.0f;
        if (!filter.tent) {
            const float angle = asked.angle;
            const float turn = free && square > 1e-6f ? angle / square : 0.0f;
            const float around = free ? 0.0f : angle / fmaxf(at.distance, NEAREST_PIVOT);
            px -= around * at.ny;
            py += around * at.nx;
            vx -= turn * at.vy;
            vy += turn * at.vx;
            gain += turn * (at.vx * at.ay - at.vy * at.ax);
        }
        rate = free ? gain / bend : 0.0f;
        const float over = VARYING ? at.growth / fmaxf(at.distance, 1e-6f) : 0.0f;
        px -= rate * (at.vx - over * at.ex);
        py -= rate * (at.vy - over * at.ey);
        vx -= rate * at.ex;
        vy -= rate * at.ey;
    }
    const float r = 1 - t, a = 3 * r * r, b = 6 * r * t, c = 3 * t * t;
    const float places[4] = {r * r * r, a * t, c * r, t * t * t}, tangents[4] = {-a, a - b, b - c, c};
    add_points(page, places, px, py);
    add_points(page, tangents, vx, vy);
    if (!VARYING) return {0, by_radius, 0};
    const float u = s.part_first + t * s.part_rate, slope = rate * at.distance * s.part_rate;
    const int k = knot_before(s, u + 1e-6f);
    const float part = clamped(u - (float)k, 0.0f, 1.0f);
    return {k, by_radius * (1 - part) - slope, by_radius * part + slope};
}

INLINE float of_knot(const Knots& knots, int k) {
    return knots.before == k ? knots.low : knots.before + 1 == k ? knots.high : 0.0f;
}

// Writes the gradients of a segment in a patch; `page` has those of its points, color and opacity.
INLINE void write_record(const Job& job, const Curve& s, const Knots& knots, const Knots& others, int group, const Patch& patch,
                         float (&page)[PAGE]) {
    float* record = job.records + ((size_t)group * WARPS + patch.warp) * job.record;
    int knot = s.first_knot;
#pragma unroll
    for (int i = BY_KNOTS; i < PAGE; i++) page[i] = of_knot(knots, knot + i - BY_KNOTS) + of_knot(others, knot + i - BY_KNOTS);
    knot += PAGE - BY_KNOTS;
    for (;;) {
        const float sum = summed(page, patch.lane);
        if (patch.lane % 2 == 0) record[patch.lane / 2] = sum;
        if (knot > s.last_knot) return;
        record += PAGE;
#pragma unroll
        for (int i = 0; i < PAGE; i++) page[i] = of_knot(knots, knot + i) + of_knot(others, knot + i);
        knot += PAGE;
    }
}

template <bool VARYING, int CHANNELS>
INLINE void pull_group(const Job& job, const Drawing& d, const Filter& filter, const Patch& patch, int group, bool active,
                       float (&running)[CHANNELS]) {
    const int segment = job.group_segments[group], stroke = job.bounds[segment].stroke;
    const Curve s = job.curves[segment];
    float page[PAGE] = {};
    Knots knots = {-2, 0, 0}, other_knots = {-2, 0, 0};
    if (active) {
        const float* fragment = fragment_at(job, group, patch);
        const float t = fragment[0], opacity = d.opacities[stroke];
        const float* widths = d.widths + (size_t)stroke * d.knots;
        const float other = s.folds ? fragment[OTHER * LANES] : -1.0f;
        const Spot at = measured<VARYING>(filter, s, widths, t, patch.x, patch.y);
        const Spot other_at = other >= 0 ? measured<VARYING>(filter, s, widths, other, patch.x, patch.y) : at;
        const Meeting both = other >= 0 ? meet(at, other_at) : Meeting{};
        const float covered = other >= 0 ? both.covered : coverage(at), alpha = covered * opacity;
        float by_alpha = 0;
#pragma unroll
        for (int c = 0; c < CHANNELS; c++) {
            by_alpha += running[c] * (d.colors[3 * stroke + c] - fragment[(1 + c) * LANES]);
            page[BY_COLOR + c] = running[c] * alpha;
            running[c] -= running[c] * alpha;
        }
        page[BY_OPACITY] = by_alpha * covered;
        if (other >= 0) {
            Demand first, second;
            demand_of_both(filter, at, both, by_alpha * opacity, first, second);
            knots = pull_curve<VARYING>(filter, s, at, t, first, page);
            other_knots = pull_curve<VARYING>(filter, s, other_at, other, second, page);
        } else {
            knots = pull_curve<VARYING>(filter, s, at, t, demand(filter, at, by_alpha * opacity), page);
        }
    }
    write_record(job, s, knots, other_knots, group, patch, page);
}

template <bool VARYING, int CHANNELS>
INLINE void pull(const Job& job, const Drawing& d, const Filter& filter, const Patch& patch) {
    float running[CHANNELS] = {};
    const size_t plane = (size_t)job.height * job.width;
    const float* gradient = job.gradient + 3 * plane * blockIdx.y + (size_t)patch.row * job.width + patch.column;
#pragma unroll
    for (int c = 0; patch.inside && c < 3; c++) running[CHANNELS == 1 ? 0 : c] += gradient[c * plane];
    const int* tile = job.tiles + 2 * ((size_t)blockIdx.y * gridDim.x + blockIdx.x);
    const int first = tile[0];
    for (int rest = tile[1]; rest > 0; rest -= LANES) {
        const int lowest = first + most(rest - LANES, 0), own = lowest + patch.lane;
        const unsigned hits = own < first + rest ? job.hits[(size_t)own * WARPS + patch.warp] : 0;
        unsigned left = __ballot_sync(EVERYONE, hits != 0);
        while (left) {
            const int last = LANES - 1 - __clz((int)left);
            const unsigned active = __shfl_sync(EVERYONE, hits, last);
            pull_group<VARYING, CHANNELS>(job, d, filter, patch, lowest + last, in_mask(active, patch.lane), running);
            left &= ~(1u << last);
        }
    }
}

}  // namespace
