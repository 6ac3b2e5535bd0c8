// The two passes of a separable resampling in fixed point. Integers throughout, so all instruction sets agree.
#include "kernels/kernels.hpp"
#include "kernels/wide.hpp"

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
        sums = _mm256_add_epi32(
            sums, _mm256_madd_epi16(_mm256_shuffle_epi8(pixels, shuffle), _mm256_set1_epi32(pair)));
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

#if defined(__AVX2__)

// Four output pixels of three channels and two taps whose inputs lie within 16 bytes: where to find the twelve pairs of bytes,
// and their weights. One load per row serves all four.
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
    const std::uint8_t* const first_row = rows[0];  // copies, because the bytes that are written might alias the originals
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

template <int Channels>
void both_rows(const std::uint8_t* const* rows, std::uint8_t* const* targets, const Taps& taps) {
    int begin = 0;
#if defined(__AVX2__)
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

#if defined(__AVX2__)

std::ptrdiff_t plan_bytes(int count) { return count / 4 * static_cast<std::ptrdiff_t>(sizeof(Window)); }

const std::uint8_t* plan_rows(const Taps& taps, int channels, std::uint8_t* work) {
    if (channels != 3 || taps.taps != 2) return nullptr;
    auto* windows = reinterpret_cast<Window*>(work);
    for (int x = 0; x + 4 <= taps.count; x += 4) {
        if (!plan_window(taps, x, windows[x / 4])) return nullptr;
    }
    return work;
}

#else

std::ptrdiff_t plan_bytes(int) { return 0; }

const std::uint8_t* plan_rows(const Taps&, int, std::uint8_t*) { return nullptr; }

#endif

void resample_rows(const std::uint8_t* const* rows, std::uint8_t* const* targets, const Taps& taps, int channels) {
    if (channels == 1) return both_rows<1>(rows, targets, taps);
    if (channels == 3) return both_rows<3>(rows, targets, taps);
    both_rows<4>(rows, targets, taps);
}

#if defined(__x86_64__)

#if defined(__AVX2__)

namespace {

typedef std::int16_t Shorts __attribute__((vector_size(kWidth)));

FLOWERABLATE_INLINE Wide blended(Wide a, Wide b, Wide weight) {
    const Wide moved = reinterpret_cast<Wide>(reinterpret_cast<Shorts>(b) - reinterpret_cast<Shorts>(a));
    return reinterpret_cast<Wide>(reinterpret_cast<Shorts>(a) + reinterpret_cast<Shorts>(scale_words(moved, weight)));
}

// Two taps whose weights sum to 2^14: a + round((b - a) * weight), the same to the bit as the sum of products below.
// A weight of 1 would not fit, so that the second row stands for both.
void blend_rows(const std::uint8_t* a, const std::uint8_t* b, int weight, std::uint8_t* target, std::ptrdiff_t bytes) {
    if (weight == 1 << 14) a = b;
    const Wide weights = fill_words(static_cast<std::int16_t>(weight == 1 << 14 ? 0 : 2 * weight)), zero = wide_zero();
    for (std::ptrdiff_t x = 0; x < bytes; x += kWidth) {
        const Wide from = wide_load(a + x), to = wide_load(b + x);
        wide_store(target + x, pack_bytes(blended(low_bytes(from, zero), low_bytes(to, zero), weights),
                                          blended(high_bytes(from, zero), high_bytes(to, zero), weights)));
    }
}

}  // namespace

#endif

void resample_column(const std::uint8_t* const* rows, const std::int16_t* weights, int taps, int precision,
                     std::uint8_t* target, std::ptrdiff_t bytes) {
#if defined(__AVX2__)
    if (taps == 2 && precision == 14 && weights[0] + weights[1] == 1 << 14) {
        return blend_rows(rows[0], rows[1], weights[1], target, bytes);
    }
#endif
    const Wide half = wide_fill(1 << (precision - 1));
    const Wide zero = wide_zero();
    for (std::ptrdiff_t x = 0; x < bytes; x += kWidth) {
        Wide s0 = half, s1 = half, s2 = half, s3 = half;
        for (int tap = 0; tap < taps; tap += 2) {
            std::int32_t pair;
            std::memcpy(&pair, weights + tap, sizeof pair);
            const Wide weight = wide_fill(pair);
            const Wide a = wide_load(rows[tap] + x), b = wide_load(rows[tap + 1] + x);
            const Wide low = low_bytes(a, b), high = high_bytes(a, b);
            s0 = add_pairs(s0, low_bytes(low, zero), weight);
            s1 = add_pairs(s1, high_bytes(low, zero), weight);
            s2 = add_pairs(s2, low_bytes(high, zero), weight);
            s3 = add_pairs(s3, high_bytes(high, zero), weight);
        }
        const Wide low = pack_words(shift_right(s0, precision), shift_right(s1, precision));
        const Wide high = pack_words(shift_right(s2, precision), shift_right(s3, precision));
        wide_store(target + x, pack_bytes(low, high));
    }
}

#else

void resample_column(const std::uint8_t* const* rows, const std::int16_t* weights, int taps, int precision,
                     std::uint8_t* target, std::ptrdiff_t bytes) {
    constexpr int kBlock = 64;
    for (std::ptrdiff_t x = 0; x < bytes; x += kBlock) {
        std::int32_t sums[kBlock];
        for (int i = 0; i < kBlock; ++i) sums[i] = 1 << (precision - 1);
        for (int tap = 0; tap < taps; ++tap) {
            const std::uint8_t* from = rows[tap] + x;
            const std::int32_t weight = weights[tap];
            for (int i = 0; i < kBlock; ++i) sums[i] += weight * from[i];
        }
        for (int i = 0; i < kBlock; ++i) target[x + i] = descale(sums[i], precision);
    }
}

#endif

}  // namespace flowerablate::FLOWERABLATE_ISA
