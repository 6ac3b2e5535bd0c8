// The two passes of a separable resampling in float32. Sums run over the taps in order, so all instruction sets agree.
#include "kernels/kernels.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

namespace {

// Rounded to a whole number from 0 to `high`.
FLOWERABLATE_INLINE float whole(float value, float high) {
    const float raised = value > 0.0f ? value : 0.0f;
    const float clamped = raised < high ? raised : high;
    return static_cast<float>(static_cast<std::int32_t>(clamped + 0.5f));
}

// 8-bit values are rounded between the passes, as Pillow does it.
template <typename T, int Channels>
void row_of(const T* source, float* target, const FloatTaps& taps) {
    for (int x = 0; x < taps.count; ++x, target += Channels) {
        const T* from = source + taps.starts[x];
        const float* weight = taps.weights + static_cast<std::ptrdiff_t>(x) * taps.taps;
        float sums[Channels] = {};
        for (int tap = 0; tap < taps.taps; ++tap, from += Channels) {
            for (int c = 0; c < Channels; ++c) sums[c] += weight[tap] * static_cast<float>(from[c]);
        }
        for (int c = 0; c < Channels; ++c) target[c] = sizeof(T) == 1 ? whole(sums[c], 255.0f) : sums[c];
    }
}

template <typename T>
void row_of(const T* source, float* target, const FloatTaps& taps, int channels) {
    if (channels == 1) return row_of<T, 1>(source, target, taps);
    if (channels == 3) return row_of<T, 3>(source, target, taps);
    row_of<T, 4>(source, target, taps);
}

template <typename T>
void column_of(const float* const* rows, const float* weights, int taps, T* target, std::ptrdiff_t values, float high) {
    constexpr int kBlock = 64;
    for (std::ptrdiff_t x = 0; x < values; x += kBlock) {
        float sums[kBlock] = {};
        const int count = values - x < kBlock ? static_cast<int>(values - x) : kBlock;
        for (int tap = 0; tap < taps; ++tap) {
            const float* from = rows[tap] + x;  // readable beyond its end
            for (int i = 0; i < kBlock; ++i) sums[i] += weights[tap] * from[i];
        }
        for (int i = 0; i < kBlock; ++i) sums[i] = whole(sums[i], high);
        for (int i = 0; i < count; ++i) target[x + i] = static_cast<T>(static_cast<std::int32_t>(sums[i]));
    }
}

}  // namespace

void float_row(const std::uint8_t* source, float* target, const FloatTaps& taps, int channels, int depth) {
    if (depth == 1) return row_of(source, target, taps, channels);
    row_of(reinterpret_cast<const std::uint16_t*>(source), target, taps, channels);
}

void float_column(const float* const* rows, const float* weights, int taps, std::uint8_t* target, std::ptrdiff_t values,
                  int depth) {
    if (depth == 1) return column_of(rows, weights, taps, target, values, 255.0f);
    column_of(rows, weights, taps, reinterpret_cast<std::uint16_t*>(target), values, 65535.0f);
}

}  // namespace flowerablate::FLOWERABLATE_ISA
