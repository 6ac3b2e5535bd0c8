// How many threads there are.
#include "bindings/register.hpp"
#include "parallel.hpp"

namespace flowerablate::bindings {

void register_threads(pybind11::module_& module) { module.def("threads", &default_threads); }

}  // namespace flowerablate::bindings
