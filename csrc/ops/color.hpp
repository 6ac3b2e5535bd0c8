// Operations on the colours of single pixels. The fourth channel of an image is no colour: all but brightness_contrast
// leave it alone.
#pragma once

#include "ops/pointwise.hpp"

namespace flowerablate {

// How many channels of an image are colours.
inline int color_count(int channels) { return channels == 4 ? 3 : channels; }

[[gnu::cold]] void add_color(OpKinds& kinds);
[[gnu::cold]] void add_channels(OpKinds& kinds);  // called by add_color()
[[gnu::cold]] void add_jitter(OpKinds& kinds);    // called by add_color()

}  // namespace flowerablate
