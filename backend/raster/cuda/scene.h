// What the kernels of the CUDA engine are told, and what they tell each other. Lengths are canvas px, as in native/engine.h.
#pragma once

#define INLINE __device__ __forceinline__

namespace {

constexpr int TILE = 16, THREADS = TILE * TILE, LANES = 32, WARPS = THREADS / LANES;
constexpr int PATCH_WIDTH = 8, PATCH_HEIGHT = 4, PATCHES = TILE / PATCH_WIDTH;  // px; patches side by side
constexpr unsigned EVERYONE = 0xffffffffu;
constexpr int MOST_DRAWINGS = 16;    // of one launch
constexpr int STROKE_THREADS = 64;   // of a block that prepares or sums a stroke
constexpr int PAGE = 16;             // gradients that a warp sums at once
constexpr int FRAGMENT = 5;          // floats: t, the color below, and t of another arm of the segment, or −1
constexpr int OTHER = 4;             // of them the last
constexpr float SQRT_HALF = 0.70710678f;
constexpr float TOLERANCE = 0.15f;   // of the straight pieces, px; Newton's method goes on from there
constexpr float ROUNDING = 0.03f;    // px
constexpr float FARTHEST = 1e6f;     // px; a stroke with a point beyond, or none at all (NaN), is not drawn
constexpr float FAR = 1e30f;
constexpr int MOST_PIECES = 256;
constexpr int REFINEMENTS = 2;
constexpr int MOST_FOLDS = 2;        // of a cubic: its squared speed, of degree 4, has no more minima
constexpr int LOOKS = 16;            // how finely folds are looked for
constexpr float STEEPEST = 0.5f;     // by how much each arm leaves the middle between them per length of it
constexpr int STEPS = 3;             // of Newton's method from the mirrored parameter on
constexpr float STRIDE = 1.0f / 8;   // of these, at most
constexpr float AT_FOLD = 1.0f / 4096;  // of the parameter: what is nearer to a fold is the fold itself
constexpr float STILL = 1e-4f;       // squared cosine between the curve and the direction to the pixel where it is nearest
constexpr float NEAREST_PIVOT = 0.25f;  // px; around an end of the stroke an edge turns no faster than at this distance
constexpr float TILE_DIAGONAL = 10.7f, PATCH_DIAGONAL = 3.9f;  // px, half, between the centers of corner pixels, and rounding

enum Record { BY_COLOR = 8, BY_OPACITY = 11, BY_KNOTS = 12 };  // after 4 points
enum Control { GROUPS, COLORED };  // groups asked for; per drawing whether it has any color

// N strokes of S cubic segments each, K width knots; rows of memory as torch lays them out. layout.py has the same.
struct Drawing {
    const float* points;         // [N, 3S+1, 2]
    const long long* segments;   // [N], 1 … S
    const float* widths;         // [N, K]
    const float* colors;         // [N, 3]
    const float* opacities;      // [N]
    float* by_points;            // the gradients, of the same shapes
    float* by_widths;
    float* by_colors;
    float* by_opacities;
    int strokes, longest, knots;
    int first;                   // of its segments in Job::bounds and Job::curves
};

// Where a segment may have ink.
struct Bounds {
    float low[2], high[2];
    float x, y, dx, dy, inverse;  // its chord, and 1 / length²
    float margin;                 // how far from its chord the ink may be, px
    int pieces;                   // 0: nothing of it can be seen
    int stroke;
};

struct Curve {
    float c[4][2];               // power basis: q(t) = c[0] + t c[1] + t² c[2] + t³ c[3]
    float most;                  // largest radius of the segment
    float uneven;                // how far its radius may be from that of its pieces: 0 unless knots lie within pieces
    float part_first, part_rate; // place on the knots: part_first + t · part_rate
    int first_knot, last_knot;
    int order;                   // within its stroke
    float slack;                 // how much farther than the curve its pieces may be, px
    float fold[MOST_FOLDS];      // parameters where it turns back on itself, ascending
    int folds;
};

// What all kernels are told.
struct Job {
    Drawing drawings[MOST_DRAWINGS];
    const float* paper;          // [3] on the device; null: `ground` has it
    const float* softness;       // on the device; null: `soft` has it
    float* image;                // [B, 3, H, W]
    const float* gradient;       // [B, 3, H, W]
    Bounds* bounds;
    Curve* curves;
    int* control;                // [1 + B] zeros
    int* lacked;                 // where recorded passes that have too little room tell how many groups they need; may be null
    int* tiles;                  // [B, tiles, 2] first group and their count
    int* group_segments;         // [capacity]
    unsigned* hits;              // [capacity, WARPS] the lanes whose pixels the segment won
    float* fragments;            // [capacity, WARPS, FRAGMENT, LANES]
    float* records;              // [capacity, WARPS, record] gradients
    float* sums;                 // [segments, record]
    float ground[3], soft;
    int height, width, columns, rows;  // px; tiles
    int capacity, record;        // groups that there is room for; floats
    int keep;                    // a backward pass will follow
    int colors_move;             // somebody asks how the colors should change
};

// The edge filter: a tent, or the pixel's box projected on the normal.
struct Filter {
    float reach;                 // half width, px
    bool tent;
};

INLINE float clamped(float v, float low, float high) { return fminf(fmaxf(v, low), high); }
INLINE int least(int a, int b) { return a < b ? a : b; }
INLINE int most(int a, int b) { return a > b ? a : b; }
INLINE bool in_mask(unsigned mask, int lane) { return mask >> lane & 1u; }

INLINE Filter filter_of(const Job& job) {
    const float softness = job.softness ? *job.softness : job.soft;
    return {SQRT_HALF + fmaxf(softness, 0.0f), softness > 0};
}

INLINE float paper_of(const Job& job, int channel) { return job.paper ? job.paper[channel] : job.ground[channel]; }

// Gray drawings on gray paper are computed in one channel, unless somebody asks how the colors should change.
INLINE bool is_gray(const Job& job, int drawing) {
    const bool paper = paper_of(job, 0) == paper_of(job, 1) && paper_of(job, 0) == paper_of(job, 2);
    return paper && !job.colors_move && !job.control[COLORED + drawing];
}

}  // namespace
