// Operations on the colours of single pixels. The fourth channel of an image is no colour: all but brightness_contrast
// leave it alone.
#pragma once

#include "ops/pointwise.hpp"

namespace flowerablate {

// How many channels of an image are colours.
inline int color_count(int channels) { return channels == 4 ? 3 : channels; }

void add_color(OpKinds& kinds);
void add_channels(OpKinds& kinds);  // called by add_color()
void add_jitter(OpKinds& kinds);    // called by add_color()

}  // namespace flowerablate
