// Operations that decide for each value, or for each pixel, whether it is above a threshold, and make a binary image of
// it or keep what is above. They have OpenCV's semantics, and its modes:
//
//   binary      maximum where above, else 0
//   binary_inv  0 where above, else the maximum
//   truncate    the threshold where above, else the value
//   tozero      the value where above, else 0
//   tozero_inv  0 where above, else the value
//
// Output `mask` keeps the image where `binary` (or `binary_inv`) would be white. The number of channels stays; where
// one decision is made for a pixel, all channels follow it, a fourth one as well.
//
//   threshold           fixed values, rounded down. Each channel decides for itself, or one for all.
//   otsu                OpenCV's THRESH_OTSU of the luminance or of each channel: the value that parts the histogram
//                       into two classes of the maximum variance between them; of several, the first.
//   adaptive_threshold  above is what exceeds the mean of its neighbourhood less `c`;
//                       equal or Gaussian weights, repeated border.
#pragma once

#include "ops/op.hpp"

namespace flowerablate {

[[gnu::cold]] void add_threshold(OpKinds& kinds);

}  // namespace flowerablate
