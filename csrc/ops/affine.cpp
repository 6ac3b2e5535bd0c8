#include <cmath>

#include "ops/geometry.hpp"
#include "ops/move.hpp"

namespace flowerablate {

namespace {

// About the centre c, a point p of the picture comes to c + shift + R(degrees) S(shear) scale (p - c), where y points down,
// R turns counter-clockwise and, with angle a = -degrees, shears sx, sy,
//   R S = | cos(a - sy) / cos(sy)   -cos(a - sy) tan(sx) / cos(sy) - sin(a) |
//         | sin(a - sy) / cos(sy)   -sin(a - sy) tan(sx) / cos(sy) + cos(a) |
// as in torchvision, whose positive angle is clockwise and whose shifts are rounded to whole pixels.
// Draws: 1 degrees, 2 scale, 3 and 4 shift in x and y, 5 and 6 shear in x and y.
class AffineWarp final : public Move {
public:
    AffineWarp(Params& params, const Setup& setup)
        : Move(setup),
          degrees_(Interval::read_or(0, params, -360, 360, "degrees_")),
          scale_(Interval::read_or(1, params, 0.05, 20, "scale_")),
          shift_x_(Interval::read_or(0, params, -4, 4, "shift_x_")),
          shift_y_(Interval::read_or(0, params, -4, 4, "shift_y_")),
          shear_x_(Interval::read_or(0, params, -75, 75, "shear_x_")),
          shear_y_(Interval::read_or(0, params, -75, 75, "shear_y_")),
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
        return {degrees_.at(draws.uniform(1)), scale_.at(draws.uniform(2)), shift_x_.at(draws.uniform(3)),
                shift_y_.at(draws.uniform(4)), shear_x_.at(draws.uniform(5)), shear_y_.at(draws.uniform(6))};
    }

    Interval degrees_, scale_, shift_x_, shift_y_, shear_x_, shear_y_;
    Sampling sampling_;
};

}  // namespace

std::unique_ptr<Op> make_affine(Params& params, const Setup& setup) { return make_op<AffineWarp>(params, setup); }

}  // namespace flowerablate
