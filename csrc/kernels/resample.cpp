// The pass of a separable resampling along rows, in fixed point. Integers throughout, so all instruction sets agree.
#include "kernels/kernels.hpp"
#include "kernels/resample_plans.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

namespace {

FLOWERABLATE_INLINE std::uint8_t descale(std::int32_t sum, int precision) {
    return static_cast<std::uint8_t>(sum >> precision);  // weights are positive and sum to 1, so this is at most 255
}

template <int Channels>
void row_scalar(const std::uint8_t* row, std::uint8_t* target, const Taps& taps, int begin) {
    const std::int32_t half = 1 << (taps.precision - 1);
    for (int x = begin; x < taps.count; ++x) {
        const std::uint8_t* from = row + taps.starts[x];
        const std::int16_t* weight = taps.weights + static_cast<std::ptrdiff_t>(x) * taps.taps;
        std::int32_t sums[Channels];
        for (int c = 0; c < Channels; ++c) sums[c] = half;
        for (int tap = 0; tap < taps.taps; ++tap, from += Channels) {
            for (int c = 0; c < Channels; ++c) sums[c] += weight[tap] * from[c];
        }
        for (int c = 0; c < Channels; ++c) {
            target[static_cast<std::ptrdiff_t>(x) * Channels + c] = descale(sums[c], taps.precision);
        }
    }
}

#if defined(__AVX2__)

// One output pixel of two rows: four 32-bit sums in each half of the register.
template <int Channels, int FixedTaps>
FLOWERABLATE_INLINE __m256i pixel_of_both(const std::uint8_t* const* rows, const Taps& taps, int x) {
    // bytes of two neighbouring pixels, paired by channel and widened to 16 bits
    const __m128i pairs = Channels == 3 ? _mm_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1)
                                        : _mm_setr_epi8(0, -1, 4, -1, 1, -1, 5, -1, 2, -1, 6, -1, 3, -1, 7, -1);
    const __m256i shuffle = _mm256_broadcastsi128_si256(pairs);
    const int count = FixedTaps ? FixedTaps : taps.taps;
    const std::ptrdiff_t start = taps.starts[x];
    const std::uint8_t* upper = rows[0] + start;
    const std::uint8_t* lower = rows[1] + start;
    const std::int16_t* weights = taps.weights + static_cast<std::ptrdiff_t>(x) * count;
    __m256i sums = _mm256_set1_epi32(1 << (taps.precision - 1));
    for (int tap = 0; tap < count; tap += 2) {
        std::int32_t pair;
        std::memcpy(&pair, weights + tap, sizeof pair);
        const __m128i a = _mm_loadu_si128(reinterpret_cast<const __m128i*>(upper + tap * Channels));
        const __m128i b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(lower + tap * Channels));
        const __m256i pixels = _mm256_inserti128_si256(_mm256_castsi128_si256(a), b, 1);
        sums = _mm256_add_epi32(sums, _mm256_madd_epi16(_mm256_shuffle_epi8(pixels, shuffle), _mm256_set1_epi32(pair)));
    }
    return _mm256_sra_epi32(sums, _mm_cvtsi32_si128(taps.precision));
}

// Four output pixels of both rows at a time; returns how many are done.
template <int Channels, int FixedTaps>
int rows_vector(const std::uint8_t* const* row_pair, std::uint8_t* const* targets, const Taps& given) {
    const Taps taps = given;  // copies, because the bytes that are written might alias the originals
    const std::uint8_t* const rows[2] = {row_pair[0], row_pair[1]};
    std::uint8_t* const first = targets[0];
    std::uint8_t* const second = targets[1];
    const __m256i compact = _mm256_broadcastsi128_si256(
        Channels == 3 ? _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1)
                      : _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
    int x = 0;
    for (; x + 4 <= taps.count; x += 4) {
        const __m256i low = _mm256_packs_epi32(pixel_of_both<Channels, FixedTaps>(rows, taps, x),
                                               pixel_of_both<Channels, FixedTaps>(rows, taps, x + 1));
        const __m256i high = _mm256_packs_epi32(pixel_of_both<Channels, FixedTaps>(rows, taps, x + 2),
                                                pixel_of_both<Channels, FixedTaps>(rows, taps, x + 3));
        const __m256i bytes = _mm256_shuffle_epi8(_mm256_packus_epi16(low, high), compact);
        const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(x) * Channels;
        _mm_storeu_si128(reinterpret_cast<__m128i*>(first + at), _mm256_castsi256_si128(bytes));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(second + at), _mm256_extracti128_si256(bytes, 1));
    }
    return x;
}

#endif

template <int Channels>
void both_rows(const std::uint8_t* const* rows, std::uint8_t* const* targets, const Taps& taps) {
    int begin = 0;
#if defined(__AVX512VBMI__)
    if (taps.plan) return rows_planned(rows, targets, taps, Channels);
    if constexpr (Channels != 1) {
        begin = taps.taps == 4 ? rows_vector<Channels, 4>(rows, targets, taps)
                               : rows_vector<Channels, 0>(rows, targets, taps);
    }
#elif defined(__AVX2__)
    if constexpr (Channels != 1) {
        begin = taps.plan        ? rows_windows(rows, targets, taps)
                : taps.taps == 2 ? rows_vector<Channels, 2>(rows, targets, taps)
                : taps.taps == 4 ? rows_vector<Channels, 4>(rows, targets, taps)
                                 : rows_vector<Channels, 0>(rows, targets, taps);
    }
#endif
    for (int i = 0; i < 2; ++i) row_scalar<Channels>(rows[i], targets[i], taps, begin);
}

}  // namespace

#if defined(__AVX512VBMI__)

std::ptrdiff_t plan_bytes(const Taps& taps, int channels) {
    const int values = taps.count * channels;
    if (taps.taps == 2) return blocks_of(values, kTwoTapValues) * static_cast<std::ptrdiff_t>(sizeof(TwoTapBlock));
    const std::ptrdiff_t blocks = blocks_of(values, kManyTapValues);
    return blocks * (taps.taps / 2 * static_cast<std::ptrdiff_t>(sizeof(TapPair)) + 4) + 64;
}

const std::uint8_t* plan_rows(const Taps& taps, int channels, std::uint8_t* work) {
    if (taps.taps > 16) return nullptr;  // so far apart are the values of a block
    const bool planned = taps.taps == 2 ? plan_two_taps(taps, channels, work) : plan_many_taps(taps, channels, work);
    return planned ? work : nullptr;
}

#elif defined(__AVX2__)

std::ptrdiff_t plan_bytes(const Taps& taps, int) {
    return taps.count / 4 * static_cast<std::ptrdiff_t>(sizeof(Window));
}

const std::uint8_t* plan_rows(const Taps& taps, int channels, std::uint8_t* work) {
    if (channels != 3 || taps.taps != 2) return nullptr;
    auto* windows = reinterpret_cast<Window*>(work);
    for (int x = 0; x + 4 <= taps.count; x += 4) {
        if (!plan_window(taps, x, windows[x / 4])) return nullptr;
    }
    return work;
}

#else

std::ptrdiff_t plan_bytes(const Taps&, int) { return 0; }

const std::uint8_t* plan_rows(const Taps&, int, std::uint8_t*) { return nullptr; }

#endif

void resample_rows(const std::uint8_t* const* rows, std::uint8_t* const* targets, const Taps& taps, int channels) {
    if (channels == 1) return both_rows<1>(rows, targets, taps);
    if (channels == 3) return both_rows<3>(rows, targets, taps);
    both_rows<4>(rows, targets, taps);
}

}  // namespace flowerablate::FLOWERABLATE_ISA
