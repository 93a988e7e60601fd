// Gradients of tiles to gradients of strokes.
#pragma once
#include "scene.h"

namespace {

// The group of a segment in a tile, or −1: groups of a tile are in the order of their segments.
INLINE int find_group(const Job& job, size_t tile, int segment) {
    int low = job.tiles[2 * tile], high = low + job.tiles[2 * tile + 1];
    const int end = high;
    while (low < high) {
        const int middle = low + (high - low) / 2;
        if (job.group_segments[middle] < segment)
            low = middle + 1;
        else
            high = middle;
    }
    return low < end && job.group_segments[low] == segment ? low : -1;
}

INLINE int tile_within(float place, int count) { return most(0, least(count, (int)floorf(place / TILE))); }

// One page of a segment's gradients: lane i gets value i % 16. Tiles count in the order of their rows, then patches.
INLINE float gathered(const Job& job, int segment, int page, int lane) {
    const Bounds& b = job.bounds[segment];
    const int left = tile_within(b.low[0] - TILE, job.columns), right = tile_within(b.high[0] + TILE, job.columns);
    const int top = tile_within(b.low[1] - TILE, job.rows), bottom = tile_within(b.high[1] + TILE, job.rows);
    const int across = right - left, count = across * (bottom - top);
    const size_t tiles = (size_t)blockIdx.y * job.columns * job.rows;
    float sum = 0;
    for (int first = 0; first < count; first += LANES) {
        const int own = first + lane;
        int group = -1;
        if (own < count) group = find_group(job, tiles + (size_t)(top + own / across) * job.columns + left + own % across, segment);
        unsigned found = __ballot_sync(EVERYONE, group >= 0);
        while (found) {  // two at a time, one for each half of the warp
            const unsigned rest = found & (found - 1);
            const int one = __ffs((int)found) - 1, other = rest ? __ffs((int)rest) - 1 : one;
            const bool second = lane >= PAGE;
            const size_t place = (size_t)__shfl_sync(EVERYONE, group, second ? other : one) * WARPS;
            if (!second || rest)
#pragma unroll
                for (int w = 0; w < WARPS; w++)
                    if (job.hits[place + w]) sum += job.records[(place + w) * job.record + page * PAGE + lane % PAGE];
            found = rest & (rest - 1);
        }
    }
    return sum + __shfl_xor_sync(EVERYONE, sum, PAGE);
}

INLINE void sum_segment(const Job& job, int segment, int lane) {
    const Curve& s = job.curves[segment];
    const int knots = s.last_knot - s.first_knot + 1, pages = 1 + most(0, knots - (PAGE - BY_KNOTS) + PAGE - 1) / PAGE;
    const bool seen = job.bounds[segment].pieces > 0;
    for (int page = 0; page < pages; page++) {
        const float sum = seen ? gathered(job, segment, page, lane) : 0.0f;
        if (lane < PAGE) job.sums[(size_t)segment * job.record + page * PAGE + lane] = sum;
    }
}

INLINE float sum_of_joint(const Job& job, int first, int count, int point, int axis) {
    const int number = point / 3, k = point % 3;
    float sum = 0;
    if (k == 0 && number > 0 && number <= count) sum += job.sums[(size_t)(first + number - 1) * job.record + 6 + axis];
    if (number < count) sum += job.sums[(size_t)(first + number) * job.record + 2 * k + axis];
    return sum;
}

INLINE float sum_of_knot(const Job& job, int first, int count, int knot) {
    float sum = 0;
    for (int j = 0; j < count; j++) {
        const Curve& s = job.curves[first + j];
        if (s.first_knot <= knot && knot <= s.last_knot)
            sum += job.sums[(size_t)(first + j) * job.record + BY_KNOTS + knot - s.first_knot];
    }
    return sum;
}

INLINE float sum_over_segments(const Job& job, int first, int count, int value) {
    float sum = 0;
    for (int j = 0; j < count; j++) sum += job.sums[(size_t)(first + j) * job.record + value];
    return sum;
}

}  // namespace
