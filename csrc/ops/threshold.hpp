// Operations that make binary pictures.
#pragma once

#include "ops/op.hpp"

namespace flowerablate {

void add_threshold(OpKinds& kinds);

}  // namespace flowerablate
