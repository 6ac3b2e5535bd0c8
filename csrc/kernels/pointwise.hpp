// Arithmetic on values, shared by the kernels that use it so that they agree to the bit: `T` is float or a vector of
// floats.
#pragma once

#include "kernels/lanes.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

typedef std::int32_t Ints __attribute__((vector_size(kWidth)));
typedef float Floats __attribute__((vector_size(kWidth)));
typedef std::uint8_t Quarter __attribute__((vector_size(kWidth / 4)));     // as many bytes as a vector has floats
typedef std::uint16_t HalfWords __attribute__((vector_size(kWidth / 2)));  // as many words
constexpr int kFloats = kWidth / 4;                                        // in a vector

// Adding and subtracting 1.5 * 2^23 rounds a small number to a whole one, halves to even.
constexpr float kRounder = 12582912.0f;

// round(alpha * x + beta) saturated to 0..255.
template <typename T>
FLOWERABLATE_INLINE T adjusted(T x, float alpha, float beta) {
    const T low = T{}, high = low + 255.0f;
    const T product = x * alpha;
    const T moved = product + beta;
    const T raised = moved > low ? moved : low;
    const T clamped = raised < high ? raised : high;
    return (clamped + kRounder) - kRounder;
}

// As many bytes, or 16-bit words, as a vector has floats. GCC converts vectors of bytes one by one, hence the
// intrinsics, and warns of the forms without a mask under sanitizers.
#if defined(__AVX512BW__)
FLOWERABLATE_INLINE Ints load_ints(const std::uint8_t* from) {
    return reinterpret_cast<Ints>(
        _mm512_maskz_cvtepu8_epi32(0xFFFF, _mm_loadu_si128(reinterpret_cast<const __m128i*>(from))));
}
FLOWERABLATE_INLINE Ints load_ints(const std::uint16_t* from) {
    return reinterpret_cast<Ints>(
        _mm512_maskz_cvtepu16_epi32(0xFFFF, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from))));
}
#elif defined(__AVX2__)
FLOWERABLATE_INLINE Ints load_ints(const std::uint8_t* from) {
    return reinterpret_cast<Ints>(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from))));
}
FLOWERABLATE_INLINE Ints load_ints(const std::uint16_t* from) {
    return reinterpret_cast<Ints>(_mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))));
}
#elif defined(__x86_64__)
FLOWERABLATE_INLINE Ints load_ints(const std::uint8_t* from) {
    std::int32_t bytes;
    std::memcpy(&bytes, from, sizeof bytes);
    const __m128i zero = _mm_setzero_si128();
    return reinterpret_cast<Ints>(_mm_unpacklo_epi16(_mm_unpacklo_epi8(_mm_cvtsi32_si128(bytes), zero), zero));
}
FLOWERABLATE_INLINE Ints load_ints(const std::uint16_t* from) {
    return reinterpret_cast<Ints>(
        _mm_unpacklo_epi16(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)), _mm_setzero_si128()));
}
#else
template <typename T>
FLOWERABLATE_INLINE Ints load_ints(const T* from) {
    typedef T Part __attribute__((vector_size(kFloats * sizeof(T))));
    Part part;
    std::memcpy(&part, from, sizeof part);
    return __builtin_convertvector(part, Ints);
}
#endif

template <typename T>
FLOWERABLATE_INLINE Floats load_floats(const T* from) {
    return __builtin_convertvector(load_ints(from), Floats);
}

FLOWERABLATE_INLINE Floats load_vector(const float* from) {
    Floats value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

FLOWERABLATE_INLINE void store_vector(float* to, Floats value) { std::memcpy(to, &value, sizeof value); }

// Whole numbers in 0..255 to bytes.
FLOWERABLATE_INLINE void store_bytes(std::uint8_t* to, Floats values) {
    const Ints whole = __builtin_convertvector(values, Ints);
#if defined(__AVX512F__)
    // The form with a mask, because GCC 12 takes the other one for uninitialized.
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to),
                     _mm512_maskz_cvtepi32_epi8(0xFFFF, reinterpret_cast<__m512i>(whole)));
#elif defined(__AVX2__)
    const __m256i wide = reinterpret_cast<__m256i>(whole);
    const __m128i words = _mm_packus_epi32(_mm256_castsi256_si128(wide), _mm256_extracti128_si256(wide, 1));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to), _mm_packus_epi16(words, words));
#elif defined(__x86_64__)
    const __m128i words = _mm_packs_epi32(reinterpret_cast<__m128i>(whole), _mm_setzero_si128());
    const int bytes = _mm_cvtsi128_si32(_mm_packus_epi16(words, words));
    std::memcpy(to, &bytes, sizeof bytes);
#else
    const Quarter bytes = __builtin_convertvector(whole, Quarter);
    std::memcpy(to, &bytes, sizeof bytes);
#endif
}

// Square roots, correctly rounded.
FLOWERABLATE_INLINE Floats roots(Floats values) {
#if defined(__AVX512F__)
    return reinterpret_cast<Floats>(_mm512_sqrt_ps(reinterpret_cast<__m512>(values)));
#elif defined(__AVX2__)
    return reinterpret_cast<Floats>(_mm256_sqrt_ps(reinterpret_cast<__m256>(values)));
#elif defined(__x86_64__)
    return reinterpret_cast<Floats>(_mm_sqrt_ps(reinterpret_cast<__m128>(values)));
#else
    for (int i = 0; i < kFloats; ++i) values[i] = __builtin_sqrtf(values[i]);
    return values;
#endif
}

}  // namespace flowerablate::FLOWERABLATE_ISA
