// Erosion, dilation, opening and closing with flat elements; equal to OpenCV's with its default anchor and border.
#pragma once

#include "ops/op.hpp"

namespace flowerablate {

std::unique_ptr<Op> make_morphology(Params& params, int channels, std::uint64_t stream);

}  // namespace flowerablate
