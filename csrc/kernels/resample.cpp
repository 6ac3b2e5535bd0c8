// The two passes of a separable resampling in fixed point. Integers throughout, so all instruction sets agree.
#include "kernels/kernels.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

namespace {

FLOWERABLATE_INLINE std::uint8_t descale(std::int32_t sum, int precision) {
    const std::int32_t value = sum >> precision;  // weights are positive and sum to 1, so this is at most 255
    return static_cast<std::uint8_t>(value);
}

template <int Channels>
void row_scalar(const std::uint8_t* row, std::uint8_t* target, const Taps& taps, int begin) {
    const std::int32_t half = 1 << (taps.precision - 1);
    for (int x = begin; x < taps.count; ++x) {
        const std::uint8_t* from = row + static_cast<std::ptrdiff_t>(taps.starts[x]) * Channels;
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

FLOWERABLATE_INLINE std::int32_t weight_pair(const std::int16_t* weights) {
    std::int32_t pair;
    std::memcpy(&pair, weights, sizeof pair);
    return pair;
}

// Output pixels `first` (low half) and `second` (high half): four 32-bit sums each.
template <int Channels>
FLOWERABLATE_INLINE __m256i two_pixels(const std::uint8_t* row, const Taps& taps, int first, int second) {
    // bytes of two neighbouring pixels, paired by channel and widened to 16 bits
    const __m128i pairs = Channels == 3 ? _mm_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1)
                                        : _mm_setr_epi8(0, -1, 4, -1, 1, -1, 5, -1, 2, -1, 6, -1, 3, -1, 7, -1);
    const __m256i shuffle = _mm256_broadcastsi128_si256(pairs);
    const std::uint8_t* low = row + static_cast<std::ptrdiff_t>(taps.starts[first]) * Channels;
    const std::uint8_t* high = row + static_cast<std::ptrdiff_t>(taps.starts[second]) * Channels;
    const std::int16_t* low_weights = taps.weights + static_cast<std::ptrdiff_t>(first) * taps.taps;
    const std::int16_t* high_weights = taps.weights + static_cast<std::ptrdiff_t>(second) * taps.taps;
    __m256i sums = _mm256_set1_epi32(1 << (taps.precision - 1));
    for (int tap = 0; tap < taps.taps; tap += 2) {
        const __m128i a = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(low + tap * Channels));
        const __m128i b = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(high + tap * Channels));
        const __m256i pixels = _mm256_shuffle_epi8(_mm256_inserti128_si256(_mm256_castsi128_si256(a), b, 1), shuffle);
        const __m256i weights = _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_set1_epi32(weight_pair(low_weights + tap))),
                                                        _mm_set1_epi32(weight_pair(high_weights + tap)), 1);
        sums = _mm256_add_epi32(sums, _mm256_madd_epi16(pixels, weights));
    }
    return _mm256_sra_epi32(sums, _mm_cvtsi32_si128(taps.precision));
}

// Four output pixels at a time; returns how many are done.
template <int Channels>
int row_vector(const std::uint8_t* row, std::uint8_t* target, const Taps& taps) {
    const __m256i compact = _mm256_broadcastsi128_si256(
        Channels == 3 ? _mm_setr_epi8(0, 1, 2, 4, 5, 6, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1)
                      : _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, -1, -1, -1, -1, -1, -1, -1, -1));
    int x = 0;
    for (; x + 4 <= taps.count; x += 4) {
        const __m256i even = two_pixels<Channels>(row, taps, x, x + 2);
        const __m256i odd = two_pixels<Channels>(row, taps, x + 1, x + 3);
        const __m256i words = _mm256_packs_epi32(even, odd);
        const __m256i bytes = _mm256_shuffle_epi8(_mm256_packus_epi16(words, words), compact);
        std::uint8_t* to = target + static_cast<std::ptrdiff_t>(x) * Channels;
        _mm_storel_epi64(reinterpret_cast<__m128i*>(to), _mm256_castsi256_si128(bytes));
        _mm_storel_epi64(reinterpret_cast<__m128i*>(to + 2 * Channels), _mm256_extracti128_si256(bytes, 1));
    }
    return x;
}

#endif

}  // namespace

void resample_row(const std::uint8_t* row, std::uint8_t* target, const Taps& taps, int channels) {
    int begin = 0;
#if defined(__AVX2__)
    if (channels == 3) begin = row_vector<3>(row, target, taps);
    if (channels == 4) begin = row_vector<4>(row, target, taps);
#endif
    if (channels == 1) return row_scalar<1>(row, target, taps, begin);
    if (channels == 3) return row_scalar<3>(row, target, taps, begin);
    row_scalar<4>(row, target, taps, begin);
}

#if defined(__x86_64__)

namespace {

// The few operations on whole vectors that the column pass needs; unpacking and packing work within 128-bit lanes, and
// undo each other.
#if defined(__AVX512BW__)
typedef __m512i Wide;
FLOWERABLATE_INLINE Wide wide_load(const std::uint8_t* from) { return _mm512_loadu_si512(from); }
FLOWERABLATE_INLINE void wide_store(std::uint8_t* to, Wide value) { _mm512_storeu_si512(to, value); }
FLOWERABLATE_INLINE Wide wide_zero() { return _mm512_setzero_si512(); }
FLOWERABLATE_INLINE Wide wide_fill(std::int32_t value) { return _mm512_set1_epi32(value); }
FLOWERABLATE_INLINE Wide low_bytes(Wide a, Wide b) { return _mm512_unpacklo_epi8(a, b); }
FLOWERABLATE_INLINE Wide high_bytes(Wide a, Wide b) { return _mm512_unpackhi_epi8(a, b); }
FLOWERABLATE_INLINE Wide add_pairs(Wide sum, Wide a, Wide b) { return _mm512_add_epi32(sum, _mm512_madd_epi16(a, b)); }
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
FLOWERABLATE_INLINE Wide pack_words(Wide a, Wide b) { return _mm_packs_epi32(a, b); }
FLOWERABLATE_INLINE Wide pack_bytes(Wide a, Wide b) { return _mm_packus_epi16(a, b); }
#endif
typedef std::int32_t Ints __attribute__((vector_size(kWidth)));
FLOWERABLATE_INLINE Wide shift_right(Wide a, int by) {
    return reinterpret_cast<Wide>(reinterpret_cast<Ints>(a) >> by);
}

}  // namespace

void resample_column(const std::uint8_t* const* rows, const std::int16_t* weights, int taps, int precision,
                     std::uint8_t* target, std::ptrdiff_t bytes) {
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
