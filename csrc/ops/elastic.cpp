#include <algorithm>
#include <cmath>

#include "ops/geometry.hpp"
#include "ops/warp.hpp"

namespace flowerablate {

namespace {

enum Slot { kWeights = 9, kNoise, kSmoothed, kField, kOneRow };

const Number kAlpha{.name = "alpha",
                    .meaning = "how far smoothed noise of single pixels moves them: this times the noise, in pixels",
                    .min = 0,
                    .max = 10000};
const Number kSigma{.name = "sigma",
                    .meaning = "standard deviation of the Gaussian that smooths the noise, in pixels",
                    .min = 0.5,
                    .max = 200};

// Elastic distortion (Simard, Steinkraus, Platt: Best practices for convolutional neural networks applied to visual
// document analysis; ICDAR 2003): each pixel is looked up `alpha` times a smoothed noise away. The noise is uniform in
// [-1, 1) on a grid whose nodes lie `step` pixels apart, smoothed by a Gaussian of standard deviation `sigma` pixels,
// cut off at 3 sigma, and interpolated linearly between the nodes. step is half of sigma, rounded down, at least 1. The
// noise is divided by step, so that displacements are as large as those that a noise of single pixels would give
// (torchvision's alpha counts half as much).
//
// The grid reaches beyond the image by as many nodes as the Gaussian has on one side. Node c of row r, of n in a row,
// takes draw 2 + 2 (r n + c) for x and the next one for y. All is computed in doubles, in a fixed order.
class Elastic final : public Op {
public:
    Elastic(Params& params, const Setup& setup)
        : Op(setup),
          alpha_(params[kAlpha]),
          sigma_(params[kSigma]),
          step_(std::max(1, static_cast<int>(sigma_ / 2.0))),
          reach_(static_cast<int>(std::ceil(3.0 * sigma_ / step_))),
          sampling_(Sampling::from(params, format())) {}

    Size output_size(Size input) const override {
        if (std::int64_t{input.height} * input.width > std::int64_t{kMaxSide} * kMaxSide) {
            throw std::invalid_argument("elastic takes images of at most " + std::to_string(kMaxSide * kMaxSide) +
                                        " pixels, not " + std::to_string(input.height) + "x" +
                                        std::to_string(input.width));
        }
        return input;
    }

    void explain(Size input, const Draws&, Explanation& found) const override {
        found.emplace_back("grid_step", std::int64_t{step_});
        found.emplace_back("grid_rows", std::int64_t{nodes(input.height)});
        found.emplace_back("grid_columns", std::int64_t{nodes(input.width)});
    }

protected:
    Image apply(const Image& input, const Context& context) const override {
        const int rows = nodes(input.height), columns = nodes(input.width);
        const double* field = smoothed(rows, columns, context);
        auto* between = context.scratch.array<double>(kOneRow, static_cast<std::size_t>(2 * columns));
        const double inverse = 1.0 / step_;
        return warp_each(input, sampling_, format(), context, [&](int y, const Places& places) {
            const int row = y / step_;
            const double down = (y - row * step_) * inverse;
            const double* above = field + static_cast<std::ptrdiff_t>(row) * 2 * columns;
            for (int i = 0; i < 2 * columns; ++i) between[i] = above[i] + down * (above[i + 2 * columns] - above[i]);
            for (int column = 0, x = 0; x < input.width; ++column) {
                const double* at = between + 2 * column;
                for (int k = 0; k < step_ && x < input.width; ++k, ++x) {
                    const double across = k * inverse;
                    places.x[x] = x + (at[0] + across * (at[2] - at[0]));
                    places.y[x] = y + (at[1] + across * (at[3] - at[1]));
                }
            }
        });
    }

private:
    // Nodes along an axis of `length` pixels: one at each end and beyond, so that every pixel lies between two.
    int nodes(int length) const { return (length - 1) / step_ + 2; }

    // The displacements at the nodes, x and y in turn.
    const double* smoothed(int rows, int columns, const Context& context) const {
        Scratch& scratch = context.scratch;
        const Draws draws = context.draws(stream());
        const int taps = 2 * reach_ + 1, wide = columns + 2 * reach_, high = rows + 2 * reach_;
        auto* weights = scratch.array<double>(kWeights, static_cast<std::size_t>(taps));
        double total = 0;
        for (int i = 0; i < taps; ++i) {
            const double distance = (i - reach_) * static_cast<double>(step_) / sigma_;
            weights[i] = std::exp(-0.5 * distance * distance);
            total += weights[i];
        }
        // each of two passes divides by the root of step
        for (int i = 0; i < taps; ++i) weights[i] /= total * std::sqrt(static_cast<double>(step_));
        auto* noise = scratch.array<double>(kNoise, static_cast<std::size_t>(2 * wide));
        auto* across =
            scratch.array<double>(kSmoothed, static_cast<std::size_t>(2 * columns) * static_cast<std::size_t>(high));
        for (int row = 0; row < high; ++row) {
            const std::uint64_t first =
                2 + std::uint64_t{2} * static_cast<std::uint64_t>(row) * static_cast<std::uint64_t>(wide);
            for (int i = 0; i < 2 * wide; i += 2)
                draws.symmetric_pair(first + static_cast<std::uint64_t>(i), noise + i);
            smooth(noise, 2, weights, taps, 2 * columns, across + static_cast<std::ptrdiff_t>(row) * 2 * columns);
        }
        auto* field =
            scratch.array<double>(kField, static_cast<std::size_t>(2 * columns) * static_cast<std::size_t>(rows));
        for (int row = 0; row < rows; ++row) {
            double* to = field + static_cast<std::ptrdiff_t>(row) * 2 * columns;
            smooth(across + static_cast<std::ptrdiff_t>(row) * 2 * columns, 2 * columns, weights, taps, 2 * columns,
                   to);
            for (int i = 0; i < 2 * columns; ++i) to[i] *= alpha_;
        }
        return field;
    }

    // to[i] = sum over t of weights[t] * from[i + t * stride].
    static void smooth(const double* from, int stride, const double* weights, int taps, int count, double* to) {
        std::fill(to, to + count, 0.0);
        for (int t = 0; t < taps; ++t, from += stride) {
            const double weight = weights[t];
            for (int i = 0; i < count; ++i) to[i] += weight * from[i];
        }
    }

    double alpha_, sigma_;
    int step_, reach_;
    Sampling sampling_;
};

}  // namespace

void add_elastic(OpKinds& kinds) {
    kinds["elastic"] = {.make = make_op<Elastic>,
                        .params = declare(kAlpha, kSigma, Sampling::kParams),
                        .draws = kDrawsBySize,
                        .sixteen_bits = SixteenBits::kAll};
}

}  // namespace flowerablate
