// The Python module: checks every argument, releases the GIL, calls the core. Nothing else.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <unistd.h>

#include <cstdint>
#include <exception>
#include <string>
#include <vector>

#include "parallel.hpp"
#include "pipeline.hpp"
#include "random.hpp"
#include "simd.hpp"

namespace py = pybind11;
using namespace flowerablate;

namespace {

constexpr int kMostThreads = 1024;

std::string type_of(py::handle value) { return Py_TYPE(value.ptr())->tp_name; }

std::string text_of(py::handle value) {
    std::string text = py::repr(value).cast<std::string>();
    return text.size() > 80 ? text.substr(0, 77) + "..." : text;
}

// The value as a Python int, if it is one, a NumPy integer or the like; booleans and floats are not.
py::object as_index(py::handle value) {
    if (PyBool_Check(value.ptr()) || !PyIndex_Check(value.ptr())) return {};
    py::object number = py::reinterpret_steal<py::object>(PyNumber_Index(value.ptr()));
    if (!number) PyErr_Clear();  // an array, for instance, that holds more than one number
    return number;
}

// A whole number in [low, high].
std::uint64_t whole(const std::string& name, py::handle value, std::uint64_t low, std::uint64_t high) {
    const py::object number = as_index(value);
    if (!number) throw py::type_error(name + " must be a whole number, not " + type_of(value));
    const std::uint64_t result = PyLong_AsUnsignedLongLong(number.ptr());
    const bool outside = PyErr_Occurred() != nullptr;
    if (outside) PyErr_Clear();
    if (outside || result < low || result > high) {
        throw py::value_error(name + " must be between " + std::to_string(low) + " and " + std::to_string(high) +
                              ", not " + text_of(number));
    }
    return result;
}

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
    if (PyUnicode_Check(value.ptr())) return value.cast<std::string>();
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
    OpSpec spec{name.cast<std::string>(), {}, whole(where + ": stream", stream, 0, UINT64_MAX)};
    const std::string begin = where + " (" + spec.name + "): parameter '";
    for (py::handle entry : py::list(params.attr("items")())) {
        const auto both = py::reinterpret_borrow<py::tuple>(entry);
        if (!PyUnicode_Check(both[0].ptr())) throw py::type_error(where + ": parameter names must be str");
        const auto key = both[0].cast<std::string>();
        spec.params[key] = to_value(begin + key + "'", both[1]);
    }
    return spec;
}

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

// An aligned array of exactly the element type; nothing is converted.
template <typename T>
py::array array_of(const std::string& name, py::handle value, const std::string& wanted) {
    if (!py::isinstance<py::array>(value)) {
        throw py::type_error(name + " must be a NumPy array of " + wanted + ", not " + type_of(value));
    }
    auto array = py::reinterpret_borrow<py::array>(value);
    if (!py::isinstance<py::array_t<T>>(value)) {
        throw py::type_error(name + " must be an array of " + wanted + ", not " +
                             py::str(array.dtype()).cast<std::string>());
    }
    if (reinterpret_cast<std::uintptr_t>(array.data()) % alignof(T) != 0) {
        throw py::value_error(name + " must be aligned to its element type");
    }
    return array;
}

template <typename T>
struct Column {
    const T* data;
    std::size_t size;
    py::array array;
};

// A contiguous one-dimensional array.
template <typename T>
Column<T> column(const std::string& name, py::handle value, const std::string& wanted) {
    const py::array array = array_of<T>(name, value, wanted);
    if (array.ndim() != 1) {
        throw py::value_error(name + " must have one dimension, not " + std::to_string(array.ndim()));
    }
    if (array.shape(0) > 1 && array.strides(0) != static_cast<py::ssize_t>(sizeof(T))) {
        throw py::value_error(name + " must be contiguous, its stride is " + std::to_string(array.strides(0)) +
                              " bytes instead of " + std::to_string(sizeof(T)));
    }
    return {static_cast<const T*>(array.data()), static_cast<std::size_t>(array.shape(0)), array};
}

template <typename T>
Column<T> column(const std::string& name, py::handle value, const std::string& wanted, std::size_t size,
                 const std::string& like) {
    Column<T> found = column<T>(name, value, wanted);
    if (found.size != size) {
        throw py::value_error(name + " must have as many elements as " + like + " (" + std::to_string(size) +
                              "), not " + std::to_string(found.size));
    }
    return found;
}

// Whether the strides (in bytes) are those of contiguous memory in the given order of axes; axes of length 1 do not matter.
bool strides_match(const py::array& array, const std::vector<int>& order) {
    py::ssize_t step = array.itemsize();
    for (auto axis = order.rbegin(); axis != order.rend(); ++axis) {
        if (array.shape(*axis) != 1 && array.strides(*axis) != step) return false;
        step *= array.shape(*axis);
    }
    return true;
}

struct Output {
    py::array array;
    std::size_t count = 0;
    Size size{};
    enum { kPixels, kFloats, kHalves } kind = kPixels;
    bool channels_last = false;
};

std::string type_name(Format format) { return format.depth == 1 ? "uint8" : "uint16"; }

Output to_output(py::handle value, const Chain& chain, bool halves) {
    const std::string pixel_type = type_name(chain.output_format());
    const std::string types = halves ? "uint16 (bfloat16 bits)" : pixel_type + " or float32";
    if (!py::isinstance<py::array>(value)) {
        throw py::type_error("out must be a NumPy array of " + types + ", not " + type_of(value));
    }
    Output out;
    if (halves) {
        out.kind = Output::kHalves;
        out.array = array_of<std::uint16_t>("out", value, types);
    } else if (py::isinstance<py::array_t<float>>(value)) {
        out.kind = Output::kFloats;
        out.array = array_of<float>("out", value, types);
    } else if (chain.output_format().depth == 1) {
        out.array = array_of<std::uint8_t>("out", value, types);
    } else {
        out.array = array_of<std::uint16_t>("out", value, types);
    }
    const py::array& array = out.array;
    const bool pixels = out.kind == Output::kPixels;
    if (!array.writeable()) throw py::value_error("out must be writeable");
    if (pixels && chain.normalizes()) {
        throw py::value_error("out must be float32, not " + pixel_type + ", because the chain ends with normalize or standardize");
    }
    const std::string wanted = pixels ? "[batch, height, width, channels]" : "[batch, channels, height, width]";
    const int channel_axis = pixels ? 3 : 1;
    if (array.ndim() != 4) {
        throw py::value_error("out must be " + wanted + ", but has " + std::to_string(array.ndim()) + " dimensions");
    }
    const int channels = chain.output_format().channels;
    if (array.shape(channel_axis) != channels) {
        throw py::value_error("out must be " + wanted + " with " + std::to_string(channels) + " channels, not " +
                              std::to_string(array.shape(channel_axis)));
    }
    out.count = static_cast<std::size_t>(array.shape(0));
    const py::ssize_t height = array.shape(pixels ? 1 : 2), width = array.shape(pixels ? 2 : 3);
    if (height > kLargestSource || width > kLargestSource) {
        throw py::value_error("out must be at most " + std::to_string(kLargestSource) + " pixels high and wide");
    }
    out.size = {static_cast<int>(height), static_cast<int>(width)};
    if (array.size() != 0 && !strides_match(array, {0, 1, 2, 3})) {
        out.channels_last = !pixels && strides_match(array, {0, 2, 3, 1});
        if (!out.channels_last) {
            throw py::value_error(pixels ? "out must be contiguous"
                                         : "out must be contiguous, or contiguous in the order of channels last");
        }
    }
    return out;
}

// `out` is contiguous in some order, and so are the inputs, so that their memory is one piece each.
void refuse_overlap(const Output& out, const std::string& name, const py::array& input) {
    const auto begin = reinterpret_cast<std::uintptr_t>(out.array.data());
    const auto other = reinterpret_cast<std::uintptr_t>(input.data());
    const auto bytes = static_cast<std::uintptr_t>(out.array.nbytes());
    const auto other_bytes = static_cast<std::uintptr_t>(input.nbytes());
    if (begin < other + other_bytes && other < begin + bytes) {
        throw py::value_error("out must not share memory with " + name);
    }
}

// Calls `work` without the GIL. When the interpreter ends meanwhile, CPython before 3.14 unwinds a thread that asks for the
// GIL again, which C++ does not survive in destructors; such a thread sleeps until the process is gone, as from 3.14 on.
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

// The memory of all pictures, as bytes.
struct Pixels {
    const std::uint8_t* data;
    std::size_t size;  // values
    py::array array;
};

Pixels to_pixels(py::handle value, Format format) {
    if (format.depth == 1) {
        const auto found = column<std::uint8_t>("pixels", value, "uint8");
        return {found.data, found.size, found.array};
    }
    const auto found = column<std::uint16_t>("pixels", value, "uint16");
    return {reinterpret_cast<const std::uint8_t*>(found.data), found.size, found.array};
}

bool truth(const std::string& name, py::handle value) {
    if (!PyBool_Check(value.ptr())) throw py::type_error(name + " must be True or False, not " + type_of(value));
    return value.ptr() == Py_True;
}

void run(const Chain& chain, py::handle pixels_arg, py::handle offsets_arg, py::handle heights_arg,
         py::handle widths_arg, py::handle indices_arg, py::handle ids_arg, py::handle out_arg, py::handle seed_arg,
         py::handle epoch_arg, py::handle threads_arg, py::handle bfloat16_arg) {
    const Format format = chain.source_format();
    const Pixels pixels = to_pixels(pixels_arg, format);
    const auto offsets = column<std::int64_t>("offsets", offsets_arg, "int64");
    const auto heights = column<std::int32_t>("heights", heights_arg, "int32", offsets.size, "offsets");
    const auto widths = column<std::int32_t>("widths", widths_arg, "int32", offsets.size, "offsets");
    const auto indices = column<std::int64_t>("indices", indices_arg, "int64");
    const auto ids = column<std::uint64_t>("ids", ids_arg, "uint64", indices.size, "indices");
    const std::uint64_t seed = whole("seed", seed_arg, 0, UINT64_MAX);
    const auto epoch = static_cast<std::uint32_t>(whole("epoch", epoch_arg, 0, UINT32_MAX));
    const int threads = static_cast<int>(whole("threads", threads_arg, 0, kMostThreads));
    const Output out = to_output(out_arg, chain, truth("bfloat16", bfloat16_arg));
    if (out.count != indices.size) {
        throw py::value_error("out must hold as many pictures as indices (" + std::to_string(indices.size) +
                              "), not " + std::to_string(out.count));
    }
    refuse_overlap(out, "pixels", pixels.array);
    refuse_overlap(out, "offsets", offsets.array);
    refuse_overlap(out, "heights", heights.array);
    refuse_overlap(out, "widths", widths.array);
    refuse_overlap(out, "indices", indices.array);
    refuse_overlap(out, "ids", ids.array);

    // What was checked is copied while the GIL is held, so that no other thread can change it afterwards.
    static thread_local std::vector<Sample> kept;
    std::vector<Sample> samples = std::move(kept);
    samples.clear();
    for (std::size_t i = 0; i < indices.size; ++i) {
        const std::int64_t index = indices.data[i];
        if (index < 0 || static_cast<std::uint64_t>(index) >= offsets.size) {
            throw py::value_error("indices[" + std::to_string(i) + "] must be between 0 and the number of pictures (" +
                                  std::to_string(offsets.size) + ") less one, not " + std::to_string(index));
        }
        const std::string which = "sample " + std::to_string(index);
        const std::int64_t offset = offsets.data[index];
        const Size source{heights.data[index], widths.data[index]};
        Size made{};
        try {
            made = chain.output_size(source);
        } catch (const std::invalid_argument& error) {
            throw py::value_error(which + ": " + error.what());
        }
        const auto needed = static_cast<std::uint64_t>(source.height) * static_cast<std::uint64_t>(source.width) *
                            static_cast<std::uint64_t>(format.channels);
        if (offset < 0 || static_cast<std::uint64_t>(offset) > pixels.size || needed > pixels.size - offset) {
            throw py::value_error(which + ": its " + std::to_string(needed) + " values at offset " +
                                  std::to_string(offset) + " do not lie within pixels (" +
                                  std::to_string(pixels.size) + " values)");
        }
        if (!(made == out.size)) {
            throw py::value_error(which + " comes out with " + std::to_string(made.height) + "x" +
                                  std::to_string(made.width) + " pixels, but out holds " +
                                  std::to_string(out.size.height) + "x" + std::to_string(out.size.width));
        }
        samples.push_back({pixels.data + offset * format.depth, source.height, source.width, ids.data[i]});
    }
    void* target = const_cast<void*>(out.array.data());
    const Batch batch{samples,
                      pixels.data + pixels.size * static_cast<std::size_t>(format.depth),
                      seed,
                      epoch,
                      out.size,
                      out.kind == Output::kPixels ? static_cast<std::uint8_t*>(target) : nullptr,
                      out.kind == Output::kFloats ? static_cast<float*>(target) : nullptr,
                      out.kind == Output::kHalves ? static_cast<std::uint16_t*>(target) : nullptr,
                      out.channels_last};
    without_gil([&] { chain.run(batch, threads); });
    kept = std::move(samples);
}

std::unique_ptr<Chain> make_chain(py::handle ops, py::handle channels, py::handle dtype, py::handle fuse) {
    const std::string name = PyUnicode_Check(dtype.ptr()) ? dtype.cast<std::string>() : "";
    if (name != "uint8" && name != "uint16") {
        throw py::value_error("dtype must be 'uint8' or 'uint16', not " + text_of(dtype));
    }
    const Format source{static_cast<int>(whole("channels", channels, 1, 4)), name == "uint8" ? 1 : 2};
    return std::make_unique<Chain>(to_specs(ops), source, truth("fuse", fuse));
}

Size to_size(py::handle height, py::handle width) {
    return {static_cast<int>(whole("height", height, 1, kLargestSource)),
            static_cast<int>(whole("width", width, 1, kLargestSource))};
}

py::list explain(const Chain& chain, py::handle height, py::handle width, py::handle id, py::handle seed,
                 py::handle epoch) {
    py::list all;
    for (const Drawn& drawn :
         chain.explain(to_size(height, width), whole("seed", seed, 0, UINT64_MAX),
                       static_cast<std::uint32_t>(whole("epoch", epoch, 0, UINT32_MAX)), whole("id", id, 0, UINT64_MAX))) {
        py::dict values;
        for (const auto& [name, value] : drawn.values) {
            std::visit([&, key = name](const auto& held) { values[key.c_str()] = py::cast(held); }, value);
        }
        all.append(py::make_tuple(drawn.name, drawn.applied, values));
    }
    return all;
}

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

PYBIND11_MODULE(_native, module) {
    module.doc() = "Preprocessing of image batches: chains of operations, fused per picture, keyed random numbers.";
    py::register_exception_translator([](std::exception_ptr error) {
        try {
            if (error) std::rethrow_exception(error);
        } catch (const TypeError& wrong) {
            PyErr_SetString(PyExc_TypeError, wrong.what());
        }
    });
    py::class_<Chain>(module, "Chain", "A chain of operations; see the stub for its arguments.")
        .def(py::init(&make_chain), py::arg("ops"), py::arg("channels"), py::kw_only(), py::arg("dtype") = "uint8",
             py::arg("fuse") = true)
        .def_property_readonly("dtype", [](const Chain& chain) { return type_name(chain.source_format()); })
        .def_property_readonly("output_dtype", [](const Chain& chain) { return type_name(chain.output_format()); })
        .def(
            "output_size",
            [](const Chain& chain, py::handle height, py::handle width) {
                const Size size = chain.output_size(to_size(height, width));
                return py::make_tuple(size.height, size.width);
            },
            py::arg("height"), py::arg("width"))
        .def("explain", &explain, py::arg("height"), py::arg("width"), py::arg("id"), py::kw_only(), py::arg("seed"),
             py::arg("epoch"))
        .def("run", &run, py::arg("pixels"), py::arg("offsets"), py::arg("heights"), py::arg("widths"),
             py::arg("indices"), py::arg("ids"), py::arg("out"), py::kw_only(), py::arg("seed"), py::arg("epoch"),
             py::arg("threads") = 0, py::arg("bfloat16") = false);
    module.def("op_names", &op_names);
    module.def("uniform", &uniform, py::arg("seed"), py::arg("stream"), py::arg("epoch"), py::arg("ids"),
               py::arg("first"), py::arg("count"));
    module.def("simd_path", [] { return kernels().name; });
    module.def("threads", &default_threads);
}
