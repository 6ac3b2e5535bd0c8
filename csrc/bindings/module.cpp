// The Python module. Its files check every argument, release the GIL and call the core; nothing else.
#include "bindings/register.hpp"

PYBIND11_MODULE(_native, module) {
    using namespace flowerablate::bindings;
    module.doc() = "Preprocessing of image batches: chains of operations, fused per image, keyed random numbers.";
    register_errors(module);
    register_chain(module);
    register_declarations(module);
    register_random(module);
    register_simd(module);
    register_threads(module);
}
