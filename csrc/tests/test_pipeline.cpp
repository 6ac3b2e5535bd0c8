// Whole chains on pictures of random sizes, each in memory of exactly its size; bad parameters.
#include "pipeline.hpp"

#include <random>
#include <thread>

#include "check.hpp"

using namespace flowerablate;

namespace {

std::mt19937 generator(2);

int any(int low, int high) { return std::uniform_int_distribution<int>(low, high)(generator); }

std::string any_of(const std::vector<std::string>& words) {
    return words[static_cast<std::size_t>(any(0, static_cast<int>(words.size()) - 1))];
}

Value whole(int value) { return static_cast<std::int64_t>(value); }

std::string any_border() { return any_of({"constant", "edge", "reflect", "reflect101", "wrap"}); }

OpSpec any_geometry(std::uint64_t stream) {
    const std::string sampling = any_of({"nearest", "bilinear", "bilinear", "bilinear"});
    switch (any(0, 6)) {
        case 0: return {"vertical_flip", {{"probability", 0.5}}, stream};
        case 1:
            return {"affine",
                    {{"degrees_low", -180.0},
                     {"degrees_high", 180.0},
                     {"scale_low", 0.05},
                     {"scale_high", 20.0},
                     {"shift_x_low", -4.0},
                     {"shift_y_high", 4.0},
                     {"shear_x_low", -75.0},
                     {"shear_y_high", 75.0},
                     {"interpolation", sampling},
                     {"border", any_border()}},
                    stream};
        case 2:
            return {"perspective", {{"distortion", 1.0}, {"interpolation", sampling}, {"border", any_border()}}, stream};
        case 3:
            return {"elastic",
                    {{"alpha", 300.0}, {"sigma", any(1, 20) / 2.0}, {"interpolation", sampling}, {"border", any_border()}},
                    stream};
        case 4: return {"pad", {{"pixels", whole(any(1, 9))}, {"border", any_border()}}, stream};
        case 5:
            return {"random_crop", {{"size", whole(any(1, 40))}, {"padding", whole(any(0, 9))}, {"border", any_border()}},
                    stream};
        default:
            return {"resize",
                    {{"size", whole(any(1, 60))},
                     {"fit", any_of({"cover", "stretch"})},
                     {"interpolation", "bicubic"},
                     {"antialias", any(0, 1) == 1}},
                    stream};
    }
}

OpSpec any_op() {
    const auto stream = static_cast<std::uint64_t>(any(0, 5));
    if (any(0, 1)) return any_geometry(stream);
    switch (any(0, 6)) {
        case 0: return {"horizontal_flip", {{"probability", 0.5}}, stream};
        case 1:
            return {"rotate",
                    {{"degrees", 180.0},
                     {"border", any_of({"constant", "edge", "reflect", "reflect101", "wrap"})},
                     {"probability", 0.9}},
                    stream};
        case 2: return {"brightness_contrast", {{"brightness", 0.4}, {"contrast", 2.0}, {"probability", 0.9}}, stream};
        case 3:
            return {"morphology",
                    {{"op", any_of({"erode", "dilate", "open", "close"})},
                     {"size", whole(2 * any(0, 31) + 1)},
                     {"shape", any_of({"rectangle", "cross", "ellipse", "disk"})}},
                    stream};
        case 4: return {"center_crop", {{"size", whole(any(1, 50))}}, stream};
        case 5:
            return {"resize",
                    {{"size", whole(any(1, 40))},
                     {"fit", any_of({"cover", "stretch", "shorter"})},
                     {"antialias", any(0, 1) == 1}},
                    stream};
        default:
            return {"random_resized_crop",
                    {{"size", whole(any(1, 40))},
                     {"scale_low", 0.1},
                     {"scale_high", 1.0},
                     {"ratio_low", 0.5},
                     {"ratio_high", 2.0},
                     {"antialias", any(0, 1) == 1}},
                    stream};
    }
}

// Runs one chain on one picture and returns what came out.
std::vector<float> run(const Chain& chain, const std::vector<std::uint8_t>& pixels, Size source, int threads) {
    const Size size = chain.output_size(source);
    const std::size_t values = static_cast<std::size_t>(size.height) * static_cast<std::size_t>(size.width) *
                               static_cast<std::size_t>(chain.source_format().channels);
    const std::vector<Sample> samples(3, Sample{pixels.data(), source.height, source.width, 9});
    std::vector<float> out(3 * values);
    chain.run({samples, pixels.data() + pixels.size(), 1, 2, size, nullptr, out.data(), nullptr, false}, threads);
    if (!chain.normalizes()) {
        std::vector<std::uint8_t> bytes(3 * values);
        chain.run({samples, pixels.data() + pixels.size(), 1, 2, size, bytes.data(), nullptr, nullptr, false}, threads);
        CHECK(static_cast<float>(bytes.back()) * (1.0f / 255.0f) == out.back());
    }
    return out;
}

void test_any_chain() {
    const int channels = any(0, 2) == 0 ? 1 : any(3, 4);
    std::vector<OpSpec> specs;
    const int count = any(0, 5);
    for (int i = 0; i < count; ++i) specs.push_back(any_op());
    if (any(0, 1)) {
        const auto many = static_cast<std::size_t>(channels);
        specs.push_back({"normalize",
                         {{"mean", std::vector<double>(many, 0.4)}, {"std", std::vector<double>(many, 0.2)}},
                         0});
    }
    const Chain chain(specs, {channels, 1});
    const Size source{any(1, 60), any(1, 60)};
    std::vector<std::uint8_t> pixels(static_cast<std::size_t>(source.height * source.width * channels));
    for (std::uint8_t& pixel : pixels) pixel = static_cast<std::uint8_t>(generator());
    CHECK(run(chain, pixels, source, 1) == run(chain, pixels, source, 3));
}

void test_many_callers() {
    const Chain chain({{"resize", {{"size", whole(30)}, {"fit", "cover"}, {"antialias", true}}, 0},
                       {"morphology", {{"op", "open"}, {"size", whole(5)}, {"shape", "ellipse"}}, 0}},
                      {3, 1});
    const std::vector<std::uint8_t> pixels(50 * 40 * 3, 77);
    const std::vector<float> wanted = run(chain, pixels, {50, 40}, 1);
    std::vector<std::thread> callers;
    for (int caller = 0; caller < 6; ++caller) {
        callers.emplace_back([&] {
            for (int round = 0; round < 20; ++round) CHECK(run(chain, pixels, {50, 40}, 1 + round % 4) == wanted);
        });
    }
    for (std::thread& caller : callers) caller.join();
}

void test_bad_chains() {
    const auto make = [](const char* name, ValueMap params, int channels = 3) {
        return [=] { Chain({{name, params, 0}}, {channels, 1}); };
    };
    CHECK(throws<std::invalid_argument>(make("blur", {}), "op 0: unknown name 'blur'"));
    CHECK(throws<std::invalid_argument>(make("center_crop", {}), "parameter 'size' is missing"));
    CHECK(throws<TypeError>(make("center_crop", {{"size", 2.5}}), "must be a whole number, not 2.5"));
    CHECK(throws<std::invalid_argument>(make("center_crop", {{"size", whole(0)}}), "between 1 and 8192, not 0"));
    CHECK(throws<std::invalid_argument>(make("center_crop", {{"size", whole(4)}}, 2), "channels must be 1, 3 or 4"));
    const Chain chain({}, {3, 1});
    CHECK(throws<std::invalid_argument>([&] { chain.output_size({0, 5}); }, "height and width must be between"));
}

}  // namespace

int main() {
    for (int round = 0; round < 600; ++round) test_any_chain();
    test_many_callers();
    test_bad_chains();
    return 0;
}
