#include "ops/color.hpp"

namespace flowerablate {

namespace {

const Number kBrightness{
    .name = "brightness", .meaning = "maximum shift, in fractions of the full range", .min = 0, .max = 10};
const Number kContrast{.name = "contrast", .meaning = "maximum change of the factor 1", .min = 0, .max = 10};
const Bounds kFactor{.prefix = "", .meaning = "the factor", .min = 0, .max = 10};
const Bounds kBits{.prefix = "bits_", .meaning = "the number of bits that are kept", .min = 1, .max = 8, .whole = true};
const Bounds kThreshold{
    .prefix = "threshold_", .meaning = "the threshold; values from it on are inverted", .min = 0, .max = 256};

// out = round(alpha * x + beta), saturated, in float32; halves go to the even number.
// Draws: 1: alpha = 1 + contrast * (2u - 1); 2: beta = 255 * brightness * (2u - 1).
class BrightnessContrast final : public Pointwise {
public:
    BrightnessContrast(Params& params, const Setup& setup)
        : Pointwise(setup), brightness_(params[kBrightness]), contrast_(params[kContrast]) {}

    void map(const Draws& draws, std::uint8_t* tables) const override {
        kernels().adjust(tables, tables, static_cast<std::ptrdiff_t>(channels()) * kTableSize, alpha(draws),
                         beta(draws));
    }
    void explain(Size, const Draws& draws, Explanation& found) const override {
        found.emplace_back("factor", alpha(draws));
        found.emplace_back("shift", beta(draws));
    }

private:
    float alpha(const Draws& draws) const { return static_cast<float>(1.0 + contrast_ * draws.symmetric(1)); }
    float beta(const Draws& draws) const { return static_cast<float>(255.0 * brightness_ * draws.symmetric(2)); }

    double brightness_, contrast_;
};

// Factor of every colour value: out = round(factor * x), saturated, in float32; halves go to the even number.
// Draw 1: factor = low + (high - low) * u.
class Brightness final : public Pointwise {
public:
    Brightness(Params& params, const Setup& setup) : Pointwise(setup), factor_(params[kFactor]) {}

    void map(const Draws& draws, std::uint8_t* tables) const override {
        kernels().adjust(tables, tables, static_cast<std::ptrdiff_t>(color_count(channels())) * kTableSize,
                         static_cast<float>(factor_.at(draws.uniform(1))), 0.0f);
    }
    void explain(Size, const Draws& draws, Explanation& found) const override {
        found.emplace_back("factor", factor_.at(draws.uniform(1)));
    }

private:
    Interval factor_;
};

// out = 255 - x.
class Invert final : public Pointwise {
public:
    Invert(Params&, const Setup& setup) : Pointwise(setup) {}

    void map(const Draws&, std::uint8_t* tables) const override {
        map_colors(tables, [](std::uint8_t x) { return static_cast<std::uint8_t>(255 - x); });
    }
};

// Keeps the upper bits of each value, as Pillow's ImageOps.posterize.
// Draw 1: bits = one of bits_low ... bits_high.
class Posterize final : public Pointwise {
public:
    Posterize(Params& params, const Setup& setup) : Pointwise(setup), bits_(params[kBits]) {}

    void map(const Draws& draws, std::uint8_t* tables) const override {
        const int mask = 256 - (1 << (8 - bits_.whole_at(draws.uniform(1))));
        map_colors(tables, [mask](std::uint8_t x) { return static_cast<std::uint8_t>(x & mask); });
    }
    void explain(Size, const Draws& draws, Explanation& found) const override {
        found.emplace_back("bits", std::int64_t{bits_.whole_at(draws.uniform(1))});
    }

private:
    Interval bits_;
};

// Values at or above a threshold become 255 - x, as by Pillow's ImageOps.solarize; 256 leaves all as they are.
// Draw 1: threshold = threshold_low + (threshold_high - threshold_low) * u, a real number.
class Solarize final : public Pointwise {
public:
    Solarize(Params& params, const Setup& setup) : Pointwise(setup), threshold_(params[kThreshold]) {}

    void map(const Draws& draws, std::uint8_t* tables) const override {
        const double threshold = threshold_.at(draws.uniform(1));
        map_colors(tables,
                   [threshold](std::uint8_t x) { return static_cast<std::uint8_t>(x < threshold ? x : 255 - x); });
    }
    void explain(Size, const Draws& draws, Explanation& found) const override {
        found.emplace_back("threshold", threshold_.at(draws.uniform(1)));
    }

private:
    Interval threshold_;
};

}  // namespace

void add_color(OpKinds& kinds) {
    kinds["brightness_contrast"] = {
        .make = make_op<BrightnessContrast>, .params = declare(kBrightness, kContrast), .draws = 2};
    kinds["brightness"] = {.make = make_op<Brightness>, .params = declare(kFactor), .draws = 1};
    kinds["invert"] = {.make = make_op<Invert>};
    kinds["posterize"] = {.make = make_op<Posterize>, .params = declare(kBits), .draws = 1};
    kinds["solarize"] = {.make = make_op<Solarize>, .params = declare(kThreshold), .draws = 1};
    add_channels(kinds);
    add_jitter(kinds);
}

}  // namespace flowerablate
