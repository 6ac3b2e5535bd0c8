// Ops of a chain as they come from Python.
#pragma once

#include <pybind11/pybind11.h>

#include <vector>

#include "pipeline.hpp"

namespace flowerablate::bindings {

// Of a sequence of (name, params, stream).
std::vector<OpSpec> to_specs(pybind11::handle ops);

}  // namespace flowerablate::bindings
