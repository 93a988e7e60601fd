// Buffers, threads, the choice of the instruction set, and the C interface of the native engine.
#include "engine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <cpuid.h>
#include <xmmintrin.h>
#endif

#ifdef _WIN32
#include <process.h>
#define getpid _getpid
#else
#include <unistd.h>
#endif

#ifndef SOURCE_DIGEST
#define SOURCE_DIGEST ""
#endif

namespace stylesketch {

// -------------------------------------------------------------------------------------------------------- buffers

constexpr std::align_val_t ALIGNMENT{64};

static float* fresh(int64_t room) {
    return static_cast<float*>(::operator new(static_cast<size_t>(room) * sizeof(float), ALIGNMENT, std::nothrow));
}

static void release(Row& row) { ::operator delete(row.data, ALIGNMENT); }

bool reserve(Row& row, int64_t more) {
    if (row.size + more <= row.room) return true;
    const int64_t room = std::max<int64_t>(row.size + more, 2 * row.room);
    float* data = fresh(room);
    if (!data) return false;
    if (row.size) memcpy(data, row.data, static_cast<size_t>(row.size) * sizeof(float));
    release(row);
    row.data = data;
    row.room = room;
    return true;
}

bool reserve(Trace& trace) {
    if (trace.count < trace.room) return true;
    const int64_t room = std::max<int64_t>(64, 2 * trace.room);
    void* groups = realloc(trace.groups, static_cast<size_t>(room) * sizeof(Group));
    if (!groups) return false;
    trace.groups = static_cast<Group*>(groups);
    trace.room = room;
    return true;
}

namespace {

struct Workspace : Scratch {
    Workspace() : Scratch{} {}
    ~Workspace() {
        for (Row* row : {&places, &values, &others, &hits, &nearest, &owner, &running, &fragments}) release(*row);
    }
};

struct BandTrace : Trace {
    BandTrace() : Trace{} {}
    BandTrace(BandTrace&& other) noexcept : Trace(other) { static_cast<Trace&>(other) = Trace{}; }
    BandTrace& operator=(BandTrace&&) = delete;
    ~BandTrace() {
        free(groups);
        release(fragments);
        release(records);
    }
};

// As long as it lives, numbers of this thread that are almost 0 count as 0: under many opaque strokes the gradient fades to
// such numbers, with which processors compute a hundred times slower.
class FlushTiny {
   public:
    FlushTiny() : before_(control()) { set_control(before_ | FLUSH); }
    ~FlushTiny() { set_control(before_); }
    FlushTiny(const FlushTiny&) = delete;

   private:
#if defined(__x86_64__)
    static constexpr uint64_t FLUSH = 0x8040;  // of results and of operands
    static uint64_t control() { return _mm_getcsr(); }
    static void set_control(uint64_t word) { _mm_setcsr(unsigned(word)); }
#else
    static constexpr uint64_t FLUSH = 1u << 24;
    static uint64_t control() {
        uint64_t word;
        __asm__ volatile("mrs %0, fpcr" : "=r"(word));
        return word;
    }
    static void set_control(uint64_t word) { __asm__ volatile("msr fpcr, %0" : : "r"(word)); }
#endif
    const uint64_t before_;
};

// ----------------------------------------------------------------------------------------------------------- pool

// Threads that help whoever calls; the caller takes part and never waits for one that has not begun.
class Pool {
   public:
    static Pool& shared() {
        static std::atomic<Pool*> pool{nullptr};
        Pool* now = pool.load();
        if (now && now->process_ == getpid()) return *now;
        // The first call, or the first after a fork, which threads do not survive: the old pool is left as it is.
        Pool* made = new Pool;
        if (pool.compare_exchange_strong(now, made)) return *made;
        delete made;
        return *pool.load();
    }

    // Calls work(0) … work(count − 1), each once, from at most `threads` threads.
    void run(int count, int threads, const std::function<void(int)>& work) {
        std::unique_lock<std::mutex> only(busy_, std::try_to_lock);
        if (threads < 2 || count < 2 || !only.owns_lock()) {
            const FlushTiny flush;
            for (int i = 0; i < count; i++) work(i);
            return;
        }
        next_ = 0;
        {
            std::lock_guard<std::mutex> lock(state_);
            work_ = &work;
            count_ = count;
            helpers_ = std::min(threads, count) - 1;
            turn_++;
            while (static_cast<int>(workers_.size()) < helpers_) start_worker(static_cast<int>(workers_.size()));
        }
        wake_.notify_all();
        take_part(work, count);
        std::unique_lock<std::mutex> lock(state_);
        work_ = nullptr;
        done_.wait(lock, [this] { return inside_ == 0; });
    }

   private:
    void start_worker(int number) {
        workers_.emplace_back([this, number] { serve(number); });
        workers_.back().detach();
    }

    void take_part(const std::function<void(int)>& work, int count) {
        const FlushTiny flush;
        for (int i = next_++; i < count; i = next_++) work(i);
    }

    void serve(int number) {
        uint64_t seen = 0;
        std::unique_lock<std::mutex> lock(state_);
        for (;;) {
            wake_.wait(lock, [&] { return work_ && turn_ != seen && number < helpers_; });
            seen = turn_;
            const auto& work = *work_;
            const int count = count_;
            inside_++;
            lock.unlock();
            take_part(work, count);
            lock.lock();
            if (--inside_ == 0) done_.notify_one();
        }
    }

    const int process_ = static_cast<int>(getpid());
    std::mutex busy_, state_;
    std::condition_variable wake_, done_;
    std::vector<std::thread> workers_;
    std::atomic<int> next_{0};
    const std::function<void(int)>* work_ = nullptr;
    int count_ = 0, helpers_ = 0, inside_ = 0;
    uint64_t turn_ = 0;
};

Workspace& workspace() {
    static thread_local Workspace own;
    return own;
}

// ---------------------------------------------------------------------------------------------- instruction sets

#if defined(__x86_64__)

// The compilers' own question, __builtin_cpu_supports, needs a run-time library that not all of them bring.
struct Processor {
    bool sse4 = false, avx2 = false, avx512 = false;

    Processor() {
        unsigned a, b, c, d;
        if (!__get_cpuid(1, &a, &b, &c, &d)) return;
        sse4 = c >> 19 & 1;
        const bool fma = c >> 12 & 1, saves = c >> 27 & 1;
        if (!saves || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return;
        unsigned low, high;
        __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
        const unsigned wanted = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31;  // f, dq, bw, vl
        avx2 = fma && (b >> 5 & 1) && (low & 0x06) == 0x06;
        avx512 = avx2 && (b & wanted) == wanted && (low & 0xe6) == 0xe6;
    }
};

std::vector<const Kernel*> usable_kernels() {
    const Processor here;
    std::vector<const Kernel*> found;
    if (here.avx512) found.push_back(&kernel_avx512);
    if (here.avx2) found.push_back(&kernel_avx2);
    if (here.sse4) found.push_back(&kernel_sse4);
    return found;
}

#else

std::vector<const Kernel*> usable_kernels() { return {&kernel_neon}; }

#endif

std::atomic<const Kernel*> chosen{nullptr};

const Kernel* kernel() {
    const Kernel* now = chosen.load();
    if (now) return now;
    const auto found = usable_kernels();
    const Kernel* best = found.empty() ? nullptr : found.front();
    chosen.store(best);
    return best;
}

// ---------------------------------------------------------------------------------------------------------- scene

constexpr float SQRT_HALF = 0.70710678f;
constexpr float FARTHEST = 1e6f;  // px; a stroke with a point beyond, or none at all (NaN), is not drawn
constexpr int MOST_PIECES = 256;
constexpr float ROUNDING = 0.03f;  // px

struct Plan {
    Scene scene{};
    int32_t longest = 0;
    std::vector<Stroke> strokes;
    std::vector<Segment> segments;
    std::vector<float> radii;
    std::vector<uint8_t> thin;  // [N, K] 1 where the width is negative and so has no gradient
    Row pieces{}, bounds{};
    std::vector<BandTrace> traces;
    std::vector<double> errors;  // of each band, where it is compared with a target

    Plan() = default;
    Plan(const Plan&) = delete;
    ~Plan() {
        release(pieces);
        release(bounds);
    }

    int bands() const { return (scene.height + BAND - 1) / BAND; }
};

bool drawable(const Drawing& d, int i, int count) {
    const float* points = d.points + int64_t(i) * (3 * d.longest + 1) * 2;
    for (int64_t j = 0; j < (3 * int64_t(count) + 1) * 2; j++)
        if (!(fabsf(points[j]) <= FARTHEST)) return false;
    for (int k = 0; k < d.knots; k++)
        if (!(fabsf(d.widths[int64_t(i) * d.knots + k]) <= FARTHEST)) return false;
    return isfinite(d.opacities[i]);
}

void set_curve(const float* p, Segment& s) {
    for (int axis = 0; axis < 2; axis++) {
        const float a = p[axis], b = p[2 + axis], c = p[4 + axis], d = p[6 + axis];
        s.curve[0][axis] = a;
        s.curve[1][axis] = 3 * (b - a);
        s.curve[2][axis] = 3 * ((c - b) - (b - a));
        s.curve[3][axis] = (d - a) - 3 * (c - b);
        s.low[axis] = std::min(std::min(a, b), std::min(c, d));
        s.high[axis] = std::max(std::max(a, b), std::max(c, d));
    }
}

void set_knots(const float* radii, int knots, int number, int count, Segment& s) {
    s.part_rate = float(knots - 1) / float(count);
    s.part_first = float(number) * s.part_rate;
    s.first_knot = std::min(int(int64_t(number) * (knots - 1) / count), knots - 1);
    s.last_knot = std::min(int((int64_t(number + 1) * (knots - 1) + count - 1) / count), knots - 1);
    s.most = 0;
    for (int k = s.first_knot; k <= s.last_knot; k++) s.most = std::max(s.most, radii[k]);
}

void set_pieces(const float* p, int knots, int count, Segment& s) {
    const float x1 = p[0] - 2 * p[2] + p[4], y1 = p[1] - 2 * p[3] + p[5];
    const float x2 = p[2] - 2 * p[4] + p[6], y2 = p[3] - 2 * p[5] + p[7];
    const float away = 0.75f * sqrtf(std::max(x1 * x1 + y1 * y1, x2 * x2 + y2 * y2));  // px, of a single piece
    const int pieces = std::max(1, std::min(MOST_PIECES, int(ceilf(sqrtf(away / TOLERANCE)))));
    const int intervals = s.last_knot - s.first_knot;
    const bool even = knots > 1 && (knots - 1) % count == 0;
    s.pieces = even ? (pieces + intervals - 1) / intervals * intervals : std::max(pieces, intervals);
    s.slack = std::min(TOLERANCE, away / float(s.pieces * s.pieces)) + ROUNDING;
}

// Radii along a segment whose knots do not fall on the ends of its pieces.
float unevenness(const float* radii, int knots, int count, const Segment& s) {
    float step = 0;
    if (knots > 1 && (knots - 1) % count)
        for (int k = s.first_knot; k < s.last_knot; k++) step = std::max(step, fabsf(radii[k + 1] - radii[k]));
    return step;
}

void plan_stroke(const Drawing& d, int i, int lanes, Plan& plan, float& low, float& high) {
    Scene& scene = plan.scene;
    Stroke& stroke = plan.strokes[size_t(i)];
    const int count = int(std::max<int64_t>(1, std::min<int64_t>(d.segments[i], d.longest)));
    const float* points = d.points + int64_t(i) * (3 * d.longest + 1) * 2;
    memcpy(stroke.color, d.colors + 3 * int64_t(i), sizeof stroke.color);
    stroke.opacity = d.opacities[i];
    stroke.first_segment = int32_t(plan.segments.size());
    stroke.radii = plan.radii.data() + int64_t(i) * d.knots;
    stroke.segments = drawable(d, i, count) ? count : 0;
    for (int j = 0; j < stroke.segments; j++) {
        Segment s{};
        set_curve(points + 6 * int64_t(j), s);
        set_knots(stroke.radii, d.knots, j, count, s);
        s.uneven = unevenness(stroke.radii, d.knots, count, s);
        for (int axis = 0; axis < 2; axis++) {
            s.low[axis] -= s.most + scene.reach + 0.5f;
            s.high[axis] += s.most + scene.reach + 0.5f;
        }
        const bool seen = s.low[0] < float(scene.width) && s.high[0] > 0 && s.low[1] < float(scene.height) && s.high[1] > 0;
        if (seen) set_pieces(points + 6 * int64_t(j), d.knots, count, s);
        s.place = plan.pieces.size;
        plan.pieces.size += int64_t(s.pieces + lanes - 1) / lanes * lanes * FIELDS;
        if (seen) low = std::min(low, s.low[1]), high = std::max(high, s.high[1]);
        plan.segments.push_back(s);
    }
    scene.longest = std::max(scene.longest, stroke.segments);
}

bool make_plan(const Drawing& d, const Scene& common, int lanes, Plan& plan) {
    plan.scene = common;
    plan.scene.count = d.strokes;
    plan.scene.knots = d.knots;
    plan.longest = d.longest;
    plan.strokes.resize(size_t(d.strokes));
    plan.segments.clear();
    const size_t widths = size_t(d.strokes) * size_t(d.knots);
    plan.radii.resize(widths);
    plan.thin.resize(widths);
    for (size_t i = 0; i < widths; i++) {
        plan.thin[i] = d.widths[i] < 0;
        plan.radii[i] = std::max(d.widths[i], 0.0f) / 2;
    }
    plan.pieces.size = 0;
    const int64_t rows = (int64_t(d.strokes) + lanes - 1) / lanes * lanes;
    plan.bounds.size = 0;
    if (!reserve(plan.bounds, 2 * rows)) return false;
    float *low = plan.bounds.data, *high = low + rows;
    std::fill_n(low, rows, FARTHEST);
    std::fill_n(high, rows, -FARTHEST);
    plan.scene.low = low, plan.scene.high = high;
    for (int i = 0; i < d.strokes; i++) plan_stroke(d, i, lanes, plan, low[i], high[i]);
    const int64_t room = plan.pieces.size;
    plan.pieces.size = 0;
    if (!reserve(plan.pieces, room)) return false;
    plan.scene.strokes = plan.strokes.data();
    plan.scene.segments = plan.segments.data();
    plan.scene.pieces = plan.pieces.data;
    while (int(plan.traces.size()) < plan.bands()) plan.traces.emplace_back();
    plan.errors.resize(plan.traces.size());
    for (auto& trace : plan.traces) trace.count = trace.fragments.size = trace.records.size = 0;
    return true;
}

// ------------------------------------------------------------------------------------------------------ gradients

void add_record(const Plan& plan, const Group& group, const float* record, const Gradients& out) {
    const Scene& scene = plan.scene;
    const Segment& s = scene.segments[group.segment];
    const int64_t stroke = group.stroke, order = group.segment - scene.strokes[stroke].first_segment;
    float* points = out.points + (stroke * (3 * plan.longest + 1) + 3 * order) * 2;
    for (int k = 0; k < RECORD_COLOR; k++) points[k] += record[k];
    for (int c = 0; c < 3; c++) out.colors[3 * stroke + c] += record[RECORD_COLOR + c];
    out.opacities[stroke] += record[RECORD_OPACITY];
    for (int k = s.first_knot; k <= s.last_knot; k++) {
        const int64_t knot = stroke * scene.knots + k;
        if (!plan.thin[size_t(knot)]) out.widths[knot] += 0.5f * record[RECORD_KNOTS + k - s.first_knot];
    }
}

void sum_records(const Plan& plan, const Gradients& out) {
    const int64_t strokes = plan.scene.count;
    std::fill_n(out.points, strokes * (3 * plan.longest + 1) * 2, 0.0f);
    std::fill_n(out.widths, strokes * plan.scene.knots, 0.0f);
    std::fill_n(out.colors, strokes * 3, 0.0f);
    std::fill_n(out.opacities, strokes, 0.0f);
    for (int band = 0; band < plan.bands(); band++) {
        const Trace& trace = plan.traces[size_t(band)];
        for (int64_t i = 0; i < trace.count; i++)
            add_record(plan, trace.groups[i], trace.records.data + trace.groups[i].record, out);
    }
}

struct Tape {
    std::vector<std::unique_ptr<Plan>> plans;
    int count = 0;  // of the plans that belong to the last forward pass
    const Kernel* kernel = nullptr;
};

Scene scene_of(int height, int width, const float* paper, float softness, int channels) {
    Scene scene{};
    scene.height = height, scene.width = width, scene.channels = channels;
    scene.tent = softness > 0;
    scene.reach = SQRT_HALF + (scene.tent ? softness : 0);
    memcpy(scene.paper, paper, sizeof scene.paper);
    return scene;
}

// Makes the tape ready for these drawings; false: out of memory.
bool make_plans(Tape& tape, const Drawing* drawings, int count, const Scene& common) {
    tape.count = 0;
    try {
        while (int(tape.plans.size()) < count) tape.plans.push_back(std::make_unique<Plan>());
        for (int i = 0; i < count; i++) {
            Plan& plan = *tape.plans[size_t(i)];
            if (!make_plan(drawings[i], common, tape.kernel->lanes, plan)) return false;
            tape.kernel->prepare(plan.scene, 0, plan.scene.count);
        }
    } catch (const std::bad_alloc&) {
        return false;
    }
    tape.count = count;
    return true;
}

// One band of a fit: draws it, compares it, and derives. Nothing of it leaves the processor's cache but the records.
bool fit_band(const Kernel& kernel, Plan& plan, int band, const float* target, float scale, bool derive, double& error) {
    const Scene& scene = plan.scene;
    Workspace& own = workspace();
    const int64_t plane = int64_t(scene.height) * scene.width, first = int64_t(band) * BAND * scene.width;
    const int64_t pixels = std::min(int64_t(BAND) * scene.width, plane - first), pitch = int64_t(BAND) * scene.width;
    own.running.size = own.fragments.size = 0;
    if (!reserve(own.running, scene.channels * pitch)) return false;
    Trace& trace = plan.traces[size_t(band)];
    std::swap(trace.fragments, own.fragments);
    bool done = kernel.forward(scene, band, own.running.data, pitch, derive ? &trace : nullptr, own);
    error = 0;
    for (int c = 0; done && c < scene.channels; c++)
        error += kernel.squared_error(own.running.data + c * pitch, target + c * plane + first, pixels, scale);
    done = done && (!derive || kernel.backward(scene, band, nullptr, trace, own));
    std::swap(trace.fragments, own.fragments);
    return done;
}

// Waking a thread costs more than a small picture.
int worthwhile(const Tape& tape, int threads) {
    int64_t work = 0;
    for (int i = 0; i < tape.count; i++) {
        const Plan& plan = *tape.plans[size_t(i)];
        work += int64_t(plan.scene.height) * plan.scene.width * plan.scene.channels + 40 * plan.pieces.room;
    }
    return work < 1 << 16 ? 1 : threads;
}

}  // namespace
}  // namespace stylesketch

// ---------------------------------------------------------------------------------------------------- C interface

using namespace stylesketch;

EXPORT int stylesketch_version() { return 5; }

// The hash of the sources, as the build gave it.
EXPORT const char* stylesketch_source() { return SOURCE_DIGEST; }

EXPORT void* stylesketch_open() { return new (std::nothrow) Tape; }

EXPORT void stylesketch_close(void* tape) { delete static_cast<Tape*>(tape); }

// The instruction set in use, or nothing where this machine has none that the engine knows.
EXPORT const char* stylesketch_instructions() { return kernel() ? kernel()->name : ""; }

// Whether that instruction set exists here; from then on it is the one in use.
EXPORT int stylesketch_choose(const char* name) {
    for (const Kernel* found : usable_kernels()) {
        if (strcmp(found->name, name)) continue;
        chosen.store(found);
        return 1;
    }
    return 0;
}

// images: [count, channels, height, width]. The tape keeps what the backward pass needs if `keep` is set.
EXPORT int stylesketch_forward(void* handle, const Drawing* drawings, int count, int height, int width, const float* paper,
                               float softness, int channels, int keep, int threads, float* images) {
    Tape& tape = *static_cast<Tape*>(handle);
    tape.kernel = kernel();
    if (!tape.kernel) return NO_INSTRUCTIONS;
    if (!make_plans(tape, drawings, count, scene_of(height, width, paper, softness, channels))) return OUT_OF_MEMORY;
    std::atomic<bool> failed{false};
    const int bands = (height + BAND - 1) / BAND;
    const int64_t plane = int64_t(height) * width, image = channels * plane;
    Pool::shared().run(count * bands, worthwhile(tape, threads), [&](int job) {
        Plan& plan = *tape.plans[size_t(job / bands)];
        const int band = job % bands;
        Trace* trace = keep ? &plan.traces[size_t(band)] : nullptr;
        float* first = images + (job / bands) * image + int64_t(band) * BAND * width;
        if (!tape.kernel->forward(plan.scene, band, first, plane, trace, workspace())) failed = true;
    });
    if (!keep || failed) tape.count = 0;
    return failed ? OUT_OF_MEMORY : OK;
}

// gradient: [count, channels, height, width] of the last forward pass of this tape; out: one per drawing, overwritten.
EXPORT int stylesketch_backward(void* handle, const float* gradient, const Gradients* out, int threads) {
    Tape& tape = *static_cast<Tape*>(handle);
    if (!tape.count) return NOT_KEPT;
    const Scene& first = tape.plans[0]->scene;
    const int bands = tape.plans[0]->bands();
    const int64_t image = int64_t(first.channels) * first.height * first.width;
    std::atomic<bool> failed{false};
    Pool::shared().run(tape.count * bands, worthwhile(tape, threads), [&](int job) {
        Plan& plan = *tape.plans[size_t(job / bands)];
        const float* part = gradient + (job / bands) * image;
        if (!tape.kernel->backward(plan.scene, job % bands, part, plan.traces[size_t(job % bands)], workspace())) failed = true;
    });
    if (failed) return OUT_OF_MEMORY;
    for (int i = 0; i < tape.count; i++) sum_records(*tape.plans[size_t(i)], out[i]);
    return OK;
}

// One drawing against its target [channels, height, width]: total becomes the sum of the squared differences, out (which may
// be null) the gradients of their mean.
EXPORT int stylesketch_fit(void* handle, const Drawing* drawing, int height, int width, const float* paper, float softness,
                           int channels, int threads, const float* target, const Gradients* out, double* total) {
    Tape& tape = *static_cast<Tape*>(handle);
    tape.kernel = kernel();
    if (!tape.kernel) return NO_INSTRUCTIONS;
    if (!make_plans(tape, drawing, 1, scene_of(height, width, paper, softness, channels))) return OUT_OF_MEMORY;
    Plan& plan = *tape.plans[0];
    const float scale = 1 / (float(channels) * float(height) * float(width));
    std::atomic<bool> failed{false};
    Pool::shared().run(plan.bands(), worthwhile(tape, threads), [&](int band) {
        double& error = plan.errors[size_t(band)];
        if (!fit_band(*tape.kernel, plan, band, target, scale, out != nullptr, error)) failed = true;
    });
    tape.count = 0;  // the fragments are gone
    if (failed) return OUT_OF_MEMORY;
    *total = 0;
    for (int band = 0; band < plan.bands(); band++) *total += plan.errors[size_t(band)];
    if (out) sum_records(plan, *out);
    return OK;
}

// Whether every row of colors [count, 3] is a gray.
EXPORT int stylesketch_gray(const float* colors, int64_t count) {
    for (int64_t i = 0; i < count; i++)
        if (colors[3 * i] != colors[3 * i + 1] || colors[3 * i] != colors[3 * i + 2]) return 0;
    return 1;
}
