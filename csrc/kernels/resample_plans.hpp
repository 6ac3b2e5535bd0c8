// What is worked out once for many rows that are resampled alike: where the bytes of neighbouring results lie, so that
// one load and a permutation find all of them.
#pragma once

#include "kernels/kernels.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

namespace {

#if defined(__AVX512VBMI__)

// Sixteen output values (of any channels) are looked up in 128 bytes of the row, or thirty-two in 64 bytes where there
// are two taps. A plan says for each such block where it begins, which bytes of it belong to which tap, and the
// weights.
constexpr __mmask64 kEvenBytes = 0x5555555555555555;  // looked-up bytes that become 16-bit words

// Two taps: left + round((right - left) * weight), the same to the bit as the sum of products (see blend_rows).
struct alignas(64) TwoTapBlock {
    std::uint8_t left[64];     // byte of the left tap of value i at 2 i
    std::int16_t weights[32];  // twice that of the right tap
    std::int32_t start;
};

struct alignas(64) TapPair {
    std::uint8_t bytes[64];    // of value i: the first tap's byte at 4 i, the second's at 4 i + 2
    std::int16_t weights[32];  // the same, at 2 i and 2 i + 1
};

constexpr int kTwoTapValues = 32, kManyTapValues = 16;

FLOWERABLATE_INLINE int blocks_of(int values, int size) { return (values + size - 1) / size; }

// The lowest byte that the values [first, last) of the row look at.
FLOWERABLATE_INLINE std::int32_t min_start(const Taps& taps, int channels, int first, int last, std::int32_t* max_end) {
    std::int32_t low = taps.starts[first / channels], high = low;
    for (int x = first / channels; x <= (last - 1) / channels; ++x) {
        low = min_int(low, taps.starts[x]);
        high = max_int(high, taps.starts[x]);
    }
    *max_end = high + taps.taps * channels;
    return low;
}

bool plan_two_taps(const Taps& taps, int channels, std::uint8_t* work) {
    auto* block = reinterpret_cast<TwoTapBlock*>(work);
    const int values = taps.count * channels;
    if (taps.precision != 14) return false;
    for (int x = 0; x < taps.count; ++x) {
        if (taps.weights[2 * x] + taps.weights[2 * x + 1] != 1 << 14) return false;
    }
    for (int first = 0; first < values; first += kTwoTapValues, ++block) {
        const int last = min_int(values, first + kTwoTapValues);
        std::int32_t end;
        block->start = min_start(taps, channels, first, last, &end);
        if (end - block->start > 64) return false;
        int pixel = first / channels, channel = first % channels;
        for (int i = 0; i < kTwoTapValues; ++i) {
            const bool used = first + i < last;
            const int weight = used ? taps.weights[2 * pixel + 1] : 0;
            const bool whole = weight == 1 << 14;  // would not fit: the right tap stands for both
            const int at = used ? taps.starts[pixel] - block->start + channel : 0;
            block->left[2 * i] = static_cast<std::uint8_t>(at + (whole ? channels : 0));
            block->left[2 * i + 1] = 0;
            block->weights[i] = static_cast<std::int16_t>(whole ? 0 : 2 * weight);
            if (++channel == channels) {
                channel = 0;
                ++pixel;
            }
        }
    }
    return true;
}

bool plan_many_taps(const Taps& taps, int channels, std::uint8_t* work) {
    const int values = taps.count * channels, pairs = taps.taps / 2;
    const int blocks = blocks_of(values, kManyTapValues);
    auto* starts = reinterpret_cast<std::int32_t*>(work);
    auto* pair =
        reinterpret_cast<TapPair*>(work + (blocks * static_cast<std::ptrdiff_t>(sizeof(std::int32_t)) + 63) / 64 * 64);
    for (int block = 0; block < blocks; ++block, pair += pairs) {
        const int first = block * kManyTapValues, last = min_int(values, first + kManyTapValues);
        std::int32_t end;
        starts[block] = min_start(taps, channels, first, last, &end);
        if (end - starts[block] > 128) return false;
        int pixel = first / channels, channel = first % channels;
        for (int i = 0; i < kManyTapValues; ++i) {
            const bool used = first + i < last;
            const int at = used ? taps.starts[pixel] - starts[block] + channel : 0;
            for (int p = 0; p < pairs; ++p) {
                std::uint8_t* bytes = pair[p].bytes + 4 * i;
                bytes[0] = static_cast<std::uint8_t>(at + 2 * p * channels);
                bytes[2] = static_cast<std::uint8_t>(at + (2 * p + 1) * channels);
                bytes[1] = bytes[3] = 0;
                std::int32_t weights = 0;
                if (used) std::memcpy(&weights, taps.weights + pixel * taps.taps + 2 * p, sizeof weights);
                std::memcpy(pair[p].weights + 2 * i, &weights, sizeof weights);
            }
            if (++channel == channels) {
                channel = 0;
                ++pixel;
            }
        }
    }
    return true;
}

FLOWERABLATE_INLINE __m256i two_tap_values(const std::uint8_t* row, const TwoTapBlock& block, __m512i left,
                                           __m512i right) {
    const __m512i bytes = _mm512_loadu_si512(row + block.start);
    const __m512i a = _mm512_maskz_permutexvar_epi8(kEvenBytes, left, bytes);
    const __m512i b = _mm512_maskz_permutexvar_epi8(kEvenBytes, right, bytes);
    const __m512i moved = _mm512_mulhrs_epi16(_mm512_sub_epi16(b, a), _mm512_load_si512(block.weights));
    return _mm512_cvtepi16_epi8(_mm512_add_epi16(a, moved));
}

void rows_of_two_taps(const std::uint8_t* const* rows, std::uint8_t* const* targets, const Taps& taps, int channels) {
    const int values = taps.count * channels;
    const auto* block = reinterpret_cast<const TwoTapBlock*>(taps.plan);
    const std::uint8_t* const upper = rows[0];
    const std::uint8_t* const lower = rows[1];
    std::uint8_t* const first = targets[0];
    std::uint8_t* const second = targets[1];
    const __m512i step = _mm512_set1_epi8(static_cast<char>(channels));
    for (int i = 0; i < values; i += kTwoTapValues, ++block) {
        const __m512i left = _mm512_load_si512(block->left), right = _mm512_add_epi8(left, step);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(first + i), two_tap_values(upper, *block, left, right));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(second + i), two_tap_values(lower, *block, left, right));
    }
}

template <int FixedPairs>
void rows_of_many_taps(const std::uint8_t* const* rows, std::uint8_t* const* targets, const Taps& taps, int channels) {
    const int values = taps.count * channels, pairs = FixedPairs ? FixedPairs : taps.taps / 2;
    const int blocks = blocks_of(values, kManyTapValues);
    const auto* starts = reinterpret_cast<const std::int32_t*>(taps.plan);
    const auto* pair = reinterpret_cast<const TapPair*>(
        taps.plan + (blocks * static_cast<std::ptrdiff_t>(sizeof(std::int32_t)) + 63) / 64 * 64);
    const __m512i half = _mm512_set1_epi32(1 << (taps.precision - 1));
    const __m128i precision = _mm_cvtsi32_si128(taps.precision);
    const std::uint8_t* const upper = rows[0];
    const std::uint8_t* const lower = rows[1];
    std::uint8_t* const first = targets[0];
    std::uint8_t* const second = targets[1];
    for (int block = 0; block < blocks; ++block, pair += pairs) {
        const __m512i a = _mm512_loadu_si512(upper + starts[block]), b = _mm512_loadu_si512(lower + starts[block]);
        const __m512i c = _mm512_loadu_si512(upper + starts[block] + 64);
        const __m512i d = _mm512_loadu_si512(lower + starts[block] + 64);
        __m512i above = half, below = half;
        for (int p = 0; p < pairs; ++p) {
            const __m512i at = _mm512_load_si512(pair[p].bytes), weights = _mm512_load_si512(pair[p].weights);
            const __m512i x = _mm512_maskz_permutex2var_epi8(kEvenBytes, a, at, c);
            const __m512i y = _mm512_maskz_permutex2var_epi8(kEvenBytes, b, at, d);
            above = _mm512_add_epi32(above, _mm512_madd_epi16(x, weights));
            below = _mm512_add_epi32(below, _mm512_madd_epi16(y, weights));
        }
        const std::ptrdiff_t to = static_cast<std::ptrdiff_t>(block) * kManyTapValues;
        _mm_storeu_si128(reinterpret_cast<__m128i*>(first + to),
                         _mm512_cvtepi32_epi8(_mm512_sra_epi32(above, precision)));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(second + to),
                         _mm512_cvtepi32_epi8(_mm512_sra_epi32(below, precision)));
    }
}

void rows_planned(const std::uint8_t* const* rows, std::uint8_t* const* targets, const Taps& taps, int channels) {
    if (taps.taps == 2) return rows_of_two_taps(rows, targets, taps, channels);
    if (taps.taps == 4) return rows_of_many_taps<2>(rows, targets, taps, channels);
    rows_of_many_taps<0>(rows, targets, taps, channels);
}

#elif defined(__AVX2__)

// Four output pixels of three channels and two taps whose inputs lie within 16 bytes: where to find the twelve pairs of
// bytes, and their weights. One load per row serves all four.
struct alignas(16) Window {
    std::uint8_t shuffle[3][16];
    std::int16_t weights[3][8];
    std::int32_t start;
};

bool plan_window(const Taps& taps, int first, Window& window) {
    const std::int32_t* starts = taps.starts + first;
    std::int32_t low = starts[0], high = starts[0];
    for (int i = 1; i < 4; ++i) {
        low = min_int(low, starts[i]);
        high = max_int(high, starts[i]);
    }
    if (high + 6 - low > 16) return false;
    window.start = low;
    for (int pair = 0; pair < 12; ++pair) {
        const int pixel = pair / 3, at = starts[pixel] - low + pair % 3;
        std::uint8_t* shuffle = window.shuffle[pair / 4] + pair % 4 * 4;
        shuffle[0] = static_cast<std::uint8_t>(at);
        shuffle[2] = static_cast<std::uint8_t>(at + 3);
        shuffle[1] = shuffle[3] = 0x80;  // zero
        std::memcpy(window.weights[pair / 4] + pair % 4 * 2, taps.weights + 2 * (first + pixel), 4);
    }
    return true;
}

FLOWERABLATE_INLINE __m256i both_halves(const void* from) {
    return _mm256_broadcastsi128_si256(_mm_load_si128(static_cast<const __m128i*>(from)));
}

int rows_windows(const std::uint8_t* const* rows, std::uint8_t* const* targets, const Taps& taps) {
    const std::uint8_t* const first_row =
        rows[0];  // copies, because the bytes that are written might alias the originals
    const std::uint8_t* const second_row = rows[1];
    std::uint8_t* const first = targets[0];
    std::uint8_t* const second = targets[1];
    const int count = taps.count;
    const auto* window = reinterpret_cast<const Window*>(taps.plan);
    const __m256i half = _mm256_set1_epi32(1 << (taps.precision - 1));
    const __m128i precision = _mm_cvtsi32_si128(taps.precision);
    int x = 0;
    for (; x + 4 <= count; x += 4, ++window) {
        const __m128i a = _mm_loadu_si128(reinterpret_cast<const __m128i*>(first_row + window->start));
        const __m128i b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(second_row + window->start));
        const __m256i pixels = _mm256_inserti128_si256(_mm256_castsi128_si256(a), b, 1);
        __m256i sums[3];
        for (int i = 0; i < 3; ++i) {
            const __m256i pairs = _mm256_shuffle_epi8(pixels, both_halves(window->shuffle[i]));
            sums[i] = _mm256_add_epi32(_mm256_madd_epi16(pairs, both_halves(window->weights[i])), half);
            sums[i] = _mm256_sra_epi32(sums[i], precision);
        }
        const __m256i low = _mm256_packs_epi32(sums[0], sums[1]), high = _mm256_packs_epi32(sums[2], sums[2]);
        const __m256i bytes = _mm256_packus_epi16(low, high);
        const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(x) * 3;
        _mm_storeu_si128(reinterpret_cast<__m128i*>(first + at), _mm256_castsi256_si128(bytes));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(second + at), _mm256_extracti128_si256(bytes, 1));
    }
    return x;
}

#endif

}  // namespace

}  // namespace flowerablate::FLOWERABLATE_ISA
