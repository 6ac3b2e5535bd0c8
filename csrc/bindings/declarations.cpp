// What ops declare of themselves, as plain dicts and tuples.
#include <pybind11/stl.h>

#include <string>

#include "bindings/arguments.hpp"
#include "bindings/register.hpp"
#include "pipeline.hpp"

namespace py = pybind11;

namespace flowerablate::bindings {

namespace {

const char* type_of_param(ParamType type) {
    switch (type) {
        case ParamType::kFlag: return "bool";
        case ParamType::kInteger: return "int";
        case ParamType::kNumber: return "float";
        case ParamType::kChoice: return "str";
        case ParamType::kNumbers: break;
    }
    return "tuple";
}

py::object to_python(const Value& value) {
    return std::visit([](const auto& held) -> py::object { return py::cast(held); }, value);
}

py::object or_none(const std::string& name) { return name.empty() ? py::none() : py::object(py::str(name)); }

py::object condition(const std::optional<When>& when) {
    if (!when) return py::none();
    return py::make_tuple(when->name, py::tuple(py::cast(when->choices)));
}

py::dict to_dict(const ParamSpec& param) {
    const bool bounded = param.type != ParamType::kFlag && param.type != ParamType::kChoice;
    const bool whole = param.type == ParamType::kInteger;
    const auto bound = [&](double value) -> py::object {
        if (!bounded) return py::none();
        if (whole) return py::int_(static_cast<std::int64_t>(value));
        return py::float_(value);
    };
    py::dict made;
    made["name"] = param.name;
    made["meaning"] = param.meaning;
    made["type"] = type_of_param(param.type);
    made["default"] = param.fallback ? to_python(*param.fallback) : py::none();
    made["min"] = bound(param.min);
    made["max"] = bound(param.max);
    made["choices"] = py::tuple(py::cast(param.choices));
    made["odd"] = param.odd;
    made["count"] = param.type == ParamType::kNumbers ? py::object(py::cast(param.count)) : py::none();
    made["when"] = condition(param.when);
    made["count_when"] = condition(param.each);
    made["not_above"] = or_none(param.not_above);
    made["below"] = or_none(param.below);
    return made;
}

py::dict op_params(py::handle name, py::handle channels, py::handle dtype) {
    if (!PyUnicode_Check(name.ptr())) throw py::type_error("name must be a str, not " + type_of(name));
    const OpDeclaration found = op_declaration(to_text("name", name), to_format(channels, dtype));
    py::list params, formats;
    for (const ParamSpec& param : found.params) params.append(to_dict(param));
    for (const int itemsize : {1, 2}) {
        for (const int count : {1, 3, 4}) {
            const Format format{.channels = count, .itemsize = itemsize};
            if (found.kind.takes(format)) formats.append(py::make_tuple(type_name(format), count));
        }
    }
    py::dict made;
    made["params"] = py::tuple(params);
    made["draws"] = found.kind.draws == kDrawsBySize ? py::none() : py::object(py::int_(found.kind.draws));
    made["draws_pixels"] = found.kind.draws_pixels;
    made["formats"] = py::tuple(formats);
    made["last"] = found.kind.make == nullptr;
    return made;
}

}  // namespace

void register_declarations(py::module_& module) {
    module.def("op_names", &op_names);
    module.def("op_params", &op_params, py::arg("name"), py::arg("channels") = 3, py::arg("dtype") = "uint8");
}

}  // namespace flowerablate::bindings
