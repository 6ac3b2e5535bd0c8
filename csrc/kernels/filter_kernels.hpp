// The kernels of ops/filter.cpp. Plain structs only, as in simd.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

namespace flowerablate {

struct FilterKernels {
};

}  // namespace flowerablate
