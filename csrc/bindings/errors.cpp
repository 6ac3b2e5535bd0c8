// Errors of the core as Python knows them; pybind11 itself makes ValueError of std::invalid_argument.
#include "bindings/register.hpp"
#include "params.hpp"

namespace py = pybind11;

namespace flowerablate::bindings {

void register_errors(py::module_&) {
    py::register_exception_translator([](std::exception_ptr error) {
        try {
            if (error) std::rethrow_exception(error);
        } catch (const TypeError& wrong) {
            PyErr_SetString(PyExc_TypeError, wrong.what());
        }
    });
}

}  // namespace flowerablate::bindings
