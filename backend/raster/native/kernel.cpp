// The arithmetic of the native engine; compiled once per instruction set (see lanes.h for what that forbids).
//
// A band is BAND rows. For every stroke that may touch it: straight pieces of the curve find for each pixel within reach
// the parameter with the smallest distance − radius; the pixels in reach are gathered into full vectors ("fragments"),
// refined on the curve itself by Newton's method, and composited source-over. The backward pass walks them in reverse.
#include "engine.h"
#include "lanes.h"

namespace stylesketch {
namespace {

constexpr float FAR = 1e30f;
constexpr int VECTORS = BAND / LANES;  // of the rows of one band
constexpr int REFINEMENTS = 2;
constexpr int64_t BLOCK = 4096;  // squares that are summed as floats
constexpr float NEAREST_PIVOT = 0.25f;  // px; around an end of the stroke an edge turns no faster than at this distance

enum Field { X, Y, DX, DY, UX, UY, LEAN, HALF, XLOW, XHIGH, YLOW, YHIGH, RADIUS, GROWTH };
static_assert(GROWTH + 1 == FIELDS, "the engine makes the room");

INLINE int padded(int count) { return (count + LANES - 1) / LANES * LANES; }
INLINE int least(int a, int b) { return a < b ? a : b; }
INLINE int most(int a, int b) { return a > b ? a : b; }

// ---------------------------------------------------------------------------------------------------- the curve

struct Spot {
    Floats ex, ey;         // curve − pixel, px
    Floats vx, vy;         // derivative by t
    Floats ax, ay;         // second derivative
    Floats radius, growth;  // and its derivative by t
    Floats distance;
    Floats nx, ny;         // direction of the edge, unit
    Floats top, slope, height;  // the edge filter: flat to `top`, then falling over `slope`
    Floats steep;          // 1 / slope
};

INLINE void place_on_curve(const Segment& s, Floats t, Floats x, Floats y, Spot& at) {
    const auto& c = s.curve;
    at.ex = c[0][0] - x + t * (c[1][0] + t * (c[2][0] + t * c[3][0]));
    at.ey = c[0][1] - y + t * (c[1][1] + t * (c[2][1] + t * c[3][1]));
}

INLINE void derive_on_curve(const Segment& s, Floats t, Spot& at) {
    const auto& c = s.curve;
    at.vx = c[1][0] + t * (2 * c[2][0] + t * (3 * c[3][0]));
    at.vy = c[1][1] + t * (2 * c[2][1] + t * (3 * c[3][1]));
    at.ax = 2 * c[2][0] + t * (6 * c[3][0]);
    at.ay = 2 * c[2][1] + t * (6 * c[3][1]);
}

template <bool VARYING>
INLINE void measure_radius(const Segment& s, const float* radii, Floats t, Spot& at) {
    if (!VARYING) {
        at.radius = all(radii[0]);
        at.growth = all(0.0f);
        return;
    }
    const Floats u = s.part_first + t * s.part_rate;
    at.radius = at.growth = all(0.0f);
    for (int k = s.first_knot; k <= s.last_knot; k++) at.radius += larger(1 - magnitude(u - (float)k), all(0.0f)) * radii[k];
    for (int k = s.first_knot; k < s.last_knot; k++) {
        const Floats here = all((radii[k + 1] - radii[k]) * s.part_rate);
        at.growth = k == s.first_knot ? here : select(less(u, all((float)k)), at.growth, here);
    }
}

// What Newton's method divides by: the derivative by t of distance · d(distance − radius)/dt.
INLINE Floats curvature(const Spot& at) {
    return at.vx * at.vx + at.vy * at.vy + at.ex * at.ax + at.ey * at.ay - at.growth * at.growth;
}

INLINE Mask regular(const Spot& at, Floats bend) { return less(1e-3f * (at.vx * at.vx + at.vy * at.vy) + 1e-9f, bend); }

template <bool VARYING>
INLINE Floats refined(const Segment& s, const float* radii, Floats t, Floats x, Floats y) {
    const Floats reach = all(1.0f / (float)s.pieces);
    for (int i = 0; i < REFINEMENTS; i++) {
        Spot at;
        place_on_curve(s, t, x, y, at);
        derive_on_curve(s, t, at);
        measure_radius<VARYING>(s, radii, t, at);
        Floats fall = at.ex * at.vx + at.ey * at.vy;
        if (VARYING) fall -= root(at.ex * at.ex + at.ey * at.ey) * at.growth;
        const Floats bend = curvature(at);
        const Mask usable = regular(at, bend);
        const Floats step = clamped(fall * inverse(select(usable, bend, all(1.0f))), -reach, reach);
        t = clamped(t - select(usable, step, all(0.0f)), all(0.0f), all(1.0f));
    }
    return t;
}

// ------------------------------------------------------------------------------------------------------ coverage

template <bool TENT>
INLINE void choose_filter(const Scene& scene, Spot& at) {
    if (TENT) {
        at.top = all(0.0f);
        at.slope = all(scene.reach);
        at.steep = at.height = all(1 / scene.reach);
        return;
    }
    Floats gx = at.ex, gy = at.ey, length = at.distance;
    const Mask near = less(length, all(1e-3f));
    if (bits(near)) {  // On the middle line the direction to the pixel is noise; the curve's own normal takes over.
        gx = select(near, at.vy, gx);
        gy = select(near, -at.vx, gy);
        length = root(gx * gx + gy * gy);
        const Mask none = less(length, all(1e-12f));
        gx = select(none, all(1.0f), gx);
        gy = select(none, all(0.0f), gy);
        length = select(none, all(1.0f), length);
    }
    const Floats ax = magnitude(gx), ay = magnitude(gy), more = larger(ax, ay), fewer = smaller(ax, ay);
    const Floats lesser = larger(fewer, 1e-6f * length);
    // One division for 1 / length, length / more and length / lesser.
    const Floats over = inverse(length * more * lesser), scale = over * more * lesser;
    at.nx = gx * scale;
    at.ny = gy * scale;
    at.top = 0.5f * (more - fewer) * scale;
    at.slope = lesser * scale;
    at.height = over * length * lesser * length;
    at.steep = over * length * more * length;
}

// How much of the filter lies between its middle and `u`; an odd function.
INLINE Floats area(const Spot& at, Floats u) {
    const Floats away = magnitude(u);
    const Floats beyond = clamped(away - at.top, all(0.0f), at.slope);
    const Floats share = at.height * (smaller(away, at.top) + beyond - beyond * beyond * (0.5f * at.steep));
    return select(less(u, all(0.0f)), -share, share);
}

// The filter itself.
INLINE Floats density(const Spot& at, Floats u) {
    const Floats beyond = clamped(magnitude(u) - at.top, all(0.0f), at.slope);
    return at.height * (1 - beyond * at.steep);
}

// The derivative of `area` by a turn of the edge, but for the sign that `turning` adds.
INLINE Floats area_turning(const Spot& at, Floats u) {
    const Floats away = magnitude(u);
    const Floats beyond = clamped(away - at.top, all(0.0f), at.slope), part = beyond * at.steep;
    const Floats share = at.height * (smaller(away, at.top) + beyond - 0.5f * beyond * part);
    const Floats turn = at.slope * at.height * (share - 0.5f * part) + 0.5f * part * (part - 1);
    return select(less(u, all(0.0f)), -turn, turn);
}

// The derivative of the coverage by the angle of the edge.
INLINE Floats turning(const Spot& at) {
    const Floats sum = area_turning(at, at.radius - at.distance) + area_turning(at, at.radius + at.distance);
    const Floats steep = magnitude(at.nx) - magnitude(at.ny), same = at.nx * at.ny * steep;
    return select(less(same, all(0.0f)), -sum, select(less(all(0.0f), same), sum, all(0.0f)));
}

INLINE Floats coverage(const Spot& at) { return area(at, at.radius - at.distance) + area(at, at.radius + at.distance); }

template <bool TENT, bool VARYING>
INLINE Spot measured(const Scene& scene, const Segment& s, const float* radii, Floats t, Floats x, Floats y) {
    Spot at;
    place_on_curve(s, t, x, y, at);
    if (!TENT || VARYING) derive_on_curve(s, t, at);
    measure_radius<VARYING>(s, radii, t, at);
    at.distance = root(at.ex * at.ex + at.ey * at.ey);
    choose_filter<TENT>(scene, at);
    return at;
}

// Pixels are packed as row · 65536 + column within their band.
INLINE Floats column_of(Ints place) { return floats(place & 0xffff) + 0.5f; }
INLINE Floats row_of(Ints place, int top) { return floats(place >> 16) + ((float)top + 0.5f); }
INLINE Ints offset_of(Ints place, int width) { return (place >> 16) * width + (place & 0xffff); }

// ------------------------------------------------------------------------------------------------------- forward

// The straight pieces of segments [from, to).
void prepare(Scene& scene, int from, int to) {
    for (int i = from; i < to; i++) {
        const Stroke& stroke = scene.strokes[i];
        for (int j = 0; j < stroke.segments; j++) {
            const Segment& s = scene.segments[stroke.first_segment + j];
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

struct Columns {
    int32_t low[BAND], high[BAND];  // [low, high) of every row

    INLINE void clear(Columns& c, int width) {
        for (int v = 0; v < VECTORS; v++) store(c.low + v * LANES, all(width)), store(c.high + v * LANES, all(0));
    }

    INLINE void join(Columns& c, const Columns& other) {
        for (int v = 0; v < BAND; v += LANES) {
            store(c.low + v, smaller(load(c.low + v), load(other.low + v)));
            store(c.high + v, larger(load(c.high + v), load(other.high + v)));
        }
    }
};

// One stroke within one band.
struct Visit {
    const Scene& scene;
    const Stroke& stroke;
    int index, top, rows, pitch;
    float* image;  // first pixel of the band
    int64_t plane;
    Trace* trace;
    Scratch& scratch;
};

INLINE bool touches(const Segment& s, const Visit& visit) {
    return s.pieces > 0 && s.low[1] < (float)(visit.top + visit.rows) && s.high[1] > (float)visit.top;
}

INLINE bool reaches(const float* piece, int pitch, const Visit& visit) {
    return piece[YLOW * pitch] < (float)(visit.top + visit.rows) - 0.5f && piece[YHIGH * pitch] > (float)visit.top + 0.5f;
}

// The columns of each row that piece p may reach.
INLINE void find_columns(const float* piece, int pitch, const Visit& visit, Columns& found) {
    const float x = piece[X * pitch], y = piece[Y * pitch], lean = piece[LEAN * pitch], half = piece[HALF * pitch];
    const float xlow = piece[XLOW * pitch], xhigh = piece[XHIGH * pitch];
    const float ylow = piece[YLOW * pitch], yhigh = piece[YHIGH * pitch];
    const Floats width = all((float)visit.scene.width), zero = all(0.0f);
    for (int v = 0; v < BAND; v += LANES) {
        const Floats row = floats(v + COUNTING) + ((float)visit.top + 0.5f);
        const Floats middle = x + (row - y) * lean;
        const Mask inside = both(less(all(ylow), row), less(row, all(yhigh)));
        const Floats low = clamped(larger(middle - half, all(xlow)) + 0.5f, zero, width);
        const Floats high = clamped(smaller(middle + half, all(xhigh)) + 0.5f, zero, width);
        store(found.low + v, truncated(select(inside, low, width)));
        store(found.high + v, truncated(select(inside, high, zero)));
    }
}

INLINE int row_within(float row, int rows) { return row < 0 ? 0 : row > (float)rows ? rows : (int)row; }

// Lets piece p of segment number `order` claim the pixels that are nearer to it than to the pieces before.
template <bool VARYING>
INLINE void claim(const Segment& s, int order, int p, const Visit& visit, const Columns& columns) {
    const int pitch = padded(s.pieces);
    const float* piece = visit.scene.pieces + s.place + p;
    const float rate = 1.0f / (float)s.pieces, first = 2.0f * (float)order + (float)p * rate;
    const float x0 = piece[X * pitch], y0 = piece[Y * pitch];
    const Floats dx = all(piece[DX * pitch]), dy = all(piece[DY * pitch]), ux = all(piece[UX * pitch]);
    const Floats radius = all(VARYING ? piece[RADIUS * pitch] : 0.0f), growth = all(VARYING ? piece[GROWTH * pitch] : 0.0f);
    const int from = row_within(piece[YLOW * pitch] - (float)visit.top - 0.5f, visit.rows);
    const int to = row_within(piece[YHIGH * pitch] - (float)visit.top + 0.5f, visit.rows);
    for (int row = from; row < to; row++) {
        const int low = columns.low[row], high = columns.high[row];
        float* nearest = visit.scratch.nearest.data + row * visit.pitch;
        float* parameter = visit.scratch.parameter.data + row * visit.pitch;
        const float y = (float)(visit.top + row) + 0.5f - y0;
        const Floats start = all(y * piece[UY * pitch]);
        for (int column = low; column < high; column += LANES) {
            const Floats x = floats(column + COUNTING) + (0.5f - x0);
            const Floats t = clamped(x * ux + start, all(0.0f), all(1.0f));
            const Floats ex = x - t * dx, ey = y - t * dy;
            Floats away = ex * ex + ey * ey;
            if (VARYING) away = root(away) - (radius + t * growth);
            const Floats best = load(nearest + column), known = load(parameter + column);
            const Mask nearer = less(away, best);
            store(nearest + column, select(nearer, away, best));
            store(parameter + column, select(nearer, first + t * rate, known));
        }
    }
}

template <bool TENT, bool VARYING, int CHANNELS>
void composite(const Visit& visit, const Segment& s, int count, float* fragments) {
    const Scene& scene = visit.scene;
    const int64_t plane = visit.plane;
    for (int i = 0; i < count; i += LANES) {
        const Ints place = load((int32_t*)visit.scratch.places.data + i);
        const Floats x = column_of(place), y = row_of(place, visit.top);
        const Floats t = refined<VARYING>(s, visit.stroke.radii, load(visit.scratch.values.data + i), x, y);
        const Spot at = measured<TENT, VARYING>(scene, s, visit.stroke.radii, t, x, y);
        const Floats alpha = coverage(at) * visit.stroke.opacity;
        const Ints offset = offset_of(place, scene.width);
        const int used = least(LANES, count - i);
        if (fragments) {
            store((int32_t*)fragments, place);
            store(fragments + LANES, t);
            fragments += 2 * LANES;
        }
        for (int c = 0; c < CHANNELS; c++) {
            const Floats below = gather(visit.image + c * plane, offset);
            scatter(visit.image + c * plane, offset, below + alpha * (visit.stroke.color[c] - below), used);
            if (fragments) store(fragments, below), fragments += LANES;
        }
    }
}

// Gathers the pixels that segment number `order` has won into rows of places and parameters; their count.
INLINE int collect(const Visit& visit, int order, const Columns& columns, float limit) {
    int32_t* places = (int32_t*)visit.scratch.places.data;
    float* values = visit.scratch.values.data;
    const float first = 2.0f * (float)order;
    int count = 0;
    for (int row = 0; row < visit.rows; row++) {
        const float* nearest = visit.scratch.nearest.data + row * visit.pitch;
        const float* parameter = visit.scratch.parameter.data + row * visit.pitch;
        for (int column = columns.low[row]; column < columns.high[row]; column += LANES) {
            const Floats t = load(parameter + column) - first;
            Mask won = both(less(load(nearest + column), all(limit)), less(column + COUNTING, all(columns.high[row])));
            won = both(won, less(magnitude(t - 0.5f), all(0.75f)));
            count += append(won, places + count, (row << 16) + column + COUNTING, values + count, clamped(t, all(0.0f), all(1.0f)));
        }
    }
    store(places + count, all(0));
    store(values + count, all(0.0f));
    return count;
}

bool record(const Visit& visit, int segment, int count, float** fragments) {
    Trace& trace = *visit.trace;
    const Segment& s = visit.scene.segments[segment];
    const int64_t size = (int64_t)padded(count) * (2 + visit.scene.channels);
    const int64_t floats_of_record = RECORD_KNOTS + s.last_knot - s.first_knot + 1;
    if (!reserve(trace) || !reserve(trace.fragments, size) || !reserve(trace.records, floats_of_record)) return false;
    trace.groups[trace.count++] = {visit.index, segment, count, trace.fragments.size, trace.records.size};
    *fragments = trace.fragments.data + trace.fragments.size;
    trace.fragments.size += size;
    trace.records.size += floats_of_record;
    return true;
}

template <bool TENT, bool VARYING, int CHANNELS>
bool draw(const Visit& visit) {
    const Scene& scene = visit.scene;
    const Segment* segments = scene.segments + visit.stroke.first_segment;
    Columns* columns = (Columns*)visit.scratch.ranges.data;
    Columns touched;
    Columns::clear(touched, scene.width);
    Columns* next = columns;
    for (int j = 0; j < visit.stroke.segments; j++) {
        if (!touches(segments[j], visit)) continue;
        Columns& whole = *next++;
        Columns::clear(whole, scene.width);
        const int pitch = padded(segments[j].pieces);
        const float* piece = scene.pieces + segments[j].place;
        for (int p = 0; p < segments[j].pieces; p++, piece++, next++) {
            if (!reaches(piece, pitch, visit)) continue;
            find_columns(piece, pitch, visit, *next);
            Columns::join(whole, *next);
        }
        Columns::join(touched, whole);
    }
    for (int row = 0; row < visit.rows; row++)
        for (int column = touched.low[row]; column < touched.high[row]; column += LANES)
            store(visit.scratch.nearest.data + row * visit.pitch + column, all(FAR));
    next = columns;
    for (int j = 0; j < visit.stroke.segments; j++) {
        if (!touches(segments[j], visit)) continue;
        next++;
        const int pitch = padded(segments[j].pieces);
        const float* piece = scene.pieces + segments[j].place;
        for (int p = 0; p < segments[j].pieces; p++, piece++, next++)
            if (reaches(piece, pitch, visit)) claim<VARYING>(segments[j], j, p, visit, *next);
    }
    next = columns;
    for (int j = 0; j < visit.stroke.segments; j++) {
        const Segment& s = segments[j];
        if (!touches(s, visit)) continue;
        const float bound = scene.reach + s.slack + s.most;
        const int count = collect(visit, j, *next, VARYING ? scene.reach + s.slack + s.uneven : bound * bound);
        next += 1 + s.pieces;
        float* fragments = nullptr;
        if (!count) continue;
        if (visit.trace && !record(visit, visit.stroke.first_segment + j, count, &fragments)) return false;
        composite<TENT, VARYING, CHANNELS>(visit, s, count, fragments);
    }
    return true;
}

template <bool TENT, bool VARYING>
bool draw_in_channels(const Visit& visit) {
    return visit.scene.channels == 1 ? draw<TENT, VARYING, 1>(visit) : draw<TENT, VARYING, 3>(visit);
}

bool draw_as_set(const Visit& visit) {
    const bool varying = visit.scene.knots > 1;
    if (visit.scene.tent) return varying ? draw_in_channels<true, true>(visit) : draw_in_channels<true, false>(visit);
    return varying ? draw_in_channels<false, true>(visit) : draw_in_channels<false, false>(visit);
}

INLINE bool in_band(const Stroke& stroke, int top, int rows) {
    return stroke.low < (float)(top + rows) && stroke.high > (float)top;
}

// Room for the longest stroke of the band.
bool prepare_scratch(const Scene& scene, int top, int rows, int pitch, Scratch& scratch) {
    int64_t longest = 0;
    for (int i = 0; i < scene.count; i++) {
        const Stroke& stroke = scene.strokes[i];
        if (!in_band(stroke, top, rows)) continue;
        int64_t count = stroke.segments;
        for (int j = 0; j < stroke.segments; j++) count += scene.segments[stroke.first_segment + j].pieces;
        longest = count > longest ? count : longest;
    }
    scratch.nearest.size = scratch.parameter.size = scratch.ranges.size = scratch.places.size = scratch.values.size = 0;
    const int64_t pixels = (int64_t)BAND * pitch;
    return reserve(scratch.nearest, pixels) && reserve(scratch.parameter, pixels) &&
           reserve(scratch.ranges, longest * (int64_t)(sizeof(Columns) / sizeof(float))) &&
           reserve(scratch.places, pixels + LANES) && reserve(scratch.values, pixels + LANES);
}

bool forward(const Scene& scene, int band, float* image, int64_t plane, Trace* trace, Scratch& scratch) {
    const int top = band * BAND, rows = least(BAND, scene.height - top), pitch = padded(scene.width) + LANES;
    const int64_t pixels = (int64_t)rows * scene.width;
    if (!prepare_scratch(scene, top, rows, pitch, scratch)) return false;
    for (int c = 0; c < scene.channels; c++)
        for (int64_t i = 0; i < pixels; i++) image[c * plane + i] = scene.paper[c];
    for (int i = 0; i < scene.count; i++)
        if (in_band(scene.strokes[i], top, rows) &&
            !draw_as_set({scene, scene.strokes[i], i, top, rows, pitch, image, plane, trace, scratch}))
            return false;
    return true;
}

// ------------------------------------------------------------------------------------------------------ backward

struct Sums {
    Floats points[4][2], color[3], opacity;
};

// What a fragment asks of its curve: gradients to its place and its derivative by t.
struct Pull {
    Floats px, py, vx, vy;
};

INLINE void add_points(Sums& sums, Floats t, const Pull& pull) {
    const Floats s = 1 - t;
    const Floats weight[4] = {s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t};
    for (int k = 0; k < 4; k++) {
        sums.points[k][0] += weight[k] * pull.px;
        sums.points[k][1] += weight[k] * pull.py;
    }
}

INLINE void add_tangents(Sums& sums, Floats t, const Pull& pull) {
    const Floats s = 1 - t, a = 3 * s * s, b = 6 * s * t, c = 3 * t * t;
    const Floats weight[4] = {-a, a - b, b - c, c};
    for (int k = 0; k < 4; k++) {
        sums.points[k][0] += weight[k] * pull.vx;
        sums.points[k][1] += weight[k] * pull.vy;
    }
}

// Where the parameter is free, i.e. no end of its segment, it moves with points and widths: the edge turns with the curve,
// and the far edge grows with the width (the near edge, distance − radius, is what the parameter minimizes).
template <bool TENT, bool VARYING>
INLINE void add_parameter(const Segment& s, const Spot& at, Floats t, Floats by_coverage, Floats far, Pull& pull, float* knots) {
    const Floats bend = curvature(at), square = at.vx * at.vx + at.vy * at.vy;
    const Mask free = both(regular(at, bend), both(less(all(0.0f), t), less(t, all(1.0f))));
    Floats gain = all(0.0f);
    if (!TENT) {
        const Floats angle = by_coverage * turning(at), zero = all(0.0f);
        const Mask turns = both(free, less(all(1e-6f), square));
        const Floats turn = select(turns, angle * inverse(select(turns, square, all(1.0f))), zero);
        const Floats around = select(free, zero, angle * inverse(larger(at.distance, all(NEAREST_PIVOT))));
        pull.px -= around * at.ny;
        pull.py += around * at.nx;
        pull.vx -= turn * at.vy;
        pull.vy += turn * at.vx;
        gain += turn * (at.vx * at.ay - at.vy * at.ax);
    }
    if (VARYING) gain += by_coverage * far * 2 * at.growth;
    const Floats rate = select(free, gain * inverse(select(free, bend, all(1.0f))), all(0.0f));
    const Floats over = VARYING ? at.growth * inverse(larger(at.distance, all(1e-6f))) : all(0.0f);
    pull.px -= rate * (at.vx - over * at.ex);
    pull.py -= rate * (at.vy - over * at.ey);
    pull.vx -= rate * at.ex;
    pull.vy -= rate * at.ey;
    if (!VARYING) return;
    const Floats u = s.part_first + t * s.part_rate, slope = rate * at.distance * s.part_rate;
    for (int k = s.first_knot; k < s.last_knot; k++) {
        const bool first = k == s.first_knot, last = k + 1 == s.last_knot;
        const Mask after = less(all(first ? -FAR : (float)k - 1e-6f), u), before = less(u, all(last ? FAR : (float)k + 1 - 1e-6f));
        const Floats here = select(both(after, before), slope, all(0.0f));
        float* knot = knots + (k - s.first_knot) * LANES;
        store(knot, load(knot) - here);
        store(knot + LANES, load(knot + LANES) + here);
    }
}

template <bool TENT, bool VARYING, int CHANNELS>
void backward_group(const Scene& scene, int top, const Group& group, Trace& trace, Scratch& scratch) {
    const Stroke& stroke = scene.strokes[group.stroke];
    const Segment& s = scene.segments[group.segment];
    const int64_t plane = (int64_t)BAND * scene.width;
    const int knot_count = s.last_knot - s.first_knot + 1;
    const float* fragments = trace.fragments.data + group.place;
    float* knots = scratch.values.data;
    for (int k = 0; k < knot_count; k++) store(knots + k * LANES, all(0.0f));
    Sums sums = {};
    Floats thickness = all(0.0f);
    for (int i = 0; i < group.count; i += LANES, fragments += (2 + CHANNELS) * LANES) {
        const Ints place = load((const int32_t*)fragments);
        const Floats t = load(fragments + LANES);
        const Spot at = measured<TENT, VARYING>(scene, s, stroke.radii, t, column_of(place), row_of(place, top));
        const Ints offset = offset_of(place, scene.width);
        const int used = least(LANES, group.count - i);
        const Mask valid = less(COUNTING, all(used));
        const Floats covered = coverage(at), alpha = covered * stroke.opacity;
        Floats by_alpha = all(0.0f);
        for (int c = 0; c < CHANNELS; c++) {
            const Floats below = load(fragments + (2 + c) * LANES);
            const Floats g = gather(scratch.running.data + c * plane, offset);
            scatter(scratch.running.data + c * plane, offset, g - g * alpha, used);
            by_alpha += g * (stroke.color[c] - below);
            sums.color[c] += select(valid, g * alpha, all(0.0f));
        }
        by_alpha = select(valid, by_alpha, all(0.0f));
        sums.opacity += by_alpha * covered;
        const Floats by_coverage = by_alpha * stroke.opacity;
        const Floats near = density(at, at.radius - at.distance), far = density(at, at.radius + at.distance);
        const Floats outward = by_coverage * (far - near) * inverse(larger(at.distance, all(1e-6f)));
        const Floats by_radius = by_coverage * (near + far);
        Pull pull = {outward * at.ex, outward * at.ey, all(0.0f), all(0.0f)};
        if (!TENT || VARYING) {
            add_parameter<TENT, VARYING>(s, at, t, by_coverage, far, pull, knots);
            add_tangents(sums, t, pull);
        }
        add_points(sums, t, pull);
        if (!VARYING) {
            thickness += by_radius;
            continue;
        }
        const Floats u = s.part_first + t * s.part_rate;
        for (int k = s.first_knot; k <= s.last_knot; k++) {
            float* knot = knots + (k - s.first_knot) * LANES;
            store(knot, load(knot) + by_radius * larger(1 - magnitude(u - (float)k), all(0.0f)));
        }
    }
    if (!VARYING) store(knots, thickness);
    float* out = trace.records.data + group.record;
    for (int k = 0; k < 4; k++) out[2 * k] = total(sums.points[k][0]), out[2 * k + 1] = total(sums.points[k][1]);
    for (int c = 0; c < 3; c++) out[RECORD_COLOR + c] = total(sums.color[c]);
    out[RECORD_OPACITY] = total(sums.opacity);
    for (int k = 0; k < knot_count; k++) out[RECORD_KNOTS + k] = total(load(knots + k * LANES));
}

template <bool TENT, bool VARYING>
void backward_in_channels(const Scene& scene, int top, const Group& group, Trace& trace, Scratch& scratch) {
    if (scene.channels == 1)
        backward_group<TENT, VARYING, 1>(scene, top, group, trace, scratch);
    else
        backward_group<TENT, VARYING, 3>(scene, top, group, trace, scratch);
}

bool backward(const Scene& scene, int band, const float* gradient, Trace& trace, Scratch& scratch) {
    const int top = band * BAND, rows = least(BAND, scene.height - top);
    const int64_t plane = (int64_t)scene.height * scene.width, pixels = (int64_t)rows * scene.width;
    scratch.running.size = scratch.values.size = 0;
    if (!reserve(scratch.running, (int64_t)scene.channels * BAND * scene.width)) return false;
    if (!reserve(scratch.values, (int64_t)scene.knots * LANES)) return false;
    for (int c = 0; gradient && c < scene.channels; c++)
        memcpy(scratch.running.data + (int64_t)c * BAND * scene.width, gradient + c * plane + (int64_t)top * scene.width,
               (size_t)pixels * sizeof(float));
    const bool varying = scene.knots > 1;
    for (int64_t i = trace.count - 1; i >= 0; i--) {
        const Group& group = trace.groups[i];
        if (scene.tent && varying) backward_in_channels<true, true>(scene, top, group, trace, scratch);
        if (scene.tent && !varying) backward_in_channels<true, false>(scene, top, group, trace, scratch);
        if (!scene.tent && varying) backward_in_channels<false, true>(scene, top, group, trace, scratch);
        if (!scene.tent && !varying) backward_in_channels<false, false>(scene, top, group, trace, scratch);
    }
    return true;
}

double squared_error(float* image, const float* target, int64_t count, float scale) {
    double sum = 0;
    for (int64_t first = 0; first < count; first += BLOCK) {
        const int64_t end = first + BLOCK < count ? first + BLOCK : count;
        Floats part = all(0.0f);
        int64_t i = first;
        for (; i + LANES <= end; i += LANES) {
            const Floats difference = load(image + i) - load(target + i);
            store(image + i, 2 * scale * difference);
            part += difference * difference;
        }
        float rest = total(part);
        for (; i < end; i++) {
            const float difference = image[i] - target[i];
            image[i] = 2 * scale * difference;
            rest += difference * difference;
        }
        sum += rest;
    }
    return sum;
}

}  // namespace

extern const Kernel KERNEL = {KERNEL_NAME, LANES, prepare, forward, backward, squared_error};

}  // namespace stylesketch
