// The kernels of ops/intensity.cpp.
#include "kernels/kernels.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

const IntensityKernels intensity_kernels = {};

}  // namespace flowerablate::FLOWERABLATE_ISA
