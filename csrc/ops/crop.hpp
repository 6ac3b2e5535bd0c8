// Parts of images, and what stands around them.
#pragma once

#include <algorithm>
#include <cmath>
#include <optional>

#include "ops/op.hpp"

namespace flowerablate {

// Python's int(round(x)): halves go to the even number.
inline int round_half_even(double value) { return static_cast<int>(std::nearbyint(value)); }

// A whole number in [0, count) from a uniform one in [0, 1).
inline int below(int count, double uniform) { return std::min(count - 1, static_cast<int>(count * uniform)); }

// The size of a center_crop; nothing for any other op.
std::optional<int> center_crop_size(const Op& op);

}  // namespace flowerablate
