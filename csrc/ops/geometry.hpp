// Operations that move pixels, one kind per file.
#pragma once

#include "ops/op.hpp"

namespace flowerablate {

constexpr int kMaxSide = 8192;  // of an image that an op makes

void add_geometry(OpKinds& kinds);

// Each is in the file of its name; flips are in move.cpp.
void add_affine(OpKinds& kinds);
void add_crop(OpKinds& kinds);
void add_elastic(OpKinds& kinds);
void add_flips(OpKinds& kinds);
void add_perspective(OpKinds& kinds);
void add_resize(OpKinds& kinds);
void add_rotate(OpKinds& kinds);

}  // namespace flowerablate
