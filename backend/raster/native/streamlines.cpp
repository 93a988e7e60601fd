// Lines along the ridges of a line field, one after the other, as backend/initialize/streamlines.py follows them: the same
// points, bit by bit, so that nothing here may be rounded in another way (see UNROUNDED in build.py).
#include "engine.h"

#include <math.h>

#include <algorithm>
#include <new>
#include <vector>

namespace stylesketch {

struct TraceRow {
    double keep, turn;
    int32_t gap, apart, border;
};

namespace {

constexpr double ACROSS = 0.75;  // px to both sides of a line, where its strength is compared
constexpr double AT_START = 2.0;  // px, squared: a line that comes so near to its beginning …
constexpr int SHORTEST = 8, SAME = 5;  // … after so many steps is closed; of a pixel passed before, so many steps ago
constexpr double AHEAD = 0.3;  // least cosine between the directions in which it leaves and comes back

struct Point {
    double x, y;
};

class Field {
public:
    Field(const float* strengths, const float* xs, const float* ys, int rows, int columns, const TraceRow& row)
        : strength(strengths), tangent_x(xs), tangent_y(ys), height(rows), width(columns), settings(row) {
        const size_t count = size_t(height) * size_t(width);
        taken.assign(count, 0), passed_by.assign(count, -1), place.assign(count, 0);
        const int r = settings.apart;
        for (int y = -r; y <= r; y++)
            for (int x = -r; x <= r; x++)
                if (x * x + y * y <= r * r + 1) disc.push_back(int64_t(y) * width + x);
    }

    // The lines through seeds, px by rows; those that lie on lines already give none.
    void trace(const int64_t* seeds, int64_t count) {
        for (int64_t n = 0; n < count; n++) {
            if (taken[size_t(seeds[n])]) continue;
            const size_t begin = points.size();
            closed.push_back(line_through(double(seeds[n] % width), double(seeds[n] / width)));
            lengths.push_back(int64_t(points.size() - begin));
            claim(begin);
        }
    }

    std::vector<Point> points;     // of all lines
    std::vector<int64_t> lengths;  // points of each
    std::vector<uint8_t> closed;

private:
    const float *strength, *tangent_x, *tangent_y;
    const int height, width;
    const TraceRow settings;
    std::vector<uint8_t> taken;
    std::vector<int32_t> passed_by, place;  // which line was on a pixel last, and where along it
    std::vector<int64_t> disc;
    std::vector<Point> ahead, behind;

    bool inside(double x, double y) const {
        const int b = settings.border;
        return b <= x && x < width - 1 - b && b <= y && y < height - 1 - b;
    }

    int64_t index(double x, double y) const { return int64_t(y + 0.5) * width + int64_t(x + 0.5); }

    double strength_at(double x, double y) const {
        const int64_t ix = int64_t(x), iy = int64_t(y);
        const double fx = x - double(ix), fy = y - double(iy), gx = 1 - fx;
        const float *s = strength + iy * width + ix, *t = s + width;
        return (s[0] * gx + s[1] * fx) * (1 - fy) + (t[0] * gx + t[1] * fx) * fy;
    }

    Point on_ridge(double x, double y, double tx, double ty, double here) const {
        const double nx = -ty, ny = tx;
        const double left = strength_at(x - ACROSS * nx, y - ACROSS * ny), right = strength_at(x + ACROSS * nx, y + ACROSS * ny);
        const double curvature = left - 2 * here + right;
        double shift = right > left ? ACROSS : left > right ? -ACROSS : 0.0;
        if (curvature < -1e-6) shift = std::max(-ACROSS, std::min(ACROSS, ACROSS * 0.5 * (left - right) / curvature));
        return {x + shift * nx, y + shift * ny};
    }

    bool line_through(double x, double y) {
        const int64_t i = index(x, y);
        const double tx = tangent_x[i], ty = tangent_y[i];
        const Point seed = on_ridge(x, y, tx, ty, strength_at(x, y));
        passes(index(seed.x, seed.y), 0);
        ahead.clear(), behind.clear();
        const bool ring = follow(seed, tx, ty, 1, ahead);
        if (!ring) follow(seed, -tx, -ty, -1, behind);
        if (ring) points.push_back(seed);
        points.insert(points.end(), behind.rbegin(), behind.rend());
        if (!ring) points.push_back(seed);
        points.insert(points.end(), ahead.begin(), ahead.end());
        if (ring) points.push_back(seed);
        return ring;
    }

    // Where along the line that is being followed a pixel was passed first.
    int32_t passes(int64_t pixel, int32_t now) {
        const int32_t line = int32_t(lengths.size());
        if (passed_by[size_t(pixel)] != line) passed_by[size_t(pixel)] = line, place[size_t(pixel)] = now;
        return place[size_t(pixel)];
    }

    // Points after the first one along the ridge in direction t; true: they come back to it.
    bool follow(Point first, double tx, double ty, int32_t way, std::vector<Point>& found) {
        double x = first.x, y = first.y;
        const double sx = tx, sy = ty;
        int32_t unsupported = 0;
        size_t supported = 0;
        for (;;) {
            x = x + tx, y = y + ty;
            if (!inside(x, y)) break;
            const int64_t i = index(x, y);
            const double dx = x - first.x, dy = y - first.y;
            if (found.size() >= SHORTEST && dx * dx + dy * dy < AT_START && sx * tx + sy * ty > AHEAD) return true;
            const int32_t now = way * int32_t(found.size());
            if (abs(passes(i, now) - now) > SAME) break;
            if (taken[size_t(i)]) {
                up_to_the_other(x, y, tx, ty, found);
                supported = found.size();
                break;
            }
            double ux = tangent_x[i], uy = tangent_y[i], cosine = ux * tx + uy * ty;
            if (cosine < 0) ux = -ux, uy = -uy, cosine = -cosine;
            const double here = strength_at(x, y);
            if (here < settings.keep || cosine < settings.turn) {
                if (++unsupported > settings.gap) break;
                found.push_back({x, y});
                continue;
            }
            unsupported = 0;
            tx = 0.5 * tx + 0.5 * ux, ty = 0.5 * ty + 0.5 * uy;
            const double norm = sqrt(tx * tx + ty * ty);
            tx = tx / norm, ty = ty / norm;
            const Point ridge = on_ridge(x, y, tx, ty, here);
            x = 0.5 * (x + ridge.x), y = 0.5 * (y + ridge.y);
            if (!inside(x, y)) break;
            found.push_back({x, y});
            supported = found.size();
        }
        found.resize(supported);
        return false;
    }

    // Adds the last points of a line that runs into another's surround, if it meets that other line.
    void up_to_the_other(double x, double y, double tx, double ty, std::vector<Point>& found) const {
        const size_t before = found.size();
        for (int n = 0; n < settings.apart + 2; n++) {
            if (!inside(x, y) || strength_at(x, y) < settings.keep) return;
            const int64_t i = index(x, y);
            if (fabs(tangent_x[i] * tx + tangent_y[i] * ty) < settings.turn) return;
            found.push_back({x, y});
            x = x + tx, y = y + ty;
        }
        found.resize(before);
    }

    void claim(size_t begin) {
        for (size_t n = begin; n < points.size(); n++) {
            const int64_t middle = index(points[n].x, points[n].y);
            for (const int64_t offset : disc)
                if (middle + offset >= 0 && middle + offset < int64_t(taken.size())) taken[size_t(middle + offset)] = 1;
        }
    }
};

}  // namespace

// The maps [height, width]; seeds: pixels by rows. Lines and their points, in all; null: out of memory.
EXPORT void* stylesketch_trace(const float* strength, const float* tangent_x, const float* tangent_y, int height, int width,
                               const int64_t* seeds, int64_t count, const TraceRow* settings, int64_t* lines, int64_t* points) try {
    auto* field = new Field(strength, tangent_x, tangent_y, height, width, *settings);
    try {
        field->trace(seeds, count);
    } catch (...) {
        delete field;
        throw;
    }
    *lines = int64_t(field->lengths.size());
    *points = int64_t(field->points.size());
    return field;
} catch (const std::bad_alloc&) {
    return nullptr;
}

// points: [points, 2] of all lines, lengths and closed: [lines]; what they were found with is gone then.
EXPORT void stylesketch_traced(void* handle, double* points, int64_t* lengths, uint8_t* closed) {
    const Field& field = *static_cast<Field*>(handle);
    for (const Point& point : field.points) *points++ = point.x, *points++ = point.y;
    std::copy(field.lengths.begin(), field.lengths.end(), lengths);
    std::copy(field.closed.begin(), field.closed.end(), closed);
    delete static_cast<Field*>(handle);
}

}  // namespace stylesketch
