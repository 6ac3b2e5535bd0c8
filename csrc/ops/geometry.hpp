// Operations that move pixels: resize, center_crop, random_resized_crop, horizontal_flip, rotate.
#pragma once

#include "ops/op.hpp"

namespace flowerablate {

std::unique_ptr<Op> make_resize(Params& params, int channels, std::uint64_t stream);
std::unique_ptr<Op> make_center_crop(Params& params, int channels, std::uint64_t stream);
std::unique_ptr<Op> make_random_resized_crop(Params& params, int channels, std::uint64_t stream);
std::unique_ptr<Op> make_horizontal_flip(Params& params, int channels, std::uint64_t stream);
std::unique_ptr<Op> make_rotate(Params& params, int channels, std::uint64_t stream);

}  // namespace flowerablate
