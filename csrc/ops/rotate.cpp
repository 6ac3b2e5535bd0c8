#include <cmath>

#include "ops/geometry.hpp"
#include "ops/move.hpp"

namespace flowerablate {

namespace {

const Number kDegrees{
    .name = "degrees", .meaning = "the angle is uniform between -degrees and degrees", .min = 0, .max = 360};

// Draw 1: the angle.
class Rotate final : public Move {
public:
    Rotate(Params& params, const Setup& setup)
        : Move(setup), degrees_(params[kDegrees]), sampling_(Sampling::from(params, format())) {}

    const Sampling* sampling() const override { return &sampling_; }

    // Turning an image counter-clockwise is looking up each pixel at the place turned clockwise.
    Affine lookup(Size size, const Draws& draws) const override {
        const double angle = degrees_ * draws.symmetric(1) * (3.14159265358979323846 / 180.0);
        const double cosine = std::cos(angle), sine = std::sin(angle);
        const double x = (size.width - 1) / 2.0, y = (size.height - 1) / 2.0;
        return {cosine, -sine, x - cosine * x + sine * y, sine, cosine, y - sine * x - cosine * y};
    }

    void explain(Size, const Draws& draws, Explanation& found) const override {
        found.emplace_back("angle", degrees_ * draws.symmetric(1));
    }

private:
    double degrees_;
    Sampling sampling_;
};

}  // namespace

void add_rotate(OpKinds& kinds) {
    kinds["rotate"] = {.make = make_op<Rotate>,
                       .params = declare(kDegrees, Sampling::kParams),
                       .draws = 1,
                       .sixteen_bits = SixteenBits::kAll};
}

}  // namespace flowerablate
