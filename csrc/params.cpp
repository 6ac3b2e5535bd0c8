#include "params.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace flowerablate {

namespace {

std::string join(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
    return text;
}

// Comparisons are written so that NaN fails them.
bool within(double value, double low, double high) { return value >= low && value <= high; }

Interval checked(const Params& params, Interval read, const std::string& prefix) {
    if (read.low > read.high) {
        params.fail("parameter '" + prefix + "low' must not exceed '" + prefix + "high', but they are " + to_text(read.low) +
                    " and " + to_text(read.high));
    }
    return read;
}

std::string range(double low, double high) { return "between " + to_text(low) + " and " + to_text(high); }

}  // namespace

std::string to_text(double value) {
    char text[32];
    for (int digits = 6; digits <= 17; ++digits) {  // no more than tell it from its neighbours
        std::snprintf(text, sizeof text, "%.*g", digits, value);
        if (std::strtod(text, nullptr) == value) break;
    }
    return text;
}

std::string to_text(const Value& value) {
    if (const bool* flag = std::get_if<bool>(&value)) return *flag ? "True" : "False";
    if (const std::int64_t* integer = std::get_if<std::int64_t>(&value)) return std::to_string(*integer);
    if (const double* number = std::get_if<double>(&value)) return to_text(*number);
    if (const std::string* word = std::get_if<std::string>(&value)) return "'" + *word + "'";
    std::vector<std::string> items;
    for (double item : std::get<std::vector<double>>(value)) items.push_back(to_text(item));
    return "(" + join(items) + ")";
}

const Value& Params::take(const std::string& name) {
    const auto found = values_.find(name);
    if (found == values_.end()) fail("parameter '" + name + "' is missing");
    taken_.push_back(name);
    return found->second;
}

void Params::wrong_type(const std::string& name, const std::string& wanted, const Value& value) const {
    throw TypeError(where_ + ": parameter '" + name + "' must be " + wanted + ", not " + to_text(value));
}

bool Params::flag(const std::string& name) {
    const Value& value = take(name);
    if (const bool* flag = std::get_if<bool>(&value)) return *flag;
    wrong_type(name, "True or False", value);
}

int Params::integer(const std::string& name, int low, int high) {
    const Value& value = take(name);
    const std::int64_t* integer = std::get_if<std::int64_t>(&value);
    if (!integer) wrong_type(name, "a whole number", value);
    if (*integer < low || *integer > high) {
        fail("parameter '" + name + "' must be " + range(low, high) + ", not " + to_text(value));
    }
    return static_cast<int>(*integer);
}

int Params::integer_or(int fallback, const std::string& name, int low, int high) {
    if (values_.count(name)) return integer(name, low, high);
    taken_.push_back(name);
    return fallback;
}

double Params::number(const std::string& name, double low, double high) {
    const Value& value = take(name);
    double number = 0;
    if (const double* real = std::get_if<double>(&value)) {
        number = *real;
    } else if (const std::int64_t* integer = std::get_if<std::int64_t>(&value)) {
        number = static_cast<double>(*integer);
    } else {
        wrong_type(name, "a number", value);
    }
    if (!within(number, low, high)) {
        fail("parameter '" + name + "' must be " + range(low, high) + ", not " + to_text(value));
    }
    return number;
}

double Params::number_or(double fallback, const std::string& name, double low, double high) {
    if (values_.count(name)) return number(name, low, high);
    taken_.push_back(name);
    return fallback;
}

int Params::choice(const std::string& name, const std::vector<std::string>& choices) {
    const Value& value = take(name);
    const std::string* word = std::get_if<std::string>(&value);
    if (!word) wrong_type(name, "one of " + join(choices), value);
    const auto found = std::find(choices.begin(), choices.end(), *word);
    if (found == choices.end()) {
        fail("parameter '" + name + "' must be one of " + join(choices) + ", not " + to_text(value));
    }
    return static_cast<int>(found - choices.begin());
}

int Params::choice_or(const std::string& fallback, const std::string& name, const std::vector<std::string>& choices) {
    if (values_.count(name)) return choice(name, choices);
    taken_.push_back(name);
    return static_cast<int>(std::find(choices.begin(), choices.end(), fallback) - choices.begin());
}

std::vector<double> Params::numbers(const std::string& name, std::size_t count, double low, double high) {
    const Value& value = take(name);
    const std::vector<double>* items = std::get_if<std::vector<double>>(&value);
    const std::string wanted =
        count == 1 ? "a tuple of one number" : "a tuple of " + std::to_string(count) + " numbers, one for each channel";
    if (!items) wrong_type(name, wanted, value);
    if (items->size() != count) fail("parameter '" + name + "' must be " + wanted + ", not " + to_text(value));
    for (double item : *items) {
        if (!within(item, low, high)) {
            fail("each number of parameter '" + name + "' must be " + range(low, high) + ", not " + to_text(item));
        }
    }
    return *items;
}

void Params::finish() const {
    for (const auto& [name, value] : values_) {
        if (std::find(taken_.begin(), taken_.end(), name) == taken_.end()) {
            fail("unknown parameter '" + name + "'; it takes " + join(taken_));
        }
    }
}

Interval Interval::read(Params& params, double lowest, double highest, const std::string& prefix) {
    const double low = params.number(prefix + "low", lowest, highest);
    return checked(params, {low, params.number(prefix + "high", lowest, highest)}, prefix);
}

Interval Interval::read_or(double fallback, Params& params, double lowest, double highest, const std::string& prefix) {
    const double low = params.number_or(fallback, prefix + "low", lowest, highest);
    return checked(params, {low, params.number_or(fallback, prefix + "high", lowest, highest)}, prefix);
}

Interval Interval::read_whole(Params& params, int lowest, int highest, const std::string& prefix) {
    const int low = params.integer(prefix + "low", lowest, highest);
    const int high = params.integer(prefix + "high", lowest, highest);
    return checked(params, {static_cast<double>(low), static_cast<double>(high)}, prefix);
}

}  // namespace flowerablate
