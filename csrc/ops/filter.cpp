#include "ops/filter.hpp"

#include <algorithm>
#include <cmath>

namespace flowerablate {

Image readable(const Image& input, const Context& context, int pixel_bytes) {
    const std::ptrdiff_t row = static_cast<std::ptrdiff_t>(input.width) * pixel_bytes;
    if (input.readable_end - (input.row(input.height - 1) + row) >= kOvershoot) return input;
    std::uint8_t* copy =
        context.scratch.work(1, static_cast<std::size_t>(row) * static_cast<std::size_t>(input.height));
    copy_rows(input, copy, pixel_bytes);
    return packed_image(copy, input.size(), pixel_bytes);
}

namespace {

constexpr double kMaxSigma = 100.0;

const Integer kBoxSize{.name = "size", .meaning = "side of the window in pixels", .min = 1, .max = kMaxFilter};
const Integer kBellSize{.name = "size",
                        .meaning = "side of the window in pixels; 0: as sigma asks for, up to the maximum",
                        .min = 0,
                        .max = kMaxFilter,
                        .odd = true};
const Number kSigma{.name = "sigma",
                    .meaning = "standard deviation of the Gaussian in pixels; 0: as the size asks for",
                    .min = 0,
                    .max = kMaxSigma};
const Bounds kDrawnSigma{
    .prefix = "sigma_", .meaning = "the standard deviation of the Gaussian in pixels", .min = 0.01, .max = kMaxSigma};
const Number kAmount{.name = "amount", .meaning = "how much of the difference is added", .min = 0, .max = 100};
const Integer kThreshold{
    .name = "threshold", .meaning = "differences up to this one are left alone", .min = 0, .max = 255};
const Bounds kFactor{.prefix = "", .meaning = "the factor; 0: smoothed, 1: unchanged", .min = 0, .max = 100};
const Choice<SobelOutput> kOutput{
    .name = "output",
    .meaning = "length of the gradient, or its part along x or y",
    .choices = {{"magnitude", SobelOutput::kMagnitude}, {"x", SobelOutput::kAlongX}, {"y", SobelOutput::kAlongY}}};
const Integer kSobelSize{
    .name = "size", .meaning = "side of the window in pixels; 1: no smoothing", .min = 1, .max = 7, .odd = true};

// A job on an image that readable() gave.
FilterJob job_on(const Image& source, std::uint8_t* target, int channels, int size, Scratch& scratch) {
    FilterJob job{.source = source.data,
                  .source_stride = source.stride,
                  .target = target,
                  .height = source.height,
                  .width = source.width,
                  .channels = channels,
                  .size = size};
    job.work = scratch.work(0, static_cast<std::size_t>(kernels().filter.work_bytes(job)));
    return job;
}

class BoxBlur final : public Op {
public:
    BoxBlur(Params& params, const Setup& setup) : Op(setup), size_(params[kBoxSize]) {}

protected:
    Image apply(const Image& input, const Context& context) const override {
        if (size_ == 1) return input;
        const Image source = readable(input, context, pixel_bytes());
        std::uint8_t* target = context.target(bytes(input.size()));
        const FilterJob job = job_on(source, target, channels(), size_, context.scratch);
        format().itemsize == 1 ? kernels().filter.box(job) : kernels().filter.box_words(job);
        return packed_image(target, input.size(), pixel_bytes());
    }

private:
    int size_;
};

// Size and sigma of a Gaussian, each of which follows from the other where it is 0, as in OpenCV; but a window is
// kMaxFilter wide at most, and cuts a Gaussian off that is wider.
struct Bell {
    int size;
    double sigma;

    static Bell of(int size, double sigma, int itemsize) {
        if (size == 0) {
            const double wanted = std::nearbyint(sigma * (itemsize == 1 ? 3 : 4) * 2 + 1);
            size = static_cast<int>(std::min<double>(kMaxFilter, wanted)) | 1;
        }
        return {size, sigma};
    }

    // Fills `weights` with those of the centre and of one tap at each distance; their sum is 1.
    void weigh(double* weights) const {
        // OpenCV's fixed kernels for sizes up to 9 without a sigma, in 1/256.
        static constexpr int kFixed[4][5] = {{128, 64}, {96, 64, 16}, {72, 56, 28, 8}, {60, 51, 30, 13, 4}};
        const int radius = size / 2;
        if (sigma <= 0 && radius >= 1 && radius <= 4) {
            for (int i = 0; i <= radius; ++i) weights[i] = kFixed[radius - 1][i] / 256.0;
            return;
        }
        const double width = sigma > 0 ? sigma : 0.3 * ((size - 1) * 0.5 - 1) + 0.8;
        double total = 0;
        for (int i = 0; i <= radius; ++i) {
            weights[i] = std::exp(-0.5 * i * i / (width * width));
            total += i ? 2 * weights[i] : weights[i];
        }
        for (int i = 0; i <= radius; ++i) weights[i] /= total;
    }
};

void check_bell(Params& params, int size, double sigma) {
    if (size == 0 && sigma == 0) params.fail("one of the parameters 'size' and 'sigma' must be above 0");
}

// Writes the blurred image, borders mirrored without the edge. 8 bits: at most 1 from round(real numbers).
void blur(const Image& source, std::uint8_t* target, const Format& format, const Bell& bell, Scratch& scratch) {
    double weights[kMaxFilter / 2 + 1];
    bell.weigh(weights);
    const int radius = bell.size / 2;
    std::uint16_t fixed[kMaxFilter / 2 + 1];
    float exact[kMaxFilter / 2 + 1];
    int rest = 65536;  // the centre gets what the others leave, so that an even image stays as it is
    for (int i = 1; i <= radius; ++i) {
        fixed[i] = static_cast<std::uint16_t>(std::nearbyint(131072.0 * weights[i]));
        rest -= fixed[i];
    }
    fixed[0] = static_cast<std::uint16_t>(std::min(rest, 65535));
    for (int i = 0; i <= radius; ++i) exact[i] = static_cast<float>(weights[i]);
    const GaussianJob job{
        .image = job_on(source, target, format.channels, bell.size, scratch), .weights = fixed, .exact = exact};
    format.itemsize == 1 ? kernels().filter.gaussian(job) : kernels().filter.gaussian_words(job);
}

Image blurred(const Image& input, const Context& context, const Format& format, const Bell& bell) {
    if (bell.size == 1) return input;
    const Image source = readable(input, context, format.pixel_bytes());
    const std::ptrdiff_t bytes = static_cast<std::ptrdiff_t>(source.width) * format.pixel_bytes() * source.height;
    std::uint8_t* target = context.target(static_cast<std::size_t>(bytes));
    blur(source, target, format, bell, context.scratch);
    return packed_image(target, source.size(), format.pixel_bytes());
}

class GaussianBlur final : public Op {
public:
    GaussianBlur(Params& params, const Setup& setup) : Op(setup) {
        const int size = params[kBellSize];
        const double sigma = params[kSigma];
        check_bell(params, size, sigma);
        bell_ = Bell::of(size, sigma, format().itemsize);
    }

protected:
    Image apply(const Image& input, const Context& context) const override {
        return blurred(input, context, format(), bell_);
    }

private:
    Bell bell_;
};

class RandomGaussianBlur final : public Op {
public:
    RandomGaussianBlur(Params& params, const Setup& setup)
        : Op(setup), size_(params[kBellSize]), sigma_(params[kDrawnSigma]) {
        check_bell(params, size_, sigma_.high);
    }

    void explain(Size, const Draws& draws, Explanation& found) const override {
        const Bell bell = draw(draws);
        found.emplace_back("size", static_cast<std::int64_t>(bell.size));
        found.emplace_back("sigma", bell.sigma);
    }

protected:
    Image apply(const Image& input, const Context& context) const override {
        return blurred(input, context, format(), draw(context.draws(stream())));
    }

private:
    Bell draw(const Draws& draws) const { return Bell::of(size_, sigma_.at(draws.uniform(1)), format().itemsize); }

    int size_;
    Interval sigma_;
};

// x + amount * (x - blurred), rounded and saturated, where the difference is above the threshold.
class Unsharp final : public Op {
public:
    Unsharp(Params& params, const Setup& setup) : Op(setup) {
        const int size = params[kBellSize];
        const double sigma = params[kSigma];
        check_bell(params, size, sigma);
        bell_ = Bell::of(size, sigma, 1);
        amount_ = static_cast<float>(params[kAmount]);
        threshold_ = params[kThreshold];
    }

protected:
    Image apply(const Image& input, const Context& context) const override {
        if (bell_.size == 1) return input;
        const Image source = readable(input, context, channels());
        std::uint8_t* blurred = context.scratch.work(2, bytes(input.size()));
        std::uint8_t* target = context.target(bytes(input.size()));
        blur(source, blurred, format(), bell_, context.scratch);
        const std::ptrdiff_t row = static_cast<std::ptrdiff_t>(input.width) * channels();
        for (int y = 0; y < input.height; ++y) {
            kernels().filter.unsharp(source.row(y), blurred + y * row, target + y * row, row, amount_, threshold_);
        }
        return packed_image(target, input.size(), channels());
    }

private:
    Bell bell_;
    float amount_;
    int threshold_;
};

// Sharper for factors above 1, the same for 1, smoothed for 0: Pillow's and torchvision's, rounded instead of cut off.
class Sharpness final : public Op {
public:
    Sharpness(Params& params, const Setup& setup) : Op(setup), factor_(params[kFactor]) {}

    void explain(Size, const Draws& draws, Explanation& found) const override {
        found.emplace_back("factor", draw(draws));
    }

protected:
    Image apply(const Image& input, const Context& context) const override {
        const Image source = readable(input, context, channels());
        std::uint8_t* target = context.target(bytes(input.size()));
        kernels().filter.sharpness(job_on(source, target, channels(), 3, context.scratch),
                                   static_cast<float>(draw(context.draws(stream()))));
        return packed_image(target, input.size(), channels());
    }

private:
    double draw(const Draws& draws) const { return factor_.at(draws.uniform(1)); }

    Interval factor_;
};

// Sobel's gradient of each channel, absolute and saturated; its length is the rounded root of both squares.
class Sobel final : public Op {
public:
    Sobel(Params& params, const Setup& setup) : Op(setup), size_(params[kSobelSize]), output_(params[kOutput]) {}

protected:
    Image apply(const Image& input, const Context& context) const override {
        static constexpr std::int32_t kSmooth[4][7] = {{0, 1, 0}, {1, 2, 1}, {1, 4, 6, 4, 1}, {1, 6, 15, 20, 15, 6, 1}};
        static constexpr std::int32_t kDifference[4][7] = {
            {-1, 0, 1}, {-1, 0, 1}, {-1, -2, 0, 2, 1}, {-1, -4, -5, 0, 5, 4, 1}};
        const Image source = readable(input, context, channels());
        std::uint8_t* target = context.target(bytes(input.size()));
        const FilterJob job = job_on(source, target, channels(), std::max(size_, 3), context.scratch);
        kernels().filter.sobel(
            {.image = job, .smooth = kSmooth[size_ / 2], .difference = kDifference[size_ / 2], .output = output_});
        return packed_image(target, input.size(), channels());
    }

private:
    int size_;
    SobelOutput output_;
};

}  // namespace

void add_filter(OpKinds& kinds) {
    kinds["box_blur"] = {.make = make_op<BoxBlur>, .params = declare(kBoxSize), .sixteen_bits = SixteenBits::kAll};
    kinds["gaussian_blur"] = {
        .make = make_op<GaussianBlur>, .params = declare(kBellSize, kSigma), .sixteen_bits = SixteenBits::kAll};
    kinds["random_gaussian_blur"] = {.make = make_op<RandomGaussianBlur>,
                                     .params = declare(kBellSize, kDrawnSigma),
                                     .draws = 1,
                                     .sixteen_bits = SixteenBits::kAll};
    kinds["unsharp"] = {.make = make_op<Unsharp>, .params = declare(kBellSize, kSigma, kAmount, kThreshold)};
    kinds["sharpness"] = {.make = make_op<Sharpness>, .params = declare(kFactor), .draws = 1};
    kinds["sobel"] = {.make = make_op<Sobel>, .params = declare(kSobelSize, kOutput)};
    add_median(kinds);
}

}  // namespace flowerablate
