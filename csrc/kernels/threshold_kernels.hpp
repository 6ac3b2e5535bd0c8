// The kernels of ops/threshold.cpp, and the luminance that others need, too. Plain structs only, as in simd.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

namespace flowerablate {

// What becomes of a value x of some channel where the decision is made one way: (x & keep) | fill.
struct Outcome {
    std::uint16_t keep, fill;
};

// A value becomes what `above` says where its decider is above the limit of its channel, else what `below` says; arrays
// are indexed by channel. The rows of `target` touch. No overshoot.
struct ThresholdJob {
    const std::uint8_t* source;
    std::ptrdiff_t source_stride;
    const std::uint8_t* decider;  // as many values as the source has; may be the source
    std::ptrdiff_t decider_stride;
    std::uint8_t* target;
    int height, width, channels, itemsize;  // itemsize: bytes of a value
    std::uint16_t limits[4];
    Outcome above[4], below[4];
};

// Decides for each 8-bit value whether mean - value < shift where `mean` is the rounded mean of its channel in a square
// of `size` x `size` pixels around it; outside, the border repeats. Decisions are 255 or 0, as many as values; their
// rows touch.
struct AdaptiveJob {
    const std::uint8_t* source;
    std::ptrdiff_t stride;
    int height, width, channels, size, shift;
    const float* weights;  // of one dimension, [size], or null for equal ones
    std::uint8_t* decisions;
    std::uint8_t* work;  // adaptive_work_bytes(job) bytes
};

struct ThresholdKernels {
    // OpenCV's grey: (9798 R + 19235 G + 3735 B + 2^14) >> 15. One channel: a copy. No overshoot in any of these.
    void (*luminance)(const std::uint8_t* source, std::uint8_t* target, int width, int channels, int itemsize);
    // target = the channel of that number.
    void (*take_channel)(const std::uint8_t* source, std::uint8_t* target, int width, int channels, int channel,
                         int itemsize);
    // Writes each value of a plane `channels` times.
    void (*broadcast)(const std::uint8_t* plane, std::uint8_t* target, int width, int channels, int itemsize);
    void (*threshold)(const ThresholdJob&);
    // Adds the number of times that each value occurs to counts[value].
    void (*count)(const std::uint8_t* plane, int width, int itemsize, std::uint32_t* counts);
    std::ptrdiff_t (*adaptive_work_bytes)(const AdaptiveJob&);
    void (*adaptive)(const AdaptiveJob&);
};

}  // namespace flowerablate
