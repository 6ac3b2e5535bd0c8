#include "ops/geometry.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>

#include "ops/resample.hpp"
#include "ops/rotate.hpp"

namespace flowerablate {

namespace {

constexpr int kLargestSide = 8192;                 // of a picture that an op makes
constexpr std::int64_t kMostPixels = 1 << 26;      // = kLargestSide squared

// Python's int(round(x)): halves go to the even number.
int round_half_even(double value) { return static_cast<int>(std::nearbyint(value)); }

class HorizontalFlip final : public Op {
public:
    HorizontalFlip(Params&, const Setup& setup) : Op(setup) {}

    bool drawn(const Context& context) const { return applies(context.draws(stream())); }

protected:
    Image apply(const Image& input, const Context& context) const override {
        const std::ptrdiff_t stride = static_cast<std::ptrdiff_t>(input.width) * channels();
        std::uint8_t* target = context.target(bytes(input.size()));
        for (int y = 0; y < input.height; ++y) {
            kernels().flip_row(input.row(y), target + y * stride, input.width, channels());
        }
        return packed_image(target, input.size(), channels());
    }
};

// Takes `following` into `flip` if it is a flip and there is none yet.
bool take_flip(std::unique_ptr<Op>& following, std::unique_ptr<HorizontalFlip>& flip) {
    auto* found = dynamic_cast<HorizontalFlip*>(following.get());
    if (!found || flip) return false;
    following.release();
    flip.reset(found);
    return true;
}

class CenterCrop final : public Op {
public:
    CenterCrop(Params& params, const Setup& setup)
        : Op(setup), size_(params.integer("size", 1, kLargestSide)) {}

    int size() const { return size_; }
    Size output_size(Size) const override { return {size_, size_}; }
    bool keeps_size() const override { return false; }

protected:
    Image apply(const Image& input, const Context& context) const override {
        if (input.height < size_ || input.width < size_) return padded(input, context);
        const int top = round_half_even((input.height - size_) / 2.0);
        const int left = round_half_even((input.width - size_) / 2.0);
        Image part = input;
        part.data = input.row(top) + static_cast<std::ptrdiff_t>(left) * channels();
        part.height = part.width = size_;
        return part;
    }

private:
    // Zeros around a picture that is too small in one direction; in the other it may still have to be cropped.
    Image padded(const Image& input, const Context& context) const {
        const Size out{size_, size_};
        const std::ptrdiff_t stride = static_cast<std::ptrdiff_t>(size_) * channels();
        std::uint8_t* target = context.target(bytes(out));
        std::memset(target, 0, bytes(out));
        const Span rows = place(input.height), columns = place(input.width);
        for (int y = 0; y < rows.count; ++y) {
            std::memcpy(target + (rows.to + y) * stride + static_cast<std::ptrdiff_t>(columns.to) * channels(),
                        input.row(rows.from + y) + static_cast<std::ptrdiff_t>(columns.from) * channels(),
                        static_cast<std::size_t>(columns.count) * static_cast<std::size_t>(channels()));
        }
        return packed_image(target, out, channels());
    }

    struct Span {
        int from, to, count;
    };
    Span place(int length) const {
        if (length < size_) return {0, (size_ - length) / 2, length};
        return {round_half_even((length - size_) / 2.0), 0, size_};
    }

    int size_;
};

class Resize final : public Op {
public:
    Resize(Params& params, const Setup& setup)
        : Op(setup),
          size_(params.integer("size", 1, kLargestSide)),
          fit_(static_cast<Fit>(params.choice("fit", {"cover", "stretch", "shorter"}))),
          antialias_(params.flag("antialias")) {}

    Size output_size(Size input) const override {
        if (crop_) return {*crop_, *crop_};
        if (fit_ != Fit::kShorter) return {size_, size_};
        const std::int64_t height = scaled(input.height, input), width = scaled(input.width, input);
        if (height > kMostPixels || width > kMostPixels || height * width > kMostPixels) {
            throw std::invalid_argument("resize with fit 'shorter' would make " + std::to_string(height) + "x" +
                                        std::to_string(width) + " pixels of a picture of " +
                                        std::to_string(input.height) + "x" + std::to_string(input.width) +
                                        "; at most " + std::to_string(kMostPixels) +
                                        " are allowed, fit 'cover' or 'stretch' needs less");
        }
        return {static_cast<int>(height), static_cast<int>(width)};
    }
    bool keeps_size() const override { return false; }

    bool absorb(std::unique_ptr<Op>& following) override {
        if (take_flip(following, flip_)) return true;
        const auto* crop = dynamic_cast<const CenterCrop*>(following.get());
        if (flip_ || !crop || crop_ || fit_ != Fit::kShorter || crop->size() > size_) return false;
        crop_ = crop->size();
        following.reset();
        return true;
    }

protected:
    Image apply(const Image& input, const Context& context) const override {
        Axis rows = axis(input.height, input), columns = axis(input.width, input);
        columns.mirrored = flip_ && flip_->drawn(context);
        return resample(input, rows, columns, antialias_, channels(), context);
    }

private:
    enum class Fit { kCover, kStretch, kShorter };

    std::int64_t scaled(int length, Size input) const {
        return static_cast<std::int64_t>(size_) * length / std::min(input.height, input.width);
    }

    Axis axis(int length, const Image& input) const {
        if (fit_ == Fit::kStretch) return Axis::whole(0, length, size_);
        if (fit_ == Fit::kCover) {
            const int side = std::min(input.height, input.width);
            return Axis::whole((length - side) / 2, side, size_);
        }
        const auto count = static_cast<int>(std::min<std::int64_t>(scaled(length, input.size()), INT32_MAX));
        Axis whole = Axis::whole(0, length, count);
        if (crop_) {
            whole.first = round_half_even((count - *crop_) / 2.0);
            whole.used = *crop_;
        }
        return whole;
    }

    int size_;
    Fit fit_;
    bool antialias_;
    std::optional<int> crop_;
    std::unique_ptr<HorizontalFlip> flip_;
};

// torchvision's RandomResizedCrop: ten tries for a box of the drawn area and aspect ratio, then the central box of the
// nearest allowed ratio. Draws: try t = 0..9 uses 4t: area; 4t + 1: logarithm of the aspect ratio; 4t + 2: top; 4t + 3: left.
class RandomResizedCrop final : public Op {
public:
    RandomResizedCrop(Params& params, const Setup& setup)
        : Op(setup),
          size_(params.integer("size", 1, kLargestSide)),
          scale_low_(params.number("scale_low", 1e-6, 1.0)),
          scale_high_(params.number("scale_high", 1e-6, 1.0)),
          ratio_low_(params.number("ratio_low", 1e-3, 1e3)),
          ratio_high_(params.number("ratio_high", 1e-3, 1e3)),
          antialias_(params.flag("antialias")) {
        if (scale_low_ > scale_high_) params.fail("parameter 'scale_low' must not exceed 'scale_high'");
        if (ratio_low_ > ratio_high_) params.fail("parameter 'ratio_low' must not exceed 'ratio_high'");
    }

    Size output_size(Size) const override { return {size_, size_}; }

    void explain(Size input, const Draws& draws, Explanation& found) const override {
        const Box box = draw(input, draws);
        found.emplace_back("top", std::int64_t{box.top});
        found.emplace_back("left", std::int64_t{box.left});
        found.emplace_back("height", std::int64_t{box.height});
        found.emplace_back("width", std::int64_t{box.width});
    }

    bool absorb(std::unique_ptr<Op>& following) override { return take_flip(following, flip_); }

protected:
    Image apply(const Image& input, const Context& context) const override {
        return cut(input, draw(input.size(), context.draws(stream())), context);
    }
    // Where it is not applied, the largest centred square is brought to size: pictures have to come out alike.
    Image skip(const Image& input, const Context& context) const override {
        const int side = std::min(input.height, input.width);
        return cut(input, {(input.height - side) / 2, (input.width - side) / 2, side, side}, context);
    }
    std::uint64_t probability_draw() const override { return 40; }

private:
    struct Box {
        int top, left, height, width;
    };

    Image cut(const Image& input, const Box& box, const Context& context) const {
        const Axis rows = Axis::whole(box.top, box.height, size_);
        Axis columns = Axis::whole(box.left, box.width, size_);
        columns.mirrored = flip_ && flip_->drawn(context);
        return resample(input, rows, columns, antialias_, channels(), context);
    }

    Box draw(Size input, const Draws& draws) const {
        const double area = static_cast<double>(input.height) * input.width;
        const double log_low = std::log(ratio_low_), log_high = std::log(ratio_high_);
        for (unsigned draw = 0; draw < 40; draw += 4) {
            const double target = area * (scale_low_ + (scale_high_ - scale_low_) * draws.uniform(draw));
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
        if (ratio < ratio_low_) height = std::clamp(round_half_even(width / ratio_low_), 1, input.height);
        if (ratio > ratio_high_) width = std::clamp(round_half_even(height * ratio_high_), 1, input.width);
        return {(input.height - height) / 2, (input.width - width) / 2, height, width};
    }

    // A whole number in [0, count) from a uniform one in [0, 1).
    static int below(int count, double uniform) { return std::min(count - 1, static_cast<int>(count * uniform)); }

    int size_;
    double scale_low_, scale_high_, ratio_low_, ratio_high_;
    bool antialias_;
    std::unique_ptr<HorizontalFlip> flip_;
};

}  // namespace

void add_geometry(OpKinds& kinds) {
    kinds["center_crop"] = {make_op<CenterCrop>};
    kinds["horizontal_flip"] = {make_op<HorizontalFlip>};
    kinds["random_resized_crop"] = {make_op<RandomResizedCrop>};
    kinds["resize"] = {make_op<Resize>};
    kinds["rotate"] = {make_rotate};
}

}  // namespace flowerablate
