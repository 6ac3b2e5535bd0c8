// Operations on neighbourhoods: box, Gaussian, median, unsharp, Sobel.
#pragma once

#include "ops/op.hpp"

namespace flowerablate {

void add_filter(OpKinds& kinds);

}  // namespace flowerablate
