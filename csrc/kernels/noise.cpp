// The kernels of ops/noise.cpp.
#include "kernels/kernels.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

const NoiseKernels noise_kernels = {};

}  // namespace flowerablate::FLOWERABLATE_ISA
