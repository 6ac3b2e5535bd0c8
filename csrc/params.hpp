// Parameters of an op as they come from outside, and their checks. Every message names the op, the parameter, what it was
// and what is allowed.
#pragma once

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

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

// Takes typed and range-checked values out of a map; finish() refuses those that nobody took.
class Params {
public:
    // `where` begins every message, such as "op 2 (rotate)". `values` must outlive this object.
    Params(std::string where, const ValueMap& values) : where_(std::move(where)), values_(values) {}

    bool flag(const std::string& name);
    int integer(const std::string& name, int low, int high);
    int integer_or(int fallback, const std::string& name, int low, int high);
    double number(const std::string& name, double low, double high);
    double number_or(double fallback, const std::string& name, double low, double high);
    // Returns the index of the word in `choices`.
    int choice(const std::string& name, const std::vector<std::string>& choices);
    int choice_or(const std::string& fallback, const std::string& name, const std::vector<std::string>& choices);
    std::vector<double> numbers(const std::string& name, std::size_t count, double low, double high);
    void finish() const;

    [[noreturn]] void fail(const std::string& what) const { throw std::invalid_argument(where_ + ": " + what); }

private:
    const Value& take(const std::string& name);
    [[noreturn]] void wrong_type(const std::string& name, const std::string& wanted, const Value& value) const;

    std::string where_;
    const ValueMap& values_;
    std::vector<std::string> taken_;
};

// Two parameters, <prefix>low and <prefix>high, that bound a drawn number. Where both are equal, it is that number to the bit. A low
// one above the high one is refused.
struct Interval {
    double low, high;

    static Interval read(Params& params, double lowest, double highest, const std::string& prefix = "");
    // `fallback` stands for each of the two that is not given.
    static Interval read_or(double fallback, Params& params, double lowest, double highest, const std::string& prefix = "");
    // The same for whole numbers.
    static Interval read_whole(Params& params, int lowest, int highest, const std::string& prefix = "");

    // The number for u in [0, 1).
    double at(double u) const { return low + (high - low) * u; }
    // One of the whole numbers low, low + 1, ..., high.
    int whole_at(double u) const {
        const int first = static_cast<int>(low), last = static_cast<int>(high);
        const int found = first + static_cast<int>(u * (last - first + 1));
        return found < last ? found : last;
    }
};

}  // namespace flowerablate
