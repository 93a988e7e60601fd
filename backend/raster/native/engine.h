// What the kernels (one build per instruction set) and the engine (threads, buffers, C interface) share: plain data.
//
// Lengths are canvas pixels, x right, y down; pixel (0, 0) has its center at (.5, .5). Colors are straight sRGB.
#pragma once

#include <stdint.h>

#ifdef _WIN32
#define EXPORT extern "C" __declspec(dllexport)
#else
#define EXPORT extern "C" __attribute__((visibility("default")))
#endif

namespace stylesketch {

constexpr int BAND = 16;           // rows of one unit of work
constexpr int FIELDS = 14;         // of a straight piece
constexpr float TOLERANCE = 0.15f;  // of the straight pieces, px; Newton's method goes on from there
constexpr int MOST_FOLDS = 2;      // of a cubic: its squared speed, of degree 4, has no more minima

// N strokes of S cubic segments, K width knots; rows of memory as torch lays them out.
struct Drawing {
    const float* points;      // [N, 3S+1, 2]
    const int64_t* segments;  // [N], 1 … S
    const float* widths;      // [N, K]
    const float* colors;      // [N, 3]
    const float* opacities;   // [N]
    int32_t strokes, longest, knots;
};

struct Gradients {
    float* points;     // [N, 3S+1, 2]
    float* widths;     // [N, K]
    float* colors;     // [N, 3]
    float* opacities;  // [N]
};

enum { OK = 0, OUT_OF_MEMORY = 1, NO_INSTRUCTIONS = 2, NOT_KEPT = 3 };  // what the C interface returns

struct Row {
    float* data;
    int64_t size, room;
};

// One cubic and the straight pieces that find its nearest parameter.
struct Segment {
    float curve[4][2];        // power basis: q(t) = curve[0] + t curve[1] + t² curve[2] + t³ curve[3]
    float low[2], high[2];    // bounds of the ink
    float most;               // largest radius of the segment
    float slack;              // how far the pieces may be from the curve, px, and a little for rounding
    float uneven;             // how far its radius may be from that of its pieces: 0 unless knots lie within pieces
    float part_first, part_rate;  // place on the knots: part_first + t · part_rate
    int32_t first_knot, last_knot;
    float fold[MOST_FOLDS];   // parameters where it turns back on itself, ascending
    int32_t folds;
    int32_t pieces;           // 0: nothing of it can be seen
    int64_t place;            // of the pieces in Scene::pieces
};

struct Stroke {
    float color[3], opacity;
    int32_t first_segment, segments;
    const float* radii;       // [K], ≥ 0
};

struct Scene {
    Stroke* strokes;
    const float *low, *high;  // rows that may hold ink of each stroke; then whole vectors of such as never have any
    Segment* segments;
    float* pieces;            // per segment FIELDS rows of `pieces` floats, each rounded up to whole vectors
    int32_t count, knots, height, width, channels;
    int32_t longest;          // segments of a stroke, at most
    float paper[3];
    float reach;              // half width of the edge filter, px
    bool tent;                // the filter: a tent, or the pixel's box projected on the normal
};

// Fragments of one segment within one band.
struct Group {
    int32_t stroke, segment, count;
    bool folded;              // they see two arms of it
    int64_t place;            // of its vectors in Trace::fragments
    int64_t record;           // of its gradients in Trace::records
};

// What the backward pass of one band needs to know of the forward pass.
struct Trace {
    Group* groups;
    int64_t count, room;
    Row fragments;            // per vector of fragments: place, coverage, t, if folded that of the other arm, colors below
    Row records;              // per group: 4 points, color, opacity, knots
};

// Buffers of one thread.
struct Scratch {
    Row places, values;       // pixels of segments, and their parameters, in lists
    Row others;               // how far those are from the pieces; later, of some, parameters of a second arm
    Row hits;                 // [segments] where those lists lie
    Row nearest, owner;       // [BAND, row] which of these is nearest to a pixel, and how far it is
    Row running;              // [channels, BAND · width] gradient of the picture below
    Row fragments;            // of a band whose backward pass follows at once
};

struct Kernel {
    const char* name;
    int32_t lanes;
    void (*prepare)(Scene& scene, int from, int to);
    // image: the band's first pixel, its channels `plane` apart; trace may be null: no backward pass will follow
    bool (*forward)(const Scene& scene, int band, float* image, int64_t plane, Trace* trace, Scratch& scratch);
    // gradient: of the whole picture, or null: it lies in scratch.running already
    bool (*backward)(const Scene& scene, int band, const float* gradient, Trace& trace, Scratch& scratch);
    // The sum of (image − target)²; the image becomes the gradient, 2 · scale · (image − target).
    double (*squared_error)(float* image, const float* target, int64_t count, float scale);
};

// Makes room for `more` floats behind those that count; false: out of memory. What was there stays.
bool reserve(Row& row, int64_t more);
bool reserve(Trace& trace);

constexpr int RECORD_COLOR = 8, RECORD_OPACITY = 11, RECORD_KNOTS = 12;

extern const Kernel kernel_avx512, kernel_avx2, kernel_sse4, kernel_neon;

}  // namespace stylesketch
