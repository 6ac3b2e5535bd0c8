// Work without the GIL.
#pragma once

#include <pybind11/pybind11.h>
#include <unistd.h>

#include <exception>

namespace flowerablate::bindings {

// Calls `work` without the GIL. When the interpreter ends meanwhile, CPython before 3.14 unwinds a thread that asks for
// the GIL again, which C++ does not survive in destructors; such a thread sleeps until the process is gone, as
// from 3.14 on.
template <typename Work>
void without_gil(const Work& work) {
    std::exception_ptr error;
    PyThreadState* const state = PyEval_SaveThread();
    try {
        work();
    } catch (...) {
        error = std::current_exception();
    }
    try {
        PyEval_RestoreThread(state);
    } catch (...) {
        for (;;) pause();
    }
    if (error) std::rethrow_exception(error);
}

}  // namespace flowerablate::bindings
