// Policies: operations that are drawn from a list of others.
#pragma once

#include "ops/op.hpp"

namespace flowerablate {

// Adds "rand_augment" and "trivial_augment", which are made of the kinds that `kinds` holds at this moment: call it
// last.
[[gnu::cold]] void add_policy(OpKinds& kinds);

}  // namespace flowerablate
