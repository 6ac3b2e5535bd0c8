#include "ops/intensity.hpp"

namespace flowerablate {

void add_intensity(OpKinds& kinds) { (void)kinds; }

}  // namespace flowerablate
