// The kernels of ops/filter.cpp and ops/median.cpp. Plain structs only, as in simd.hpp.
//
// All of them read kOvershoot bytes after each row of the source at most, and write `height` touching rows to the
// target and nothing after them. `work` is 64-byte aligned, of work_bytes().
#pragma once

#include <cstddef>
#include <cstdint>

namespace flowerablate {

constexpr int kMaxFilter = 63;  // pixels in a row of a window

struct FilterJob {
    const std::uint8_t* source;
    std::ptrdiff_t source_stride;
    std::uint8_t* target;
    int height, width, channels;
    int size;  // pixels in a row of the window
    std::uint8_t* work = nullptr;
};

// Fixed-point weights of a symmetric filter of `size` taps: [0] is that of the centre, [i] the sum of the two at
// distance i, all in 1/65536.
struct GaussianJob {
    FilterJob image;
    const std::uint16_t* weights;
    const float* exact;  // the same as real numbers, [i] that of one tap at distance i; for 16-bit images
};

enum class SobelOutput { kMagnitude, kAlongX, kAlongY };

// Gradients by separable integer filters of `size` taps.
struct SobelJob {
    FilterJob image;
    const std::int32_t* smooth;      // [size]
    const std::int32_t* difference;  // [size], against which way the other one points
    SobelOutput output;
};

struct FilterKernels {
    std::ptrdiff_t (*work_bytes)(const FilterJob&);
    // Means of `size` x `size` values, anchor size / 2, borders mirrored without the edge. Bytes: halves up for sizes
    // to 16, beyond that sum * (1 / size^2) in float32, halves to even; words: the same in float64.
    void (*box)(const FilterJob&);
    void (*box_words)(const FilterJob&);
    void (*gaussian)(const GaussianJob&);
    void (*gaussian_words)(const GaussianJob&);
    // Medians of odd windows, borders repeated.
    void (*median)(const FilterJob&);
    void (*median_words)(const FilterJob&);  // size 3 or 5
    void (*sobel)(const SobelJob&);
    // image + factor * (image - smoothed), the 3 x 3 mean with weight 5 in the centre; border pixels stay as they are.
    void (*sharpness)(const FilterJob&, float factor);
    // source + amount * (source - blurred) where they differ by more than `threshold`, for `bytes` values; no
    // overshoot.
    void (*unsharp)(const std::uint8_t* source, const std::uint8_t* blurred, std::uint8_t* target, std::ptrdiff_t bytes,
                    float amount, int threshold);
};

}  // namespace flowerablate
