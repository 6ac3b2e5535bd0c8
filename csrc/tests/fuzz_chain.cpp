// Random chains on random pictures: an op gets any parameters, shapes and formats, and must either be refused with a message or
// work within its memory. Run under the address and undefined-behaviour sanitizers:
//
//   fuzz_chain [inputs] [seed]        (default 20000 1; exit status 1 on a finding, with the seed of the input)
//
// Every input is a function of its seed. What parameters an op takes is learnt from the messages by which it refuses chains, so
// that a new op is fuzzed without a line here. Built with -fsanitize=fuzzer, LLVMFuzzerTestOneInput takes the seed from the data.
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

std::string between(const std::string& text, const std::string& before, const std::string& after) {
    const std::size_t at = text.find(before);
    if (at == std::string::npos) return "";
    const std::size_t begin = at + before.size();
    return text.substr(begin, text.find(after, begin) - begin);
}

std::vector<std::string> split(const std::string& text) {
    std::vector<std::string> words;
    for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t end = std::min(text.find(", ", begin), text.size());
        words.push_back(text.substr(begin, end - begin));
        begin = end + 2;
    }
    return words;
}

// Sets the parameter that `message` complains of to something that it asks for. False if the message names none.
bool repair(OpSpec& spec, const std::string& message, Format format, Input& input) {
    const std::string name = between(message, "parameter '", "'");
    if (name.empty()) return false;
    if (message.find("unknown parameter") != std::string::npos) return spec.params.erase(name) > 0;
    if (message.find("is missing") != std::string::npos) {
        spec.params[name] = static_cast<std::int64_t>(input.whole(0, 9));
        return true;
    }
    Value& value = spec.params[name];
    const std::string limits = between(message, "must be between ", ", not ");
    const std::string words = between(message, "must be one of ", ", not ");
    if (!limits.empty()) {
        const double low = std::atof(limits.c_str());
        double high = std::atof(between(limits + "\n", " and ", "\n").c_str());
        const bool is_whole = std::holds_alternative<std::int64_t>(value);
        if (is_whole && high > 80) high = std::max(low, 80.0);
        if (is_whole) {
            value = static_cast<std::int64_t>(input.whole(static_cast<int>(low), static_cast<int>(high)));
        } else if (auto* numbers = std::get_if<std::vector<double>>(&value)) {
            for (double& number : *numbers) number = input.number(low, high);
        } else {
            value = input.number(low, high);
        }
        return true;
    }
    if (!words.empty()) {
        value = input.any(split(words));
        return true;
    }
    if (message.find("must be True or False") != std::string::npos) {
        value = input.one_in(2);
    } else if (message.find("must be a whole number") != std::string::npos) {
        value = static_cast<std::int64_t>(input.whole(0, 9));
    } else if (message.find("must be a number") != std::string::npos) {
        value = input.number(-2, 2);
    } else if (message.find("must be a tuple") != std::string::npos) {
        const bool one_each = message.find("one for each channel") != std::string::npos;
        value = std::vector<double>(static_cast<std::size_t>(one_each ? format.channels : input.whole(1, 4)), 0.5);
    } else {  // it must suit another parameter; try again with something else
        if (std::holds_alternative<std::int64_t>(value)) {
            value = static_cast<std::int64_t>(input.whole(0, 64));
        } else if (std::holds_alternative<double>(value)) {
            value = input.number(0, 1);
        } else {
            return false;
        }
    }
    return true;
}

// A spec of the op `name` that `format` pictures can have, or one that is refused for good.
bool make_spec(const std::string& name, Format format, Input& input, OpSpec& spec, Format& after) {
    spec = {name, {}, input.word() % 3};
    if (input.one_in(3)) spec.params["probability"] = input.number(0, 1);
    for (int attempt = 0; attempt < 60; ++attempt) {
        try {
            after = Chain({spec}, format).output_format();
            return true;
        } catch (const std::invalid_argument& error) {
            if (!repair(spec, error.what(), format, input)) return false;
        } catch (const TypeError& error) {
            if (!repair(spec, error.what(), format, input)) return false;
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
    const std::size_t each = kind == 0 ? static_cast<std::size_t>(out.depth) : kind == 1 ? 4 : 2;
    const auto values = static_cast<std::size_t>(made.height) * static_cast<std::size_t>(made.width) *
                        static_cast<std::size_t>(out.channels);
    std::vector<Sample> samples;
    for (std::uint64_t id = 0; id < 3; ++id) samples.push_back({pixels.data(), source.height, source.width, seed + id});
    Result result{std::vector<std::uint8_t>(3 * values * each)};
    std::uint8_t* to = result.bytes.data();
    chain.run({samples, pixels.data() + pixels.size(), seed, 3, made, kind == 0 ? to : nullptr,
               kind == 1 ? reinterpret_cast<float*>(to) : nullptr, kind == 2 ? reinterpret_cast<std::uint16_t*>(to) : nullptr,
               kind != 0 && last},
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
            for (const auto& [key, value] : spec.params) std::fprintf(stderr, "%s=%s ", key.c_str(), to_text(value).c_str());
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
