#include "bindings/specs.hpp"

#include "bindings/arguments.hpp"

namespace py = pybind11;

namespace flowerablate::bindings {

namespace {

std::vector<double> number_list(const std::string& where, const py::sequence& items) {
    std::vector<double> numbers;
    for (py::handle item : items) {
        const py::object number = PyFloat_Check(item.ptr()) ? py::reinterpret_borrow<py::object>(item) : as_index(item);
        if (!number) throw py::type_error(where + " must hold numbers only, not " + type_of(item));
        numbers.push_back(PyFloat_AsDouble(number.ptr()));
        if (PyErr_Occurred()) {
            PyErr_Clear();
            throw py::value_error(where + " holds a number that is too large: " + text_of(number));
        }
    }
    return numbers;
}

Value to_value(const std::string& where, py::handle value) {
    if (PyBool_Check(value.ptr())) return value.ptr() == Py_True;
    if (PyFloat_Check(value.ptr())) return PyFloat_AsDouble(value.ptr());
    if (PyUnicode_Check(value.ptr())) return to_text(where, value);
    if (PyTuple_Check(value.ptr()) || PyList_Check(value.ptr())) {
        return number_list(where, py::reinterpret_borrow<py::sequence>(value));
    }
    const py::object number = as_index(value);
    if (!number) {
        throw py::type_error(where + " must be a bool, int, float, str or tuple of numbers, not " + type_of(value));
    }
    const long long result = PyLong_AsLongLong(number.ptr());
    if (result == -1 && PyErr_Occurred()) {
        PyErr_Clear();
        throw py::value_error(where + " is too large: " + text_of(number));
    }
    return static_cast<std::int64_t>(result);
}

OpSpec to_spec(std::size_t index, py::handle item) {
    const std::string where = "op " + std::to_string(index);
    const bool pair = PyTuple_Check(item.ptr()) || PyList_Check(item.ptr());
    if (!pair || py::len(item) != 3) throw py::type_error(where + " must be a tuple (name, params, stream)");
    const auto parts = py::reinterpret_borrow<py::sequence>(item);
    const py::object name = parts[0], params = parts[1], stream = parts[2];
    if (!PyUnicode_Check(name.ptr())) throw py::type_error(where + ": the name must be a str, not " + type_of(name));
    if (!PyMapping_Check(params.ptr()) || !py::hasattr(params, "items")) {
        throw py::type_error(where + ": params must be a mapping, not " + type_of(params));
    }
    OpSpec spec{to_text(where + ": the name", name), {}, whole(where + ": stream", stream, 0, UINT64_MAX)};
    const std::string begin = where + " (" + spec.name + "): parameter '";
    for (py::handle entry : py::list(params.attr("items")())) {
        const auto both = py::reinterpret_borrow<py::tuple>(entry);
        if (!PyUnicode_Check(both[0].ptr())) throw py::type_error(where + ": parameter names must be str");
        const auto key = to_text(where + ": the name of a parameter", both[0]);
        spec.params[key] = to_value(begin + key + "'", both[1]);
    }
    return spec;
}

}  // namespace

std::vector<OpSpec> to_specs(py::handle ops) {
    if (PyUnicode_Check(ops.ptr()) || !PySequence_Check(ops.ptr())) {
        throw py::type_error("ops must be a sequence of (name, params, stream), not " + type_of(ops));
    }
    std::vector<OpSpec> specs;
    for (py::handle item : py::list(py::reinterpret_borrow<py::object>(ops))) {
        specs.push_back(to_spec(specs.size(), item));
    }
    return specs;
}

}  // namespace flowerablate::bindings
