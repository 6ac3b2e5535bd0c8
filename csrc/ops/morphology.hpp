// Erosion, dilation and what is made of them, with flat elements; equal to OpenCV's morphologyEx with its default
// anchor, also in how often each is repeated and in how the image goes on outside (border `neutral` is OpenCV's
// default).
//
// On luminance, the operation works on OpenCV's grey Y of the image, and Y' - Y is added to each channel, saturated; a
// fourth channel stays as it is. So grey stays grey, and colours keep their differences where nothing saturates.
#pragma once

#include "ops/op.hpp"

namespace flowerablate {

[[gnu::cold]] void add_morphology(OpKinds& kinds);

}  // namespace flowerablate
