#include "params.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace flowerablate {

namespace {

std::string join(const std::vector<std::string>& words, const char* between = ", ") {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
    return text;
}

// Comparisons are written so that NaN fails them.
bool within(double value, const ParamSpec& spec) { return value >= spec.min && value <= spec.max; }

std::string range(const ParamSpec& spec) { return "between " + to_text(spec.min) + " and " + to_text(spec.max); }

const ParamSpec* find(const ParamList& declared, const std::string& name) {
    const auto found =
        std::find_if(declared.begin(), declared.end(), [&](const ParamSpec& s) { return s.name == name; });
    return found == declared.end() ? nullptr : &*found;
}

double as_number(const Value& value) {
    const std::int64_t* integer = std::get_if<std::int64_t>(&value);
    return integer ? static_cast<double>(*integer) : std::get<double>(value);
}

ParamSpec bound(const Bounds& bounds, const char* end, const char* limits) {
    ParamSpec spec{.name = std::string(bounds.prefix) + end,
                   .meaning = std::string(limits) + " bound of " + bounds.meaning,
                   .type = bounds.whole ? ParamType::kInteger : ParamType::kNumber,
                   .min = bounds.min,
                   .max = bounds.max};
    if (!bounds.fallback) return spec;
    if (bounds.whole) {
        spec.fallback = static_cast<std::int64_t>(*bounds.fallback);
    } else {
        spec.fallback = *bounds.fallback;
    }
    return spec;
}

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

void add_to(ParamList& list, const ParamSpec& spec) { list.push_back(spec); }
void add_to(ParamList& list, const Bounds& bounds) {
    list.push_back(bounds.low());
    list.push_back(bounds.high());
}
void add_to(ParamList& list, const ParamList& more) { list.insert(list.end(), more.begin(), more.end()); }

ParamSpec ParamSpec::for_format(Format format) const {
    ParamSpec made = *this;
    if (max_of == MaxOf::kValues) made.max = format.max_value();
    if (max_of == MaxOf::kColors) made.max = format.channels == 1 ? 0 : 2;
    if (type == ParamType::kNumbers) made.count = static_cast<std::size_t>(format.channels);
    return made;
}

Flag::operator ParamSpec() const {
    ParamSpec spec{.name = name, .meaning = meaning, .type = ParamType::kFlag, .when = when};
    if (fallback) spec.fallback = *fallback;
    return spec;
}

Integer::operator ParamSpec() const {
    ParamSpec spec{.name = name,
                   .meaning = meaning,
                   .type = ParamType::kInteger,
                   .min = static_cast<double>(min),
                   .max = static_cast<double>(max),
                   .max_of = max_of,
                   .odd = odd,
                   .when = when,
                   .below = below};
    if (fallback) spec.fallback = std::int64_t{*fallback};
    return spec;
}

Number::operator ParamSpec() const {
    ParamSpec spec{
        .name = name, .meaning = meaning, .type = ParamType::kNumber, .min = min, .max = max, .below = below};
    if (fallback) spec.fallback = *fallback;
    return spec;
}

Numbers::operator ParamSpec() const {
    return {.name = name, .meaning = meaning, .type = ParamType::kNumbers, .min = min, .max = max, .each = each};
}

ParamSpec Bounds::low() const {
    ParamSpec spec = bound(*this, "low", "lower");
    spec.not_above = std::string(prefix) + "high";
    return spec;
}

ParamSpec Bounds::high() const { return bound(*this, "high", "upper"); }

Params::Params(std::string where, const ValueMap& given, const ParamList& declared, Format format)
    : where_(std::move(where)) {
    const auto take = [&](const ParamSpec& any) {
        ParamSpec spec = any.for_format(format);
        if (!met(spec.when, given, declared)) {
            if (!given.count(spec.name)) return;
            fail("parameter '" + spec.name + "' is for " + spec.when->name + " " + join(spec.when->choices, " or ") +
                 " only");
        }
        if (spec.type == ParamType::kNumbers && !met(spec.each, given, declared)) spec.count = 1;
        const auto found = given.find(spec.name);
        if (found != given.end()) {
            values_[spec.name] = checked(spec, found->second);
        } else if (spec.fallback) {
            values_[spec.name] = *spec.fallback;
        } else {
            fail("parameter '" + spec.name + "' is missing");
        }
    };
    // choices come first, because the conditions of others name them
    for (const bool choices : {true, false}) {
        for (const ParamSpec& spec : declared) {
            if ((spec.type == ParamType::kChoice) == choices) take(spec);
        }
    }
    for (const ParamSpec& spec : declared) check_order(spec);
    for (const auto& entry : given) {
        if (find(declared, entry.first)) continue;
        std::vector<std::string> known;
        for (const ParamSpec& spec : declared) known.push_back(spec.name);
        fail("unknown parameter '" + entry.first + "'; it takes " + (known.empty() ? "none" : join(known)));
    }
}

bool Params::met(const std::optional<When>& condition, const ValueMap& given, const ParamList& declared) const {
    if (!condition) return true;
    const ParamSpec* spec = find(declared, condition->name);
    if (!spec) throw std::logic_error(where_ + ": a condition names '" + condition->name + "', which is not declared");
    const auto found = given.find(condition->name);
    // a value that is no word, or missing, is refused with a message of its own
    if (found == given.end() && !spec->fallback) return true;
    const std::string* word = std::get_if<std::string>(found == given.end() ? &*spec->fallback : &found->second);
    return !word || std::count(condition->choices.begin(), condition->choices.end(), *word) != 0;
}

Value Params::checked(const ParamSpec& spec, const Value& value) const {
    const auto refuse = [&](const std::string& wanted) {
        fail("parameter '" + spec.name + "' must be " + wanted + ", not " + to_text(value));
    };
    switch (spec.type) {
        case ParamType::kFlag:
            if (!std::holds_alternative<bool>(value)) wrong_type(spec.name, "True or False", value);
            return value;
        case ParamType::kInteger: {
            const std::int64_t* integer = std::get_if<std::int64_t>(&value);
            if (!integer) wrong_type(spec.name, "a whole number", value);
            if (!within(static_cast<double>(*integer), spec)) refuse(range(spec));
            if (spec.odd && *integer % 2 == 0 && *integer != 0) refuse(spec.min == 0 ? "odd, or 0" : "odd");
            return value;
        }
        case ParamType::kNumber:
            if (!std::holds_alternative<double>(value) && !std::holds_alternative<std::int64_t>(value)) {
                wrong_type(spec.name, "a number", value);
            }
            if (!within(as_number(value), spec)) refuse(range(spec));
            return as_number(value);
        case ParamType::kChoice: {
            const std::string* word = std::get_if<std::string>(&value);
            if (!word) wrong_type(spec.name, "one of " + join(spec.choices), value);
            if (!std::count(spec.choices.begin(), spec.choices.end(), *word)) refuse("one of " + join(spec.choices));
            return value;
        }
        case ParamType::kNumbers: break;
    }
    const std::vector<double>* items = std::get_if<std::vector<double>>(&value);
    const std::string wanted = spec.count == 1
                                   ? "a tuple of one number"
                                   : "a tuple of " + std::to_string(spec.count) + " numbers, one for each channel";
    if (!items) wrong_type(spec.name, wanted, value);
    if (items->size() != spec.count) refuse(wanted);
    for (double item : *items) {
        if (within(item, spec)) continue;
        fail("each number of parameter '" + spec.name + "' must be " + range(spec) + ", not " + to_text(item));
    }
    return value;
}

void Params::check_order(const ParamSpec& spec) const {
    const bool strict = !spec.below.empty();
    const std::string& other = strict ? spec.below : spec.not_above;
    if (other.empty()) return;
    const double low = as_number(values_.at(spec.name)), high = as_number(values_.at(other));
    if (strict ? low < high : low <= high) return;
    fail("parameter '" + spec.name + "' must " + (strict ? "be less than" : "not exceed") + " '" + other +
         "', but they are " + to_text(low) + " and " + to_text(high));
}

void Params::wrong_type(const std::string& name, const std::string& wanted, const Value& value) const {
    throw TypeError(where_ + ": parameter '" + name + "' must be " + wanted + ", not " + to_text(value));
}

const Value& Params::read(const std::string& name) {
    const auto found = values_.find(name);
    if (found == values_.end()) throw std::logic_error(where_ + " reads '" + name + "', which it has not declared");
    read_.insert(name);
    return found->second;
}

bool Params::operator[](const Flag& param) { return std::get<bool>(read(param.name)); }

int Params::operator[](const Integer& param) { return static_cast<int>(std::get<std::int64_t>(read(param.name))); }

double Params::operator[](const Number& param) { return std::get<double>(read(param.name)); }

std::vector<double> Params::operator[](const Numbers& param) { return std::get<std::vector<double>>(read(param.name)); }

Interval Params::operator[](const Bounds& param) {
    const std::string prefix = param.prefix;
    return {as_number(read(prefix + "low")), as_number(read(prefix + "high"))};
}

void Params::finish() const {
    for (const auto& entry : values_) {
        if (!read_.count(entry.first))
            throw std::logic_error(where_ + " declares '" + entry.first + "' and ignores it");
    }
}

}  // namespace flowerablate

template class std::vector<flowerablate::ParamSpec>;
