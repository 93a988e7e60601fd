// The least cut of a grid of pixels between two terminals, by incremental breadth-first search (Goldberg, Hed, Kaplan, Tarjan
// and Werneck, "Maximum flows by incremental breadth-first search", ESA 2011).
//
// Two trees grow, one from what is left of the source's arcs, one from that of the sink's, level by level in turn; every arc
// that joins them completes a path, along which as much flows as it holds. What a full arc cuts off its tree looks for a
// parent as near to the root as before, then for the nearest one.
#include "engine.h"

#include <algorithm>
#include <new>
#include <vector>

namespace stylesketch {
namespace {

constexpr int WAYS = 8;  // to the neighbors, row by row; the way back is WAYS - 1 - way
constexpr int8_t ROOT = WAYS, NONE = WAYS + 1;
constexpr int DX[WAYS] = {-1, 0, 1, -1, 1, -1, 0, 1}, DY[WAYS] = {-1, -1, -1, 0, 0, 1, 1, 1};
constexpr int32_t NOWHERE = INT32_MAX;
enum Side { SOURCE, SINK };

class Grid {
public:
    Grid(int width, int height) : pitch(width + 2), count(pitch * (height + 2)) {
        for (int way = 0; way < WAYS; way++) step[way] = DY[way] * pitch + DX[way];
        left.assign(size_t(count) * WAYS, 0);
        rest.assign(size_t(count), 0);
        level.assign(size_t(count), 0);
        parent.assign(size_t(count), NONE);
    }

    int place(int x, int y) const { return (y + 1) * pitch + x + 1; }
    int32_t& arc(int from, int way) { return left[size_t(from) * WAYS + size_t(way)]; }
    int next(int from, int way) const { return from + step[way]; }

    void saturate() {
        for (int i = 0; i < count; i++) {
            if (!rest[size_t(i)]) continue;
            const Side side = rest[size_t(i)] > 0 ? SOURCE : SINK;
            level[size_t(i)] = side == SOURCE ? 1 : -1;
            parent[size_t(i)] = ROOT;
            edge[side].push_back(i);
        }
        while (!edge[SOURCE].empty() && !edge[SINK].empty())
            if (depth[SOURCE] <= depth[SINK]) grow<SOURCE>();
            else grow<SINK>();
    }

    // What the source still reaches.
    std::vector<uint8_t> reached() {
        std::vector<uint8_t> seen(static_cast<size_t>(count), 0);
        std::vector<int32_t> found;
        for (int i = 0; i < count; i++)
            if (rest[size_t(i)] > 0) seen[size_t(i)] = 1, found.push_back(i);
        for (size_t n = 0; n < found.size(); n++)
            for (int way = 0; way < WAYS; way++) {
                const int to = next(found[n], way);
                if (arc(found[n], way) > 0 && !seen[size_t(to)]) seen[size_t(to)] = 1, found.push_back(to);
            }
        return seen;
    }

    std::vector<int32_t> rest;  // > 0: that the source still has for a pixel; < 0: that the sink still takes

private:
    int pitch, count;           // a margin of one pixel lies around
    int step[WAYS];
    std::vector<int32_t> left;  // [count, WAYS] that each arc still holds
    std::vector<int32_t> level; // from 1, in the sink's tree from -1; 0: in no tree
    std::vector<int8_t> parent; // the way to it, ROOT or NONE
    std::vector<int32_t> edge[2], beyond;  // pixels that were at a tree's last level once, and at the one that is growing
    std::vector<std::vector<int32_t>> orphans[2];  // by level
    int32_t depth[2] = {1, 1}, lowest[2] = {NOWHERE, NOWHERE};
    int64_t waiting[2] = {0, 0};
    Side growing = SOURCE;
    std::vector<int32_t*> along, back;  // arcs of a path

    // The level of a pixel in a tree: ≤ 0 if it is not there.
    template <Side side> int32_t at(int i) const { return side == SOURCE ? level[size_t(i)] : -level[size_t(i)]; }
    // The arc on the tree's path between a pixel and a neighbor nearer to the root.
    template <Side side> int32_t& link(int i, int way) { return side == SOURCE ? arc(next(i, way), WAYS - 1 - way) : arc(i, way); }
    template <Side side> int32_t& backward(int i, int way) { return side == SOURCE ? arc(i, way) : arc(next(i, way), WAYS - 1 - way); }

    template <Side side> void place_at(int i, int32_t where, int way) {
        level[size_t(i)] = side == SOURCE ? where : -where;
        parent[size_t(i)] = int8_t(way);
        if (where == depth[side]) edge[side].push_back(i);
        if (where == depth[side] + 1) beyond.push_back(i);
    }

    template <Side side> void grow() {
        growing = side;
        beyond.clear();
        for (size_t n = 0; n < edge[side].size(); n++) {
            const int i = edge[side][n];
            for (int way = 0; way < WAYS && at<side>(i) == depth[side]; way++) meet<side>(i, way);
        }
        edge[side].swap(beyond);
        depth[side]++;
    }

    // Takes a neighbor into the tree, or lets flow what can to the other tree.
    template <Side side> void meet(int i, int way) {
        const int to = next(i, way);
        while (at<side>(i) == depth[side] && at<side>(to) <= 0 && backward<side>(i, way) > 0) {
            if (!level[size_t(to)]) place_at<side>(to, depth[side] + 1, WAYS - 1 - way);
            else if (side == SOURCE) flow(i, way);
            else flow(to, WAYS - 1 - way);
        }
    }

    template <Side side> int collect(int i) {
        for (int way; (way = parent[size_t(i)]) != ROOT; i = next(i, way)) {
            along.push_back(&link<side>(i, way));
            back.push_back(&backward<side>(i, way));
        }
        return i;
    }

    // Along the path from the source to the sink through an arc from one tree to the other.
    void flow(int from, int way) {
        along.clear(), back.clear();
        const int to = next(from, way);
        const int first = collect<SOURCE>(from);
        const size_t half = along.size();
        const int last = collect<SINK>(to);
        int32_t most = std::min({arc(from, way), rest[size_t(first)], -rest[size_t(last)]});
        for (const int32_t* held : along) most = std::min(most, *held);
        arc(from, way) -= most, arc(to, WAYS - 1 - way) += most;
        for (size_t n = 0; n < along.size(); n++) *along[n] -= most, *back[n] += most;
        rest[size_t(first)] -= most, rest[size_t(last)] += most;
        cut_off<SOURCE>(from, 0);
        cut_off<SINK>(to, half);
        adopt<SOURCE>();
        adopt<SINK>();
    }

    template <Side side> void cut_off(int i, size_t n) {
        for (int way; (way = parent[size_t(i)]) != ROOT; n++) {
            const int up = next(i, way);
            if (!*along[n]) orphan<side>(i);
            i = up;
        }
        if (!rest[size_t(i)]) orphan<side>(i);
    }

    template <Side side> void orphan(int i) {
        const int32_t where = at<side>(i);
        parent[size_t(i)] = NONE;
        if (orphans[side].size() <= size_t(where)) orphans[side].resize(size_t(where) + 64);
        orphans[side][size_t(where)].push_back(i);
        lowest[side] = std::min(lowest[side], where);
        waiting[side]++;
    }

    template <Side side> void adopt() {
        for (; waiting[side]; waiting[side]--) {
            while (orphans[side][size_t(lowest[side])].empty()) lowest[side]++;
            const int i = orphans[side][size_t(lowest[side])].back();
            orphans[side][size_t(lowest[side])].pop_back();
            find_parent<side>(i);
        }
        lowest[side] = NOWHERE;
    }

    template <Side side> void find_parent(int i) {
        const int32_t before = at<side>(i);
        int32_t best = NOWHERE;
        int chosen = NONE;
        for (int way = 0; way < WAYS && best != before - 1; way++) {
            const int32_t there = at<side>(next(i, way));
            if (there > 0 && there < best && link<side>(i, way) > 0) best = there, chosen = way;
        }
        if (best == before - 1) {
            parent[size_t(i)] = int8_t(chosen);
            return;
        }
        for (int way = 0; way < WAYS; way++) {
            const int child = next(i, way);
            if (parent[size_t(child)] == WAYS - 1 - way && at<side>(child) > 0) orphan<side>(child);
        }
        level[size_t(i)] = 0;
        if (best < depth[side] + (growing == side)) place_at<side>(i, best + 1, chosen);
    }
};

// Calls visit(place among links, pixel, way) for every link.
template <class Visit> void each_link(const Grid& grid, int height, int width, const Visit& visit) {
    constexpr int HALF = WAYS / 2;
    for (int way = HALF; way < WAYS; way++)
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
                if (x + DX[way] >= 0 && x + DX[way] < width && y + DY[way] < height)
                    visit((int64_t(way - HALF) * height + y) * width + x, grid.place(x, y), way);
}

}  // namespace

// links: [4, height, width] how much may flow, either way, between a pixel and that to its right, lower left, below it and to
// its lower right. terminals: [height, width] the source's arc to a pixel, or less than 0: its arc to the sink.
// flow: as links; what flows already, and what flows then: from the pixel to the other. source: which pixels stay the source's.
EXPORT int stylesketch_min_cut(const int32_t* terminals, const int32_t* links, int height, int width, int32_t* flow,
                               uint8_t* source) try {
    Grid grid(width, height);
    each_link(grid, height, width, [&](int64_t n, int i, int way) {
        const int to = grid.next(i, way);
        grid.arc(i, way) = links[n] - flow[n];
        grid.arc(to, WAYS - 1 - way) = links[n] + flow[n];
        grid.rest[size_t(i)] -= flow[n];
        grid.rest[size_t(to)] += flow[n];
    });
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) grid.rest[size_t(grid.place(x, y))] += terminals[int64_t(y) * width + x];
    grid.saturate();
    each_link(grid, height, width, [&](int64_t n, int i, int way) { flow[n] = links[n] - grid.arc(i, way); });
    const std::vector<uint8_t> reached = grid.reached();
    for (int y = 0; y < height; y++) std::copy_n(&reached[size_t(grid.place(0, y))], width, source + int64_t(y) * width);
    return OK;
} catch (const std::bad_alloc&) {
    return OUT_OF_MEMORY;
}

}  // namespace stylesketch
