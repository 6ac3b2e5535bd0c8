// The arrays of a batch: what images are read from, and what they are written to.
#pragma once

#include <pybind11/numpy.h>

#include <string>

#include "pipeline.hpp"

namespace flowerablate::bindings {

// The memory of all images, as bytes.
struct Pixels {
    const std::uint8_t* data;
    std::size_t size;  // values
    pybind11::array array;
};

Pixels to_pixels(pybind11::handle value, Format format);

struct Output {
    pybind11::array array;
    std::size_t count = 0;
    Size size{};
    enum { kPixels, kFloats, kBfloat16 } kind = kPixels;
    bool channels_last = false;
};

// `is_bfloat16`: whether an array of uint16 gets the bits of numbers.
Output to_output(pybind11::handle value, const Chain& chain, bool is_bfloat16);

// `out` is contiguous in some order, and so are the inputs, so that their memory is one piece each.
void refuse_overlap(const Output& out, const std::string& name, const pybind11::array& input);

}  // namespace flowerablate::bindings
