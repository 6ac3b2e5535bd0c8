#include <cmath>

#include "ops/geometry.hpp"
#include "ops/move.hpp"

namespace flowerablate {

namespace {

const Bounds kDegrees{
    .prefix = "degrees_", .meaning = "the angle in degrees, counter-clockwise", .min = -360, .max = 360, .fallback = 0};
const Bounds kScale{.prefix = "scale_", .meaning = "the magnification", .min = 0.05, .max = 20, .fallback = 1};
const Bounds kShiftX{.prefix = "shift_x_",
                     .meaning = "the shift to the right, in fractions of the width",
                     .min = -4,
                     .max = 4,
                     .fallback = 0};
const Bounds kShiftY{.prefix = "shift_y_",
                     .meaning = "the shift downwards, in fractions of the height",
                     .min = -4,
                     .max = 4,
                     .fallback = 0};
const Bounds kShearX{
    .prefix = "shear_x_", .meaning = "the shear along x, in degrees", .min = -75, .max = 75, .fallback = 0};
const Bounds kShearY{
    .prefix = "shear_y_", .meaning = "the shear along y, in degrees", .min = -75, .max = 75, .fallback = 0};

// About the centre c, a point p of the image comes to c + shift + R(degrees) S(shear) scale (p - c), where y points
// down, R turns counter-clockwise and, with angle a = -degrees, shears sx, sy,
//   R S = | cos(a - sy) / cos(sy)   -cos(a - sy) tan(sx) / cos(sy) - sin(a) |
//         | sin(a - sy) / cos(sy)   -sin(a - sy) tan(sx) / cos(sy) + cos(a) |
// as in torchvision, whose positive angle is clockwise and whose shifts are rounded to whole pixels.
// Draws: 1 degrees, 2 scale, 3 and 4 shift in x and y, 5 and 6 shear in x and y.
class AffineWarp final : public Move {
public:
    AffineWarp(Params& params, const Setup& setup)
        : Move(setup),
          degrees_(params[kDegrees]),
          scale_(params[kScale]),
          shift_x_(params[kShiftX]),
          shift_y_(params[kShiftY]),
          shear_x_(params[kShearX]),
          shear_y_(params[kShearY]),
          sampling_(Sampling::from(params, format())) {}

    const Sampling* sampling() const override { return &sampling_; }

    Affine lookup(Size size, const Draws& draws) const override {
        const Values values = drawn(draws);
        constexpr double kRadian = 3.14159265358979323846 / 180.0;
        const double a = -values.degrees * kRadian, sx = values.shear_x * kRadian, sy = values.shear_y * kRadian;
        const double xx = std::cos(a - sy) / std::cos(sy), xy = -xx * std::tan(sx) - std::sin(a);
        const double yx = std::sin(a - sy) / std::cos(sy), yy = -yx * std::tan(sx) + std::cos(a);
        // the inverse; the determinant of R S is 1
        const double by = 1.0 / values.scale;
        Affine found{yy * by, -xy * by, 0, -yx * by, xx * by, 0};
        const double center_x = (size.width - 1) / 2.0, center_y = (size.height - 1) / 2.0;
        const double from_x = center_x + values.shift_x * size.width, from_y = center_y + values.shift_y * size.height;
        found.x0 = center_x - found.xx * from_x - found.xy * from_y;
        found.y0 = center_y - found.yx * from_x - found.yy * from_y;
        return found;
    }

    void explain(Size, const Draws& draws, Explanation& found) const override {
        const Values values = drawn(draws);
        found.emplace_back("degrees", values.degrees);
        found.emplace_back("scale", values.scale);
        found.emplace_back("shift_x", values.shift_x);
        found.emplace_back("shift_y", values.shift_y);
        found.emplace_back("shear_x", values.shear_x);
        found.emplace_back("shear_y", values.shear_y);
    }

private:
    struct Values {
        double degrees, scale, shift_x, shift_y, shear_x, shear_y;
    };
    Values drawn(const Draws& draws) const {
        return {degrees_.at(draws.uniform(1)), scale_.at(draws.uniform(2)),   shift_x_.at(draws.uniform(3)),
                shift_y_.at(draws.uniform(4)), shear_x_.at(draws.uniform(5)), shear_y_.at(draws.uniform(6))};
    }

    Interval degrees_, scale_, shift_x_, shift_y_, shear_x_, shear_y_;
    Sampling sampling_;
};

}  // namespace

void add_affine(OpKinds& kinds) {
    kinds["affine"] = {.make = make_op<AffineWarp>,
                       .params = declare(kDegrees, kScale, kShiftX, kShiftY, kShearX, kShearY, Sampling::kParams),
                       .draws = 6,
                       .sixteen_bits = SixteenBits::kAll};
}

}  // namespace flowerablate
