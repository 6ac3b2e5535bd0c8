#include "ops/noise.hpp"
#include "ops/normalize.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace flowerablate {

namespace {

struct Rectangle {
    int top, left, height, width;
    bool empty() const { return height == 0 || width == 0; }
};

constexpr int kMaxHoles = 64;
constexpr std::uint32_t kBlocksOfHole = 1u << 25;

enum class Fill { kNoise, kMean, kConstant };

const Choice<Fill> kFill{.name = "fill",
                         .meaning = "what erased pixels become: random bytes, the mean of each channel, or the value",
                         .choices = {{"noise", Fill::kNoise}, {"mean", Fill::kMean}, {"constant", Fill::kConstant}}};
const Number kValue{.name = "value",
                    .meaning = "what they become where fill is constant, in fractions of the full range",
                    .min = 0,
                    .max = 1};
const Bounds kScale{
    .prefix = "scale_", .meaning = "the rectangle, in fractions of the area of the image", .min = 0, .max = 1};
const Bounds kRatio{.prefix = "ratio_", .meaning = "height / width of the rectangle", .min = 0.001, .max = 1000};
const Integer kHoles{.name = "holes", .meaning = "number of squares", .min = 1, .max = kMaxHoles};
const Integer kSize{.name = "size", .meaning = "side of a square in pixels; 0: as share says", .min = 0, .max = 8192};
const Number kShare{
    .name = "share", .meaning = "side as a fraction of the shorter side of the image", .min = 0, .max = 1};

// Ops that copy the image and fill rectangles in it: with random bytes, with the mean of each channel, or with one
// value.
class Erasing : public Op {
public:
    Erasing(Params& params, const Setup& setup) : Op(setup), fill_(params[kFill]) {
        const double value = params[kValue];
        value_ = static_cast<std::uint16_t>(std::nearbyint(value * setup.format.max_value()));
    }

protected:
    Image filled(const Image& input, const Context& context, const Rectangle* rectangles, int count) const {
        if (std::all_of(rectangles, rectangles + count, [](const Rectangle& each) { return each.empty(); }))
            return input;
        std::uint8_t* target = context.target(bytes(input.size()));
        write_pixels(input, pixel_bytes(), target);
        const std::size_t row = static_cast<std::size_t>(input.width) * static_cast<std::size_t>(pixel_bytes());
        const int bytes_of_row = input.width * pixel_bytes();
        std::uint8_t* const line = context.scratch.work(0, row);
        if (fill_ != Fill::kNoise) write_line(input, line);
        const PhiloxJob job = pixel_words(context, stream());
        for (int i = 0; i < count; ++i) {
            const Rectangle& part = rectangles[i];
            if (part.empty()) continue;
            const std::size_t wide = static_cast<std::size_t>(part.width) * static_cast<std::size_t>(pixel_bytes());
            const std::uint8_t* from = line;
            if (fill_ == Fill::kNoise) {
                const std::size_t blocks = (wide * static_cast<std::size_t>(part.height) + 15) / 16;
                std::uint8_t* const noise = context.scratch.work(1, blocks * 16);
                kernels().noise.philox(job, kPixelBlocks + static_cast<std::uint32_t>(i) * kBlocksOfHole,
                                       static_cast<std::ptrdiff_t>(blocks), reinterpret_cast<std::uint32_t*>(noise));
                from = noise;
            }
            std::uint8_t* to =
                target + static_cast<std::ptrdiff_t>(part.top) * bytes_of_row + part.left * pixel_bytes();
            for (int y = 0; y < part.height; ++y, to += bytes_of_row) {
                std::memcpy(to, from, wide);
                if (fill_ == Fill::kNoise) from += wide;
            }
        }
        return packed_image(target, input.size(), pixel_bytes());
    }

private:
    // A row of pixels of one colour.
    void write_line(const Image& input, std::uint8_t* line) const {
        std::uint16_t color[4] = {value_, value_, value_, value_};
        if (fill_ == Fill::kMean) {
            std::uint64_t sums[4] = {}, squares[4] = {};
            kernels().moments({.source = input.data,
                               .stride = input.stride,
                               .height = input.height,
                               .width = input.width,
                               .channels = channels(),
                               .itemsize = format().itemsize,
                               .sums = sums,
                               .squares = squares});
            const std::uint64_t pixels =
                static_cast<std::uint64_t>(input.height) * static_cast<std::uint64_t>(input.width);
            for (int c = 0; c < channels(); ++c) color[c] = static_cast<std::uint16_t>((sums[c] + pixels / 2) / pixels);
        }
        for (int i = 0; i < input.width * channels(); ++i) {
            const std::uint16_t value = color[i % channels()];
            if (format().itemsize == 1) {
                line[i] = static_cast<std::uint8_t>(value);
            } else {
                reinterpret_cast<std::uint16_t*>(line)[i] = value;
            }
        }
    }

    Fill fill_;
    std::uint16_t value_;
};

// Erases one rectangle of random area and aspect ratio (Zhong et al.: Random erasing data augmentation, 2017), found as
// torchvision does: the first of ten that is smaller than the image.
class RandomErasing final : public Erasing {
public:
    RandomErasing(Params& params, const Setup& setup)
        : Erasing(params, setup), scale_(params[kScale]), ratio_(params[kRatio]) {}

    void explain(Size input, const Draws& draws, Explanation& found) const override {
        const Rectangle part = draw(input, draws);
        found.emplace_back("top", static_cast<std::int64_t>(part.top));
        found.emplace_back("left", static_cast<std::int64_t>(part.left));
        found.emplace_back("height", static_cast<std::int64_t>(part.height));
        found.emplace_back("width", static_cast<std::int64_t>(part.width));
    }

protected:
    Image apply(const Image& input, const Context& context) const override {
        const Rectangle part = draw(input.size(), context.draws(stream()));
        return filled(input, context, &part, 1);
    }

private:
    Rectangle draw(Size size, const Draws& draws) const {
        const double low = std::log(ratio_.low), high = std::log(ratio_.high);
        for (std::uint64_t attempt = 0; attempt < 10; ++attempt) {
            const std::uint64_t number = 1 + 4 * attempt;
            const double area = scale_.at(draws.uniform(number)) * size.height * size.width;
            const double ratio = std::exp(low + (high - low) * draws.uniform(number + 1));
            const double height = std::nearbyint(std::sqrt(area * ratio)),
                         width = std::nearbyint(std::sqrt(area / ratio));
            if (!(height < size.height && width < size.width)) continue;
            const double rows = size.height - height + 1, columns = size.width - width + 1;
            return {static_cast<int>(rows * draws.uniform(number + 2)),
                    static_cast<int>(columns * draws.uniform(number + 3)), static_cast<int>(height),
                    static_cast<int>(width)};
        }
        return {0, 0, 0, 0};
    }

    Interval scale_, ratio_;
};

// Erases squares whose centres lie anywhere in the image, so that some are cut off (DeVries and Taylor: Improved
// regularization of convolutional neural networks with cutout, 2017).
class Cutout final : public Erasing {
public:
    Cutout(Params& params, const Setup& setup)
        : Erasing(params, setup), holes_(params[kHoles]), size_(params[kSize]), fraction_(params[kShare]) {}

    void explain(Size input, const Draws& draws, Explanation& found) const override {
        Rectangle holes[kMaxHoles];
        draw(input, draws, holes);
        const auto add = [&](const char* name, int Rectangle::* part) {
            std::vector<double> values;
            for (int i = 0; i < holes_; ++i) values.push_back(holes[i].*part);
            found.emplace_back(name, std::move(values));
        };
        add("top", &Rectangle::top);
        add("left", &Rectangle::left);
        add("height", &Rectangle::height);
        add("width", &Rectangle::width);
    }

protected:
    Image apply(const Image& input, const Context& context) const override {
        Rectangle holes[kMaxHoles];
        draw(input.size(), context.draws(stream()), holes);
        return filled(input, context, holes, holes_);
    }

private:
    void draw(Size image, const Draws& draws, Rectangle* holes) const {
        const int size =
            size_ ? size_ : static_cast<int>(std::nearbyint(fraction_ * std::min(image.height, image.width)));
        for (int i = 0; i < holes_; ++i) {
            const auto number = static_cast<std::uint64_t>(1 + 2 * i);
            const int y = static_cast<int>(image.height * draws.uniform(number)) - size / 2;
            const int x = static_cast<int>(image.width * draws.uniform(number + 1)) - size / 2;
            const int top = std::max(y, 0), left = std::max(x, 0);
            holes[i] = {top, left, std::min(y + size, image.height) - top, std::min(x + size, image.width) - left};
        }
    }

    int holes_, size_;
    double fraction_;
};

}  // namespace

void add_erasing(OpKinds& kinds) {
    kinds["random_erasing"] = {.make = make_op<RandomErasing>,
                               .params = declare(kFill, kValue, kScale, kRatio),
                               .draws = 40,
                               .draws_pixels = true,
                               .sixteen_bits = SixteenBits::kAll};
    kinds["cutout"] = {.make = make_op<Cutout>,
                       .params = declare(kFill, kValue, kHoles, kSize, kShare),
                       .draws = 2 * kMaxHoles,
                       .draws_pixels = true,
                       .sixteen_bits = SixteenBits::kAll};
}

}  // namespace flowerablate
