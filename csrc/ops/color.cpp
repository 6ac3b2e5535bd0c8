#include "ops/color.hpp"

namespace flowerablate {

BrightnessContrast::BrightnessContrast(Params& params, const Setup& setup)
    : Pointwise(setup),
      brightness_(params.number("brightness", 0.0, 10.0)),
      contrast_(params.number("contrast", 0.0, 10.0)) {}

BrightnessContrast::Line BrightnessContrast::draw(const Draws& draws) const {
    return {static_cast<float>(1.0 + contrast_ * draws.symmetric(1)),
            static_cast<float>(255.0 * brightness_ * draws.symmetric(2))};
}

std::optional<BrightnessContrast::Line> BrightnessContrast::line(const Context& context) const {
    const Draws draws = context.draws(stream());
    if (!applies(draws)) return std::nullopt;
    return draw(draws);
}

void BrightnessContrast::map(const Draws& draws, std::uint8_t* tables) const {
    const Line line = draw(draws);
    kernels().adjust(tables, tables, static_cast<std::ptrdiff_t>(channels()) * kTableSize, line.alpha, line.beta);
}

void BrightnessContrast::explain(Size, const Draws& draws, Explanation& found) const {
    const Line line = draw(draws);
    found.emplace_back("alpha", line.alpha);
    found.emplace_back("beta", line.beta);
}

// By itself, arithmetic is faster than a table.
Image BrightnessContrast::apply(const Image& input, const Context& context) const {
    if (!alone()) return Pointwise::apply(input, context);
    const Line line = draw(context.draws(stream()));
    const std::ptrdiff_t stride = static_cast<std::ptrdiff_t>(input.width) * channels();
    std::uint8_t* target = context.target(bytes(input.size()));
    for (int y = 0; y < input.height; ++y) {
        kernels().adjust(input.row(y), target + y * stride, stride, line.alpha, line.beta);
    }
    return packed_image(target, input.size(), channels());
}

void add_color(OpKinds& kinds) { kinds["brightness_contrast"] = {make_op<BrightnessContrast>}; }

}  // namespace flowerablate
