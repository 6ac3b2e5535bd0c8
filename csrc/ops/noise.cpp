#include "ops/noise.hpp"

namespace flowerablate {

void add_noise(OpKinds& kinds) { (void)kinds; }

}  // namespace flowerablate
