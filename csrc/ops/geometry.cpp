#include "ops/geometry.hpp"

#include "ops/move.hpp"

namespace flowerablate {

void add_geometry(OpKinds& kinds) {
    kinds["affine"] = {make_affine, true};
    kinds["center_crop"] = {make_center_crop, true};
    kinds["elastic"] = {make_elastic, true};
    kinds["horizontal_flip"] = {make_horizontal_flip, true};
    kinds["pad"] = {make_pad, true};
    kinds["perspective"] = {make_perspective, true};
    kinds["random_crop"] = {make_random_crop, true};
    kinds["random_resized_crop"] = {make_random_resized_crop, true};
    kinds["resize"] = {make_resize, true};
    kinds["rotate"] = {make_rotate, true};
    kinds["vertical_flip"] = {make_vertical_flip, true};
}

}  // namespace flowerablate
