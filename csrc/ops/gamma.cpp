// Ops "gamma" and "random_gamma": round(gain * full * (x / full) ^ gamma), halves up, clipped.
#include <algorithm>
#include <cmath>
#include <vector>

#include "ops/intensity.hpp"
#include "ops/pointwise.hpp"

namespace flowerablate {

namespace {

double curve(int value, double full, double gamma, double gain) {
    return std::clamp(std::floor(gain * full * std::pow(value / full, gamma) + 0.5), 0.0, full);
}

const Number kGamma{.name = "gamma", .meaning = "the power", .min = 0.01, .max = 100};
const Number kGain{.name = "gain", .meaning = "factor of the result, which is clipped", .min = 0, .max = 100};
const Bounds kDrawnGamma{.prefix = "", .meaning = "the power, whose logarithm is uniform", .min = 0.01, .max = 100};

// What both ops draw, or do not.
class Exponent {
public:
    static Exponent fixed(Params& params) {
        const double gamma = params[kGamma];
        return {{gamma, gamma}, params[kGain]};
    }

    static Exponent random(Params& params) { return {params[kDrawnGamma], 1.0}; }

    // Draw 1: the logarithm of gamma is uniform, so that images become darker as often as brighter where low = 1 /
    // high.
    double gamma(const Draws& draws) const {
        if (is_fixed()) return range_.low;
        return std::exp(std::log(range_.low) + (std::log(range_.high) - std::log(range_.low)) * draws.uniform(1));
    }

    // Whether it is the same for all images.
    bool is_fixed() const { return range_.low == range_.high; }

    double gain() const { return gain_; }

    void explain(const Draws& draws, Explanation& found) const {
        if (!is_fixed()) found.emplace_back("gamma", gamma(draws));
    }

private:
    Exponent(Interval range, double gain) : range_(range), gain_(gain) {}

    Interval range_;
    double gain_;
};

class Gamma final : public Pointwise {
public:
    Gamma(const Exponent& exponent, const Setup& setup) : Pointwise(setup), exponent_(exponent) {}

    void map(const Draws& draws, std::uint8_t* tables) const override {
        const double gamma = exponent_.gamma(draws);
        std::uint8_t table[kTableSize];
        for (int i = 0; i < kTableSize; ++i)
            table[i] = static_cast<std::uint8_t>(curve(i, 255.0, gamma, exponent_.gain()));
        map_each(tables, [&](std::uint8_t value, int) { return table[value]; });
    }

    void explain(Size, const Draws& draws, Explanation& found) const override { exponent_.explain(draws, found); }

private:
    Exponent exponent_;
};

class WideGamma final : public Op {
public:
    WideGamma(const Exponent& exponent, const Setup& setup) : Op(setup), exponent_(exponent) {
        if (!exponent.is_fixed()) return;
        fixed_.resize(kWideTableSize);
        write_table(exponent.gamma({0, 0, 0}), fixed_.data());  // which draws nothing
    }

    void explain(Size, const Draws& draws, Explanation& found) const override { exponent_.explain(draws, found); }

protected:
    Image apply(const Image& input, const Context& context) const override {
        const std::uint16_t* table = fixed_.data();
        if (fixed_.empty()) {
            std::uint16_t* drawn = context.scratch.array<std::uint16_t>(0, kWideTableSize);
            write_table(exponent_.gamma(context.draws(stream())), drawn);
            table = drawn;
        }
        std::uint8_t* target = context.target(bytes(input.size()));
        const std::ptrdiff_t stride = static_cast<std::ptrdiff_t>(input.width) * pixel_bytes();
        for (int y = 0; y < input.height; ++y) {
            kernels().intensity.look_up_wide(input.row16(y), reinterpret_cast<std::uint16_t*>(target + y * stride),
                                             input.width, channels(), table, 0);
        }
        return packed_image(target, input.size(), pixel_bytes());
    }

private:
    static constexpr int kWideTableSize = 65536;

    void write_table(double gamma, std::uint16_t* table) const {
        for (int i = 0; i < kWideTableSize; ++i) {
            table[i] = static_cast<std::uint16_t>(curve(i, 65535.0, gamma, exponent_.gain()));
        }
    }

    Exponent exponent_;
    std::vector<std::uint16_t> fixed_;  // the table, where it is the same for all images
};

template <Exponent (*Read)(Params&)>
std::unique_ptr<Op> make_gamma(Params& params, const Setup& setup) {
    const Exponent exponent = Read(params);
    if (setup.format.itemsize == 1) return std::make_unique<Gamma>(exponent, setup);
    return std::make_unique<WideGamma>(exponent, setup);
}

}  // namespace

void add_gamma(OpKinds& kinds) {
    kinds["gamma"] = {
        .make = make_gamma<Exponent::fixed>, .params = declare(kGamma, kGain), .sixteen_bits = SixteenBits::kAll};
    kinds["random_gamma"] = {.make = make_gamma<Exponent::random>,
                             .params = declare(kDrawnGamma),
                             .draws = 1,
                             .sixteen_bits = SixteenBits::kAll};
}

}  // namespace flowerablate
