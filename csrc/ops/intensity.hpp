// Operations that spread or equalise the range of values.
#pragma once

#include "ops/op.hpp"

namespace flowerablate {

void add_intensity(OpKinds& kinds);

}  // namespace flowerablate
