// The instruction set in use.
#include "simd.hpp"

#include "bindings/register.hpp"

namespace flowerablate::bindings {

void register_simd(pybind11::module_& module) {
    module.def("simd_path", [] { return kernels().name; });
}

}  // namespace flowerablate::bindings
