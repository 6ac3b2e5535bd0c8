// What ops declare holds: every declared parameter is read, and no draw has a higher number than declared.
#include <algorithm>

#include "check.hpp"
#include "pipeline.hpp"

using namespace flowerablate;

namespace {

Value first_value(const ParamSpec& param, bool last) {
    const double end = last ? param.max : param.min;
    switch (param.type) {
        case ParamType::kFlag: return true;
        case ParamType::kInteger: {
            const auto whole = static_cast<std::int64_t>(last ? std::min(end, 64.0) : std::max(end, 3.0));
            return param.odd && whole % 2 == 0 ? whole - 1 : whole;
        }
        case ParamType::kNumber: return last ? std::min(end, 0.9) : std::max(end, 0.1);
        case ParamType::kChoice: return last ? param.choices.back() : param.choices.front();
        case ParamType::kNumbers: break;
    }
    return std::vector<double>(param.count, std::max(param.min, 0.5));
}

bool met(const ParamSpec& param, const ValueMap& values) {
    if (!param.when) return true;
    const std::string word = std::get<std::string>(values.at(param.when->name));
    return std::count(param.when->choices.begin(), param.when->choices.end(), word) != 0;
}

// All parameters at their first or last value; bounds lie apart.
OpSpec spec_of(const std::string& name, Format format, bool last) {
    OpSpec spec{name, {}, 7};
    const ParamList params = op_declaration(name, format).params;
    for (const ParamSpec& param : params) {
        if (param.name == "probability" || !met(param, spec.params)) continue;
        const bool lower = !param.not_above.empty() || !param.below.empty();
        const bool upper = std::any_of(params.begin(), params.end(), [&](const ParamSpec& other) {
            return other.not_above == param.name || other.below == param.name;
        });
        spec.params[param.name] = first_value(param, upper || (last && !lower));
    }
    return spec;
}

// The highest number that an op draws for images of several sizes and ids.
std::uint64_t highest(const Chain& chain) {
    max_draw = 0;
    for (const int side : {1, 40}) {
        const std::vector<std::uint8_t> pixels(static_cast<std::size_t>(side * side * 3 + kSlack), 90);
        for (std::uint64_t id = 0; id < 300; ++id) {
            const std::vector<Sample> samples{{.data = pixels.data(), .height = side, .width = side, .id = id}};
            const Size made = chain.output_size({side, side});
            std::vector<std::uint8_t> out(static_cast<std::size_t>(made.height * made.width * 3));
            chain.run({.samples = samples,
                       .readable_end = pixels.data() + pixels.size(),
                       .seed = 5,
                       .epoch = 1,
                       .size = made,
                       .pixels = out.data()},
                      1);
        }
    }
    return max_draw;
}

// Of policies the count is that of their own choice: their parts draw, too, but from bounds that are equal.
bool is_policy(const std::string& name) { return name == "rand_augment" || name == "trivial_augment"; }

void test_draws() {
    const Format format{.channels = 3, .itemsize = 1};
    for (const std::string& name : op_names()) {
        const OpKind& kind = op_declaration(name, format).kind;
        if (!kind.make || kind.draws == kDrawsBySize || is_policy(name)) continue;
        std::uint64_t drawn = 0;
        int taken = 0;
        for (const bool last : {false, true}) {
            try {
                drawn = std::max(drawn, highest(Chain({spec_of(name, format, last)}, format)));
                ++taken;
            } catch (const std::invalid_argument& refused) {
                std::printf("%s\n", refused.what());
            }
        }
        CHECK(taken > 0);
        std::printf("%s: %d draws declared, number %d is the highest\n", name.c_str(), kind.draws,
                    static_cast<int>(drawn));
        CHECK(drawn == static_cast<std::uint64_t>(kind.draws));
    }
}

// Chains of one op with all of its parameters; Params::finish() throws std::logic_error for one that is not read.
void test_parameters() {
    for (const int itemsize : {1, 2}) {
        for (const int channels : {1, 3, 4}) {
            const Format format{.channels = channels, .itemsize = itemsize};
            for (const std::string& name : op_names()) {
                if (!op_declaration(name, format).kind.takes(format)) continue;
                int built = 0;
                for (const bool last : {false, true}) {
                    try {
                        Chain({spec_of(name, format, last)}, format);
                        ++built;
                    } catch (const std::invalid_argument& refused) {
                        std::printf("%s\n", refused.what());
                    }
                }
                CHECK(built > 0);
            }
        }
    }
}

void test_messages() {
    const Format bytes{.channels = 3, .itemsize = 1}, words{.channels = 3, .itemsize = 2};
    const auto chain = [](const char* name, const ValueMap& params, Format format) {
        Chain({{name, params, 0}}, format);
    };
    const ValueMap element{{"op", std::string("open")}, {"size", std::int64_t{3}}, {"shape", std::string("cross")}};
    ValueMap outside = element;
    outside["border_value"] = std::int64_t{9};
    CHECK(throws<std::invalid_argument>([&] { chain("morphology", outside, bytes); },
                                        "parameter 'border_value' is for border constant only"));
    outside["border"] = std::string("constant");
    chain("morphology", outside, bytes);
    outside["border_value"] = std::int64_t{256};
    CHECK(throws<std::invalid_argument>([&] { chain("morphology", outside, bytes); }, "between 0 and 255, not 256"));
    chain("morphology", outside, words);
    CHECK(throws<std::invalid_argument>(
        [&] { chain("to_8_bits", {{"low", std::int64_t{9}}, {"high", std::int64_t{9}}}, words); },
        "'low' must be less than 'high'"));
    CHECK(throws<std::invalid_argument>([&] { chain("median_blur", {{"size", std::int64_t{4}}}, bytes); },
                                        "'size' must be odd, not 4"));
    CHECK(throws<std::invalid_argument>([&] { op_declaration("no_such_op", bytes); }, "unknown name 'no_such_op'"));
}

}  // namespace

int main() {
    test_draws();
    test_parameters();
    test_messages();
    return 0;
}
