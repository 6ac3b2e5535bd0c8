#include "bindings/arguments.hpp"

#include "pipeline.hpp"

namespace py = pybind11;

namespace flowerablate::bindings {

std::string type_of(py::handle value) { return Py_TYPE(value.ptr())->tp_name; }

std::string text_of(py::handle value) {
    std::string text = py::repr(value).cast<std::string>();
    return text.size() > 80 ? text.substr(0, 77) + "..." : text;
}

std::string to_text(const std::string& name, py::handle value) {
    Py_ssize_t size = 0;
    const char* bytes = PyUnicode_AsUTF8AndSize(value.ptr(), &size);
    if (bytes == nullptr) {
        PyErr_Clear();  // half of a surrogate pair
        throw py::value_error(name + " must be a text that UTF-8 can hold, not " + text_of(value));
    }
    return {bytes, static_cast<std::size_t>(size)};
}

py::object as_index(py::handle value) {
    if (PyBool_Check(value.ptr()) || !PyIndex_Check(value.ptr())) return {};
    py::object number = py::reinterpret_steal<py::object>(PyNumber_Index(value.ptr()));
    if (!number) PyErr_Clear();  // an array, for instance, that holds more than one number
    return number;
}

std::uint64_t whole(const std::string& name, py::handle value, std::uint64_t min, std::uint64_t max) {
    const py::object number = as_index(value);
    if (!number) throw py::type_error(name + " must be a whole number, not " + type_of(value));
    const std::uint64_t result = PyLong_AsUnsignedLongLong(number.ptr());
    const bool outside = PyErr_Occurred() != nullptr;
    if (outside) PyErr_Clear();
    if (outside || result < min || result > max) {
        throw py::value_error(name + " must be between " + std::to_string(min) + " and " + std::to_string(max) +
                              ", not " + text_of(number));
    }
    return result;
}

bool truth(const std::string& name, py::handle value) {
    if (!PyBool_Check(value.ptr())) throw py::type_error(name + " must be True or False, not " + type_of(value));
    return value.ptr() == Py_True;
}

std::string type_name(Format format) { return format.bits() == 8 ? "uint8" : "uint16"; }

Size to_size(py::handle height, py::handle width) {
    return {.height = static_cast<int>(whole("height", height, 1, kMaxSource)),
            .width = static_cast<int>(whole("width", width, 1, kMaxSource))};
}

Format to_format(py::handle channels, py::handle dtype) {
    const std::string name = PyUnicode_Check(dtype.ptr()) ? to_text("dtype", dtype) : "";
    if (name != "uint8" && name != "uint16") {
        throw py::value_error("dtype must be 'uint8' or 'uint16', not " + text_of(dtype));
    }
    return {.channels = static_cast<int>(whole("channels", channels, 1, 4)), .itemsize = name == "uint8" ? 1 : 2};
}

}  // namespace flowerablate::bindings
