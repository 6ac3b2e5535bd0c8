// Lanes of 128 bits: what the sampling of warps does with the four pixels of each, for vectors of either width.
#pragma once

#include "kernels/wide.hpp"

#if defined(__AVX2__)

namespace flowerablate::FLOWERABLATE_ISA {

constexpr int kBlock = kWidth / 4;  // pixels at a time, four for each lane

typedef std::int64_t Longs __attribute__((vector_size(kWidth)));
typedef std::uint32_t UnsignedInts __attribute__((vector_size(kWidth)));
typedef std::uint16_t PairWords __attribute__((vector_size(kWidth / 2)));  // one word for each pixel

// Byte offsets of pixels in memory: volatile, because single loads are faster than taking a vector apart.
typedef const volatile std::int32_t* Offsets;

FLOWERABLATE_INLINE __m128i load_lane(const std::uint8_t* from) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}

// Eight pixels of one byte and their right neighbours.
FLOWERABLATE_INLINE __m128i eight_pairs(const std::uint8_t* base, Offsets offsets) {
    const auto pair = [&](int i) __attribute__((always_inline)) {
        std::uint16_t value;
        std::memcpy(&value, base + offsets[i], sizeof value);
        return static_cast<int>(value);
    };
    __m128i pairs = _mm_cvtsi32_si128(pair(0));
    pairs = _mm_insert_epi16(pairs, pair(1), 1);
    pairs = _mm_insert_epi16(pairs, pair(2), 2);
    pairs = _mm_insert_epi16(pairs, pair(3), 3);
    pairs = _mm_insert_epi16(pairs, pair(4), 4);
    pairs = _mm_insert_epi16(pairs, pair(5), 5);
    pairs = _mm_insert_epi16(pairs, pair(6), 6);
    return _mm_insert_epi16(pairs, pair(7), 7);
}

FLOWERABLATE_INLINE Wide wide_load_ints(const std::int32_t* from) {
    return wide_load(reinterpret_cast<const std::uint8_t*>(from));
}

// Words times 1/2, and (words + 64) / 128, rounded down.
FLOWERABLATE_INLINE Wide half_words(Wide a) {
    typedef std::uint16_t UnsignedShorts __attribute__((vector_size(kWidth)));
    return reinterpret_cast<Wide>(reinterpret_cast<UnsignedShorts>(a) >> 1);
}
FLOWERABLATE_INLINE Wide rounded_words(Wide a) {
    return reinterpret_cast<Wide>((reinterpret_cast<Shorts>(a) + 64) >> 7);
}

#if defined(__AVX512BW__)

// Numbers of the first two pixels of each lane, and of the other two.
constexpr Longs kOuter{0, 1, 4, 5, 8, 9, 12, 13}, kInner{2, 3, 6, 7, 10, 11, 14, 15};

FLOWERABLATE_INLINE Wide each_lane(__m128i lane) { return _mm512_broadcast_i32x4(lane); }
FLOWERABLATE_INLINE Wide shuffle_lanes(Wide a, Wide places) { return _mm512_shuffle_epi8(a, places); }
FLOWERABLATE_INLINE Wide low_halves(Wide a, Wide b) { return _mm512_unpacklo_epi64(a, b); }
FLOWERABLATE_INLINE Wide high_halves(Wide a, Wide b) { return _mm512_unpackhi_epi64(a, b); }

// 16 bytes for each lane, from every fourth offset.
FLOWERABLATE_INLINE Wide load_lanes(const std::uint8_t* base, Offsets offsets) {
    const __m256i low =
        _mm256_inserti128_si256(_mm256_castsi128_si256(load_lane(base + offsets[0])), load_lane(base + offsets[4]), 1);
    const __m256i high =
        _mm256_inserti128_si256(_mm256_castsi128_si256(load_lane(base + offsets[8])), load_lane(base + offsets[12]), 1);
    return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

// Products of numbers that are not negative and fit 32 bits.
FLOWERABLATE_INLINE Longs multiples(Longs numbers, std::int64_t step) {
    return reinterpret_cast<Longs>(_mm512_mullo_epi64(reinterpret_cast<__m512i>(numbers), _mm512_set1_epi64(step)));
}

// The upper (or lower) halves of 64-bit numbers: of each lane of a, then of each lane of b.
FLOWERABLATE_INLINE Wide upper_ints(Longs a, Longs b) {
    return _mm512_castps_si512(_mm512_shuffle_ps(reinterpret_cast<__m512>(a), reinterpret_cast<__m512>(b), 0xDD));
}
FLOWERABLATE_INLINE Wide lower_ints(Longs a, Longs b) {
    return _mm512_castps_si512(_mm512_shuffle_ps(reinterpret_cast<__m512>(a), reinterpret_cast<__m512>(b), 0x88));
}

// Writes pixels that have four bytes each; with three channels the fourth is left out.
template <int Channels>
FLOWERABLATE_INLINE void store_pixels(std::uint8_t* target, Wide bytes) {
    if constexpr (Channels == 3) {
        const __m128i compact = _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
        bytes = _mm512_permutexvar_epi32(_mm512_setr_epi32(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 3, 7, 11, 15),
                                         _mm512_shuffle_epi8(bytes, each_lane(compact)));
    }
    wide_store(target, bytes);
}

FLOWERABLATE_INLINE PairWords load_pairs(const std::uint8_t* base, Offsets offsets) {
    return reinterpret_cast<PairWords>(
        _mm256_inserti128_si256(_mm256_castsi128_si256(eight_pairs(base, offsets)), eight_pairs(base, offsets + 8), 1));
}
FLOWERABLATE_INLINE PairWords narrow(Wide fractions) {
    return reinterpret_cast<PairWords>(_mm512_cvtepi32_epi16(fractions));
}
FLOWERABLATE_INLINE PairWords blend_pairs(PairWords a, PairWords b, PairWords part) {
    return a + reinterpret_cast<PairWords>(
                   _mm256_mulhrs_epi16(reinterpret_cast<__m256i>(b - a), reinterpret_cast<__m256i>(part)));
}
FLOWERABLATE_INLINE void store_pairs(std::uint8_t* target, PairWords words) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(target), _mm256_cvtepi16_epi8(reinterpret_cast<__m256i>(words)));
}

#else

constexpr Longs kOuter{0, 1, 4, 5}, kInner{2, 3, 6, 7};

FLOWERABLATE_INLINE Wide each_lane(__m128i lane) { return _mm256_broadcastsi128_si256(lane); }
FLOWERABLATE_INLINE Wide shuffle_lanes(Wide a, Wide places) { return _mm256_shuffle_epi8(a, places); }
FLOWERABLATE_INLINE Wide low_halves(Wide a, Wide b) { return _mm256_unpacklo_epi64(a, b); }
FLOWERABLATE_INLINE Wide high_halves(Wide a, Wide b) { return _mm256_unpackhi_epi64(a, b); }

FLOWERABLATE_INLINE Wide load_lanes(const std::uint8_t* base, Offsets offsets) {
    return _mm256_inserti128_si256(_mm256_castsi128_si256(load_lane(base + offsets[0])), load_lane(base + offsets[4]),
                                   1);
}

FLOWERABLATE_INLINE Longs multiples(Longs numbers, std::int64_t step) {
    const __m256i each = reinterpret_cast<__m256i>(numbers), steps = _mm256_set1_epi64x(step);
    const __m256i upper = _mm256_mul_epu32(each, _mm256_srli_epi64(steps, 32));
    return reinterpret_cast<Longs>(_mm256_add_epi64(_mm256_mul_epu32(each, steps), _mm256_slli_epi64(upper, 32)));
}

FLOWERABLATE_INLINE Wide upper_ints(Longs a, Longs b) {
    return _mm256_castps_si256(_mm256_shuffle_ps(reinterpret_cast<__m256>(a), reinterpret_cast<__m256>(b), 0xDD));
}
FLOWERABLATE_INLINE Wide lower_ints(Longs a, Longs b) {
    return _mm256_castps_si256(_mm256_shuffle_ps(reinterpret_cast<__m256>(a), reinterpret_cast<__m256>(b), 0x88));
}

template <int Channels>
FLOWERABLATE_INLINE void store_pixels(std::uint8_t* target, Wide bytes) {
    if constexpr (Channels == 3) {
        const __m128i compact = _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
        bytes = _mm256_shuffle_epi8(bytes, each_lane(compact));
    }
    _mm_storeu_si128(reinterpret_cast<__m128i*>(target), _mm256_castsi256_si128(bytes));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(target + 4 * Channels), _mm256_extracti128_si256(bytes, 1));
}

FLOWERABLATE_INLINE PairWords load_pairs(const std::uint8_t* base, Offsets offsets) {
    return reinterpret_cast<PairWords>(eight_pairs(base, offsets));
}
FLOWERABLATE_INLINE PairWords narrow(Wide fractions) {
    return reinterpret_cast<PairWords>(
        _mm_packs_epi32(_mm256_castsi256_si128(fractions), _mm256_extracti128_si256(fractions, 1)));
}
FLOWERABLATE_INLINE PairWords blend_pairs(PairWords a, PairWords b, PairWords part) {
    return a + reinterpret_cast<PairWords>(
                   _mm_mulhrs_epi16(reinterpret_cast<__m128i>(b - a), reinterpret_cast<__m128i>(part)));
}
FLOWERABLATE_INLINE void store_pairs(std::uint8_t* target, PairWords words) {
    const __m128i all = reinterpret_cast<__m128i>(words);
    _mm_storel_epi64(reinterpret_cast<__m128i*>(target), _mm_packus_epi16(all, all));
}

#endif

}  // namespace flowerablate::FLOWERABLATE_ISA

#endif
