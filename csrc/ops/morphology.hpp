// Erosion, dilation and what is made of them, with flat elements; equal to OpenCV's morphologyEx with its default
// anchor, also in how often each is repeated and in how the image goes on outside (border `neutral` is OpenCV's
// default).
//
// An element of even size has no middle pixel, and with OpenCV the two passes of an opening shift the image by a pixel.
// With the anchor `centered` the second pass uses the element mirrored, as the definition of an opening has it (Serra
// 1982), so openings are never brighter than the image, closings never darker, and both are idempotent.
//
// On luminance, the operation works on OpenCV's grey Y of the image, and Y' - Y is added to each channel, saturated; a
// fourth channel stays as it is. So grey stays grey, and colours keep their differences where nothing saturates.
#pragma once

#include "ops/op.hpp"

namespace flowerablate {

[[gnu::cold]] void add_morphology(OpKinds& kinds);

}  // namespace flowerablate
