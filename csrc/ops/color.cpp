#include "ops/color.hpp"

namespace flowerablate {

BrightnessContrast::BrightnessContrast(Params& params, int channels, std::uint64_t stream)
    : Op(channels, stream),
      brightness_(params.number("brightness", 0.0, 10.0)),
      contrast_(params.number("contrast", 0.0, 10.0)),
      probability_(params.number("probability", 0.0, 1.0)) {}

std::optional<BrightnessContrast::Line> BrightnessContrast::draw(const Context& context) const {
    const Draws draws = context.draws(stream());
    if (draws.uniform(0) >= probability_) return std::nullopt;
    return Line{static_cast<float>(1.0 + contrast_ * draws.symmetric(1)),
                static_cast<float>(255.0 * brightness_ * draws.symmetric(2))};
}

Image BrightnessContrast::apply(const Image& input, const Context& context) const {
    const std::optional<Line> line = draw(context);
    if (!line) return input;
    const std::ptrdiff_t stride = static_cast<std::ptrdiff_t>(input.width) * channels();
    std::uint8_t* target = context.target(bytes(input.size()));
    for (int y = 0; y < input.height; ++y) {
        kernels().adjust(input.row(y), target + y * stride, stride, line->alpha, line->beta);
    }
    return packed_image(target, input.size(), channels());
}

}  // namespace flowerablate
