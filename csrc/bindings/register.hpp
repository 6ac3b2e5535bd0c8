// What each file of this folder adds to the Python module.
#pragma once

#include <pybind11/pybind11.h>

namespace flowerablate::bindings {

void register_errors(pybind11::module_& module);
void register_chain(pybind11::module_& module);
void register_declarations(pybind11::module_& module);
void register_random(pybind11::module_& module);
void register_simd(pybind11::module_& module);
void register_threads(pybind11::module_& module);

}  // namespace flowerablate::bindings
