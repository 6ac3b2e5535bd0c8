// Parameters of ops. Each is declared once, as a constant that says its name, type, range and default; an op lists its
// constants where it is registered, and reads values by them. So what an op accepts and what it tells of itself are the
// same.
//
//   const Integer kSize{.name = "size", .meaning = "side of the window in pixels", .min = 1, .max = 63};
//   kinds["box_blur"] = {.make = make_op<BoxBlur>, .params = declare(kSize)};
//   BoxBlur(Params& params, const Setup& setup) : Op(setup), size_(params[kSize]) {}
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "image.hpp"

namespace flowerablate {

// A value of the wrong type; becomes TypeError in Python. Wrong values are std::invalid_argument, ValueError in Python.
struct TypeError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

using Value = std::variant<bool, std::int64_t, double, std::string, std::vector<double>>;
using ValueMap = std::map<std::string, Value>;

// Shows a value as a user would write it.
std::string to_text(const Value& value);
std::string to_text(double value);

enum class ParamType { kFlag, kInteger, kNumber, kChoice, kNumbers };

// A condition: the choice `name` has one of these values.
struct When {
    std::string name;
    std::vector<std::string> choices;
};

// A maximum that depends on the format of the images: the maximum of a value (255 or 65535), the number of the last
// colour.
enum class MaxOf { kNothing, kValues, kColors };

// A declared parameter of any type.
struct ParamSpec {
    std::string name, meaning;
    ParamType type;
    std::optional<Value> fallback = {};  // what stands for a parameter that is not given; none: it must be given
    double min = 0, max = 0;
    MaxOf max_of = MaxOf::kNothing;
    bool odd = false;
    std::vector<std::string> choices = {};
    std::optional<When> when = {};  // elsewhere the parameter is refused
    std::string not_above = {};     // a parameter that is no smaller than this one
    std::string below = {};         // a parameter that is larger than this one
    std::size_t count = 0;          // of numbers
    std::optional<When> each = {};  // elsewhere there is one number for all channels

    // With the maximum and count that hold for images of `format`.
    ParamSpec for_format(Format format) const;
};

struct Flag {
    const char* name;
    const char* meaning;
    std::optional<bool> fallback = {};
    std::optional<When> when = {};

    operator ParamSpec() const;
};

struct Integer {
    const char* name;
    const char* meaning;
    int min, max;
    std::optional<int> fallback = {};
    MaxOf max_of = MaxOf::kNothing;
    bool odd = false;  // 0 is allowed where `min` is 0
    std::optional<When> when = {};
    const char* below = "";

    operator ParamSpec() const;
};

struct Number {
    const char* name;
    const char* meaning;
    double min, max;
    std::optional<double> fallback = {};
    const char* below = "";

    operator ParamSpec() const;
};

// One number for each channel; or one for all where the condition `each` is not met.
struct Numbers {
    const char* name;
    const char* meaning;
    double min, max;
    std::optional<When> each = {};

    operator ParamSpec() const;
};

// One word of several, each of which stands for a value of `Enum`.
template <typename Enum>
struct Choice {
    const char* name;
    const char* meaning;
    std::vector<std::pair<const char*, Enum>> choices;
    std::optional<Enum> fallback = {};
    std::optional<When> when = {};

    [[gnu::cold]] operator ParamSpec() const {
        ParamSpec spec{.name = name, .meaning = meaning, .type = ParamType::kChoice, .when = when};
        for (const auto& [word, value] : choices) {
            spec.choices.emplace_back(word);
            if (fallback && value == *fallback) spec.fallback = std::string(word);
        }
        return spec;
    }
    Enum of(const std::string& wanted) const {
        for (const auto& [word, value] : choices) {
            if (wanted == word) return value;
        }
        throw std::logic_error(std::string("'") + name + "' has no choice '" + wanted + "'");
    }
};

// Two parameters, <prefix>low and <prefix>high, that bound a drawn number.
struct Bounds {
    const char* prefix;
    const char* meaning;  // of what is drawn
    double min, max;
    std::optional<double> fallback = {};  // for each of the two that is not given
    bool whole = false;

    ParamSpec low() const;
    ParamSpec high() const;
};

using ParamList = std::vector<ParamSpec>;

void add_to(ParamList& list, const ParamSpec& spec);
void add_to(ParamList& list, const Bounds& bounds);
void add_to(ParamList& list, const ParamList& more);

// A list of declared parameters, bounds and other lists.
template <typename... Declared>
[[gnu::cold]] ParamList declare(const Declared&... declared) {
    ParamList list;
    (add_to(list, declared), ...);
    return list;
}

// What `Bounds` are read as. Where both are equal, each drawn number is that number to the bit.
struct Interval {
    double low, high;

    // The number for u in [0, 1).
    double at(double u) const { return low + (high - low) * u; }
    // One of the whole numbers low, low + 1, ..., high.
    int whole_at(double u) const {
        const int first = static_cast<int>(low), last = static_cast<int>(high);
        const int found = first + static_cast<int>(u * (last - first + 1));
        return found < last ? found : last;
    }
};

// The values of an op's parameters: those that were given, checked, and the defaults of the others. Every message names
// the op, the parameter, what it was and what is allowed.
class Params {
public:
    // `where` begins every message, such as "op 2 (rotate)". Throws std::invalid_argument or TypeError for values that
    // do not fit the declarations.
    Params(std::string where, const ValueMap& given, const ParamList& declared, Format format);

    // Values by their declarations; std::logic_error for what the op has not declared.
    bool operator[](const Flag& param);
    int operator[](const Integer& param);
    double operator[](const Number& param);
    std::vector<double> operator[](const Numbers& param);
    Interval operator[](const Bounds& param);
    template <typename Enum>
    Enum operator[](const Choice<Enum>& param) {
        return param.of(std::get<std::string>(read(param.name)));
    }

    // Whether the condition of a declared parameter is met.
    bool applies(const std::string& name) const { return values_.count(name) != 0; }

    // Throws std::logic_error where a declared value was not read: no parameter may be accepted and ignored.
    void finish() const;

    [[noreturn]] void fail(const std::string& what) const { throw std::invalid_argument(where_ + ": " + what); }

private:
    const Value& read(const std::string& name);
    bool met(const std::optional<When>& condition, const ValueMap& given, const ParamList& declared) const;
    Value checked(const ParamSpec& spec, const Value& value) const;
    void check_order(const ParamSpec& spec) const;
    [[noreturn]] void wrong_type(const std::string& name, const std::string& wanted, const Value& value) const;

    std::string where_;
    ValueMap values_;
    std::set<std::string> read_;
};

}  // namespace flowerablate

// Made once, in params.cpp, and what only declares is optimized for size: it would be most of what a compiler does for
// an op.
extern template class std::vector<flowerablate::ParamSpec>;
