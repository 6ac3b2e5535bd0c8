// Random chains on random images: an op gets any parameters, shapes and formats, and must either be refused with a
// message or work within its memory. Run under the address and undefined-behaviour sanitizers:
//
//   fuzz_chain [inputs] [seed]        (default 20000 1; exit status 1 on a finding, with the seed of the input)
//
// Every input is a function of its seed. Parameters are drawn from what ops declare, so that a new op is fuzzed without
// a line here; a few are drawn from elsewhere, to be refused. Built with -fsanitize=fuzzer, LLVMFuzzerTestOneInput
// takes the seed from the data.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <set>

#include "pipeline.hpp"

using namespace flowerablate;

namespace {

class Input {
public:
    explicit Input(std::uint64_t seed) : generator_(seed) {}

    int whole(int low, int high) { return std::uniform_int_distribution<int>(low, high)(generator_); }
    bool one_in(int count) { return whole(1, count) == 1; }
    double number(double low, double high) {
        if (one_in(4)) return low;
        if (one_in(4)) return high;
        return std::uniform_real_distribution<double>(low, high)(generator_);
    }
    template <typename T>
    const T& any(const std::vector<T>& all) {
        return all[static_cast<std::size_t>(whole(0, static_cast<int>(all.size()) - 1))];
    }
    std::uint64_t word() { return generator_(); }
    void fill(std::vector<std::uint8_t>& bytes) {
        const bool flat = one_in(8);
        const auto value = static_cast<std::uint8_t>(generator_());
        for (std::uint8_t& byte : bytes) byte = flat ? value : static_cast<std::uint8_t>(generator_());
    }

private:
    std::mt19937_64 generator_;
};

constexpr int kMaxWhole = 80;  // of whole numbers: sizes beyond it take long and find nothing more

Value any_value(const ParamSpec& param, std::size_t count, Input& input) {
    switch (param.type) {
        case ParamType::kFlag: return input.one_in(2);
        case ParamType::kInteger: {
            const double max = std::max(param.min, std::min<double>(param.max, kMaxWhole));
            const double drawn =
                input.one_in(4) ? max : input.whole(static_cast<int>(param.min), static_cast<int>(max));
            const auto value = static_cast<std::int64_t>(drawn);
            return param.odd && value % 2 == 0 && value != 0 ? value - 1 : value;
        }
        case ParamType::kNumber: return input.number(param.min, param.max);
        case ParamType::kChoice: return input.any(param.choices);
        case ParamType::kNumbers: break;
    }
    std::vector<double> numbers;
    for (std::size_t i = 0; i < count; ++i) numbers.push_back(input.number(param.min, param.max));
    return numbers;
}

// A value that may be of any type and size.
Value wild_value(Input& input) {
    switch (input.whole(0, 4)) {
        case 0: return input.one_in(2);
        case 1: return static_cast<std::int64_t>(input.word());
        case 2: return input.number(-1e9, 1e9);
        case 3: return std::string("no such word");
        default: return std::vector<double>(static_cast<std::size_t>(input.whole(0, 5)), 0.5);
    }
}

// Whether a condition is met by what was drawn, or by the default of the parameter that it names.
bool met(const std::optional<When>& when, const ValueMap& drawn, const ParamList& declared) {
    if (!when) return true;
    const auto found = drawn.find(when->name);
    const auto same = [&](const ParamSpec& param) { return param.name == when->name; };
    const Value value =
        found != drawn.end() ? found->second : *std::find_if(declared.begin(), declared.end(), same)->fallback;
    const std::string* word = std::get_if<std::string>(&value);
    return word && std::count(when->choices.begin(), when->choices.end(), *word) != 0;
}

void put_in_order(const ParamSpec& param, ValueMap& values) {
    const std::string& other = param.below.empty() ? param.not_above : param.below;
    if (other.empty() || !values.count(param.name) || !values.count(other)) return;
    if (values[param.name] > values[other]) std::swap(values[param.name], values[other]);
}

ValueMap any_params(const ParamList& declared, Input& input) {
    ValueMap values;
    // choices first, since others depend on them
    for (const bool choices : {true, false}) {
        for (const ParamSpec& param : declared) {
            if ((param.type == ParamType::kChoice) != choices || (param.fallback && input.one_in(2))) continue;
            if (!met(param.when, values, declared)) continue;
            values[param.name] = any_value(param, met(param.each, values, declared) ? param.count : 1, input);
        }
    }
    for (const ParamSpec& param : declared) put_in_order(param, values);
    if (!declared.empty() && input.one_in(20)) values[input.any(declared).name] = wild_value(input);
    return values;
}

// A spec of the op `name` that `format` images can have. False if all are refused.
bool make_spec(const std::string& name, Format format, Input& input, OpSpec& spec, Format& after) {
    const ParamList declared = op_declaration(name, format).params;
    for (int attempt = 0; attempt < 20; ++attempt) {
        spec = {name, any_params(declared, input), input.word() % 3};
        try {
            after = Chain({spec}, format).output_format();
            return true;
        } catch (const std::invalid_argument&) {
        } catch (const TypeError&) {
        }
    }
    return false;
}

struct Result {
    std::vector<std::uint8_t> bytes;
    bool operator==(const Result& other) const { return bytes == other.bytes; }
};

Result run(const Chain& chain, Size source, Size made, const std::vector<std::uint8_t>& pixels, int kind, bool last,
           std::uint64_t seed, int threads) {
    const Format out = chain.output_format();
    const std::size_t each = kind == 0 ? static_cast<std::size_t>(out.itemsize) : kind == 1 ? 4 : 2;
    const auto values = static_cast<std::size_t>(made.height) * static_cast<std::size_t>(made.width) *
                        static_cast<std::size_t>(out.channels);
    std::vector<Sample> samples;
    for (std::uint64_t id = 0; id < 3; ++id) samples.push_back({pixels.data(), source.height, source.width, seed + id});
    Result result{std::vector<std::uint8_t>(3 * values * each)};
    std::uint8_t* to = result.bytes.data();
    chain.run({.samples = samples,
               .readable_end = pixels.data() + pixels.size(),
               .seed = seed,
               .epoch = 3,
               .size = made,
               .pixels = kind == 0 ? to : nullptr,
               .floats = kind == 1 ? reinterpret_cast<float*>(to) : nullptr,
               .bfloats = kind == 2 ? reinterpret_cast<std::uint16_t*>(to) : nullptr,
               .channels_last = kind != 0 && last},
              threads);
    return result;
}

// Which ops were run at all; a fuzzer that never gets past the refusals of one has not tried it.
std::set<std::string> tried;

// Returns whether a chain was run, not only refused.
bool try_one(std::uint64_t seed) {
    Input input(seed);
    const Format source{input.any(std::vector<int>{1, 3, 4}), input.one_in(4) ? 2 : 1};
    static const std::vector<std::string> names = op_names();
    std::vector<OpSpec> specs;
    Format format = source;
    bool finished = false;
    for (int count = input.whole(1, 4); count > 0 && !finished; --count) {
        OpSpec spec;
        Format after = format;
        const std::string& name = input.any(names);
        if (!make_spec(name, format, input, spec, after)) continue;
        specs.push_back(spec);
        format = after;
        finished = name == "normalize" || name == "standardize";
    }
    const Size size{input.one_in(10) ? 1 : input.whole(1, 48), input.one_in(10) ? 1 : input.whole(1, 48)};
    const Chain chain(specs, source), plain(specs, source, false);
    Size made{};
    try {
        made = chain.output_size(size);
    } catch (const std::invalid_argument&) {
        return false;
    }
    if (static_cast<std::int64_t>(made.height) * made.width > 1 << 16) return false;
    std::vector<std::uint8_t> pixels(static_cast<std::size_t>(size.height * size.width * source.pixel_bytes()));
    input.fill(pixels);
    const int kind = chain.normalizes() ? input.whole(1, 2) : input.whole(0, 2);
    const bool last = input.one_in(2);
    const Result wanted = run(chain, size, made, pixels, kind, last, seed, 1);
    const bool same = run(chain, size, made, pixels, kind, last, seed, 3) == wanted;
    run(plain, size, made, pixels, kind, last, seed, 1);
    chain.explain(size, seed, 3, seed);
    for (const OpSpec& spec : specs) tried.insert(spec.name);
    if (!same) {
        std::fprintf(stderr, "input %llu: the result depends on the threads:", static_cast<unsigned long long>(seed));
        for (const OpSpec& spec : specs) {
            std::fprintf(stderr, " %s(", spec.name.c_str());
            for (const auto& [key, value] : spec.params)
                std::fprintf(stderr, "%s=%s ", key.c_str(), to_text(value).c_str());
            std::fprintf(stderr, ")");
        }
        std::fprintf(stderr, "\n");
        std::abort();
    }
    return !specs.empty();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::uint64_t seed = 0;
    std::memcpy(&seed, data, std::min(size, sizeof seed));
    try_one(seed);
    return 0;
}

#ifndef FLOWERABLATE_LIBFUZZER
int main(int count, char** words) {
    const long inputs = count > 1 ? std::atol(words[1]) : 20000;
    const auto first = static_cast<std::uint64_t>(count > 2 ? std::atol(words[2]) : 1) << 32;
    try {
        kernels();
    } catch (const std::invalid_argument& error) {
        std::printf("skipped: %s\n", error.what());
        return 77;
    }
    long ran = 0;
    for (long i = 0; i < inputs; ++i) {
        const std::uint64_t seed = first + static_cast<std::uint64_t>(i);
        try {
            ran += try_one(seed);
        } catch (const std::exception& error) {
            std::fprintf(stderr, "input %llu: %s\n", static_cast<unsigned long long>(seed), error.what());
            return 1;
        }
    }
    std::printf("%ld inputs, %ld of them ran with %zu ops, no finding\n", inputs, ran, tried.size());
    bool untried = false;
    for (const std::string& name : op_names()) {
        if (inputs < 2000 || tried.count(name)) continue;
        std::printf("op %s was never run\n", name.c_str());
        untried = true;
    }
    return !untried && ran * 2 > inputs ? 0 : 1;  // a fuzzer whose inputs are mostly refused finds nothing
}
#endif
