// The class Chain.
#include <pybind11/stl.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bindings/arguments.hpp"
#include "bindings/batch.hpp"
#include "bindings/gil.hpp"
#include "bindings/register.hpp"
#include "bindings/specs.hpp"
#include "pipeline.hpp"

namespace py = pybind11;

namespace flowerablate::bindings {

namespace {

constexpr int kMaxThreads = 1024;

// Where each stored image lies, and which ones a batch takes.
struct Sources {
    Column<std::int64_t> offsets;
    Column<std::int32_t> heights, widths;
    Column<std::int64_t> indices;
    Column<std::uint64_t> ids;
};

// The samples of a batch. What was checked is copied while the GIL is held, so that no other thread can change it
// afterwards.
void collect(const Chain& chain, const Pixels& pixels, const Sources& sources, const Size& wanted,
             std::vector<Sample>& samples) {
    const Format format = chain.source_format();
    samples.clear();
    for (std::size_t i = 0; i < sources.indices.size; ++i) {
        const std::int64_t index = sources.indices.data[i];
        if (index < 0 || static_cast<std::uint64_t>(index) >= sources.offsets.size) {
            throw py::value_error("indices[" + std::to_string(i) + "] must be between 0 and the number of images (" +
                                  std::to_string(sources.offsets.size) + ") less one, not " + std::to_string(index));
        }
        const std::string which = "sample " + std::to_string(index);
        const std::int64_t offset = sources.offsets.data[index];
        const Size source{sources.heights.data[index], sources.widths.data[index]};
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
                                  std::to_string(offset) + " do not lie within pixels (" + std::to_string(pixels.size) +
                                  " values)");
        }
        if (!(made == wanted)) {
            throw py::value_error(which + " comes out with " + std::to_string(made.height) + "x" +
                                  std::to_string(made.width) + " pixels, but out holds " +
                                  std::to_string(wanted.height) + "x" + std::to_string(wanted.width));
        }
        samples.push_back({.data = pixels.data + offset * format.itemsize,
                           .height = source.height,
                           .width = source.width,
                           .id = sources.ids.data[i]});
    }
}

void run(const Chain& chain, py::handle pixels_arg, py::handle offsets_arg, py::handle heights_arg,
         py::handle widths_arg, py::handle indices_arg, py::handle ids_arg, py::handle out_arg, py::handle seed_arg,
         py::handle epoch_arg, py::handle threads_arg, py::handle bfloat16_arg) {
    const Format format = chain.source_format();
    const Pixels pixels = to_pixels(pixels_arg, format);
    const auto offsets = column<std::int64_t>("offsets", offsets_arg, "int64");
    const auto indices = column<std::int64_t>("indices", indices_arg, "int64");
    const Sources sources{
        .offsets = offsets,
        .heights = column<std::int32_t>("heights", heights_arg, "int32", offsets.size, "offsets"),
        .widths = column<std::int32_t>("widths", widths_arg, "int32", offsets.size, "offsets"),
        .indices = indices,
        .ids = column<std::uint64_t>("ids", ids_arg, "uint64", indices.size, "indices"),
    };
    const std::uint64_t seed = whole("seed", seed_arg, 0, UINT64_MAX);
    const auto epoch = static_cast<std::uint32_t>(whole("epoch", epoch_arg, 0, UINT32_MAX));
    const int threads = static_cast<int>(whole("threads", threads_arg, 0, kMaxThreads));
    const Output out = to_output(out_arg, chain, truth("bfloat16", bfloat16_arg));
    if (out.count != indices.size) {
        throw py::value_error("out must hold as many images as indices (" + std::to_string(indices.size) + "), not " +
                              std::to_string(out.count));
    }
    refuse_overlap(out, "pixels", pixels.array);
    refuse_overlap(out, "offsets", offsets.array);
    refuse_overlap(out, "heights", sources.heights.array);
    refuse_overlap(out, "widths", sources.widths.array);
    refuse_overlap(out, "indices", indices.array);
    refuse_overlap(out, "ids", sources.ids.array);

    static thread_local std::vector<Sample> kept;
    std::vector<Sample> samples = std::move(kept);
    collect(chain, pixels, sources, out.size, samples);
    void* target = const_cast<void*>(out.array.data());
    const Batch batch{.samples = samples,
                      .readable_end = pixels.data + pixels.size * static_cast<std::size_t>(format.itemsize),
                      .seed = seed,
                      .epoch = epoch,
                      .size = out.size,
                      .pixels = out.kind == Output::kPixels ? static_cast<std::uint8_t*>(target) : nullptr,
                      .floats = out.kind == Output::kFloats ? static_cast<float*>(target) : nullptr,
                      .bfloats = out.kind == Output::kBfloat16 ? static_cast<std::uint16_t*>(target) : nullptr,
                      .channels_last = out.channels_last};
    without_gil([&] { chain.run(batch, threads); });
    kept = std::move(samples);
}

std::unique_ptr<Chain> make_chain(py::handle ops, py::handle channels, py::handle dtype, py::handle fuse) {
    const Format source = to_format(channels, dtype);
    return std::make_unique<Chain>(to_specs(ops), source, truth("fuse", fuse));
}

py::list explain(const Chain& chain, py::handle height, py::handle width, py::handle id, py::handle seed,
                 py::handle epoch) {
    py::list all;
    for (const Drawn& drawn : chain.explain(to_size(height, width), whole("seed", seed, 0, UINT64_MAX),
                                            static_cast<std::uint32_t>(whole("epoch", epoch, 0, UINT32_MAX)),
                                            whole("id", id, 0, UINT64_MAX))) {
        py::dict values;
        for (const auto& [name, value] : drawn.values) {
            std::visit([&, key = name](const auto& held) { values[key.c_str()] = py::cast(held); }, value);
        }
        all.append(py::make_tuple(drawn.name, drawn.applied, values));
    }
    return all;
}

}  // namespace

void register_chain(py::module_& module) {
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
}

}  // namespace flowerablate::bindings
