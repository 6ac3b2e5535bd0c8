// Bilinear sampling of three channels along lines that cross few rows: sixteen neighbouring pixels of the result lie on
// few short pieces of rows, which are loaded whole; permutations of their bytes find all neighbours of all pixels.
#pragma once

#include "kernels/kernels.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

#if defined(__AVX512VBMI__)

constexpr int kLinePixels = 16;      // at a time
constexpr int kMaxPairs = 8;         // of rows that they may lie on
constexpr int kMaxColumnSteps = 19;  // 20 pixels and their last neighbour fit 64 bytes

// A coordinate of the pixels of a block, counted from the smallest one among them.
struct LineAxis {
    std::int64_t first, length;  // the smallest, in the first block, and how far the largest is from there
    __m512i rest, whole;         // of each pixel: the fraction in 2^-32 pixels, and whole pixels

    // For blocks of last + 1 pixels; lanes after it repeat the last one.
    __attribute__((always_inline)) LineAxis(std::int64_t start, std::int64_t by, int last) {
        const bool falls = by < 0;
        first = falls ? start + last * by : start;
        length = last * (falls ? -by : by);
        const __m512i lanes = _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7), max_lane = _mm512_set1_epi64(last);
        const __m512i low = _mm512_min_epi64(lanes, max_lane);
        const __m512i high = _mm512_min_epi64(_mm512_add_epi64(lanes, _mm512_set1_epi64(8)), max_lane);
        const __m512i each = _mm512_set1_epi64(by), base = _mm512_set1_epi64(falls ? length : 0);
        const __m512i a = _mm512_add_epi64(_mm512_mullo_epi64(each, low), base);
        const __m512i b = _mm512_add_epi64(_mm512_mullo_epi64(each, high), base);
        rest = _mm512_permutex2var_epi32(
            a, _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30), b);
        whole = _mm512_permutex2var_epi32(
            a, _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31), b);
    }
};

FLOWERABLATE_INLINE __m512i line_blend(__m512i a, __m512i b, __m512i part) {
    return _mm512_add_epi16(a, _mm512_mulhrs_epi16(_mm512_sub_epi16(b, a), part));
}

// Four bytes for each pixel become words, times 2^7: those of the pixels 4i and 4i + 1, and those of 4i + 2 and 4i + 3.
FLOWERABLATE_INLINE __m512i lower_words(__m512i bytes) {
    return _mm512_srli_epi16(_mm512_unpacklo_epi8(_mm512_setzero_si512(), bytes), 1);
}
FLOWERABLATE_INLINE __m512i upper_words(__m512i bytes) {
    return _mm512_srli_epi16(_mm512_unpackhi_epi8(_mm512_setzero_si512(), bytes), 1);
}

FLOWERABLATE_INLINE __m512i each_four(std::int32_t a, std::int32_t b, std::int32_t c, std::int32_t d) {
    return _mm512_broadcast_i32x4(_mm_setr_epi32(a, b, c, d));
}

struct LineOrder {
    alignas(64) std::uint8_t at[64] = {};
    constexpr LineOrder() {
        for (int i = 0; i < 3 * kLinePixels; ++i) at[i] = static_cast<std::uint8_t>(i / 3 * 4 + i % 3);
    }
};
static constexpr LineOrder kLineOrder{};

// Sixteen pixels: `places` are the indices of their upper left neighbours in rows of 64 bytes from `first` on. The row
// `final` is the last one that is read.
template <int Pairs>
FLOWERABLATE_INLINE void line_block(const std::uint8_t* first, const std::uint8_t* final, std::ptrdiff_t stride,
                                    __m512i places, __m512i across, __m512i down, std::uint8_t* target) {
    const __m512i four = each_four(0x00000000, 0x04040404, 0x08080808, 0x0C0C0C0C);
    const __m512i at = _mm512_add_epi8(_mm512_shuffle_epi8(places, four), _mm512_set1_epi32(0x00020100));
    const __m512i next = _mm512_add_epi8(at, _mm512_set1_epi8(3));
    __m512i top_left = at, top_right = next, bottom_left = at, bottom_right = next;
    const auto row = [&](int i) __attribute__((always_inline)) {
        const std::uint8_t* from = first + i * stride;
        if (i > 1) from = from < final ? from : final;
        return _mm512_loadu_si512(from);
    };
    __m512i upper = row(0);
    if constexpr (Pairs == 1) {
        const __m512i middle = row(1), lower = row(2);
        top_left = _mm512_permutex2var_epi8(upper, at, middle);
        top_right = _mm512_permutex2var_epi8(upper, next, middle);
        bottom_left = _mm512_permutex2var_epi8(middle, at, lower);
        bottom_right = _mm512_permutex2var_epi8(middle, next, lower);
    } else {
        const __m512i pairs = _mm512_shuffle_epi8(_mm512_srli_epi32(places, 7), four);
#pragma GCC unroll 8
        for (int i = 0; i < Pairs; ++i) {
            const __mmask64 own = _mm512_cmpeq_epi8_mask(pairs, _mm512_set1_epi8(static_cast<char>(i)));
            const __m512i middle = row(2 * i + 1), lower = row(2 * i + 2);
            top_left = _mm512_mask2_permutex2var_epi8(upper, top_left, own, middle);
            top_right = _mm512_mask2_permutex2var_epi8(upper, top_right, own, middle);
            bottom_left = _mm512_mask2_permutex2var_epi8(middle, bottom_left, own, lower);
            bottom_right = _mm512_mask2_permutex2var_epi8(middle, bottom_right, own, lower);
            upper = lower;
        }
    }

    const __m512i low = each_four(0x01000100, 0x01000100, 0x05040504, 0x05040504);
    const __m512i high = each_four(0x09080908, 0x09080908, 0x0D0C0D0C, 0x0D0C0D0C);
    const __m512i down_low = _mm512_shuffle_epi8(down, low), down_high = _mm512_shuffle_epi8(down, high);
    const __m512i left_low = line_blend(lower_words(top_left), lower_words(bottom_left), down_low);
    const __m512i left_high = line_blend(upper_words(top_left), upper_words(bottom_left), down_high);
    const __m512i right_low = line_blend(lower_words(top_right), lower_words(bottom_right), down_low);
    const __m512i right_high = line_blend(upper_words(top_right), upper_words(bottom_right), down_high);
    const __m512i value_low = line_blend(left_low, right_low, _mm512_shuffle_epi8(across, low));
    const __m512i value_high = line_blend(left_high, right_high, _mm512_shuffle_epi8(across, high));
    const __m512i half = _mm512_set1_epi16(64);
    const __m512i values = _mm512_packus_epi16(_mm512_srai_epi16(_mm512_add_epi16(value_low, half), 7),
                                               _mm512_srai_epi16(_mm512_add_epi16(value_high, half), 7));
    _mm512_storeu_si512(target, _mm512_permutexvar_epi8(_mm512_load_si512(kLineOrder.at), values));
}

// `Pairs` of rows hold all upper neighbours of sixteen pixels.
template <int Pairs>
void line_run(const WarpRun& given) {
    const WarpRun run = given;  // a copy, because the bytes that are written might alias the original
    const int pixels = min_int(run.count, kLinePixels);
    const LineAxis columns(run.x, run.dx, pixels - 1), rows(run.y, run.dy, pixels - 1);
    const __m512i index =
        _mm512_add_epi32(_mm512_add_epi32(columns.whole, _mm512_add_epi32(columns.whole, columns.whole)),
                         _mm512_slli_epi32(rows.whole, 6));
    const auto low_half = [](std::int64_t position) __attribute__((always_inline)) {
        return _mm512_set1_epi32(static_cast<std::int32_t>(position));
    };
    const __m512i step_x = low_half(kLinePixels * run.dx), step_y = low_half(kLinePixels * run.dy);
    __m512i x = _mm512_add_epi32(columns.rest, low_half(columns.first));
    __m512i y = _mm512_add_epi32(rows.rest, low_half(rows.first));
    std::int64_t left = columns.first, top = rows.first;
    std::uint8_t* to = run.target;
    const auto block = [&]() __attribute__((always_inline)) {
        const std::uint8_t* column = run.source + (left >> 32) * 3;
        // sums of fractions that became smaller are a pixel further
        __m512i at =
            _mm512_mask_add_epi32(index, _mm512_cmplt_epu32_mask(x, columns.rest), index, _mm512_set1_epi32(3));
        at = _mm512_mask_add_epi32(at, _mm512_cmplt_epu32_mask(y, rows.rest), at, _mm512_set1_epi32(64));
        line_block<Pairs>(column + (top >> 32) * run.stride, column + (((top + rows.length) >> 32) + 1) * run.stride,
                          run.stride, at, _mm512_srli_epi32(x, 17), _mm512_srli_epi32(y, 17), to);
    };
    int rest = run.count;
    for (; rest >= kLinePixels; rest -= kLinePixels) {
        block();
        left += kLinePixels * run.dx;
        top += kLinePixels * run.dy;
        to += 3 * kLinePixels;
        x = _mm512_add_epi32(x, step_x);
        y = _mm512_add_epi32(y, step_y);
    }
    if (rest == 0) return;
    const int back = pixels - rest;  // the last block overlaps the one before
    left -= back * run.dx;
    top -= back * run.dy;
    to -= 3 * back;
    x = _mm512_sub_epi32(x, low_half(back * run.dx));
    y = _mm512_sub_epi32(y, low_half(back * run.dy));
    block();
}

// Whether it was done: lines that are too steep, or leave out too many pixels, are left to others.
FLOWERABLATE_INLINE bool sampled_by_lines(const WarpRun& run) {
    const int steps = min_int(run.count, kLinePixels) - 1;
    const std::int64_t columns = ((run.dx < 0 ? -run.dx : run.dx) * steps >> 32) + 1;
    const std::int64_t rows = ((run.dy < 0 ? -run.dy : run.dy) * steps >> 32) + 1;
    if (run.right != 3 || run.below != run.stride || columns > kMaxColumnSteps) return false;
    static constexpr void (*kRuns[kMaxPairs])(const WarpRun&) = {line_run<1>, line_run<2>, line_run<3>, line_run<4>,
                                                                 line_run<5>, line_run<6>, line_run<7>, line_run<8>};
    if (rows / 2 >= kMaxPairs) return false;
    kRuns[rows / 2](run);
    return true;
}

#endif

}  // namespace flowerablate::FLOWERABLATE_ISA
