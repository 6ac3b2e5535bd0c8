// Operations that move pixels, one kind per file.
#pragma once

#include "ops/op.hpp"

namespace flowerablate {

constexpr int kMaxSide = 8192;  // of an image that an op makes

[[gnu::cold]] void add_geometry(OpKinds& kinds);

// Each is in the file of its name; flips are in move.cpp.
[[gnu::cold]] void add_affine(OpKinds& kinds);
[[gnu::cold]] void add_crop(OpKinds& kinds);
[[gnu::cold]] void add_elastic(OpKinds& kinds);
[[gnu::cold]] void add_flips(OpKinds& kinds);
[[gnu::cold]] void add_perspective(OpKinds& kinds);
[[gnu::cold]] void add_resize(OpKinds& kinds);
[[gnu::cold]] void add_rotate(OpKinds& kinds);

}  // namespace flowerablate
