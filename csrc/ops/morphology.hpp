// Erosion, dilation, opening and closing with flat elements; equal to OpenCV's with its default anchor and border.
#pragma once

#include "ops/op.hpp"

namespace flowerablate {

void add_morphology(OpKinds& kinds);

}  // namespace flowerablate
