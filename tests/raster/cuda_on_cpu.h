// As much of a CUDA machine as backend/raster/cuda/kernels.cu needs, for tests on machines without one.
//
// Every thread of a block is a fiber with a stack of its own; one runs until it comes to a barrier or to an operation of its
// warp, which goes on when all lanes have come to the same one. Blocks run one after another. The order in which fibers and blocks
// get their turn can be changed: what depends on it is a race. Lanes that wait for what never comes end the launch with an error.
#pragma once

#include <math.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>

#include <functional>
#include <memory>
#include <vector>

namespace machine {

struct Triple {
    unsigned x, y, z;
};

enum Wait { READY, BARRIER, BALLOT, SHUFFLE, WARP, DONE };
constexpr int LANES = 32;
constexpr size_t STACK = 1 << 16;

struct Fiber {
    ucontext_t context;
    jmp_buf place;
    bool begun = false;
    Wait wait = READY;
    uint64_t given = 0, got = 0;  // by this lane, for it
    int from = 0;                 // the lane that a shuffle asks
    std::unique_ptr<char[]> stack{new char[STACK]};
};

inline Triple thread_index, block_index, block_size, grid_size;
inline std::vector<Fiber> fibers;
inline Fiber* running = nullptr;
inline jmp_buf scheduler;
inline std::function<void()> work;
inline bool backwards = false;  // whether threads and blocks take their turns from the last to the first
inline const char* trouble = "";

inline void begin() {
    work();
    running->wait = DONE;
    _longjmp(scheduler, 1);
}

inline void turn(int index) {
    Fiber& fiber = fibers[size_t(index)];
    running = &fiber;
    thread_index = {unsigned(index), 0, 0};
    if (_setjmp(scheduler)) return;
    if (fiber.begun) _longjmp(fiber.place, 1);
    fiber.begun = true;
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = fiber.stack.get();
    fiber.context.uc_stack.ss_size = STACK;
    fiber.context.uc_link = nullptr;
    makecontext(&fiber.context, begin, 0);
    setcontext(&fiber.context);
}

inline uint64_t pause(Wait wait, uint64_t given, int from = 0) {
    Fiber* self = running;
    self->wait = wait;
    self->given = given;
    self->from = from;
    if (!_setjmp(self->place)) _longjmp(scheduler, 1);
    return self->got;
}

// Lets a warp go on whose lanes have all come to the same operation.
inline bool settle_warp(int first) {
    const Wait wait = fibers[size_t(first)].wait;
    if (wait != BALLOT && wait != SHUFFLE && wait != WARP) return false;
    uint64_t votes = 0;
    for (int i = 0; i < LANES; i++) {
        const Fiber& fiber = fibers[size_t(first + i)];
        if (fiber.wait != wait) return false;
        votes |= uint64_t(fiber.given != 0) << i;
    }
    for (int i = 0; i < LANES; i++) {
        Fiber& fiber = fibers[size_t(first + i)];
        if (wait == SHUFFLE && (fiber.from < 0 || fiber.from >= LANES)) return false;
        fiber.got = wait == SHUFFLE ? fibers[size_t(first + fiber.from)].given : votes;
    }
    for (int i = 0; i < LANES; i++) fibers[size_t(first + i)].wait = READY;
    return true;
}

inline bool settle_block(int threads) {
    int waiting = 0, done = 0;
    uint64_t votes = 0;
    for (int i = 0; i < threads; i++) {
        waiting += fibers[size_t(i)].wait == BARRIER;
        done += fibers[size_t(i)].wait == DONE;
        votes += fibers[size_t(i)].wait == BARRIER && fibers[size_t(i)].given;
    }
    if (!waiting || waiting + done != threads) return false;
    for (int i = 0; i < threads; i++)
        if (fibers[size_t(i)].wait == BARRIER) fibers[size_t(i)].wait = READY, fibers[size_t(i)].got = votes;
    return true;
}

inline void run_warp(int first) {
    do {
        for (int i = 0; i < LANES; i++) {
            const int index = first + (backwards ? LANES - 1 - i : i);
            if (fibers[size_t(index)].wait == READY) turn(index);
        }
    } while (settle_warp(first));
}

inline bool run_block(int threads) {
    while (int(fibers.size()) < threads) fibers.emplace_back();
    for (auto& fiber : fibers) fiber.begun = false, fiber.wait = READY;
    do {
        for (int w = 0; w < threads / LANES; w++) run_warp((backwards ? threads / LANES - 1 - w : w) * LANES);
    } while (settle_block(threads));
    for (int i = 0; i < threads; i++)
        if (fibers[size_t(i)].wait != DONE) return false;
    return true;
}

inline bool run_grid(Triple grid, Triple block, const std::function<void()>& kernel) {
    if (block.x % LANES || block.y != 1 || block.z != 1) return trouble = "blocks are rows of whole warps here", false;
    grid_size = grid;
    block_size = block;
    work = kernel;
    const unsigned blocks = grid.x * grid.y * grid.z;
    for (unsigned i = 0; i < blocks; i++) {
        const unsigned at = backwards ? blocks - 1 - i : i;
        block_index = {at % grid.x, at / grid.x % grid.y, at / grid.x / grid.y};
        if (!run_block(int(block.x))) return trouble = "lanes wait for what never comes", false;
    }
    return true;
}

}  // namespace machine

#define __global__
#define __device__
#define __forceinline__ inline
#define __noinline__
#define __shared__ static
#define __launch_bounds__(...)
#define threadIdx machine::thread_index
#define blockIdx machine::block_index
#define gridDim machine::grid_size

inline void __syncthreads() { machine::pause(machine::BARRIER, 0); }
inline int __syncthreads_count(bool vote) { return int(machine::pause(machine::BARRIER, vote)); }
inline void __syncwarp() { machine::pause(machine::WARP, 0); }
inline unsigned __ballot_sync(unsigned, bool vote) { return unsigned(machine::pause(machine::BALLOT, vote)); }

template <class T>
T __shfl_sync(unsigned, T value, int lane) {
    static_assert(sizeof(T) == 4, "as the kernels use it");
    uint32_t given;
    memcpy(&given, &value, 4);
    given = uint32_t(machine::pause(machine::SHUFFLE, given, lane));
    memcpy(&value, &given, 4);
    return value;
}

template <class T>
T __shfl_xor_sync(unsigned mask, T value, int change) {
    return __shfl_sync(mask, value, int(threadIdx.x % machine::LANES) ^ change);
}

inline int __ffs(int bits) { return __builtin_ffs(bits); }
inline int __clz(int bits) { return bits ? __builtin_clz(unsigned(bits)) : 32; }
inline int __popc(unsigned bits) { return __builtin_popcount(bits); }

inline int atomicAdd(int* place, int more) {
    const int before = *place;
    *place += more;
    return before;
}

inline int atomicMax(int* place, int other) {
    const int before = *place;
    *place = before > other ? before : other;
    return before;
}
