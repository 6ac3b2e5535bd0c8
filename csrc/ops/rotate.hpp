// Rotation about the centre with bilinear interpolation.
#pragma once

#include "ops/op.hpp"

namespace flowerablate {

// Draws: 1: angle = degrees * (2u - 1), counter-clockwise.
std::unique_ptr<Op> make_rotate(Params& params, const Setup& setup);

}  // namespace flowerablate
