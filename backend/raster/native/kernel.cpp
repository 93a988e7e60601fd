// The arithmetic of the native engine; compiled once per instruction set (see lanes.h for what that forbids).
//
// A band is BAND rows. For every stroke that may touch it: straight pieces of the curve find for each pixel within reach
// the parameter with the smallest distance − radius; the pixels in reach are gathered into full vectors ("fragments"),
// refined on the curve itself by Newton's method, and composited source-over. The backward pass walks them in reverse.
#include "engine.h"
#include "folds.h"
#include "lanes.h"
#include "pieces.h"
#include "spot.h"

namespace stylesketch {
namespace {

constexpr int VECTORS = BAND / LANES;  // of the rows of one band
constexpr int64_t BLOCK = 4096;  // squares that are summed as floats

// Pixels are packed as row · 65536 + column within their band.
INLINE Floats column_of(Ints place) { return floats(place & 0xffff) + 0.5f; }
INLINE Floats row_of(Ints place, int top) { return floats(place >> 16) + ((float)top + 0.5f); }
INLINE Ints offset_of(Ints place, int width) { return (place >> 16) * width + (place & 0xffff); }

// ------------------------------------------------------------------------------------------------------- forward

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

template <int CHANNELS>
INLINE void paint(const Visit& visit, Floats alpha, Ints offset, int used, float* fragments) {
    for (int c = 0; c < CHANNELS; c++) {
        const Floats below = gather(visit.image + c * visit.plane, offset);
        scatter(visit.image + c * visit.plane, offset, below + alpha * (visit.stroke.color[c] - below), used);
        if (fragments) store(fragments + c * LANES, below);
    }
}

// The gathered pixels of a segment, each by its nearest place; or, FOLDED, by that and by the nearest place of another arm of it.
template <bool TENT, bool VARYING, int CHANNELS, bool FOLDED>
void composite(const Visit& visit, const Segment& s, int count, float* fragments) {
    const Scene& scene = visit.scene;
    const float* radii = visit.stroke.radii;
    for (int i = 0; i < count; i += LANES) {
        const Ints place = load((int32_t*)visit.scratch.places.data + i);
        const Floats x = column_of(place), y = row_of(place, visit.top);
        const Floats start = load(visit.scratch.values.data + i);
        const Floats t = FOLDED ? start : nearest_place<VARYING>(s, radii, start, x, y);
        Floats other = all(0.0f), covered;
        if (FOLDED) {
            other = load(visit.scratch.others.data + i);
            const Spot at = measured_arm<TENT, VARYING>(scene, s, radii, t, x, y);
            covered = meet(at, look<VARYING>(s, radii, other, x, y)).covered;
        } else {
            covered = coverage(measured<TENT, VARYING>(scene, s, radii, t, x, y));
        }
        if (fragments) {
            store((int32_t*)fragments, place);
            store(fragments + LANES, t);
            if (FOLDED) store(fragments + 2 * LANES, other);
            fragments += (2 + FOLDED) * LANES;
        }
        paint<CHANNELS>(visit, covered * visit.stroke.opacity, offset_of(place, scene.width), least(LANES, count - i), fragments);
        if (fragments) fragments += CHANNELS * LANES;
    }
}

// Gathers the pixels that segment number `order` has won; their count. OUTER: but those that are nearer than `least`.
template <bool OUTER>
INLINE int collect(const Visit& visit, int order, const Columns& columns, float limit, float least) {
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
            if (OUTER) won = both(won, less(all(least), load(nearest + column)));
            count += append(won, places + count, (row << 16) + column + COUNTING, values + count, clamped(t, all(0.0f), all(1.0f)));
        }
    }
    store(places + count, all(0));
    store(values + count, all(0.0f));
    return count;
}

bool record(const Visit& visit, int segment, int count, bool folded, float** fragments) {
    Trace& trace = *visit.trace;
    const Segment& s = visit.scene.segments[segment];
    const int64_t size = (int64_t)padded(count) * (2 + folded + visit.scene.channels);
    const int64_t floats_of_record = RECORD_KNOTS + s.last_knot - s.first_knot + 1;
    if (!reserve(trace) || !reserve(trace.fragments, size) || !reserve(trace.records, floats_of_record)) return false;
    trace.groups[trace.count++] = {visit.index, segment, count, folded, trace.fragments.size, trace.records.size};
    *fragments = trace.fragments.data + trace.fragments.size;
    trace.fragments.size += size;
    trace.records.size += floats_of_record;
    return true;
}

// The columns of each row where pixels may lie between two arms of a segment.
INLINE void find_columns_between(const Segment& s, const Visit& visit, Columns& between) {
    const float reach = LOOSE * (s.most + visit.scene.reach);
    Columns::clear(between, visit.scene.width);
    for (int i = 0; i < s.folds; i++) {
        Vector from, to;
        find_axis(visit.scene, s, i, from, to);
        const float dx = to.x - from.x, dy = to.y - from.y;
        const bool flat = __builtin_fabsf(dy) < 1e-4f * __builtin_fabsf(dx) + 1e-12f;
        float piece[FIELDS];
        piece[X] = from.x, piece[Y] = from.y;
        piece[LEAN] = flat ? 0 : dx / dy;
        piece[HALF] = flat ? FAR : reach * __builtin_sqrtf(1 + piece[LEAN] * piece[LEAN]) + 0.05f;
        piece[XLOW] = (dx < 0 ? to.x : from.x) - reach, piece[XHIGH] = (dx < 0 ? from.x : to.x) + reach;
        piece[YLOW] = (dy < 0 ? to.y : from.y) - reach, piece[YHIGH] = (dy < 0 ? from.y : to.y) + reach;
        if (!reaches(piece, 1, visit)) continue;
        Columns found;
        find_columns(piece, 1, visit, found);
        Columns::join(between, found);
    }
}

// Gathers the pixels that see a second arm of segment number `order`, with both parameters, and takes them away from the
// others that it has won; their count.
template <bool VARYING>
INLINE int gather_between(const Visit& visit, int order, float limit) {
    const Scene& scene = visit.scene;
    const Segment& s = scene.segments[visit.stroke.first_segment + order];
    Columns between;
    find_columns_between(s, visit, between);
    const float slack = scene.reach + s.slack + s.uneven, rest = s.most - slack;  // nearer pixels are full
    const int count = collect<true>(visit, order, between, limit, VARYING ? -slack : rest > 0 ? rest * rest : -1.0f);
    Scratch& scratch = visit.scratch;
    int32_t* places = (int32_t*)scratch.places.data;
    int met = 0;
    for (int i = 0; i < count; i += LANES) {
        const Ints place = load(places + i);
        const Floats x = column_of(place), y = row_of(place, visit.top);
        const Floats start = load(scratch.values.data + i);
        const Floats other = other_arm<VARYING>(s, visit.stroke.radii, start, x, y);
        Mask seen = both(less(COUNTING, all(count - i)), less(all(-0.5f), other));
        if (!bits(seen)) continue;
        const Spot second = look<VARYING>(s, visit.stroke.radii, other, x, y);
        seen = both(seen, less(second.distance - second.radius, all(scene.reach)));
        if (!bits(seen)) continue;
        const Floats t = nearest_place<VARYING>(s, visit.stroke.radii, start, x, y);
        const Spot at = look<VARYING>(s, visit.stroke.radii, t, x, y);
        const Angle angle = angle_between(at, second);
        // On the same side it only matters if the first one ends within the pixel.
        const Floats room = select(less(angle.side, all(0.0f)), all(FAR), scene.reach - at.distance - at.radius);
        seen = both(both(seen, less(all(0.0f), angle.parallel)), less(all(0.0f), room));
        append(seen, places + met, place, scratch.others.data + met, other);
        met += append(seen, places + met, place, scratch.values.data + met, t);
    }
    for (int i = 0; i < met; i++) visit.scratch.parameter.data[(places[i] >> 16) * visit.pitch + (places[i] & 0xffff)] = FAR;
    store(places + met, all(0));
    store(scratch.values.data + met, all(0.0f));
    store(scratch.others.data + met, all(0.0f));
    return met;
}

// Composites the `count` pixels that were gathered for segment number `order`.
template <bool TENT, bool VARYING, int CHANNELS, bool FOLDED>
INLINE bool finish(const Visit& visit, int order, int count) {
    const int segment = visit.stroke.first_segment + order;
    float* fragments = nullptr;
    if (!count) return true;
    if (visit.trace && !record(visit, segment, count, FOLDED, &fragments)) return false;
    composite<TENT, VARYING, CHANNELS, FOLDED>(visit, visit.scene.segments[segment], count, fragments);
    return true;
}

// Composites the pixels that see two arms of segment number `order`. Few strokes fold; it stands apart for the others' speed.
template <bool TENT, bool VARYING, int CHANNELS>
__attribute__((noinline)) bool draw_between(const Visit& visit, int order, float limit) {
    return finish<TENT, VARYING, CHANNELS, true>(visit, order, gather_between<VARYING>(visit, order, limit));
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
        const float bound = scene.reach + s.slack + s.most, limit = VARYING ? scene.reach + s.slack + s.uneven : bound * bound;
        if (s.folds && !draw_between<TENT, VARYING, CHANNELS>(visit, j, limit)) return false;
        if (!finish<TENT, VARYING, CHANNELS, false>(visit, j, collect<false>(visit, j, *next, limit, 0))) return false;
        next += 1 + s.pieces;
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

bool prepare_scratch(const Scene& scene, int pitch, Scratch& scratch) {
    scratch.nearest.size = scratch.parameter.size = scratch.ranges.size = scratch.places.size = scratch.values.size = 0;
    scratch.others.size = 0;
    const int64_t pixels = (int64_t)BAND * pitch;
    return reserve(scratch.nearest, pixels) && reserve(scratch.parameter, pixels) &&
           reserve(scratch.ranges, scene.longest * (int64_t)(sizeof(Columns) / sizeof(float))) &&
           reserve(scratch.places, pixels + LANES) && reserve(scratch.values, pixels + LANES) &&
           reserve(scratch.others, pixels + LANES);
}

bool forward(const Scene& scene, int band, float* image, int64_t plane, Trace* trace, Scratch& scratch) {
    const int top = band * BAND, rows = least(BAND, scene.height - top), pitch = padded(scene.width) + LANES;
    const int64_t pixels = (int64_t)rows * scene.width;
    if (!prepare_scratch(scene, pitch, scratch)) return false;
    for (int c = 0; c < scene.channels; c++)
        for (int64_t i = 0; i < pixels; i++) image[c * plane + i] = scene.paper[c];
    for (int first = 0; first < scene.count; first += LANES) {
        const Mask begun = less(load(scene.low + first), all((float)(top + rows)));
        for (unsigned left = bits(both(begun, less(all((float)top), load(scene.high + first)))); left; left &= left - 1) {
            const int i = first + __builtin_ctz(left);
            if (!draw_as_set({scene, scene.strokes[i], i, top, rows, pitch, image, plane, trace, scratch})) return false;
        }
    }
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
INLINE void add_parameter(const Segment& s, const Spot& at, Floats t, Floats angle, Floats by_far, Pull& pull, float* knots) {
    const Floats bend = curvature(at), square = at.vx * at.vx + at.vy * at.vy;
    const Mask free = both(regular(at, bend), both(less(all(0.0f), t), less(t, all(1.0f))));
    Floats gain = all(0.0f);
    if (!TENT) {
        const Floats zero = all(0.0f);
        const Mask turns = both(free, less(all(1e-6f), square));
        const Floats turn = select(turns, angle * inverse(select(turns, square, all(1.0f))), zero);
        const Floats around = select(free, zero, angle * inverse(larger(at.distance, all(NEAREST_PIVOT))));
        pull.px -= around * at.ny;
        pull.py += around * at.nx;
        pull.vx -= turn * at.vy;
        pull.vy += turn * at.vx;
        gain += turn * (at.vx * at.ay - at.vy * at.ax);
    }
    if (VARYING) gain += by_far * at.growth;
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

// What a loss asks of a place on a curve: its derivatives by distance, radius, and angle of the edge; and by a move of the
// parameter that lets both grow alike.
struct Demand {
    Floats distance, radius, angle, far;
};

template <bool TENT>
INLINE Demand demand(const Spot& at, Floats by_coverage) {
    const Floats near = density(at, at.radius - at.distance), far = density(at, at.radius + at.distance);
    const Floats angle = TENT ? all(0.0f) : by_coverage * turning(at, at.distance - at.radius, at.distance + at.radius);
    return {by_coverage * (far - near), by_coverage * (near + far), angle, by_coverage * far * 2};
}

// The same of two arms that meet in a pixel.
template <bool TENT>
INLINE void demand_of_both(const Spot& at, const Meeting& both, Floats by_coverage, Demand& first, Demand& second) {
    const Floats zero = all(0.0f), by = by_coverage * both.angle.parallel, by_shared = select(both.overlap, by, zero);
    first = demand<TENT>(at, by_coverage);
    const Floats low = by_shared * density(at, both.low), high = by_shared * density(at, both.high);
    const Floats own_low = select(both.own_low, low, zero), own_high = select(both.own_high, high, zero);
    first.distance += own_low - own_high;
    first.radius -= own_low + own_high;
    if (!TENT) first.angle += by * turning(at, both.other_low, both.other_high) - by_shared * turning(at, both.low, both.high);
    const Floats other_low = by * density(at, both.other_low) - (low - own_low);
    const Floats other_high = by * density(at, both.other_high) - (high - own_high);
    second = {both.angle.side * (other_high - other_low), other_high + other_low, zero, zero};
    first.far = first.distance + first.radius;
    second.far = second.distance + second.radius;
}

template <bool TENT, bool VARYING>
INLINE void pull_curve(const Segment& s, const Spot& at, Floats t, const Demand& asked, Sums& sums, Floats& thickness,
                       float* knots) {
    const Floats outward = asked.distance * inverse(larger(at.distance, all(1e-6f)));
    Pull pull = {outward * at.ex, outward * at.ey, all(0.0f), all(0.0f)};
    if (!TENT || VARYING) {
        add_parameter<TENT, VARYING>(s, at, t, asked.angle, asked.far, pull, knots);
        add_tangents(sums, t, pull);
    }
    add_points(sums, t, pull);
    if (!VARYING) {
        thickness += asked.radius;
        return;
    }
    const Floats u = s.part_first + t * s.part_rate;
    for (int k = s.first_knot; k <= s.last_knot; k++) {
        float* knot = knots + (k - s.first_knot) * LANES;
        store(knot, load(knot) + asked.radius * larger(1 - magnitude(u - (float)k), all(0.0f)));
    }
}

template <bool TENT, bool VARYING, int CHANNELS, bool FOLDED>
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
    for (int i = 0; i < group.count; i += LANES, fragments += (2 + FOLDED + CHANNELS) * LANES) {
        const Ints place = load((const int32_t*)fragments);
        const Floats t = load(fragments + LANES), x = column_of(place), y = row_of(place, top);
        Spot at, other_at;
        Floats covered, other = all(0.0f);
        Meeting both;
        if (FOLDED) {
            other = load(fragments + 2 * LANES);
            at = measured_arm<TENT, VARYING>(scene, s, stroke.radii, t, x, y);
            other_at = measured_arm<TENT, VARYING>(scene, s, stroke.radii, other, x, y);
            both = meet(at, other_at);
            covered = both.covered;
        } else {
            at = measured<TENT, VARYING>(scene, s, stroke.radii, t, x, y);
            covered = coverage(at);
        }
        const Ints offset = offset_of(place, scene.width);
        const int used = least(LANES, group.count - i);
        const Mask valid = less(COUNTING, all(used));
        const Floats alpha = covered * stroke.opacity;
        Floats by_alpha = all(0.0f);
        for (int c = 0; c < CHANNELS; c++) {
            const Floats below = load(fragments + (2 + FOLDED + c) * LANES);
            const Floats g = gather(scratch.running.data + c * plane, offset);
            scatter(scratch.running.data + c * plane, offset, g - g * alpha, used);
            by_alpha += g * (stroke.color[c] - below);
            sums.color[c] += select(valid, g * alpha, all(0.0f));
        }
        by_alpha = select(valid, by_alpha, all(0.0f));
        sums.opacity += by_alpha * covered;
        const Floats by_coverage = by_alpha * stroke.opacity;
        if (!FOLDED) {
            pull_curve<TENT, VARYING>(s, at, t, demand<TENT>(at, by_coverage), sums, thickness, knots);
            continue;
        }
        Demand first, second;
        demand_of_both<TENT>(at, both, by_coverage, first, second);
        pull_curve<TENT, VARYING>(s, at, t, first, sums, thickness, knots);
        pull_curve<TENT, VARYING>(s, other_at, other, second, sums, thickness, knots);
    }
    if (!VARYING) store(knots, thickness);
    float* out = trace.records.data + group.record;
    for (int k = 0; k < 4; k++) out[2 * k] = total(sums.points[k][0]), out[2 * k + 1] = total(sums.points[k][1]);
    for (int c = 0; c < 3; c++) out[RECORD_COLOR + c] = total(sums.color[c]);
    out[RECORD_OPACITY] = total(sums.opacity);
    for (int k = 0; k < knot_count; k++) out[RECORD_KNOTS + k] = total(load(knots + k * LANES));
}

template <bool TENT, bool VARYING, int CHANNELS>
INLINE void backward_folded_or_not(const Scene& scene, int top, const Group& group, Trace& trace, Scratch& scratch) {
    if (group.folded)
        backward_group<TENT, VARYING, CHANNELS, true>(scene, top, group, trace, scratch);
    else
        backward_group<TENT, VARYING, CHANNELS, false>(scene, top, group, trace, scratch);
}

template <bool TENT, bool VARYING>
void backward_in_channels(const Scene& scene, int top, const Group& group, Trace& trace, Scratch& scratch) {
    if (scene.channels == 1)
        backward_folded_or_not<TENT, VARYING, 1>(scene, top, group, trace, scratch);
    else
        backward_folded_or_not<TENT, VARYING, 3>(scene, top, group, trace, scratch);
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
