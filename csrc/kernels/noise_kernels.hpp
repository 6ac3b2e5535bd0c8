// The kernels of ops/noise.cpp. Plain structs only, as in simd.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

namespace flowerablate {

struct NoiseKernels {
};

}  // namespace flowerablate
