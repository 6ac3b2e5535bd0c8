// Operations on the colours of single pixels.
#pragma once

#include <optional>

#include "ops/pointwise.hpp"

namespace flowerablate {

// out = round(alpha * x + beta), saturated, in float32; halves go to the even number.
// Draws: 1: alpha = 1 + contrast * (2u - 1); 2: beta = 255 * brightness * (2u - 1).
class BrightnessContrast final : public Pointwise {
public:
    BrightnessContrast(Params& params, const Setup& setup);

    struct Line {
        float alpha, beta;
    };
    // What was drawn for a sample; nothing where the op is not applied.
    std::optional<Line> line(const Context& context) const;

    void map(const Draws& draws, std::uint8_t* tables) const override;
    void explain(Size input, const Draws& draws, Explanation& found) const override;

protected:
    Image apply(const Image& input, const Context& context) const override;

private:
    Line draw(const Draws& draws) const;

    double brightness_, contrast_;
};

void add_color(OpKinds& kinds);

}  // namespace flowerablate
