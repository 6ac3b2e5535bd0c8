// Arguments from Python and their checks. Every message names the argument, what it was and what is allowed.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "image.hpp"

namespace flowerablate::bindings {

std::string type_of(pybind11::handle value);
// The value as Python shows it, cut off where it is long.
std::string text_of(pybind11::handle value);
// The characters of a Python str, as UTF-8.
std::string to_text(const std::string& name, pybind11::handle value);
// `uint8` or `uint16`.
std::string type_name(Format format);

// The value as a Python int, if it is one, a NumPy integer or the like; booleans and floats are not.
pybind11::object as_index(pybind11::handle value);
// A whole number in [min, max].
std::uint64_t whole(const std::string& name, pybind11::handle value, std::uint64_t min, std::uint64_t max);
bool truth(const std::string& name, pybind11::handle value);
Size to_size(pybind11::handle height, pybind11::handle width);
// The format of images with so many channels, of a dtype given by its name.
Format to_format(pybind11::handle channels, pybind11::handle dtype);

// An aligned array of exactly the element type; nothing is converted.
template <typename T>
pybind11::array array_of(const std::string& name, pybind11::handle value, const std::string& wanted) {
    if (!pybind11::isinstance<pybind11::array>(value)) {
        throw pybind11::type_error(name + " must be a NumPy array of " + wanted + ", not " + type_of(value));
    }
    auto array = pybind11::reinterpret_borrow<pybind11::array>(value);
    if (!pybind11::isinstance<pybind11::array_t<T>>(value)) {
        throw pybind11::type_error(name + " must be an array of " + wanted + ", not " +
                                   pybind11::str(array.dtype()).cast<std::string>());
    }
    if (reinterpret_cast<std::uintptr_t>(array.data()) % alignof(T) != 0) {
        throw pybind11::value_error(name + " must be aligned to its element type");
    }
    return array;
}

template <typename T>
struct Column {
    const T* data;
    std::size_t size;
    pybind11::array array;
};

// A contiguous one-dimensional array.
template <typename T>
Column<T> column(const std::string& name, pybind11::handle value, const std::string& wanted) {
    const pybind11::array array = array_of<T>(name, value, wanted);
    if (array.ndim() != 1) {
        throw pybind11::value_error(name + " must have one dimension, not " + std::to_string(array.ndim()));
    }
    if (array.shape(0) > 1 && array.strides(0) != static_cast<pybind11::ssize_t>(sizeof(T))) {
        throw pybind11::value_error(name + " must be contiguous, its stride is " + std::to_string(array.strides(0)) +
                                    " bytes instead of " + std::to_string(sizeof(T)));
    }
    return {static_cast<const T*>(array.data()), static_cast<std::size_t>(array.shape(0)), array};
}

template <typename T>
Column<T> column(const std::string& name, pybind11::handle value, const std::string& wanted, std::size_t size,
                 const std::string& like) {
    Column<T> found = column<T>(name, value, wanted);
    if (found.size != size) {
        throw pybind11::value_error(name + " must have as many elements as " + like + " (" + std::to_string(size) +
                                    "), not " + std::to_string(found.size));
    }
    return found;
}

}  // namespace flowerablate::bindings
