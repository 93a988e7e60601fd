// The arithmetic of the native engine; compiled once per instruction set (see lanes.h for what that forbids).
//
// A band is BAND rows. For every stroke that may touch it: the pixels that it may reach are listed; straight pieces of the
// curve find for each the parameter with the smallest distance − radius; those in reach remain, are refined on the curve
// itself by Newton's method, and composited source-over. The backward pass walks these "fragments" in reverse.
#include "engine.h"
#include "folds.h"
#include "lanes.h"
#include "pieces.h"
#include "spot.h"

namespace stylesketch {
namespace {

constexpr int64_t BLOCK = 4096;  // squares that are summed as floats

// The vectors of a fragment: its place, …; if it sees two arms, OTHER is there and what follows is one farther.
enum { COVERED = 1, PARAMETER, BELOW, OTHER = BELOW };

// Pixels are packed as row · 65536 + column within their band.
INLINE Floats column_of(Ints place) { return floats(place & 0xffff) + 0.5f; }
INLINE Floats row_of(Ints place, int top) { return floats(place >> 16) + ((float)top + 0.5f); }
INLINE Ints offset_of(Ints place, int pitch) { return (place >> 16) * pitch + (place & 0xffff); }

// ------------------------------------------------------------------------------------------------------- forward

// Where in each row of a band a segment may have ink.
struct Columns {
    int32_t low[BAND], high[BAND];  // [low, high)
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

// Pixels' centers, px, from the first to the last one.
struct Box {
    float left, right, top, bottom;
};

// Which pieces from the given one on, of `count`, may have ink in a box: a bit for each.
INLINE unsigned pieces_within(const float* piece, int pitch, int count, const Box& box) {
    const Mask beside = both(less(load(piece + XLOW * pitch), all(box.right)), less(all(box.left), load(piece + XHIGH * pitch)));
    const Mask level = both(less(load(piece + YLOW * pitch), all(box.bottom)), less(all(box.top), load(piece + YHIGH * pitch)));
    return bits(both(beside, level)) & (count < LANES ? (1u << count) - 1 : ~0u);
}

// Widens columns [low, high), px, of rows by those that a piece may reach.
INLINE void widen(const float* piece, int pitch, Floats row, Floats& low, Floats& high) {
    const Floats middle = piece[X * pitch] + (row - piece[Y * pitch]) * piece[LEAN * pitch], half = all(piece[HALF * pitch]);
    const Mask inside = both(less(all(piece[YLOW * pitch]), row), less(row, all(piece[YHIGH * pitch])));
    low = smaller(low, select(inside, larger(middle - half, all(piece[XLOW * pitch])), all(FAR)));
    high = larger(high, select(inside, smaller(middle + half, all(piece[XHIGH * pitch])), all(-FAR)));
}

INLINE Floats rows_from(const Visit& visit, int row) { return floats(row + COUNTING) + ((float)visit.top + 0.5f); }

INLINE void set_columns(Columns& columns, int row, Floats low, Floats high, int width) {
    store(columns.low + row, truncated(clamped(low + 0.5f, all(0.0f), all((float)width))));
    store(columns.high + row, truncated(clamped(high + 0.5f, all(0.0f), all((float)width))));
}

INLINE void find_columns(const Segment& s, const Visit& visit, Columns& columns) {
    const int pitch = padded(s.pieces), width = visit.scene.width;
    const float* pieces = visit.scene.pieces + s.place;
    const Box band = {0, (float)width, (float)visit.top, (float)(visit.top + visit.rows)};
    for (int row = 0; row < BAND; row += LANES) {
        Floats low = all(FAR), high = all(-FAR);
        for (int first = 0; first < s.pieces; first += LANES)
            for (unsigned left = pieces_within(pieces + first, pitch, s.pieces - first, band); left; left &= left - 1)
                widen(pieces + first + __builtin_ctz(left), pitch, rows_from(visit, row), low, high);
        set_columns(columns, row, low, high, width);
    }
}

// How far pixels in a box are from the pieces of a segment, and where these are nearest.
template <bool VARYING>
INLINE void find_nearest(const Segment& s, const float* pieces, const Box& box, Floats x, Floats y, Floats& away, Floats& t) {
    const int pitch = padded(s.pieces);
    away = all(FAR), t = all(0.0f);
    for (int first = 0; first < s.pieces; first += LANES) {
        for (unsigned left = pieces_within(pieces + first, pitch, s.pieces - first, box); left; left &= left - 1) {
            const int p = first + __builtin_ctz(left);
            const float* piece = pieces + p;
            const Floats rx = x - piece[X * pitch], ry = y - piece[Y * pitch];
            const Floats part = clamped(rx * piece[UX * pitch] + ry * piece[UY * pitch], all(0.0f), all(1.0f));
            const Floats ex = rx - part * piece[DX * pitch], ey = ry - part * piece[DY * pitch];
            Floats here = ex * ex + ey * ey;
            if (VARYING) here = root(here) - (piece[RADIUS * pitch] + part * piece[GROWTH * pitch]);
            const Mask nearer = less(here, away);
            away = select(nearer, here, away);
            t = select(nearer, part + (float)p, t);
        }
    }
    t *= 1.0f / (float)s.pieces;
}

// A segment's pixels in Scratch.
struct Hits {
    int32_t order, first, count;
};

// Lists the pixels within columns from `places` on; their count.
INLINE int list_pixels(const Columns& columns, int rows, int32_t* places) {
    int count = 0;
    for (int row = 0; row < rows; row++) {
        const int low = columns.low[row], width = columns.high[row] - low;
        for (int column = 0; column < width; column += LANES)
            store(places + count + column, (row << 16) + low + column + COUNTING);
        count += most(width, 0);
    }
    return count;
}

// Pixels beyond the last one of a list count as some pixel of the band.
INLINE void close_list(Scratch& scratch, int end) {
    store((int32_t*)scratch.places.data + end, all(0));
    store(scratch.values.data + end, all(0.0f));
}

INLINE bool make_room(Scratch& scratch, int used, int64_t more) {
    scratch.places.size = scratch.values.size = scratch.others.size = used;
    more += 2 * LANES;
    return reserve(scratch.places, more) && reserve(scratch.values, more) && reserve(scratch.others, more);
}

// Lists from `first` on the pixels that a segment may have ink in, with its nearest parameters and (in `others`) how far it is
// from them; their count, or −1: out of memory.
template <bool VARYING>
INLINE int find_hits(const Visit& visit, const Segment& s, int first, float limit) {
    Columns columns;
    find_columns(s, visit, columns);
    int64_t room = 0;
    for (int row = 0; row < visit.rows; row++) room += most(columns.high[row] - columns.low[row], 0);
    if (!make_room(visit.scratch, first, room)) return -1;
    int32_t* places = (int32_t*)visit.scratch.places.data + first;
    float *values = visit.scratch.values.data + first, *aways = visit.scratch.others.data + first;
    const int pixels = list_pixels(columns, visit.rows, places);
    const float *pieces = visit.scene.pieces + s.place, top = (float)visit.top + 0.5f;
    int count = 0;
    for (int i = 0; i < pixels; i += LANES) {
        const Ints place = load(places + i);
        const int from = places[i], to = places[least(i + LANES, pixels) - 1];
        const bool one_row = from >> 16 == to >> 16;
        const Box box = {one_row ? (float)(from & 0xffff) + 0.5f : 0, one_row ? (float)(to & 0xffff) + 0.5f : (float)visit.scene.width,
                         (float)(from >> 16) + top, (float)(to >> 16) + top};
        Floats away, t;
        find_nearest<VARYING>(s, pieces, box, column_of(place), row_of(place, visit.top), away, t);
        const Mask hit = both(less(away, all(limit)), less(COUNTING, all(pixels - i)));
        append(hit, places + count, place, aways + count, away);
        count += append(hit, places + count, place, values + count, t);
    }
    close_list(visit.scratch, first + count);
    return count;
}

// Notes for every pixel of a stroke's segments which of them is nearest.
INLINE void compete(const Visit& visit, const Hits* hits, int lists) {
    float *nearest = visit.scratch.nearest.data, *owner = visit.scratch.owner.data;
    for (int again = 0; again < 2; again++) {
        for (int l = 0; l < lists; l++) {
            const int32_t* places = (const int32_t*)visit.scratch.places.data + hits[l].first;
            for (int i = 0; i < hits[l].count; i += LANES) {
                const Ints at = offset_of(load(places + i), visit.pitch);
                const int used = least(LANES, hits[l].count - i);
                if (!again) {
                    scatter(nearest, at, all(FAR), used);
                    continue;
                }
                const Floats away = load(visit.scratch.others.data + hits[l].first + i), best = gather(nearest, at);
                scatter(owner, at, select(less(away, best), all((float)hits[l].order), gather(owner, at)), used);
                scatter(nearest, at, smaller(away, best), used);
            }
        }
    }
}

// Leaves in a list the pixels whose nearest segment it is.
INLINE void keep_own(const Visit& visit, Hits& hits) {
    int32_t* places = (int32_t*)visit.scratch.places.data + hits.first;
    float *values = visit.scratch.values.data + hits.first, *aways = visit.scratch.others.data + hits.first;
    int count = 0;
    for (int i = 0; i < hits.count; i += LANES) {
        const Ints place = load(places + i);
        const Floats t = load(values + i), away = load(aways + i);
        const Floats owner = gather(visit.scratch.owner.data, offset_of(place, visit.pitch));
        const Mask own = both(less(COUNTING, all(hits.count - i)), less(magnitude(owner - (float)hits.order), all(0.5f)));
        append(own, places + count, place, aways + count, away);
        count += append(own, places + count, place, values + count, t);
    }
    hits.count = count;
    close_list(visit.scratch, hits.first + count);
}

// How much a stroke covers the pixels of a list (in `others`), each by its nearest place; or, FOLDED, by that and by the nearest
// place of another arm of its segment.
template <bool TENT, bool VARYING, int CHANNELS, bool FOLDED>
INLINE void cover(const Visit& visit, const Segment& s, const Hits& hits, float* fragments) {
    const Scene& scene = visit.scene;
    const float* radii = visit.stroke.radii;
    const int32_t* places = (int32_t*)visit.scratch.places.data + hits.first;
    float *values = visit.scratch.values.data + hits.first, *others = visit.scratch.others.data + hits.first;
    for (int i = 0; i < hits.count; i += LANES) {
        const Ints place = load(places + i);
        const Floats x = column_of(place), y = row_of(place, visit.top), start = load(values + i);
        const Floats t = FOLDED ? start : nearest_place<VARYING>(s, radii, start, x, y);
        Floats other = all(0.0f), covered;
        if (FOLDED) {
            other = load(others + i);
            const Spot at = measured_arm<TENT, VARYING>(scene, s, radii, t, x, y);
            covered = meet(at, look<VARYING>(s, radii, other, x, y)).covered;
        } else {
            covered = coverage(measured<TENT, VARYING>(scene, s, radii, t, x, y));
        }
        store(others + i, covered);
        if (!fragments) continue;
        store((int32_t*)fragments, place);
        store(fragments + COVERED * LANES, covered);
        store(fragments + PARAMETER * LANES, t);
        if (FOLDED) store(fragments + OTHER * LANES, other);
        fragments += (BELOW + FOLDED + CHANNELS) * LANES;
    }
}

// Paints the pixels of a list that `cover` has been at. That is a loop of its own since processors wait for memory while they
// compute what comes next, but do not look far ahead.
template <int CHANNELS, bool FOLDED>
INLINE void paint(const Visit& visit, const Hits& hits, float* fragments) {
    const int32_t* places = (int32_t*)visit.scratch.places.data + hits.first;
    for (int i = 0; i < hits.count; i += LANES) {
        const Ints offset = offset_of(load(places + i), visit.scene.width);
        const Floats alpha = load(visit.scratch.others.data + hits.first + i) * visit.stroke.opacity;
        const int used = least(LANES, hits.count - i);
        for (int c = 0; c < CHANNELS; c++) {
            const Floats below = gather(visit.image + c * visit.plane, offset);
            scatter(visit.image + c * visit.plane, offset, below + alpha * (visit.stroke.color[c] - below), used);
            if (fragments) store(fragments + (BELOW + FOLDED + c) * LANES, below);
        }
        if (fragments) fragments += (BELOW + FOLDED + CHANNELS) * LANES;
    }
}

bool record(const Visit& visit, int segment, int count, bool folded, float** fragments) {
    Trace& trace = *visit.trace;
    const Segment& s = visit.scene.segments[segment];
    const int64_t size = (int64_t)padded(count) * (BELOW + folded + visit.scene.channels);
    const int64_t floats_of_record = RECORD_KNOTS + s.last_knot - s.first_knot + 1;
    if (!reserve(trace) || !reserve(trace.fragments, size) || !reserve(trace.records, floats_of_record)) return false;
    trace.groups[trace.count++] = {visit.index, segment, count, folded, trace.fragments.size, trace.records.size};
    *fragments = trace.fragments.data + trace.fragments.size;
    trace.fragments.size += size;
    trace.records.size += floats_of_record;
    return true;
}

// Where pixels may lie between two arms of a segment.
INLINE void find_columns_between(const Segment& s, const Visit& visit, Columns& between) {
    const float reach = LOOSE * (s.most + visit.scene.reach);
    float pieces[MOST_FOLDS][FIELDS];
    for (int i = 0; i < s.folds; i++) {
        Vector from, to;
        find_axis(visit.scene, s, i, from, to);
        const float dx = to.x - from.x, dy = to.y - from.y;
        const bool flat = __builtin_fabsf(dy) < 1e-4f * __builtin_fabsf(dx) + 1e-12f;
        float* piece = pieces[i];
        piece[X] = from.x, piece[Y] = from.y;
        piece[LEAN] = flat ? 0 : dx / dy;
        piece[HALF] = flat ? FAR : reach * __builtin_sqrtf(1 + piece[LEAN] * piece[LEAN]) + 0.05f;
        piece[XLOW] = (dx < 0 ? to.x : from.x) - reach, piece[XHIGH] = (dx < 0 ? from.x : to.x) + reach;
        piece[YLOW] = (dy < 0 ? to.y : from.y) - reach, piece[YHIGH] = (dy < 0 ? from.y : to.y) + reach;
    }
    for (int row = 0; row < BAND; row += LANES) {
        Floats low = all(FAR), high = all(-FAR);
        for (int i = 0; i < s.folds; i++) widen(pieces[i], 1, rows_from(visit, row), low, high);
        set_columns(between, row, low, high, visit.scene.width);
    }
}

// Which of the places lie within columns.
INLINE Mask within(const Columns& columns, Ints place) {
    const Ints row = place >> 16, column = place & 0xffff;
    const Ints low = (Ints)gather((const float*)columns.low, row), high = (Ints)gather((const float*)columns.high, row);
    return both(less(low, column + 1), less(column, high));
}

// Moves the pixels of a list that may lie between two arms of its segment to one that begins at `first`.
INLINE Hits move_between(const Visit& visit, const Segment& s, Hits& hits, int first, float full) {
    Columns between;
    find_columns_between(s, visit, between);
    int32_t* places = (int32_t*)visit.scratch.places.data;
    float *values = visit.scratch.values.data, *others = visit.scratch.others.data;
    int kept = hits.first, moved = first;
    for (int i = 0; i < hits.count; i += LANES) {
        const Ints place = load(places + hits.first + i);
        const Floats t = load(values + hits.first + i), away = load(others + hits.first + i);
        const Mask used = less(COUNTING, all(hits.count - i)), may = both(both(used, within(between, place)), less(all(full), away));
        moved += append(may, places + moved, place, values + moved, t);
        kept += append(without(used, may), places + kept, place, values + kept, t);
    }
    hits.count = kept - hits.first;
    close_list(visit.scratch, moved);
    return {hits.order, first, moved - first};
}

// Leaves in a list of pixels that may see a second arm of a segment those that do, with both parameters; the others go back.
template <bool VARYING>
INLINE void keep_between(const Visit& visit, const Segment& s, Hits& moved, Hits& hits) {
    const float* radii = visit.stroke.radii;
    int32_t* places = (int32_t*)visit.scratch.places.data;
    float *values = visit.scratch.values.data, *others = visit.scratch.others.data;
    int kept = hits.first + hits.count, met = moved.first;
    for (int i = 0; i < moved.count; i += LANES) {
        const Ints place = load(places + moved.first + i);
        const Floats start = load(values + moved.first + i), x = column_of(place), y = row_of(place, visit.top);
        const Floats other = other_arm<VARYING>(s, radii, start, x, y);
        const Spot second = look<VARYING>(s, radii, other, x, y);
        const Mask used = less(COUNTING, all(moved.count - i));
        Mask seen = both(less(all(-0.5f), other), less(second.distance - second.radius, all(visit.scene.reach)));
        seen = both(used, seen);
        if (bits(seen)) {
            const Floats t = nearest_place<VARYING>(s, radii, start, x, y);
            const Spot at = look<VARYING>(s, radii, t, x, y);
            const Angle angle = angle_between(at, second);
            // On the same side it only matters if the first one ends within the pixel.
            const Floats room = select(less(angle.side, all(0.0f)), all(FAR), visit.scene.reach - at.distance - at.radius);
            seen = both(both(seen, less(all(0.0f), angle.parallel)), less(all(0.0f), room));
            append(seen, places + met, place, others + met, other);
            met += append(seen, places + met, place, values + met, t);
        }
        kept += append(without(used, seen), places + kept, place, values + kept, start);
    }
    hits.count = kept - hits.first;
    moved.count = met - moved.first;
    close_list(visit.scratch, kept);
    close_list(visit.scratch, met);
    store(others + met, all(0.0f));
}

// Composites the pixels of a list.
template <bool TENT, bool VARYING, int CHANNELS, bool FOLDED>
INLINE bool finish(const Visit& visit, const Hits& hits) {
    const int segment = visit.stroke.first_segment + hits.order;
    float* fragments = nullptr;
    if (!hits.count) return true;
    if (visit.trace && !record(visit, segment, hits.count, FOLDED, &fragments)) return false;
    cover<TENT, VARYING, CHANNELS, FOLDED>(visit, visit.scene.segments[segment], hits, fragments);
    paint<CHANNELS, FOLDED>(visit, hits, fragments);
    return true;
}

// Composites the pixels that see two arms of a segment; `end`: of all lists. Few strokes fold; it stands apart for the others'
// speed.
template <bool TENT, bool VARYING, int CHANNELS>
__attribute__((noinline)) bool draw_between(const Visit& visit, Hits& hits, int end) {
    if (!make_room(visit.scratch, end, hits.count)) return false;
    const Segment& s = visit.scene.segments[visit.stroke.first_segment + hits.order];
    const float slack = visit.scene.reach + s.slack + s.uneven, rest = s.most - slack;  // nearer pixels are full
    Hits moved = move_between(visit, s, hits, end, VARYING ? -slack : rest > 0 ? rest * rest : -1.0f);
    if (moved.count) keep_between<VARYING>(visit, s, moved, hits);
    close_list(visit.scratch, hits.first + hits.count);
    return finish<TENT, VARYING, CHANNELS, true>(visit, moved);
}

template <bool TENT, bool VARYING, int CHANNELS>
bool draw(const Visit& visit) {
    const Segment* segments = visit.scene.segments + visit.stroke.first_segment;
    Hits* hits = (Hits*)visit.scratch.hits.data;
    int lists = 0, end = 0;
    for (int j = 0; j < visit.stroke.segments; j++) {
        const Segment& s = segments[j];
        if (!touches(s, visit)) continue;
        const float bound = visit.scene.reach + s.slack + (VARYING ? s.uneven : s.most);
        const int count = find_hits<VARYING>(visit, s, end, VARYING ? bound : bound * bound);
        if (count < 0) return false;
        if (!count) continue;
        hits[lists++] = {j, end, count};
        end += padded(count) + LANES;
    }
    if (lists > 1) compete(visit, hits, lists);
    for (int l = 0; l < lists; l++) {
        if (lists > 1) keep_own(visit, hits[l]);
        if (segments[hits[l].order].folds && !draw_between<TENT, VARYING, CHANNELS>(visit, hits[l], end)) return false;
        if (!finish<TENT, VARYING, CHANNELS, false>(visit, hits[l])) return false;
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
    scratch.nearest.size = scratch.owner.size = scratch.hits.size = 0;
    const int64_t pixels = scene.longest > 1 ? (int64_t)BAND * pitch : 0;
    return reserve(scratch.nearest, pixels) && reserve(scratch.owner, pixels) &&
           reserve(scratch.hits, scene.longest * (int64_t)(sizeof(Hits) / sizeof(float)));
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

// What fragments ask of the powers of their curve.
struct Sums {
    Floats x[4], y[4];
};

// What a fragment asks of its curve: gradients to its place and its derivative by t.
struct Pull {
    Floats px, py, vx, vy;
};

template <bool TANGENTS>
INLINE void add_pull(Floats t, Floats place, Floats tangent, Floats (&power)[4]) {
    const Floats one = TANGENTS ? t * place + tangent : t * place, two = TANGENTS ? one + tangent : one;
    const Floats three = TANGENTS ? two + tangent : two;
    power[0] += place;
    power[1] += one;
    power[2] += t * two;
    power[3] += t * t * three;
}

// The gradients to the control points [4, 2].
INLINE void add_up(const Sums& sums, float* points) {
    for (int axis = 0; axis < 2; axis++) {
        float p[4];
        for (int k = 0; k < 4; k++) p[k] = total(axis ? sums.y[k] : sums.x[k]);
        points[axis] = (p[0] - p[3]) - 3 * (p[1] - p[2]);
        points[2 + axis] = 3 * ((p[1] - p[2]) - (p[2] - p[3]));
        points[4 + axis] = 3 * (p[2] - p[3]);
        points[6 + axis] = p[3];
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
    }
    add_pull<!TENT || VARYING>(t, pull.px, pull.vx, sums.x);
    add_pull<!TENT || VARYING>(t, pull.py, pull.vy, sums.y);
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

// What a loss asks of the coverage of a group's fragments (in `others`), and of color and opacity. The gradient of the picture
// becomes that of the picture below.
template <int CHANNELS, bool FOLDED>
INLINE void uncover(const Scene& scene, const Stroke& stroke, const Group& group, const float* fragments, Scratch& scratch,
                    float* record) {
    const int64_t plane = (int64_t)BAND * scene.width;
    Floats color[CHANNELS], opacity = all(0.0f);
    for (int c = 0; c < CHANNELS; c++) color[c] = all(0.0f);
    for (int i = 0; i < group.count; i += LANES, fragments += (BELOW + FOLDED + CHANNELS) * LANES) {
        const Ints offset = offset_of(load((const int32_t*)fragments), scene.width);
        const int used = least(LANES, group.count - i);
        const Mask valid = less(COUNTING, all(used));
        const Floats covered = load(fragments + COVERED * LANES), alpha = covered * stroke.opacity;
        Floats by_alpha = all(0.0f);
        for (int c = 0; c < CHANNELS; c++) {
            const Floats below = load(fragments + (BELOW + FOLDED + c) * LANES);
            const Floats g = gather(scratch.running.data + c * plane, offset, valid), by_color = g * alpha;
            scatter(scratch.running.data + c * plane, offset, g - by_color, used);
            by_alpha += g * (stroke.color[c] - below);
            color[c] += by_color;
        }
        opacity += by_alpha * covered;
        store(scratch.others.data + i, by_alpha * stroke.opacity);
    }
    for (int c = 0; c < 3; c++) record[RECORD_COLOR + c] = c < CHANNELS ? total(color[c]) : 0;
    record[RECORD_OPACITY] = total(opacity);
}

template <bool TENT, bool VARYING, int CHANNELS, bool FOLDED>
void backward_group(const Scene& scene, int top, const Group& group, Trace& trace, Scratch& scratch) {
    const Stroke& stroke = scene.strokes[group.stroke];
    const Segment& s = scene.segments[group.segment];
    const int knot_count = s.last_knot - s.first_knot + 1;
    const float* fragments = trace.fragments.data + group.place;
    float *knots = scratch.values.data, *out = trace.records.data + group.record;
    uncover<CHANNELS, FOLDED>(scene, stroke, group, fragments, scratch, out);
    for (int k = 0; k < knot_count; k++) store(knots + k * LANES, all(0.0f));
    Sums sums = {};
    Floats thickness = all(0.0f);
    for (int i = 0; i < group.count; i += LANES, fragments += (BELOW + FOLDED + CHANNELS) * LANES) {
        const Ints place = load((const int32_t*)fragments);
        const Floats x = column_of(place), y = row_of(place, top), t = load(fragments + PARAMETER * LANES);
        const Floats by_coverage = load(scratch.others.data + i);
        if (!FOLDED) {
            const Spot at = measured<TENT, VARYING>(scene, s, stroke.radii, t, x, y);
            pull_curve<TENT, VARYING>(s, at, t, demand<TENT>(at, by_coverage), sums, thickness, knots);
            continue;
        }
        const Floats other = load(fragments + OTHER * LANES);
        const Spot at = measured_arm<TENT, VARYING>(scene, s, stroke.radii, t, x, y);
        const Spot other_at = measured_arm<TENT, VARYING>(scene, s, stroke.radii, other, x, y);
        Demand first, second;
        demand_of_both<TENT>(at, meet(at, other_at), by_coverage, first, second);
        pull_curve<TENT, VARYING>(s, at, t, first, sums, thickness, knots);
        pull_curve<TENT, VARYING>(s, other_at, other, second, sums, thickness, knots);
    }
    if (!VARYING) store(knots, thickness);
    add_up(sums, out);
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
    scratch.running.size = scratch.values.size = scratch.others.size = 0;
    if (!reserve(scratch.running, (int64_t)scene.channels * BAND * scene.width)) return false;
    if (!reserve(scratch.values, (int64_t)scene.knots * LANES)) return false;
    for (int c = 0; gradient && c < scene.channels; c++)
        memcpy(scratch.running.data + (int64_t)c * BAND * scene.width, gradient + c * plane + (int64_t)top * scene.width,
               (size_t)pixels * sizeof(float));
    const bool varying = scene.knots > 1;
    for (int64_t i = trace.count - 1; i >= 0; i--) {
        const Group& group = trace.groups[i];
        if (!reserve(scratch.others, padded(group.count))) return false;
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
        Floats parts[4] = {all(0.0f), all(0.0f), all(0.0f), all(0.0f)};  // else each addition would wait for the one before
        int64_t i = first;
        for (; i + 4 * LANES <= end; i += 4 * LANES) {
            for (int k = 0; k < 4; k++) {
                const Floats difference = load(image + i + k * LANES) - load(target + i + k * LANES);
                store(image + i + k * LANES, 2 * scale * difference);
                parts[k] += difference * difference;
            }
        }
        float rest = total((parts[0] + parts[1]) + (parts[2] + parts[3]));
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
