// Operations that move pixels.
#pragma once

#include "ops/op.hpp"

namespace flowerablate {

void add_geometry(OpKinds& kinds);

}  // namespace flowerablate
