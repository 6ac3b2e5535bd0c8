// Operations that add noise or erase parts.
#pragma once

#include "ops/op.hpp"

namespace flowerablate {

void add_noise(OpKinds& kinds);

}  // namespace flowerablate
