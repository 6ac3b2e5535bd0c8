// Bilinear sampling along lines through the source.
//
// Weights have 11 bits. Horizontal interpolation keeps 13 bits (value * 32), so that the vertical one leaves the result in the
// third byte of 32 bits; it rounds to 8 bits.
#include "kernels/kernels.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

namespace {

// What pixels outside the source read, where the border is constant.
alignas(16) constexpr std::uint8_t kOutside[16] = {};

FLOWERABLATE_INLINE std::int32_t fraction(std::int64_t position) {
    return static_cast<std::int32_t>(position >> 21) & 2047;
}

struct Neighbours {
    const std::uint8_t *top_left, *top_right, *bottom_left, *bottom_right;
};

FLOWERABLATE_INLINE Neighbours inner_neighbours(const WarpLine& line, std::int64_t x, std::int64_t y) {
    const std::uint8_t* top = line.source + (y >> 32) * line.stride + (x >> 32) * line.channels;
    return {top, top + line.channels, top + line.stride, top + line.stride + line.channels};
}

FLOWERABLATE_INLINE const std::uint8_t* looked_up(const WarpLine& line, std::int32_t row, std::int32_t column) {
    return row < 0 || column < 0 ? kOutside : line.source + row * line.stride + column;
}

FLOWERABLATE_INLINE Neighbours border_neighbours(const WarpLine& line, std::int64_t x, std::int64_t y) {
    const std::int32_t left = line.columns[x >> 32], right = line.columns[(x >> 32) + 1];
    const std::int32_t above = line.rows[y >> 32], below = line.rows[(y >> 32) + 1];
    return {looked_up(line, above, left), looked_up(line, above, right), looked_up(line, below, left),
            looked_up(line, below, right)};
}

template <int Channels>
FLOWERABLATE_INLINE void interpolate(const Neighbours& at, std::int32_t fx, std::int32_t fy, std::uint8_t* target) {
    for (int c = 0; c < Channels; ++c) {
        const std::int32_t above = (at.top_left[c] * (2048 - fx) + at.top_right[c] * fx + 32) >> 6;
        const std::int32_t below = (at.bottom_left[c] * (2048 - fx) + at.bottom_right[c] * fx + 32) >> 6;
        target[c] = static_cast<std::uint8_t>((above * (2048 - fy) + below * fy + (1 << 15)) >> 16);
    }
}

template <int Channels>
void inner_scalar(const WarpLine& line, int begin, int end) {
    std::int64_t x = line.x + begin * line.dx, y = line.y + begin * line.dy;
    for (int i = begin; i < end; ++i, x += line.dx, y += line.dy) {
        interpolate<Channels>(inner_neighbours(line, x, y), fraction(x), fraction(y),
                              line.target + static_cast<std::ptrdiff_t>(i) * Channels);
    }
}

#if defined(__AVX2__)

FLOWERABLATE_INLINE __m128i load_pixel(const std::uint8_t* from) {
    std::int32_t pixel;
    std::memcpy(&pixel, from, sizeof pixel);
    return _mm_cvtsi32_si128(pixel);
}

// 16-bit pairs (2048 - f, f).
FLOWERABLATE_INLINE std::int32_t fraction_pair(std::int64_t position) {
    const std::int32_t part = fraction(position);
    return (2048 - part) | part << 16;
}

// The arithmetic of interpolate() for all channels of a pixel.
FLOWERABLATE_INLINE void interpolate_pixel(const Neighbours& at, std::int64_t x, std::int64_t y, std::uint8_t* target) {
    const __m128i across = _mm_set1_epi32(fraction_pair(x)), down = _mm_set1_epi32(fraction_pair(y));
    const __m128i top = _mm_cvtepu8_epi16(_mm_unpacklo_epi8(load_pixel(at.top_left), load_pixel(at.top_right)));
    const __m128i bottom = _mm_cvtepu8_epi16(_mm_unpacklo_epi8(load_pixel(at.bottom_left), load_pixel(at.bottom_right)));
    const __m128i half = _mm_set1_epi32(32);
    const __m128i above = _mm_srli_epi32(_mm_add_epi32(_mm_madd_epi16(top, across), half), 6);
    const __m128i below = _mm_slli_epi32(_mm_add_epi32(_mm_madd_epi16(bottom, across), half), 10);
    const __m128i column = _mm_blend_epi16(above, below, 0xAA);
    const __m128i sums = _mm_add_epi32(_mm_madd_epi16(column, down), _mm_set1_epi32(1 << 15));
    const __m128i third_bytes = _mm_setr_epi8(2, 6, 10, 14, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
    const std::int32_t pixel = _mm_cvtsi128_si32(_mm_shuffle_epi8(sums, third_bytes));
    std::memcpy(target, &pixel, sizeof pixel);
}

// Positions of pixels 0, 1, 4, 5 and 2, 3, 6, 7, so that halves() finds them in order.
struct Positions {
    __m256i outer, inner;

    FLOWERABLATE_INLINE Positions from(std::int64_t start, std::int64_t step) {
        return {_mm256_setr_epi64x(start, start + step, start + 4 * step, start + 5 * step),
                _mm256_setr_epi64x(start + 2 * step, start + 3 * step, start + 6 * step, start + 7 * step)};
    }
    FLOWERABLATE_INLINE __m256i halves(const Positions& at, bool upper) {
        const __m256 outer = _mm256_castsi256_ps(at.outer), inner = _mm256_castsi256_ps(at.inner);
        return _mm256_castps_si256(upper ? _mm256_shuffle_ps(outer, inner, 0xDD)
                                         : _mm256_shuffle_ps(outer, inner, 0x88));
    }
    FLOWERABLATE_INLINE __m256i pixels(const Positions& at) { return halves(at, true); }
    FLOWERABLATE_INLINE __m256i pairs(const Positions& at) {
        const __m256i part = _mm256_srli_epi32(halves(at, false), 21);
        return _mm256_or_si256(_mm256_sub_epi32(_mm256_set1_epi32(2048), part), _mm256_slli_epi32(part, 16));
    }
};

FLOWERABLATE_INLINE __m256i two_loads(const std::uint8_t* low, const std::uint8_t* high) {
    const __m128i a = _mm_loadu_si128(reinterpret_cast<const __m128i*>(low));
    const __m128i b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(high));
    return _mm256_inserti128_si256(_mm256_castsi128_si256(a), b, 1);
}

// Pixels `Low` and `Low + 4` of eight: four 32-bit values each, with the result in the third byte and nothing above.
template <int Channels, int Low>
FLOWERABLATE_INLINE __m256i two_pixels(const WarpLine& line, const std::int32_t* offsets, __m256i across_all,
                                       __m256i down_all) {
    // bytes of two neighbouring pixels, paired by channel and widened to 16 bits
    const __m128i pairs = Channels == 3 ? _mm_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1)
                                        : _mm_setr_epi8(0, -1, 4, -1, 1, -1, 5, -1, 2, -1, 6, -1, 3, -1, 7, -1);
    const __m256i shuffle = _mm256_broadcastsi128_si256(pairs);
    const std::uint8_t* first = line.source + offsets[Low];
    const std::uint8_t* second = line.source + offsets[Low + 4];
    const __m256i across = _mm256_shuffle_epi32(across_all, Low * 0x55);
    const __m256i down = _mm256_shuffle_epi32(down_all, Low * 0x55);
    const __m256i top = _mm256_shuffle_epi8(two_loads(first, second), shuffle);
    const __m256i bottom = _mm256_shuffle_epi8(two_loads(first + line.stride, second + line.stride), shuffle);
    const __m256i half = _mm256_set1_epi32(32);
    const __m256i above = _mm256_srli_epi32(_mm256_add_epi32(_mm256_madd_epi16(top, across), half), 6);
    const __m256i below = _mm256_slli_epi32(_mm256_add_epi32(_mm256_madd_epi16(bottom, across), half), 10);
    const __m256i column = _mm256_blend_epi16(above, below, 0xAA);
    return _mm256_add_epi32(_mm256_madd_epi16(column, down), _mm256_set1_epi32(1 << 15));
}

// The upper 16 bits of each 32, of `a` and `b` in turn.
FLOWERABLATE_INLINE __m256i upper_words(__m256i a, __m256i b) {
    return _mm256_blend_epi16(_mm256_srli_epi32(a, 16), b, 0xAA);
}

template <int Channels>
FLOWERABLATE_INLINE void eight_pixels(const WarpLine& line, const Positions& x, const Positions& y, std::uint8_t* target) {
    // in each half: channels of pixels 0 and 1 in turn, then those of 2 and 3
    const __m128i sort = Channels == 3 ? _mm_setr_epi8(0, 2, 4, 1, 3, 5, 8, 10, 12, 9, 11, 13, -1, -1, -1, -1)
                                       : _mm_setr_epi8(0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15);
    alignas(32) std::int32_t offsets[8];
    const __m256i rows = _mm256_mullo_epi32(Positions::pixels(y), _mm256_set1_epi32(static_cast<int>(line.stride)));
    const __m256i columns = _mm256_mullo_epi32(Positions::pixels(x), _mm256_set1_epi32(Channels));
    _mm256_store_si256(reinterpret_cast<__m256i*>(offsets), _mm256_add_epi32(rows, columns));
    const __m256i across = Positions::pairs(x), down = Positions::pairs(y);
    const __m256i low = upper_words(two_pixels<Channels, 0>(line, offsets, across, down),
                                    two_pixels<Channels, 1>(line, offsets, across, down));
    const __m256i high = upper_words(two_pixels<Channels, 2>(line, offsets, across, down),
                                     two_pixels<Channels, 3>(line, offsets, across, down));
    const __m256i bytes = _mm256_shuffle_epi8(_mm256_packus_epi16(low, high), _mm256_broadcastsi128_si256(sort));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(target), _mm256_castsi256_si128(bytes));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(target + 4 * Channels), _mm256_extracti128_si256(bytes, 1));
}

template <int Channels>
void inner_vector(const WarpLine& line) {
    if (!line.small || line.last - line.first < 8) return inner_scalar<Channels>(line, line.first, line.last);
    Positions x = Positions::from(line.x + line.first * line.dx, line.dx);
    Positions y = Positions::from(line.y + line.first * line.dy, line.dy);
    const __m256i x_step = _mm256_set1_epi64x(8 * line.dx), y_step = _mm256_set1_epi64x(8 * line.dy);
    int i = line.first;
    for (; i + 8 <= line.last; i += 8) {
        eight_pixels<Channels>(line, x, y, line.target + static_cast<std::ptrdiff_t>(i) * Channels);
        x = {_mm256_add_epi64(x.outer, x_step), _mm256_add_epi64(x.inner, x_step)};
        y = {_mm256_add_epi64(y.outer, y_step), _mm256_add_epi64(y.inner, y_step)};
    }
    if (i == line.last) return;
    i = line.last - 8;  // the last eight once more, rather than the rest one by one
    eight_pixels<Channels>(line, Positions::from(line.x + i * line.dx, line.dx),
                           Positions::from(line.y + i * line.dy, line.dy),
                           line.target + static_cast<std::ptrdiff_t>(i) * Channels);
}

#endif

template <int Channels>
void border(const WarpLine& line, int begin, int end) {
    std::int64_t x = line.x + begin * line.dx, y = line.y + begin * line.dy;
    for (int i = begin; i < end; ++i, x += line.dx, y += line.dy) {
        const Neighbours at = border_neighbours(line, x, y);
        std::uint8_t* target = line.target + static_cast<std::ptrdiff_t>(i) * Channels;
#if defined(__AVX2__)
        if constexpr (Channels != 1) {
            interpolate_pixel(at, x, y, target);
            continue;
        }
#endif
        interpolate<Channels>(at, fraction(x), fraction(y), target);
    }
}

// From left to right, because each part writes beyond its end.
template <int Channels>
void whole_line(const WarpLine& line) {
    border<Channels>(line, 0, line.first);
#if defined(__AVX2__)
    if constexpr (Channels == 1) {
        inner_scalar<Channels>(line, line.first, line.last);
    } else {
        inner_vector<Channels>(line);
    }
#else
    inner_scalar<Channels>(line, line.first, line.last);
#endif
    border<Channels>(line, line.last, line.count);
}

}  // namespace

void warp_line(const WarpLine& line) {
    if (line.channels == 1) return whole_line<1>(line);
    if (line.channels == 3) return whole_line<3>(line);
    whole_line<4>(line);
}

}  // namespace flowerablate::FLOWERABLATE_ISA
