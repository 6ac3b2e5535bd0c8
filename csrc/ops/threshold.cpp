#include "ops/threshold.hpp"

namespace flowerablate {

void add_threshold(OpKinds& kinds) { (void)kinds; }

}  // namespace flowerablate
