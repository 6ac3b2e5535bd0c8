// The few x86 operations on whole vectors that GCC's vector extensions lack or compile badly. Unpacking and packing
// work within 128-bit lanes, and undo each other.
#pragma once

#include "kernels/lanes.hpp"
#include "kernels/pointwise.hpp"

#if defined(__x86_64__)

namespace flowerablate::FLOWERABLATE_ISA {

#if defined(__AVX512BW__)
typedef __m512i Wide;
FLOWERABLATE_INLINE Wide wide_load(const std::uint8_t* from) { return _mm512_loadu_si512(from); }
FLOWERABLATE_INLINE void wide_store(std::uint8_t* to, Wide value) { _mm512_storeu_si512(to, value); }
FLOWERABLATE_INLINE Wide wide_zero() { return _mm512_setzero_si512(); }
FLOWERABLATE_INLINE Wide wide_fill(std::int32_t value) { return _mm512_set1_epi32(value); }
FLOWERABLATE_INLINE Wide low_bytes(Wide a, Wide b) { return _mm512_unpacklo_epi8(a, b); }
FLOWERABLATE_INLINE Wide high_bytes(Wide a, Wide b) { return _mm512_unpackhi_epi8(a, b); }
FLOWERABLATE_INLINE Wide add_pairs(Wide sum, Wide a, Wide b) { return _mm512_add_epi32(sum, _mm512_madd_epi16(a, b)); }
FLOWERABLATE_INLINE Wide low_words(Wide a, Wide b) { return _mm512_unpacklo_epi16(a, b); }
FLOWERABLATE_INLINE Wide high_words(Wide a, Wide b) { return _mm512_unpackhi_epi16(a, b); }
FLOWERABLATE_INLINE Wide scale_words(Wide a, Wide b) { return _mm512_mulhrs_epi16(a, b); }
FLOWERABLATE_INLINE Wide fill_words(std::int16_t value) { return _mm512_set1_epi16(value); }
FLOWERABLATE_INLINE Wide pack_words(Wide a, Wide b) { return _mm512_packs_epi32(a, b); }
FLOWERABLATE_INLINE Wide pack_bytes(Wide a, Wide b) { return _mm512_packus_epi16(a, b); }
#elif defined(__AVX2__)
typedef __m256i Wide;
FLOWERABLATE_INLINE Wide wide_load(const std::uint8_t* from) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}
FLOWERABLATE_INLINE void wide_store(std::uint8_t* to, Wide value) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), value);
}
FLOWERABLATE_INLINE Wide wide_zero() { return _mm256_setzero_si256(); }
FLOWERABLATE_INLINE Wide wide_fill(std::int32_t value) { return _mm256_set1_epi32(value); }
FLOWERABLATE_INLINE Wide low_bytes(Wide a, Wide b) { return _mm256_unpacklo_epi8(a, b); }
FLOWERABLATE_INLINE Wide high_bytes(Wide a, Wide b) { return _mm256_unpackhi_epi8(a, b); }
FLOWERABLATE_INLINE Wide add_pairs(Wide sum, Wide a, Wide b) { return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b)); }
FLOWERABLATE_INLINE Wide low_words(Wide a, Wide b) { return _mm256_unpacklo_epi16(a, b); }
FLOWERABLATE_INLINE Wide high_words(Wide a, Wide b) { return _mm256_unpackhi_epi16(a, b); }
FLOWERABLATE_INLINE Wide scale_words(Wide a, Wide b) { return _mm256_mulhrs_epi16(a, b); }
FLOWERABLATE_INLINE Wide fill_words(std::int16_t value) { return _mm256_set1_epi16(value); }
FLOWERABLATE_INLINE Wide pack_words(Wide a, Wide b) { return _mm256_packs_epi32(a, b); }
FLOWERABLATE_INLINE Wide pack_bytes(Wide a, Wide b) { return _mm256_packus_epi16(a, b); }
#else
typedef __m128i Wide;
FLOWERABLATE_INLINE Wide wide_load(const std::uint8_t* from) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}
FLOWERABLATE_INLINE void wide_store(std::uint8_t* to, Wide value) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), value);
}
FLOWERABLATE_INLINE Wide wide_zero() { return _mm_setzero_si128(); }
FLOWERABLATE_INLINE Wide wide_fill(std::int32_t value) { return _mm_set1_epi32(value); }
FLOWERABLATE_INLINE Wide low_bytes(Wide a, Wide b) { return _mm_unpacklo_epi8(a, b); }
FLOWERABLATE_INLINE Wide high_bytes(Wide a, Wide b) { return _mm_unpackhi_epi8(a, b); }
FLOWERABLATE_INLINE Wide add_pairs(Wide sum, Wide a, Wide b) { return _mm_add_epi32(sum, _mm_madd_epi16(a, b)); }
FLOWERABLATE_INLINE Wide low_words(Wide a, Wide b) { return _mm_unpacklo_epi16(a, b); }
FLOWERABLATE_INLINE Wide high_words(Wide a, Wide b) { return _mm_unpackhi_epi16(a, b); }
FLOWERABLATE_INLINE Wide pack_words(Wide a, Wide b) { return _mm_packs_epi32(a, b); }
FLOWERABLATE_INLINE Wide pack_bytes(Wide a, Wide b) { return _mm_packus_epi16(a, b); }
#endif

typedef std::int16_t Shorts __attribute__((vector_size(kWidth)));

#if defined(__AVX2__)
// a + round((b - a) * weight) for 16-bit values, weights in 1/32768.
FLOWERABLATE_INLINE Wide blend_words(Wide a, Wide b, Wide weight) {
    const Wide moved = reinterpret_cast<Wide>(reinterpret_cast<Shorts>(b) - reinterpret_cast<Shorts>(a));
    return reinterpret_cast<Wide>(reinterpret_cast<Shorts>(a) + reinterpret_cast<Shorts>(scale_words(moved, weight)));
}
#endif

FLOWERABLATE_INLINE Wide shift_right(Wide a, int by) { return reinterpret_cast<Wide>(reinterpret_cast<Ints>(a) >> by); }

}  // namespace flowerablate::FLOWERABLATE_ISA

#endif
