#include "ops/geometry.hpp"

namespace flowerablate {

void add_geometry(OpKinds& kinds) {
    for (auto* add : {add_affine, add_crop, add_elastic, add_flips, add_perspective, add_resize, add_rotate})
        add(kinds);
}

}  // namespace flowerablate
