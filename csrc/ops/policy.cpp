#include "ops/policy.hpp"

namespace flowerablate {

void add_policy(OpKinds& kinds) { (void)kinds; }

}  // namespace flowerablate
