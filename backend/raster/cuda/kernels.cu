// The CUDA engine's arithmetic: that of native/kernel.cpp, one thread per pixel. Compiled at run time by NVRTC, which has no
// headers; the tests compile the very same text as C++ for the processor.
//
// A block is a tile of 16 × 16 pixels, each of its warps a patch of 8 × 4. The block lists the segments that may touch its tile,
// in their order; then every warp goes its own way: straight pieces of each segment find for each pixel the parameter with the
// smallest distance − radius, and when a stroke is through, its pixels are refined on the curve by Newton's method and
// composited source-over. What the backward pass needs of a segment in a tile is its "group"; where groups lie depends on
// which block came first, the order of all sums does not.
#include "backward.h"
#include "forward.h"
#include "scene.h"
#include "segments.h"
#include "sums.h"

// A block is a stroke.
extern "C" __global__ void __launch_bounds__(STROKE_THREADS) prepare(const Job job) {
    __shared__ int broken;
    const Drawing& d = job.drawings[blockIdx.y];
    const int stroke = (int)blockIdx.x, thread = (int)threadIdx.x;
    if (stroke >= d.strokes) return;
    if (thread == 0) {
        broken = !(fabsf(d.opacities[stroke]) < FAR);
        const float* color = d.colors + 3 * (size_t)stroke;
        if (color[0] != color[1] || color[0] != color[2]) job.control[COLORED + blockIdx.y] = 1;
    }
    __syncthreads();
    const int count = segment_count(d, stroke);
    const float* points = d.points + (size_t)stroke * (3 * d.longest + 1) * 2;
    for (int i = thread; i < (3 * count + 1) * 2; i += STROKE_THREADS)
        if (!(fabsf(points[i]) <= FARTHEST)) broken = 1;
    for (int k = thread; k < d.knots; k += STROKE_THREADS)
        if (!(fabsf(d.widths[(size_t)stroke * d.knots + k]) <= FARTHEST)) broken = 1;
    __syncthreads();
    const float reach = filter_of(job).reach;
    for (int j = thread; j < d.longest; j += STROKE_THREADS) plan_segment(job, d, reach, stroke, j, broken ? 0 : count);
}

// A block is a tile.
extern "C" __global__ void __launch_bounds__(THREADS, 3) forward(const Job job) {
    __shared__ Lists lists;
    const Drawing& d = job.drawings[blockIdx.y];
    const Filter filter = filter_of(job);
    const Patch patch = patch_of(job);
    reserve_groups(job, d, lists);
    const bool varying = d.knots > 1, gray = is_gray(job, (int)blockIdx.y);
    if (varying && gray) draw<true, 1>(job, d, filter, patch, lists);
    if (varying && !gray) draw<true, 3>(job, d, filter, patch, lists);
    if (!varying && gray) draw<false, 1>(job, d, filter, patch, lists);
    if (!varying && !gray) draw<false, 3>(job, d, filter, patch, lists);
}

// A block is a tile.
extern "C" __global__ void __launch_bounds__(THREADS, 3) backward(const Job job) {
    const Drawing& d = job.drawings[blockIdx.y];
    const Filter filter = filter_of(job);
    const Patch patch = patch_of(job);
    const bool varying = d.knots > 1, gray = is_gray(job, (int)blockIdx.y);
    if (varying && gray) pull<true, 1>(job, d, filter, patch);
    if (varying && !gray) pull<true, 3>(job, d, filter, patch);
    if (!varying && gray) pull<false, 1>(job, d, filter, patch);
    if (!varying && !gray) pull<false, 3>(job, d, filter, patch);
}

// A block is a stroke.
extern "C" __global__ void __launch_bounds__(STROKE_THREADS) gather(const Job job) {
    const Drawing& d = job.drawings[blockIdx.y];
    const int stroke = (int)blockIdx.x, thread = (int)threadIdx.x;
    if (stroke >= d.strokes) return;
    const int first = d.first + stroke * d.longest, count = segment_count(d, stroke);
    for (int j = thread / LANES; j < count; j += STROKE_THREADS / LANES) sum_segment(job, first + j, thread % LANES);
    __syncthreads();
    const int points = (3 * d.longest + 1) * 2;
    for (int i = thread; i < points; i += STROKE_THREADS)
        d.by_points[(size_t)stroke * points + i] = sum_of_joint(job, first, count, i / 2, i % 2);
    for (int k = thread; k < d.knots; k += STROKE_THREADS) {
        const size_t knot = (size_t)stroke * d.knots + k;
        d.by_widths[knot] = d.widths[knot] < 0 ? 0.0f : 0.5f * sum_of_knot(job, first, count, k);
    }
    if (thread < 3) d.by_colors[3 * (size_t)stroke + thread] = sum_over_segments(job, first, count, BY_COLOR + thread);
    if (thread == 3) d.by_opacities[stroke] = sum_over_segments(job, first, count, BY_OPACITY);
}
