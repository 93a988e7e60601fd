// Vectors of LANES floats and the few operations that the compilers' own vector arithmetic lacks.
//
// This header and kernel.cpp are compiled once per instruction set into one library. Nothing here may have external
// linkage, and no standard template may be used: the linker would keep one copy, perhaps with too new instructions.
#pragma once

#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__)
#include <immintrin.h>
#define LANES 16
#elif defined(__AVX2__)
#include <immintrin.h>
#define LANES 8
#elif defined(__SSE4_1__)
#include <smmintrin.h>
#define LANES 4
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#define LANES 4
#else
#error "no vector instructions that this engine knows"
#endif

namespace {

typedef float Floats __attribute__((vector_size(4 * LANES)));
typedef int32_t Ints __attribute__((vector_size(4 * LANES)));

#define INLINE static inline __attribute__((always_inline))

INLINE Floats load(const float* from) {
    Floats v;
    memcpy(&v, from, sizeof v);
    return v;
}

INLINE Ints load(const int32_t* from) {
    Ints v;
    memcpy(&v, from, sizeof v);
    return v;
}

INLINE void store(float* to, Floats v) { memcpy(to, &v, sizeof v); }
INLINE void store(int32_t* to, Ints v) { memcpy(to, &v, sizeof v); }
INLINE Floats all(float x) { return x - Floats{}; }
INLINE Ints all(int32_t x) { return x - Ints{}; }
INLINE Floats floats(Ints v) { return __builtin_convertvector(v, Floats); }
INLINE Ints truncated(Floats v) { return __builtin_convertvector(v, Ints); }

#if LANES == 16
const Ints COUNTING = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
#elif LANES == 8
const Ints COUNTING = {0, 1, 2, 3, 4, 5, 6, 7};
#else
const Ints COUNTING = {0, 1, 2, 3};
#endif

#if defined(__AVX512F__)

typedef __mmask16 Mask;
INLINE Floats smaller(Floats a, Floats b) { return (Floats)_mm512_min_ps((__m512)a, (__m512)b); }
INLINE Floats larger(Floats a, Floats b) { return (Floats)_mm512_max_ps((__m512)a, (__m512)b); }
INLINE Ints smaller(Ints a, Ints b) { return (Ints)_mm512_min_epi32((__m512i)a, (__m512i)b); }
INLINE Ints larger(Ints a, Ints b) { return (Ints)_mm512_max_epi32((__m512i)a, (__m512i)b); }
INLINE Floats root(Floats a) { return (Floats)_mm512_sqrt_ps((__m512)a); }
INLINE Floats magnitude(Floats a) { return (Floats)_mm512_abs_ps((__m512)a); }
INLINE Mask less(Floats a, Floats b) { return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_LT_OQ); }
INLINE Mask less(Ints a, Ints b) { return _mm512_cmplt_epi32_mask((__m512i)a, (__m512i)b); }
INLINE Mask both(Mask a, Mask b) { return a & b; }
INLINE Mask without(Mask a, Mask b) { return a & ~b; }
INLINE Floats select(Mask m, Floats a, Floats b) { return (Floats)_mm512_mask_blend_ps(m, (__m512)b, (__m512)a); }
INLINE unsigned bits(Mask m) { return m; }
INLINE Floats gather(const float* from, Ints at) { return (Floats)_mm512_i32gather_ps((__m512i)at, from, 4); }
INLINE Floats gather(const float* from, Ints at, Mask m) {
    return (Floats)_mm512_mask_i32gather_ps(_mm512_setzero_ps(), m, (__m512i)at, from, 4);
}
#define QUICK_INVERSE (Floats)_mm512_rcp14_ps((__m512)a)

#elif defined(__AVX2__)

typedef __m256 Mask;
INLINE Floats smaller(Floats a, Floats b) { return (Floats)_mm256_min_ps((__m256)a, (__m256)b); }
INLINE Floats larger(Floats a, Floats b) { return (Floats)_mm256_max_ps((__m256)a, (__m256)b); }
INLINE Ints smaller(Ints a, Ints b) { return (Ints)_mm256_min_epi32((__m256i)a, (__m256i)b); }
INLINE Ints larger(Ints a, Ints b) { return (Ints)_mm256_max_epi32((__m256i)a, (__m256i)b); }
INLINE Floats root(Floats a) { return (Floats)_mm256_sqrt_ps((__m256)a); }
INLINE Floats magnitude(Floats a) { return (Floats)_mm256_andnot_ps(_mm256_set1_ps(-0.0f), (__m256)a); }
INLINE Mask less(Floats a, Floats b) { return _mm256_cmp_ps((__m256)a, (__m256)b, _CMP_LT_OQ); }
INLINE Mask less(Ints a, Ints b) { return _mm256_castsi256_ps(_mm256_cmpgt_epi32((__m256i)b, (__m256i)a)); }
INLINE Mask both(Mask a, Mask b) { return _mm256_and_ps(a, b); }
INLINE Mask without(Mask a, Mask b) { return _mm256_andnot_ps(b, a); }
INLINE Floats select(Mask m, Floats a, Floats b) { return (Floats)_mm256_blendv_ps((__m256)b, (__m256)a, m); }
INLINE unsigned bits(Mask m) { return (unsigned)_mm256_movemask_ps(m); }
INLINE Floats gather(const float* from, Ints at) { return (Floats)_mm256_i32gather_ps(from, (__m256i)at, 4); }

#elif defined(__SSE4_1__)

typedef __m128 Mask;
INLINE Floats smaller(Floats a, Floats b) { return (Floats)_mm_min_ps((__m128)a, (__m128)b); }
INLINE Floats larger(Floats a, Floats b) { return (Floats)_mm_max_ps((__m128)a, (__m128)b); }
INLINE Ints smaller(Ints a, Ints b) { return (Ints)_mm_min_epi32((__m128i)a, (__m128i)b); }
INLINE Ints larger(Ints a, Ints b) { return (Ints)_mm_max_epi32((__m128i)a, (__m128i)b); }
INLINE Floats root(Floats a) { return (Floats)_mm_sqrt_ps((__m128)a); }
INLINE Floats magnitude(Floats a) { return (Floats)_mm_andnot_ps(_mm_set1_ps(-0.0f), (__m128)a); }
INLINE Mask less(Floats a, Floats b) { return _mm_cmplt_ps((__m128)a, (__m128)b); }
INLINE Mask less(Ints a, Ints b) { return _mm_castsi128_ps(_mm_cmplt_epi32((__m128i)a, (__m128i)b)); }
INLINE Mask both(Mask a, Mask b) { return _mm_and_ps(a, b); }
INLINE Mask without(Mask a, Mask b) { return _mm_andnot_ps(b, a); }
INLINE Floats select(Mask m, Floats a, Floats b) { return (Floats)_mm_blendv_ps((__m128)b, (__m128)a, m); }
INLINE unsigned bits(Mask m) { return (unsigned)_mm_movemask_ps(m); }
INLINE Floats gather(const float* from, Ints at) { return Floats{from[at[0]], from[at[1]], from[at[2]], from[at[3]]}; }

#else

typedef uint32x4_t Mask;
INLINE Floats smaller(Floats a, Floats b) { return (Floats)vminq_f32((float32x4_t)a, (float32x4_t)b); }
INLINE Floats larger(Floats a, Floats b) { return (Floats)vmaxq_f32((float32x4_t)a, (float32x4_t)b); }
INLINE Ints smaller(Ints a, Ints b) { return (Ints)vminq_s32((int32x4_t)a, (int32x4_t)b); }
INLINE Ints larger(Ints a, Ints b) { return (Ints)vmaxq_s32((int32x4_t)a, (int32x4_t)b); }
INLINE Floats root(Floats a) { return (Floats)vsqrtq_f32((float32x4_t)a); }
INLINE Floats magnitude(Floats a) { return (Floats)vabsq_f32((float32x4_t)a); }
INLINE Mask less(Floats a, Floats b) { return vcltq_f32((float32x4_t)a, (float32x4_t)b); }
INLINE Mask less(Ints a, Ints b) { return vcltq_s32((int32x4_t)a, (int32x4_t)b); }
INLINE Mask both(Mask a, Mask b) { return vandq_u32(a, b); }
INLINE Mask without(Mask a, Mask b) { return vbicq_u32(a, b); }
INLINE Floats select(Mask m, Floats a, Floats b) { return (Floats)vbslq_f32(m, (float32x4_t)a, (float32x4_t)b); }
INLINE Floats gather(const float* from, Ints at) { return Floats{from[at[0]], from[at[1]], from[at[2]], from[at[3]]}; }
INLINE unsigned bits(Mask m) {
    const uint32x4_t place = {1, 2, 4, 8};
    return vaddvq_u32(vandq_u32(m, place));
}

#endif

#if !defined(__AVX512F__)
INLINE Floats gather(const float* from, Ints at, Mask m) { return select(m, gather(from, at), all(0.0f)); }
#endif

// 1 / a for a that is neither 0 nor tiny nor huge, as far as possible but for the last bit.
INLINE Floats inverse(Floats a) {
#ifdef QUICK_INVERSE
    const Floats near = QUICK_INVERSE;
    return near + near * (1 - a * near);
#else
    return 1 / a;
#endif
}

INLINE Floats clamped(Floats v, Floats low, Floats high) { return smaller(larger(v, low), high); }

// The sum of all lanes, always in the same order.
INLINE float total(Floats v) {
#if defined(__AVX512F__)
    return _mm512_reduce_add_ps((__m512)v);
#else
    float lane[LANES];
    store(lane, v);
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++) lane[i] += lane[i + half];
    return lane[0];
#endif
}

// Writes the first `count` lanes to places that all differ.
INLINE void scatter(float* to, Ints at, Floats v, int count) {
#if defined(__AVX512F__)
    _mm512_mask_i32scatter_ps(to, (__mmask16)(count < LANES ? (1u << count) - 1 : 0xffff), (__m512i)at, (__m512)v, 4);
#else
    if (count < LANES) {
        for (int i = 0; i < count; i++) to[at[i]] = v[i];
    } else {
        for (int i = 0; i < LANES; i++) to[at[i]] = v[i];
    }
#endif
}

#if !defined(__AVX512F__)

// For every choice of lanes how many they are, and where each one's bytes come from if they move together.
struct Packing {
    static constexpr int UNIT = LANES == 8 ? 1 : 4;  // entries of a lane
    uint8_t count[1 << LANES], from[1 << LANES][LANES * UNIT];

    constexpr Packing() : count(), from() {
        for (int chosen = 0; chosen < 1 << LANES; chosen++)
            for (int lane = 0; lane < LANES; lane++) {
                if (!(chosen >> lane & 1)) continue;
                const int to = count[chosen]++;
                for (int i = 0; i < UNIT; i++) from[chosen][to * UNIT + i] = (uint8_t)(lane * UNIT + i);
            }
    }
};

constexpr Packing PACKING;

#if defined(__AVX2__)
INLINE Ints packed(unsigned chosen, Ints v) {
    const __m256i from = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i*)PACKING.from[chosen]));
    return (Ints)_mm256_permutevar8x32_epi32((__m256i)v, from);
}
#elif defined(__SSE4_1__)
INLINE Ints packed(unsigned chosen, Ints v) {
    return (Ints)_mm_shuffle_epi8((__m128i)v, _mm_loadu_si128((const __m128i*)PACKING.from[chosen]));
}
#else
INLINE Ints packed(unsigned chosen, Ints v) { return (Ints)vqtbl1q_u8((uint8x16_t)v, vld1q_u8(PACKING.from[chosen])); }
#endif

#endif

// Appends the lanes chosen by `m` to two rows; both need room for LANES more.
INLINE int append(Mask m, int32_t* places, Ints place, float* values, Floats value) {
#if defined(__AVX512F__)
    store(places, (Ints)_mm512_maskz_compress_epi32(m, (__m512i)place));
    store(values, (Floats)_mm512_maskz_compress_ps(m, (__m512)value));
    return __builtin_popcount(m);
#else
    const unsigned chosen = bits(m);
    store(places, packed(chosen, place));
    store(values, (Floats)packed(chosen, (Ints)value));
    return PACKING.count[chosen];
#endif
}

}  // namespace
