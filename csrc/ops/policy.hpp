// Policies: operations that are drawn from a list of others.
#pragma once

#include "ops/op.hpp"

namespace flowerablate {

void add_policy(OpKinds& kinds);

}  // namespace flowerablate
