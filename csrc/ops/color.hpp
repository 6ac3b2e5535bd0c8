// Operations on the values of single pixels.
#pragma once

#include <optional>

#include "ops/op.hpp"

namespace flowerablate {

// out = round(alpha * x + beta), saturated, in float32; halves go to the even number.
class BrightnessContrast final : public Op {
public:
    BrightnessContrast(Params& params, int channels, std::uint64_t stream);

    struct Line {
        float alpha, beta;
    };
    // What was drawn for a sample; nothing where the op is not applied.
    std::optional<Line> draw(const Context& context) const;

    Image apply(const Image& input, const Context& context) const override;

private:
    double brightness_, contrast_, probability_;
};

}  // namespace flowerablate
