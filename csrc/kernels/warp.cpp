// Bilinear sampling along a line through the source, and mirrored rows.
//
// Weights have 11 bits. Horizontal interpolation keeps 15 bits (value * 128), the vertical one rounds to 8.
#include "kernels/kernels.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

namespace {

template <int Channels>
void span_scalar(const WarpSpan& span, int begin) {
    std::int64_t x = span.x + begin * span.dx, y = span.y + begin * span.dy;
    std::uint8_t* target = span.target + static_cast<std::ptrdiff_t>(begin) * Channels;
    for (int i = begin; i < span.count; ++i, x += span.dx, y += span.dy, target += Channels) {
        const std::uint8_t* top = span.source + (y >> 32) * span.stride + (x >> 32) * Channels;
        const std::uint8_t* bottom = top + span.stride;
        const std::int32_t fx = static_cast<std::int32_t>(x >> 21) & 2047;
        const std::int32_t fy = static_cast<std::int32_t>(y >> 21) & 2047;
        for (int c = 0; c < Channels; ++c) {
            const std::int32_t above = (top[c] * (2048 - fx) + top[c + Channels] * fx + 8) >> 4;
            const std::int32_t below = (bottom[c] * (2048 - fx) + bottom[c + Channels] * fx + 8) >> 4;
            target[c] = static_cast<std::uint8_t>((above * (2048 - fy) + below * fy + (1 << 17)) >> 18);
        }
    }
}

template <int Channels>
void flip_scalar(const std::uint8_t* source, std::uint8_t* target, int begin, int width) {
    for (int x = begin; x < width; ++x) {
        const std::uint8_t* from = source + static_cast<std::ptrdiff_t>(width - 1 - x) * Channels;
        std::uint8_t* to = target + static_cast<std::ptrdiff_t>(x) * Channels;
        for (int c = 0; c < Channels; ++c) to[c] = from[c];
    }
}

#if defined(__AVX2__)

// 16-bit pair (2048 - f, f) of a position's fraction.
FLOWERABLATE_INLINE std::int32_t fraction_pair(std::int64_t position) {
    const std::int32_t fraction = static_cast<std::int32_t>(position >> 21) & 2047;
    return (2048 - fraction) | fraction << 16;
}

FLOWERABLATE_INLINE __m256i two_loads(const std::uint8_t* low, const std::uint8_t* high) {
    const __m128i a = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(low));
    const __m128i b = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(high));
    return _mm256_inserti128_si256(_mm256_castsi128_si256(a), b, 1);
}

FLOWERABLATE_INLINE __m256i two_fills(std::int32_t low, std::int32_t high) {
    return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_set1_epi32(low)), _mm_set1_epi32(high), 1);
}

// Two pixels at once, one in each half of the register; leaves the last pixels, whose 8-byte loads could leave the row.
template <int Channels>
int span_vector(const WarpSpan& span) {
    const __m128i pairs = Channels == 3 ? _mm_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1)
                                        : _mm_setr_epi8(0, -1, 4, -1, 1, -1, 5, -1, 2, -1, 6, -1, 3, -1, 7, -1);
    const __m256i shuffle = _mm256_broadcastsi128_si256(pairs);
    const __m256i half = _mm256_set1_epi32(8), half_out = _mm256_set1_epi32(1 << 17);
    std::int64_t x = span.x, y = span.y;
    std::uint8_t* target = span.target;
    int i = 0;
    for (; i + 2 <= span.count; i += 2, target += 2 * Channels) {
        const std::int64_t x2 = x + span.dx, y2 = y + span.dy;
        const std::uint8_t* first = span.source + (y >> 32) * span.stride + (x >> 32) * Channels;
        const std::uint8_t* second = span.source + (y2 >> 32) * span.stride + (x2 >> 32) * Channels;
        const __m256i across = two_fills(fraction_pair(x), fraction_pair(x2));
        const __m256i down = two_fills(fraction_pair(y), fraction_pair(y2));
        const __m256i top = _mm256_shuffle_epi8(two_loads(first, second), shuffle);
        const __m256i bottom = _mm256_shuffle_epi8(two_loads(first + span.stride, second + span.stride), shuffle);
        const __m256i above = _mm256_srli_epi32(_mm256_add_epi32(_mm256_madd_epi16(top, across), half), 4);
        const __m256i below = _mm256_srli_epi32(_mm256_add_epi32(_mm256_madd_epi16(bottom, across), half), 4);
        const __m256i column = _mm256_or_si256(above, _mm256_slli_epi32(below, 16));
        const __m256i sums = _mm256_srli_epi32(_mm256_add_epi32(_mm256_madd_epi16(column, down), half_out), 18);
        const __m256i words = _mm256_packs_epi32(sums, sums);
        const __m256i bytes = _mm256_packus_epi16(words, words);
        const std::int32_t pixel = _mm256_cvtsi256_si32(bytes);
        const std::int32_t pixel2 = _mm_cvtsi128_si32(_mm256_extracti128_si256(bytes, 1));
        std::memcpy(target, &pixel, 4);
        std::memcpy(target + Channels, &pixel2, 4);
        x = x2 + span.dx;
        y = y2 + span.dy;
    }
    return i;
}

// Sixteen bytes at a time: five pixels of three channels, or four of four.
template <int Channels>
int flip_vector(const std::uint8_t* source, std::uint8_t* target, int width) {
    constexpr int kPixels = 16 / Channels;
    __m128i shuffle;
    if constexpr (Channels == 1) {
        shuffle = _mm_setr_epi8(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    } else if constexpr (Channels == 3) {
        shuffle = _mm_setr_epi8(12, 13, 14, 9, 10, 11, 6, 7, 8, 3, 4, 5, 0, 1, 2, 15);
    } else {
        shuffle = _mm_setr_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
    }
    int x = 0;
    for (; x + kPixels < width; x += kPixels) {
        const std::uint8_t* from = source + static_cast<std::ptrdiff_t>(width - kPixels - x) * Channels;
        // with three channels, the sixteenth byte belongs to the pixel behind; at the row's end it would be outside
        const __m128i pixels = Channels == 3 ? _mm_srli_si128(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from - 1)), 1)
                                             : _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(target + static_cast<std::ptrdiff_t>(x) * Channels),
                         _mm_shuffle_epi8(pixels, shuffle));
    }
    return x;
}

#endif

}  // namespace

void warp_span(const WarpSpan& span) {
    int begin = 0;
#if defined(__AVX2__)
    if (span.channels == 3) begin = span_vector<3>(span);
    if (span.channels == 4) begin = span_vector<4>(span);
#endif
    if (span.channels == 1) return span_scalar<1>(span, begin);
    if (span.channels == 3) return span_scalar<3>(span, begin);
    span_scalar<4>(span, begin);
}

void flip_row(const std::uint8_t* source, std::uint8_t* target, int width, int channels) {
    int begin = 0;
#if defined(__AVX2__)
    if (channels == 1) begin = flip_vector<1>(source, target, width);
    if (channels == 3) begin = flip_vector<3>(source, target, width);
    if (channels == 4) begin = flip_vector<4>(source, target, width);
#endif
    if (channels == 1) return flip_scalar<1>(source, target, begin, width);
    if (channels == 3) return flip_scalar<3>(source, target, begin, width);
    flip_scalar<4>(source, target, begin, width);
}

}  // namespace flowerablate::FLOWERABLATE_ISA
