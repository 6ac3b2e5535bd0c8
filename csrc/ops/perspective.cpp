#include <algorithm>
#include <array>
#include <cmath>

#include "ops/crop.hpp"
#include "ops/geometry.hpp"
#include "ops/warp.hpp"

namespace flowerablate {

namespace {

struct Point {
    double x, y;
};

// (x, y) comes from ((a x + b y + c) / w, (d x + e y + f) / w) with w = g x + h y + 1: a, b, ... h in this order.
using Projection = std::array<double, 8>;

// The projection that finds `from` at `to`, by Gaussian elimination with pivots. The corners of a convex quadrangle
// determine it.
Projection projection(const Point (&to)[4], const Point (&from)[4]) {
    double rows[8][9] = {};
    for (int i = 0; i < 4; ++i) {
        const Point p = to[i], q = from[i];
        const double x[9] = {p.x, p.y, 1, 0, 0, 0, -q.x * p.x, -q.x * p.y, q.x};
        const double y[9] = {0, 0, 0, p.x, p.y, 1, -q.y * p.x, -q.y * p.y, q.y};
        std::copy(x, x + 9, rows[2 * i]);
        std::copy(y, y + 9, rows[2 * i + 1]);
    }
    for (int column = 0; column < 8; ++column) {
        int pivot = column;
        for (int row = column + 1; row < 8; ++row) {
            if (std::abs(rows[row][column]) > std::abs(rows[pivot][column])) pivot = row;
        }
        std::swap(rows[column], rows[pivot]);
        for (int row = 0; row < 8; ++row) {
            if (row == column) continue;
            const double factor = rows[row][column] / rows[column][column];
            for (int i = column; i < 9; ++i) rows[row][i] -= factor * rows[column][i];
        }
    }
    Projection solved{};
    for (int i = 0; i < 8; ++i) solved[static_cast<std::size_t>(i)] = rows[i][8] / rows[i][i];
    return solved;
}

const Number kDistortion{
    .name = "distortion", .meaning = "a corner moves by up to this fraction of half a side", .min = 0, .max = 1};

// torchvision's RandomPerspective: each corner comes to a place inside the image, up to distortion / 2 of its sides
// away, in whole pixels. Draws: 1 + 2i and 2 + 2i: how far corner i (top left, top right, bottom right, bottom left) is
// moved in x and y. Images of less than two pixels in a side stay as they are.
class Perspective final : public Op {
public:
    Perspective(Params& params, const Setup& setup)
        : Op(setup), distortion_(params[kDistortion]), sampling_(Sampling::from(params, format())) {}

    void explain(Size input, const Draws& draws, Explanation& found) const override {
        Point corners[4];
        place_corners(input, draws, corners);
        std::vector<double> values;
        for (const Point& corner : corners) {
            values.push_back(corner.x);
            values.push_back(corner.y);
        }
        found.emplace_back("corners", values);
    }

protected:
    Image apply(const Image& input, const Context& context) const override {
        if (input.height < 2 || input.width < 2) return input;
        const double right = input.width - 1, bottom = input.height - 1;
        const Point ends[4] = {{0, 0}, {right, 0}, {right, bottom}, {0, bottom}};
        Point corners[4];
        place_corners(input.size(), context.draws(stream()), corners);
        const Projection p = projection(corners, ends);
        return warp_each(input, sampling_, format(), context, [&](int y, const Places& places) {
            kernels().geometry.project_row(
                {.p = p.data(), .x = places.x, .y = places.y, .count = input.width, .row = y});
        });
    }

private:
    void place_corners(Size size, const Draws& draws, Point (&corners)[4]) const {
        const int max_x = static_cast<int>(distortion_ * (size.width / 2)),
                  max_y = static_cast<int>(distortion_ * (size.height / 2));
        for (int i = 0; i < 4; ++i) {
            const auto draw = static_cast<unsigned>(1 + 2 * i);
            const int x = below(max_x + 1, draws.uniform(draw)), y = below(max_y + 1, draws.uniform(draw + 1));
            corners[i].x = i == 1 || i == 2 ? size.width - 1 - x : x;
            corners[i].y = i >= 2 ? size.height - 1 - y : y;
        }
    }

    double distortion_;
    Sampling sampling_;
};

}  // namespace

void add_perspective(OpKinds& kinds) {
    kinds["perspective"] = {.make = make_op<Perspective>,
                            .params = declare(kDistortion, Sampling::kParams),
                            .draws = 8,
                            .sixteen_bits = SixteenBits::kAll};
}

}  // namespace flowerablate
