// Operations that look at a neighbourhood of each pixel. Channels are filtered each by itself.
//
// Draws: random_gaussian_blur 1: sigma between its bounds; sharpness 1: factor between its bounds.
#pragma once

#include "ops/op.hpp"

namespace flowerablate {

// The image, or a copy of it, with bytes after its last row that kernels may read.
Image readable(const Image& input, const Context& context, int pixel_bytes);

[[gnu::cold]] void add_filter(OpKinds& kinds);
[[gnu::cold]] void add_median(OpKinds& kinds);

}  // namespace flowerablate
