// The kernels of ops/color.cpp, ops/jitter.cpp and ops/channels.cpp. Plain structs only, as in simd.hpp.
//
// All take a row of `width` pixels of 1, 3 or 4 channels, may write it over its source and write nothing after it.
// Where there is a fourth channel, only look_up changes it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace flowerablate {

// A change of a colour as hue (turns of 1/6), saturation and value (0..255).
struct HsvShift {
    float hue;  // in [-3, 3]
    float saturation, value;
};

struct ColorKernels {
    // target = tables[channel][source]; `tables` is [channels][256].
    void (*look_up)(const std::uint8_t* source, std::uint8_t* target, int width, int channels,
                    const std::uint8_t* tables);
    // Adds the sum of each channel (of the first three) to what stands in `sums`.
    void (*add_sums)(const std::uint8_t* source, int width, int channels, std::uint64_t* sums);
    // The others take 3 or 4 channels.
    // Luminance in all colours: (9798 red + 19235 green + 3735 blue + 16384) >> 15.
    void (*grey)(const std::uint8_t* source, std::uint8_t* target, int width, int channels);
    // round(factor * x + (1 - factor) * luminance), saturated, in float32.
    void (*saturate)(const std::uint8_t* source, std::uint8_t* target, int width, int channels, float factor);
    // The hue alone; value and chroma stay what they are. `shift` in turns of 1/6, in [-3, 3].
    void (*turn_hue)(const std::uint8_t* source, std::uint8_t* target, int width, int channels, float shift);
    void (*shift_hsv)(const std::uint8_t* source, std::uint8_t* target, int width, int channels, HsvShift shift);
    // target[c] = source[order[c]] for the three colours.
    void (*reorder)(const std::uint8_t* source, std::uint8_t* target, int width, int channels, const int* order);
};

}  // namespace flowerablate
