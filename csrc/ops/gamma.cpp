// Ops "gamma" (params: gamma, gain) and "random_gamma" (params: low, high): round(gain * full * (x / full) ^ gamma), halves up,
// clipped.
#include <algorithm>
#include <cmath>

#include "ops/intensity.hpp"
#include "ops/pointwise.hpp"

namespace flowerablate {

namespace {

double curve(int value, double full, double gamma, double gain) {
    return std::clamp(std::floor(gain * full * std::pow(value / full, gamma) + 0.5), 0.0, full);
}

// What both ops draw, or do not.
class Exponent {
public:
    static Exponent fixed(Params& params) {
        const double gamma = params.number("gamma", 0.01, 100.0);
        return {gamma, gamma, params.number("gain", 0.0, 100.0)};
    }

    static Exponent random(Params& params) {
        const Exponent made{params.number("low", 0.01, 100.0), params.number("high", 0.01, 100.0), 1.0};
        if (made.low_ > made.high_) {
            params.fail("parameter 'low' must not exceed 'high', but they are " + to_text(made.low_) + " and " +
                        to_text(made.high_));
        }
        return made;
    }

    // Draw 1: the logarithm of gamma is uniform, so that pictures become darker as often as brighter where low = 1 / high.
    double gamma(const Draws& draws) const {
        if (low_ == high_) return low_;
        return std::exp(std::log(low_) + (std::log(high_) - std::log(low_)) * draws.uniform(1));
    }

    double gain() const { return gain_; }

    void explain(const Draws& draws, Explanation& found) const {
        if (low_ != high_) found.emplace_back("gamma", gamma(draws));
    }

private:
    Exponent(double low, double high, double gain) : low_(low), high_(high), gain_(gain) {}

    double low_, high_, gain_;
};

class Gamma final : public Pointwise {
public:
    Gamma(const Exponent& exponent, const Setup& setup) : Pointwise(setup), exponent_(exponent) {}

    void map(const Draws& draws, std::uint8_t* tables) const override {
        const double gamma = exponent_.gamma(draws);
        std::uint8_t table[kTableSize];
        for (int i = 0; i < kTableSize; ++i) table[i] = static_cast<std::uint8_t>(curve(i, 255.0, gamma, exponent_.gain()));
        map_each(tables, [&](std::uint8_t value, int) { return table[value]; });
    }

    void explain(Size, const Draws& draws, Explanation& found) const override { exponent_.explain(draws, found); }

private:
    Exponent exponent_;
};

class WideGamma final : public Op {
public:
    WideGamma(const Exponent& exponent, const Setup& setup) : Op(setup), exponent_(exponent) {}

    void explain(Size, const Draws& draws, Explanation& found) const override { exponent_.explain(draws, found); }

protected:
    Image apply(const Image& input, const Context& context) const override {
        const double gamma = exponent_.gamma(context.draws(stream()));
        std::uint16_t* table = context.scratch.array<std::uint16_t>(0, 65536);
        for (int i = 0; i < 65536; ++i) table[i] = static_cast<std::uint16_t>(curve(i, 65535.0, gamma, exponent_.gain()));
        std::uint8_t* target = context.target(bytes(input.size()));
        const std::ptrdiff_t stride = static_cast<std::ptrdiff_t>(input.width) * pixel_bytes();
        for (int y = 0; y < input.height; ++y) {
            kernels().intensity.look_up_wide(input.row16(y), reinterpret_cast<std::uint16_t*>(target + y * stride),
                                             input.width, channels(), table, 0);
        }
        return packed_image(target, input.size(), pixel_bytes());
    }

private:
    Exponent exponent_;
};

template <Exponent (*Read)(Params&)>
std::unique_ptr<Op> make_gamma(Params& params, const Setup& setup) {
    const Exponent exponent = Read(params);
    if (setup.format.depth == 1) return std::make_unique<Gamma>(exponent, setup);
    return std::make_unique<WideGamma>(exponent, setup);
}

}  // namespace

void add_gamma(OpKinds& kinds) {
    kinds["gamma"] = {make_gamma<Exponent::fixed>, true};
    kinds["random_gamma"] = {make_gamma<Exponent::random>, true};
}

}  // namespace flowerablate
