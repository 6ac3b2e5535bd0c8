// Vectors of 16-bit words, and what the filters share: margins of rows, and rows that end at the end of the target.
#pragma once

#include "kernels/lanes.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

typedef std::uint16_t Words __attribute__((vector_size(kWidth)));
typedef std::int16_t SignedWords __attribute__((vector_size(kWidth)));
typedef std::uint8_t HalfBytes __attribute__((vector_size(kWidth / 2)));
constexpr int kWords = kWidth / 2;  // in a vector

FLOWERABLATE_INLINE Words load_words(const std::uint16_t* from) {
    Words value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

FLOWERABLATE_INLINE void store_words(std::uint16_t* to, Words value) { std::memcpy(to, &value, sizeof value); }

// The same word, below 65536, in all places.
FLOWERABLATE_INLINE Words fill_words_with(int value) {
    const auto word = static_cast<std::uint16_t>(value);
    return Words{} + word;
}

// Bytes as words.
FLOWERABLATE_INLINE Words load_words(const std::uint8_t* from) {
    HalfBytes bytes;
    std::memcpy(&bytes, from, sizeof bytes);
    return __builtin_convertvector(bytes, Words);
}

// Words below 256 as bytes.
FLOWERABLATE_INLINE void store_words(std::uint8_t* to, Words value) {
    const HalfBytes bytes = __builtin_convertvector(value, HalfBytes);
    std::memcpy(to, &bytes, sizeof bytes);
}

// The upper 16 bits of each product.
FLOWERABLATE_INLINE Words multiply_high(Words a, Words b) {
#if defined(__AVX512BW__)
    return reinterpret_cast<Words>(_mm512_mulhi_epu16(reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
#elif defined(__AVX2__)
    return reinterpret_cast<Words>(_mm256_mulhi_epu16(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
#elif defined(__SSE2__)
    return reinterpret_cast<Words>(_mm_mulhi_epu16(reinterpret_cast<__m128i>(a), reinterpret_cast<__m128i>(b)));
#else
    Words high;
    for (int i = 0; i < kWords; ++i) high[i] = static_cast<std::uint16_t>(std::uint32_t{a[i]} * b[i] >> 16);
    return high;
#endif
}

// (a + b + 1) / 2
FLOWERABLATE_INLINE Words average(Words a, Words b) {
#if defined(__AVX512BW__)
    return reinterpret_cast<Words>(_mm512_avg_epu16(reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
#elif defined(__AVX2__)
    return reinterpret_cast<Words>(_mm256_avg_epu16(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
#elif defined(__SSE2__)
    return reinterpret_cast<Words>(_mm_avg_epu16(reinterpret_cast<__m128i>(a), reinterpret_cast<__m128i>(b)));
#else
    return (a | b) - ((a ^ b) >> 1);
#endif
}

// Which of n places stands for place i in an image mirrored at the middle of its edge pixels (reflect101).
FLOWERABLATE_INLINE int mirrored(int i, int n) {
    if (n == 1) return 0;
    while (i < 0 || i >= n) i = i < 0 ? -i : 2 * (n - 1) - i;
    return i;
}

// The same where the edge pixels are repeated.
FLOWERABLATE_INLINE int repeated(int i, int n) { return i < 0 ? 0 : i >= n ? n - 1 : i; }

// Columns that the margins of a row are filled from.
struct Margins {
    int before, after;
    int columns[2 * kMaxFilter];
};

template <bool Mirror>
FLOWERABLATE_INLINE Margins margins(int before, int after, int width) {
    Margins found;
    found.before = before;
    found.after = after;
    for (int i = 0; i < before + after; ++i) {
        const int column = i < before ? i - before : width + i - before;
        found.columns[i] = Mirror ? mirrored(column, width) : repeated(column, width);
    }
    return found;
}

// Fills what stands before and after the `width` pixels at `row`.
template <typename T>
FLOWERABLATE_INLINE void fill_margins(const Margins& margins, T* row, int width, int channels) {
    for (int i = 0; i < margins.before + margins.after; ++i) {
        T* to =
            row + static_cast<std::ptrdiff_t>(i < margins.before ? i - margins.before : width + i - margins.before) *
                      channels;
        const T* from = row + static_cast<std::ptrdiff_t>(margins.columns[i]) * channels;
        for (int channel = 0; channel < channels; ++channel) to[channel] = from[channel];
    }
}

// Where a row of the target may be written with overshoot: the row itself, or `spare`, which finish_row() copies from.
template <typename T>
struct TargetRow {
    T* place;
    T* wanted;
};

template <typename T>
FLOWERABLATE_INLINE TargetRow<T> target_row(const FilterJob& job, int y, T* spare) {
    T* const first = reinterpret_cast<T*>(job.target);
    const std::ptrdiff_t count = static_cast<std::ptrdiff_t>(job.width) * job.channels;
    T* const row = first + y * count;
    const std::ptrdiff_t left = (job.height - 1 - y) * count;
    return {left * static_cast<std::ptrdiff_t>(sizeof(T)) < 2 * kWidth ? spare : row, row};
}

template <typename T>
FLOWERABLATE_INLINE void finish_row(const TargetRow<T>& row, std::ptrdiff_t count) {
    if (row.place != row.wanted) std::memcpy(row.wanted, row.place, static_cast<std::size_t>(count) * sizeof(T));
}

template <typename T>
FLOWERABLATE_INLINE const T* source_row(const FilterJob& job, int y) {
    return reinterpret_cast<const T*>(job.source + y * job.source_stride);
}

// Working memory, row by row: each with room for margins of a whole window on both sides and for overshoot.
FLOWERABLATE_INLINE std::ptrdiff_t padded_values(const FilterJob& job) {
    return ((static_cast<std::ptrdiff_t>(job.width) + 2 * kMaxFilter) * job.channels + 63) / 64 * 64 + 128;
}

}  // namespace flowerablate::FLOWERABLATE_ISA
