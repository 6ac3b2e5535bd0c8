// Keyed random numbers.
#include "random.hpp"

#include "bindings/arguments.hpp"
#include "bindings/gil.hpp"
#include "bindings/register.hpp"

namespace py = pybind11;

namespace flowerablate::bindings {

namespace {

py::array_t<double> uniform(py::handle seed_arg, py::handle stream_arg, py::handle epoch_arg, py::handle ids_arg,
                            py::handle first_arg, py::handle count_arg) {
    const std::uint64_t seed = whole("seed", seed_arg, 0, UINT64_MAX);
    const std::uint64_t stream = whole("stream", stream_arg, 0, UINT64_MAX);
    const auto epoch = static_cast<std::uint32_t>(whole("epoch", epoch_arg, 0, UINT32_MAX));
    const auto ids = column<std::uint64_t>("ids", ids_arg, "uint64");
    const std::uint64_t first = whole("first", first_arg, 0, UINT32_MAX);
    const std::uint64_t count = whole("count", count_arg, 0, UINT32_MAX);
    py::array_t<double> result({static_cast<py::ssize_t>(ids.size), static_cast<py::ssize_t>(count)});
    double* to = result.mutable_data();
    const std::uint64_t key = stream_key(seed, stream);
    without_gil([&] {
        for (std::size_t i = 0; i < ids.size; ++i) {
            const Draws draws(key, epoch, ids.data[i]);
            for (std::uint64_t number = first; number < first + count; ++number) *to++ = draws.uniform(number);
        }
    });
    return result;
}

}  // namespace

void register_random(py::module_& module) {
    module.def("uniform", &uniform, py::arg("seed"), py::arg("stream"), py::arg("epoch"), py::arg("ids"),
               py::arg("first"), py::arg("count"));
}

}  // namespace flowerablate::bindings
