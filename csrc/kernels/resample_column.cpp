// The pass of a separable resampling down columns, in fixed point. Integers throughout, so all instruction sets agree.
#include "kernels/kernels.hpp"
#include "kernels/wide.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

#if defined(__x86_64__)

#if defined(__AVX2__)

namespace {

// Two taps whose weights sum to 2^14: a + round((b - a) * weight), the same to the bit as the sum of products below.
// A weight of 1 would not fit, so that the second row stands for both.
void blend_rows(const std::uint8_t* a, const std::uint8_t* b, int weight, std::uint8_t* target, std::ptrdiff_t bytes) {
    if (weight == 1 << 14) a = b;
    const Wide weights = fill_words(static_cast<std::int16_t>(weight == 1 << 14 ? 0 : 2 * weight)), zero = wide_zero();
    for (std::ptrdiff_t x = 0; x < bytes; x += kWidth) {
        const Wide from = wide_load(a + x), to = wide_load(b + x);
        wide_store(target + x, pack_bytes(blend_words(low_bytes(from, zero), low_bytes(to, zero), weights),
                                          blend_words(high_bytes(from, zero), high_bytes(to, zero), weights)));
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
        for (int i = 0; i < kBlock; ++i) target[x + i] = static_cast<std::uint8_t>(sums[i] >> precision);
    }
}

#endif

}  // namespace flowerablate::FLOWERABLATE_ISA
