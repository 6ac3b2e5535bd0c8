#include "ops/filter.hpp"

namespace flowerablate {

void add_filter(OpKinds& kinds) { (void)kinds; }

}  // namespace flowerablate
