// The forward pass of a tile.
#pragma once
#include "folds.h"
#include "segments.h"
#include "spot.h"

namespace {

// The patch of a warp, and this thread's pixel in it.
struct Patch {
    int tile, warp, lane, column, row;  // px
    float middle_x, middle_y, x, y;
    bool inside;                        // of the canvas
};

INLINE Patch patch_of(const Job& job) {
    Patch p;
    p.tile = (int)blockIdx.x;
    p.warp = (int)threadIdx.x / LANES;
    p.lane = (int)threadIdx.x % LANES;
    const int left = p.tile % job.columns * TILE + p.warp % PATCHES * PATCH_WIDTH;
    const int top = p.tile / job.columns * TILE + p.warp / PATCHES * PATCH_HEIGHT;
    p.middle_x = (float)left + 0.5f * PATCH_WIDTH;
    p.middle_y = (float)top + 0.5f * PATCH_HEIGHT;
    p.column = left + p.lane % PATCH_WIDTH;
    p.row = top + p.lane / PATCH_WIDTH;
    p.x = (float)p.column + 0.5f;
    p.y = (float)p.row + 0.5f;
    p.inside = p.column < job.width && p.row < job.height;
    return p;
}

INLINE bool touches_tile(const Job& job, const Drawing& d, int segment) {
    if (segment >= d.first + d.strokes * d.longest) return false;
    const float x = (float)((int)blockIdx.x % job.columns * TILE + TILE / 2);
    const float y = (float)((int)blockIdx.x / job.columns * TILE + TILE / 2);
    return may_touch(job.bounds[segment], x, y, 0.5f * TILE - 0.5f, 0.5f * TILE - 0.5f, TILE_DIAGONAL);
}

// The segment that is nearest to a pixel so far, of one stroke.
struct Winner {
    float away, t;       // distance² (with one knot) or distance − radius
    int segment, group;
};

// Lets the pieces of a segment claim the pixels of the patch that are nearer to them than to the pieces before.
template <bool VARYING>
INLINE void claim(const Filter& filter, const Curve& s, int pieces, const float* widths, int segment, int group, const Patch& patch,
                  Winner& winner) {
    const float rate = 1.0f / (float)pieces, reach = s.most + filter.reach + s.slack;
    for (int first = 0; first < pieces; first += LANES) {
        const int number = first + patch.lane;
        Spot start, end;
        place_on_curve(s, (float)number * rate, 0.0f, 0.0f, start);
        place_on_curve(s, (float)(number + 1) * rate, 0.0f, 0.0f, end);
        const float own_dx = end.ex - start.ex, own_dy = end.ey - start.ey;
        const float own_inverse = 1 / fmaxf(own_dx * own_dx + own_dy * own_dy, 1e-20f);
        float own_radius = 0, own_growth = 0;
        if (VARYING) {
            measure_radius<true>(s, widths, (float)number * rate, start);
            measure_radius<true>(s, widths, (float)(number + 1) * rate, end);
            own_radius = start.radius;
            own_growth = end.radius - start.radius;
        }
        const float rx = patch.middle_x - start.ex, ry = patch.middle_y - start.ey;
        const float part = clamped((rx * own_dx + ry * own_dy) * own_inverse, 0.0f, 1.0f);
        const float fx = rx - part * own_dx, fy = ry - part * own_dy, limit = reach + PATCH_DIAGONAL;
        unsigned near = __ballot_sync(EVERYONE, number < pieces && fx * fx + fy * fy < limit * limit);
        for (; near; near &= near - 1) {
            const int lane = __ffs((int)near) - 1;
            const float dx = __shfl_sync(EVERYONE, own_dx, lane), dy = __shfl_sync(EVERYONE, own_dy, lane);
            const float inverse = __shfl_sync(EVERYONE, own_inverse, lane);
            const float x = patch.x - __shfl_sync(EVERYONE, start.ex, lane), y = patch.y - __shfl_sync(EVERYONE, start.ey, lane);
            const float t = clamped((x * dx + y * dy) * inverse, 0.0f, 1.0f);
            const float ex = x - t * dx, ey = y - t * dy;
            float away = ex * ex + ey * ey;
            if (VARYING) {
                const float radius = __shfl_sync(EVERYONE, own_radius, lane), growth = __shfl_sync(EVERYONE, own_growth, lane);
                away = sqrtf(away) - (radius + t * growth);
            }
            if (away < winner.away) winner = {away, ((float)(first + lane) + t) * rate, segment, group};
        }
    }
}

INLINE float* fragment_at(const Job& job, int group, const Patch& patch) {
    return job.fragments + ((size_t)group * WARPS + patch.warp) * (FRAGMENT * LANES) + patch.lane;
}

// Notes for every group which of the lanes that `hit` it has won.
INLINE void note_hits(const Job& job, const Patch& patch, bool hit, int group) {
    unsigned left = __ballot_sync(EVERYONE, hit);
    while (left) {
        const int one = __shfl_sync(EVERYONE, group, __ffs((int)left) - 1);
        const unsigned same = __ballot_sync(EVERYONE, hit && group == one);
        if (patch.lane == 0) job.hits[(size_t)one * WARPS + patch.warp] = same;
        left &= ~same;
    }
}

// Composites a stroke whose pieces have all claimed their pixels.
template <bool VARYING, int CHANNELS>
INLINE void composite(const Job& job, const Drawing& d, const Filter& filter, const Patch& patch, int stroke, bool kept,
                      Winner& winner, float (&image)[CHANNELS]) {
    bool hit = patch.inside && winner.segment >= 0;
    if (hit) {
        const Curve& s = job.curves[winner.segment];
        const float bound = filter.reach + s.slack + (VARYING ? s.uneven : s.most);
        hit = winner.away < (VARYING ? bound : bound * bound);
    }
    if (hit) {
        const Curve& s = job.curves[winner.segment];
        const float* widths = d.widths + (size_t)stroke * d.knots;
        const int pieces = job.bounds[winner.segment].pieces;
        const float t = refined<VARYING>(s, widths, winner.t, patch.x, patch.y, REFINEMENTS, 1.0f / (float)pieces, 0.0f, 1.0f);
        const Spot at = measured<VARYING>(filter, s, widths, t, patch.x, patch.y);
        hit = at.distance - at.radius < at.top + at.slope;
        if (hit) {
            float covered = coverage(at);
            float* fragment = fragment_at(job, winner.group, patch);
            if (kept) fragment[0] = t;
            if (s.folds) {
                const Look look = look_between<VARYING>(filter, s, widths, t, patch.x, patch.y);
                if (kept) fragment[OTHER * LANES] = look.other;
                covered = look.covered;
            }
            const float alpha = covered * d.opacities[stroke];
#pragma unroll
            for (int c = 0; c < CHANNELS; c++) {
                if (kept) fragment[(1 + c) * LANES] = image[c];
                image[c] += alpha * (d.colors[3 * stroke + c] - image[c]);
            }
        }
    }
    if (kept) note_hits(job, patch, hit, winner.group);
}

struct Lists {
    int segments[THREADS], counts[WARPS], base, kept;
};

// Asks for room for all groups of a tile, if a backward pass will follow.
INLINE void reserve_groups(const Job& job, const Drawing& d, Lists& lists) {
    int total = 0;
    for (int first = 0; job.keep && first < d.strokes * d.longest; first += THREADS)
        total += __syncthreads_count(touches_tile(job, d, d.first + first + (int)threadIdx.x));
    if (threadIdx.x == 0) {
        lists.base = job.keep ? atomicAdd(job.control + GROUPS, total) : 0;
        lists.kept = job.keep && lists.base + total <= job.capacity;
        if (job.keep) {
            if (job.lacked && !lists.kept) atomicMax(job.lacked, lists.base + total);
            int* tile = job.tiles + 2 * ((size_t)blockIdx.y * gridDim.x + blockIdx.x);
            tile[0] = lists.base;
            tile[1] = lists.kept ? total : 0;
        }
    }
    __syncthreads();
}

// Lists in order which of the segments from `first` on, one for each thread, touch the tile; their count.
INLINE int list_segments(const Job& job, const Drawing& d, const Patch& patch, int first, Lists& lists) {
    const int segment = d.first + first + (int)threadIdx.x;
    const bool touching = touches_tile(job, d, segment);
    const unsigned together = __ballot_sync(EVERYONE, touching);
    if (patch.lane == 0) lists.counts[patch.warp] = __popc(together);
    __syncthreads();
    int before = 0, count = 0;
    for (int w = 0; w < WARPS; w++) {
        if (w == patch.warp) before = count;
        count += lists.counts[w];
    }
    if (touching) lists.segments[before + __popc(together & ((1u << patch.lane) - 1))] = segment;
    __syncthreads();
    return count;
}

template <bool VARYING, int CHANNELS>
INLINE void draw(const Job& job, const Drawing& d, const Filter& filter, const Patch& patch, Lists& lists) {
    float image[CHANNELS];
#pragma unroll
    for (int c = 0; c < CHANNELS; c++) image[c] = paper_of(job, c);
    const bool kept = lists.kept;
    int base = lists.base, stroke = -1;
    Winner winner = {FAR, 0, -1, -1};
    for (int first = 0; first < d.strokes * d.longest; first += THREADS) {
        const int count = list_segments(job, d, patch, first, lists);
        for (int i = patch.lane; kept && i < count; i += LANES) {
            job.hits[(size_t)(base + i) * WARPS + patch.warp] = 0;
            if (patch.warp == 0) job.group_segments[base + i] = lists.segments[i];
        }
        __syncwarp();
        for (int i = 0; i < count; i += LANES) {
            const int own = i + patch.lane < count ? lists.segments[i + patch.lane] : -1;
            const bool touching = own >= 0 && may_touch(job.bounds[own], patch.middle_x, patch.middle_y, 0.5f * PATCH_WIDTH - 0.5f,
                                                        0.5f * PATCH_HEIGHT - 0.5f, PATCH_DIAGONAL);
            for (unsigned left = __ballot_sync(EVERYONE, touching); left; left &= left - 1) {
                const int lane = __ffs((int)left) - 1, segment = lists.segments[i + lane];
                const Bounds& bounds = job.bounds[segment];
                if (bounds.stroke != stroke) {
                    if (stroke >= 0) composite<VARYING, CHANNELS>(job, d, filter, patch, stroke, kept, winner, image);
                    winner = {FAR, 0, -1, -1};
                    stroke = bounds.stroke;
                }
                const float* widths = d.widths + (size_t)stroke * d.knots;
                claim<VARYING>(filter, job.curves[segment], bounds.pieces, widths, segment, base + i + lane, patch, winner);
            }
        }
        base += count;
    }
    if (stroke >= 0) composite<VARYING, CHANNELS>(job, d, filter, patch, stroke, kept, winner, image);
    if (!patch.inside) return;
    const size_t plane = (size_t)job.height * job.width;
    float* out = job.image + 3 * plane * blockIdx.y + (size_t)patch.row * job.width + patch.column;
#pragma unroll
    for (int c = 0; c < 3; c++) out[c * plane] = image[CHANNELS == 1 ? 0 : c];
}

}  // namespace
