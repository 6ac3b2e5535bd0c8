#include <algorithm>
#include <cmath>
#include <optional>

#include "ops/crop.hpp"
#include "ops/geometry.hpp"
#include "ops/move.hpp"
#include "ops/resample.hpp"

namespace flowerablate {

namespace {

constexpr std::int64_t kMaxPixels = 1 << 26;  // = kMaxSide squared

enum class Fit { kCover, kStretch, kShorter };

const Integer kSize{.name = "size", .meaning = "side of the result in pixels", .min = 1, .max = kMaxSide};
const Choice<Fit> kFit{
    .name = "fit",
    .meaning = "what is brought to size: the largest centred square, the whole image, or its shorter side",
    .choices = {{"cover", Fit::kCover}, {"stretch", Fit::kStretch}, {"shorter", Fit::kShorter}}};
const Bounds kScale{
    .prefix = "scale_", .meaning = "the cut, in fractions of the area of the image", .min = 1e-6, .max = 1};
const Bounds kRatio{.prefix = "ratio_", .meaning = "width / height of the cut", .min = 1e-3, .max = 1e3};

// Ops that bring images to a size, and take over the flips and warps that follow.
//
// A flip after them is exact. Where bilinear interpolation enlarges an image, or leaves its scale, a warp is done in
// the same interpolation, with borders in the coordinates of the resized image; elsewhere it comes after, so that
// nothing is lost of the filter against aliasing. Interpolating once is sharper than twice: smooth images differ by
// less than 1 level on average.
class Resampling : public Op {
public:
    Resampling(Params& params, const Setup& setup) : Op(setup), size_(params[kSize]), filter_(Filter::from(params)) {}

    bool absorb(std::unique_ptr<Op>& following) override { return moves_.take(nullptr, following); }

protected:
    Image bring(const Image& input, const Axis& rows, Axis columns, const Context& context) const {
        DrawnMoves drawn{{rows.used, columns.used}};
        moves_.draw(context, drawn);
        if (drawn.warps && filter_.weighting == Weighting::kBilinear && rows.scale() <= 1 && columns.scale() <= 1) {
            const auto start = [](const Axis& axis) { return axis.begin + (axis.first + 0.5) * axis.scale() - 0.5; };
            const Affine crop{columns.scale(), 0, start(columns), 0, rows.scale(), start(rows)};
            return move_cropped(input, crop, {columns.begin, rows.begin, columns.length, rows.length}, drawn, format(),
                                context);
        }
        columns.mirrored = drawn.take_mirrors();
        if (drawn.count == 0) return resample(input, rows, columns, filter_, format(), context);
        return move(resample(input, rows, columns, filter_, format(), context.between()), drawn, format(), context);
    }

    int size() const { return size_; }
    const Moves& moves() const { return moves_; }

private:
    int size_;
    Filter filter_;
    Moves moves_;
};

class Resize final : public Resampling {
public:
    Resize(Params& params, const Setup& setup) : Resampling(params, setup), fit_(params[kFit]) {}

    Size output_size(Size input) const override {
        if (crop_) return {*crop_, *crop_};
        if (fit_ != Fit::kShorter) return {size(), size()};
        const std::int64_t height = scaled(input.height, input), width = scaled(input.width, input);
        if (height > kMaxPixels || width > kMaxPixels || height * width > kMaxPixels) {
            throw std::invalid_argument(
                "resize with fit 'shorter' would make " + std::to_string(height) + "x" + std::to_string(width) +
                " pixels of an image of " + std::to_string(input.height) + "x" + std::to_string(input.width) +
                "; at most " + std::to_string(kMaxPixels) + " are allowed, fit 'cover' or 'stretch' needs less");
        }
        return {static_cast<int>(height), static_cast<int>(width)};
    }

    bool absorb(std::unique_ptr<Op>& following) override {
        if (Resampling::absorb(following)) return true;
        const std::optional<int> crop = center_crop_size(*following);
        if (!moves().empty() || !crop || crop_ || fit_ != Fit::kShorter || *crop > size()) return false;
        crop_ = crop;
        following.reset();
        return true;
    }

protected:
    Image apply(const Image& input, const Context& context) const override {
        return bring(input, axis(input.height, input), axis(input.width, input), context);
    }

private:
    std::int64_t scaled(int length, Size input) const {
        return static_cast<std::int64_t>(size()) * length / std::min(input.height, input.width);
    }

    Axis axis(int length, const Image& input) const {
        if (fit_ == Fit::kStretch) return Axis::whole(0, length, size());
        if (fit_ == Fit::kCover) {
            const int side = std::min(input.height, input.width);
            return Axis::whole((length - side) / 2, side, size());
        }
        const auto count = static_cast<int>(std::min<std::int64_t>(scaled(length, input.size()), INT32_MAX));
        Axis whole = Axis::whole(0, length, count);
        if (crop_) {
            whole.first = round_half_even((count - *crop_) / 2.0);
            whole.used = *crop_;
        }
        return whole;
    }

    Fit fit_;
    std::optional<int> crop_;
};

// torchvision's RandomResizedCrop: ten tries for a box of the drawn area and aspect ratio, then the central box of the
// nearest allowed ratio. Draws: try t = 0..9 uses 4t: area; 4t + 1: logarithm of the aspect ratio; 4t + 2: top; 4t + 3:
// left.
class RandomResizedCrop final : public Resampling {
public:
    RandomResizedCrop(Params& params, const Setup& setup)
        : Resampling(params, setup), scale_(params[kScale]), ratio_(params[kRatio]) {}

    Size output_size(Size) const override { return {size(), size()}; }

    void explain(Size input, const Draws& draws, Explanation& found) const override {
        const Box box = draw(input, draws);
        found.emplace_back("top", std::int64_t{box.top});
        found.emplace_back("left", std::int64_t{box.left});
        found.emplace_back("height", std::int64_t{box.height});
        found.emplace_back("width", std::int64_t{box.width});
    }

protected:
    Image apply(const Image& input, const Context& context) const override {
        return cut(input, draw(input.size(), context.draws(stream())), context);
    }
    // Where it is not applied, the largest centred square is brought to size: images have to come out alike.
    Image skip(const Image& input, const Context& context) const override {
        const int side = std::min(input.height, input.width);
        return cut(input, {(input.height - side) / 2, (input.width - side) / 2, side, side}, context);
    }

private:
    struct Box {
        int top, left, height, width;
    };

    Image cut(const Image& input, const Box& box, const Context& context) const {
        return bring(input, Axis::whole(box.top, box.height, size()), Axis::whole(box.left, box.width, size()),
                     context);
    }

    Box draw(Size input, const Draws& draws) const {
        const double area = static_cast<double>(input.height) * input.width;
        const double log_low = std::log(ratio_.low), log_high = std::log(ratio_.high);
        for (unsigned draw = 0; draw < 40; draw += 4) {
            const double target = area * (scale_.at(draws.uniform(draw)));
            const double ratio = std::exp(log_low + (log_high - log_low) * draws.uniform(draw + 1));
            const double width = std::nearbyint(std::sqrt(target * ratio));
            const double height = std::nearbyint(std::sqrt(target / ratio));
            if (width < 1 || width > input.width || height < 1 || height > input.height) continue;
            const Box box{0, 0, static_cast<int>(height), static_cast<int>(width)};
            return {below(input.height - box.height + 1, draws.uniform(draw + 2)),
                    below(input.width - box.width + 1, draws.uniform(draw + 3)), box.height, box.width};
        }
        int height = input.height, width = input.width;
        const double ratio = static_cast<double>(width) / height;
        if (ratio < ratio_.low) height = std::clamp(round_half_even(width / ratio_.low), 1, input.height);
        if (ratio > ratio_.high) width = std::clamp(round_half_even(height * ratio_.high), 1, input.width);
        return {(input.height - height) / 2, (input.width - width) / 2, height, width};
    }

    Interval scale_, ratio_;
};

}  // namespace

void add_resize(OpKinds& kinds) {
    kinds["resize"] = {.make = make_op<Resize>,
                       .params = declare(kSize, Filter::kParams, kFit),
                       .sixteen_bits = SixteenBits::kAll,
                       .skips = Skips::kNone};
    kinds["random_resized_crop"] = {.make = make_op<RandomResizedCrop>,
                                    .params = declare(kSize, Filter::kParams, kScale, kRatio),
                                    .draws = 39,
                                    .sixteen_bits = SixteenBits::kAll,
                                    .probability_draw = 40};
}

}  // namespace flowerablate
