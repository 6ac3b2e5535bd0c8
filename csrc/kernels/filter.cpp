// The kernels of ops/filter.cpp.
#include "kernels/kernels.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

const FilterKernels filter_kernels = {};

}  // namespace flowerablate::FLOWERABLATE_ISA
