// Whole chains on images of random sizes, each in memory of exactly its size; bad parameters.
#include "pipeline.hpp"

#include <algorithm>
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

OpSpec any_color_op(std::uint64_t stream) {
    const std::string name =
        any_of({"grey", "single_channel", "channel_shuffle", "invert", "brightness", "contrast", "saturation", "hue",
                "posterize", "solarize", "color_jitter", "hsv_jitter", "rand_augment", "trivial_augment"});
    ValueMap params{{"probability", 0.9}};
    if (name == "single_channel") params["channel"] = whole(0);
    if (name == "brightness" || name == "contrast" || name == "saturation")
        params.insert({{"low", 0.3}, {"high", 2.0}});
    if (name == "hue") params.insert({{"low", -0.5}, {"high", 0.5}});
    if (name == "posterize") params.insert({{"bits_low", whole(1)}, {"bits_high", whole(8)}});
    if (name == "solarize") params.insert({{"threshold_low", 0.0}, {"threshold_high", 256.0}});
    if (name == "color_jitter") {
        params.insert({{"brightness", 0.4}, {"contrast", 0.4}, {"saturation", 0.4}, {"hue", any(0, 1) * 0.2}});
    }
    if (name == "hsv_jitter") params.insert({{"hue", 20.0}, {"saturation", 30.0}, {"value", 20.0}});
    if (name == "rand_augment") params.insert({{"ops", whole(any(1, 4))}, {"magnitude", whole(any(0, 30))}});
    if (name == "rand_augment" || name == "trivial_augment") {
        params.insert({{"geometry", true}, {"color", true}, {"sharpness", true}, {"histogram", true}});
    }
    return {name, params, stream};
}

OpSpec any_intensity_op(std::uint64_t stream) {
    const std::string name =
        any_of({"to_8_bits", "min_max", "percentile_stretch", "equalize", "clahe", "gamma", "random_gamma"});
    ValueMap params{{"probability", 0.9}};
    if (name == "to_8_bits") params.insert({{"low", whole(any(0, 30000))}, {"high", whole(any(30001, 65535))}});
    if (name == "min_max" || name == "percentile_stretch") params["per_channel"] = any(0, 1) == 1;
    if (name == "percentile_stretch") params.insert({{"low", 5.0}, {"high", 75.0}});
    if (name == "equalize") {
        params.insert({{"formula", any_of({"opencv", "pillow"})}, {"on", any_of({"channels", "luminance"})}});
    }
    if (name == "clahe") {
        params.insert({{"clip_limit", any(0, 3) * 1.5}, {"rows", whole(any(1, 12))}, {"columns", whole(any(1, 12))}});
    }
    if (name == "gamma") params.insert({{"gamma", 0.6}, {"gain", 1.3}});
    if (name == "random_gamma") params.insert({{"low", 0.3}, {"high", 3.0}});
    return {name, params, stream};
}

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
            return {
                "perspective", {{"distortion", 1.0}, {"interpolation", sampling}, {"border", any_border()}}, stream};
        case 3:
            return {
                "elastic",
                {{"alpha", 300.0}, {"sigma", any(1, 20) / 2.0}, {"interpolation", sampling}, {"border", any_border()}},
                stream};
        case 4: return {"pad", {{"pixels", whole(any(1, 9))}, {"border", any_border()}}, stream};
        case 5:
            return {"random_crop",
                    {{"size", whole(any(1, 40))}, {"padding", whole(any(0, 9))}, {"border", any_border()}},
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
    if (any(0, 2) == 0) return any_geometry(stream);
    if (any(0, 4) == 0) return any_intensity_op(stream);
    switch (any(0, 24)) {
        case 9:
        case 10:
        case 11: return any_color_op(stream);
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
                    {{"op", any_of({"erode", "dilate", "open", "close", "gradient", "tophat", "blackhat"})},
                     {"size", whole(2 * any(0, 31) + 1)},
                     {"shape", any_of({"rectangle", "cross", "ellipse", "disk"})},
                     {"iterations", whole(any(0, 3) ? 1 : any(2, 4))},
                     {"on", any_of({"channels", "luminance"})},
                     {"border", any_of({"neutral", "constant", "edge", "reflect", "reflect101"})}},
                    stream};
        case 4: return {"center_crop", {{"size", whole(any(1, 50))}}, stream};
        case 5:
            return {"resize",
                    {{"size", whole(any(1, 40))},
                     {"fit", any_of({"cover", "stretch", "shorter"})},
                     {"antialias", any(0, 1) == 1}},
                    stream};
        case 6:
            return {"threshold",
                    {{"value", std::vector<double>{static_cast<double>(any(0, 256))}},
                     {"channel", "0"},
                     {"mode", any_of({"binary", "binary_inv", "truncate", "tozero", "tozero_inv"})}},
                    stream};
        case 7:
            return {
                "otsu", {{"on", any_of({"channels", "luminance"})}, {"output", any_of({"binary", "mask"})}}, stream};
        case 8:
            return {"adaptive_threshold",
                    {{"method", any_of({"mean", "gaussian"})},
                     {"block_size", whole(2 * any(1, 63) + 1)},
                     {"c", static_cast<double>(any(-20, 20))},
                     {"on", any_of({"channels", "luminance"})}},
                    stream};
        case 13: return {"box_blur", {{"size", whole(any(1, 63))}}, stream};
        case 14: return {"gaussian_blur", {{"size", whole(2 * any(0, 31) + 1)}, {"sigma", 0.1 * any(0, 90)}}, stream};
        case 15: return {"random_gaussian_blur", {{"size", whole(0)}, {"sigma_low", 0.1}, {"sigma_high", 9.0}}, stream};
        case 16: return {"median_blur", {{"size", whole(2 * any(0, 31) + 1)}}, stream};
        case 17:
            return {
                "unsharp",
                {{"size", whole(2 * any(0, 31) + 1)}, {"sigma", 0.0}, {"amount", 1.5}, {"threshold", whole(any(0, 9))}},
                stream};
        case 18: return {"sharpness", {{"low", 0.0}, {"high", 3.0}}, stream};
        case 19:
            return {"sobel", {{"size", whole(2 * any(0, 3) + 1)}, {"output", any_of({"magnitude", "x", "y"})}}, stream};
        case 20:
            return {"gaussian_noise", {{"std_low", 0.0}, {"std_high", 1.0}, {"per_channel", any(0, 1) == 1}}, stream};
        case 21:
            return {"salt_and_pepper",
                    {{"amount", 0.25 * any(0, 4)}, {"salt_share", 0.5 * any(0, 2)}, {"per_channel", any(0, 1) == 1}},
                    stream};
        case 22:
            return {"random_erasing",
                    {{"scale_low", 0.0},
                     {"scale_high", 1.0},
                     {"ratio_low", 0.2},
                     {"ratio_high", 5.0},
                     {"fill", any_of({"noise", "mean", "constant"})},
                     {"value", 0.5}},
                    stream};
        case 23:
            return {"cutout",
                    {{"holes", whole(any(1, 64))},
                     {"size", whole(any(0, 40))},
                     {"share", 0.5},
                     {"fill", any_of({"noise", "mean", "constant"})},
                     {"value", 0.5}},
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

// Runs one chain on one image and returns what came out.
std::vector<float> run(const Chain& chain, const std::vector<std::uint8_t>& pixels, Size source, int threads) {
    const Size size = chain.output_size(source);
    const std::size_t values = static_cast<std::size_t>(size.height) * static_cast<std::size_t>(size.width) *
                               static_cast<std::size_t>(chain.source_format().channels);
    const std::vector<Sample> samples(3, Sample{pixels.data(), source.height, source.width, 9});
    std::vector<float> out(3 * values);
    chain.run({.samples = samples,
               .readable_end = pixels.data() + pixels.size(),
               .seed = 1,
               .epoch = 2,
               .size = size,
               .floats = out.data()},
              threads);
    if (!chain.normalizes()) {
        std::vector<std::uint8_t> bytes(3 * values);
        chain.run({.samples = samples,
                   .readable_end = pixels.data() + pixels.size(),
                   .seed = 1,
                   .epoch = 2,
                   .size = size,
                   .pixels = bytes.data()},
                  threads);
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
        specs.push_back(
            {"normalize", {{"mean", std::vector<double>(many, 0.4)}, {"std", std::vector<double>(many, 0.2)}}, 0});
    }
    const Chain chain(specs, {channels, 1});
    const Size source{any(1, 60), any(1, 60)};
    std::vector<std::uint8_t> pixels(static_cast<std::size_t>(source.height * source.width * channels));
    for (std::uint8_t& pixel : pixels) pixel = static_cast<std::uint8_t>(generator());
    CHECK(run(chain, pixels, source, 1) == run(chain, pixels, source, 3));
}

// The ops that take 16-bit images, to pixels and to floats.
void test_any_wide_chain() {
    const int channels = any(0, 2) == 0 ? 1 : any(3, 4);
    std::vector<OpSpec> specs;
    for (int i = any(0, 3); i > 0; --i) {
        OpSpec spec = any_intensity_op(static_cast<std::uint64_t>(i));
        if (spec.name == "equalize") spec.params["formula"] = std::string("opencv");
        if (spec.name == "clahe" && channels > 1) continue;
        if (spec.name == "to_8_bits") {
            spec.params.erase("probability");
            i = 0;
        }
        specs.push_back(spec);
    }
    const bool floats = any(0, 1);
    if (floats) specs.push_back({"standardize", {{"per_channel", any(0, 1) == 1}}, 0});
    const Chain chain(specs, {channels, 2});
    const Size source{any(1, 60), any(1, 60)};
    const auto values = static_cast<std::size_t>(source.height * source.width * channels);
    std::vector<std::uint16_t> pixels(values);
    for (std::uint16_t& pixel : pixels) pixel = static_cast<std::uint16_t>(generator());
    const auto* data = reinterpret_cast<const std::uint8_t*>(pixels.data());
    const std::vector<Sample> samples(2, Sample{data, source.height, source.width, 9});
    std::vector<std::uint8_t> bytes(2 * values * static_cast<std::size_t>(chain.output_format().itemsize));
    std::vector<float> out(2 * values);
    chain.run({.samples = samples,
               .readable_end = data + 2 * values,
               .seed = 1,
               .epoch = 2,
               .size = source,
               .pixels = floats ? nullptr : bytes.data(),
               .floats = floats ? out.data() : nullptr},
              1);
    const auto halves_agree = [](const auto& both) {
        const auto middle = both.begin() + static_cast<std::ptrdiff_t>(both.size() / 2);
        return std::equal(both.begin(), middle, middle);
    };
    CHECK(halves_agree(out));
    CHECK(halves_agree(bytes));
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
    for (int round = 0; round < 200; ++round) test_any_wide_chain();
    test_many_callers();
    test_bad_chains();
    return 0;
}
