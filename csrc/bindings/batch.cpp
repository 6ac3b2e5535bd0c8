#include "bindings/batch.hpp"

#include <vector>

#include "bindings/arguments.hpp"

namespace py = pybind11;

namespace flowerablate::bindings {

namespace {

// Whether the strides (in bytes) are those of contiguous memory in the given order of axes; axes of length 1 do not
// matter.
bool strides_match(const py::array& array, const std::vector<int>& order) {
    py::ssize_t step = array.itemsize();
    for (auto axis = order.rbegin(); axis != order.rend(); ++axis) {
        if (array.shape(*axis) != 1 && array.strides(*axis) != step) return false;
        step *= array.shape(*axis);
    }
    return true;
}

}  // namespace

Pixels to_pixels(py::handle value, Format format) {
    if (format.bits() == 8) {
        const auto found = column<std::uint8_t>("pixels", value, "uint8");
        return {found.data, found.size, found.array};
    }
    const auto found = column<std::uint16_t>("pixels", value, "uint16");
    return {reinterpret_cast<const std::uint8_t*>(found.data), found.size, found.array};
}

Output to_output(py::handle value, const Chain& chain, bool is_bfloat16) {
    const std::string pixel_type = type_name(chain.output_format());
    const std::string types = is_bfloat16 ? "uint16 (bfloat16 bits)" : pixel_type + " or float32";
    if (!py::isinstance<py::array>(value)) {
        throw py::type_error("out must be a NumPy array of " + types + ", not " + type_of(value));
    }
    Output out;
    if (is_bfloat16) {
        out.kind = Output::kBfloat16;
        out.array = array_of<std::uint16_t>("out", value, types);
    } else if (py::isinstance<py::array_t<float>>(value)) {
        out.kind = Output::kFloats;
        out.array = array_of<float>("out", value, types);
    } else if (chain.output_format().bits() == 8) {
        out.array = array_of<std::uint8_t>("out", value, types);
    } else {
        out.array = array_of<std::uint16_t>("out", value, types);
    }
    const py::array& array = out.array;
    const bool pixels = out.kind == Output::kPixels;
    if (!array.writeable()) throw py::value_error("out must be writeable");
    if (pixels && chain.normalizes()) {
        throw py::value_error("out must be float32, not " + pixel_type +
                              ", because the chain ends with normalize or standardize");
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
    if (height > kMaxSource || width > kMaxSource) {
        throw py::value_error("out must be at most " + std::to_string(kMaxSource) + " pixels high and wide");
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

void refuse_overlap(const Output& out, const std::string& name, const py::array& input) {
    const auto begin = reinterpret_cast<std::uintptr_t>(out.array.data());
    const auto other = reinterpret_cast<std::uintptr_t>(input.data());
    const auto bytes = static_cast<std::uintptr_t>(out.array.nbytes());
    const auto other_bytes = static_cast<std::uintptr_t>(input.nbytes());
    if (begin < other + other_bytes && other < begin + bytes) {
        throw py::value_error("out must not share memory with " + name);
    }
}

}  // namespace flowerablate::bindings
