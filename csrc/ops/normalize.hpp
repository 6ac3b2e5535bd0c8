// The way out of a chain: bytes as they are, or float32, scaled to 0..1 and normalised per channel.
#pragma once

#include <vector>

#include "ops/color.hpp"

namespace flowerablate {

struct Normalization {
    std::vector<float> mean, std;  // one for each channel
};

Normalization make_normalization(Params& params, int channels);

// Writes a picture as float32: brightness and contrast if given, times 1/255, then (x - mean) / std if given; all in this order
// in float32.
void write_floats(const Image& image, int channels, bool channels_last,
                  const std::optional<BrightnessContrast::Line>& line,
                  const std::optional<Normalization>& normalization, float* target, Scratch& scratch);

// Writes a picture as contiguous bytes.
void write_bytes(const Image& image, int channels, std::uint8_t* target);

}  // namespace flowerablate
