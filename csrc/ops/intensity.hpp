// Operations that spread or equalise the range of values.
#pragma once

#include "ops/op.hpp"

namespace flowerablate {

// Each is in the file of its name.
[[gnu::cold]] void add_stretch(OpKinds& kinds);
[[gnu::cold]] void add_equalize(OpKinds& kinds);
[[gnu::cold]] void add_clahe(OpKinds& kinds);
[[gnu::cold]] void add_gamma(OpKinds& kinds);

[[gnu::cold]] void add_intensity(OpKinds& kinds);

// The image `image` as kernels take it.
PixelsJob pixels_job(const Image& image, Format format);

// The histograms of an 8-bit image, [channels][256], in scratch memory of slots 1 and 2.
const std::uint32_t* histograms(const Image& image, int channels, Scratch& scratch);

// The histograms of a 16-bit image, [channels][65536], in scratch memory of slot 1.
const std::uint32_t* wide_histograms(const Image& image, int channels, Scratch& scratch);

// An 8-bit image mapped by tables[channels][256].
Image looked_up(const Image& input, int channels, const std::uint8_t* tables, const Context& context);

}  // namespace flowerablate
