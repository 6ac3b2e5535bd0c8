// The kernels of ops/intensity.cpp. Plain structs only, as in simd.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

namespace flowerablate {

struct IntensityKernels {
};

}  // namespace flowerablate
