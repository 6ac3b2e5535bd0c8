// Operations that move pixels, one kind per file.
#pragma once

#include "ops/op.hpp"

namespace flowerablate {

constexpr int kLargestSide = 8192;  // of a picture that an op makes

void add_geometry(OpKinds& kinds);

std::unique_ptr<Op> make_affine(Params& params, const Setup& setup);
std::unique_ptr<Op> make_center_crop(Params& params, const Setup& setup);
std::unique_ptr<Op> make_elastic(Params& params, const Setup& setup);
std::unique_ptr<Op> make_pad(Params& params, const Setup& setup);
std::unique_ptr<Op> make_perspective(Params& params, const Setup& setup);
std::unique_ptr<Op> make_random_crop(Params& params, const Setup& setup);
std::unique_ptr<Op> make_random_resized_crop(Params& params, const Setup& setup);
std::unique_ptr<Op> make_resize(Params& params, const Setup& setup);
std::unique_ptr<Op> make_rotate(Params& params, const Setup& setup);

}  // namespace flowerablate
