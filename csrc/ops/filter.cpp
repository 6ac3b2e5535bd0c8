#include "ops/filter.hpp"

#include <algorithm>
#include <cmath>

namespace flowerablate {

Image readable(const Image& input, const Context& context, int pixel_bytes) {
    const std::ptrdiff_t row = static_cast<std::ptrdiff_t>(input.width) * pixel_bytes;
    if (input.readable_end - (input.row(input.height - 1) + row) >= kOvershoot) return input;
    std::uint8_t* copy = context.scratch.work(1, static_cast<std::size_t>(row) * static_cast<std::size_t>(input.height));
    copy_rows(input, copy, pixel_bytes);
    return packed_image(copy, input.size(), pixel_bytes);
}

namespace {

constexpr double kLargestSigma = 100.0;

// A job on a picture that readable() gave.
FilterJob job_on(const Image& source, std::uint8_t* target, int channels, int size, Scratch& scratch) {
    FilterJob job{source.data, source.stride, target, source.height, source.width, channels, size, nullptr};
    job.work = scratch.work(0, static_cast<std::size_t>(kernels().filter.work_bytes(job)));
    return job;
}

class BoxBlur final : public Op {
public:
    BoxBlur(Params& params, const Setup& setup) : Op(setup), size_(params.integer("size", 1, kLargestFilter)) {}

protected:
    Image apply(const Image& input, const Context& context) const override {
        if (size_ == 1) return input;
        const Image source = readable(input, context, pixel_bytes());
        std::uint8_t* target = context.target(bytes(input.size()));
        const FilterJob job = job_on(source, target, channels(), size_, context.scratch);
        format().depth == 1 ? kernels().filter.box(job) : kernels().filter.box_words(job);
        return packed_image(target, input.size(), pixel_bytes());
    }

private:
    int size_;
};

// Size and sigma of a Gaussian, each of which follows from the other where it is 0, as in OpenCV; but a window is kLargestFilter
// wide at most, and cuts a Gaussian off that is wider.
struct Bell {
    int size;
    double sigma;

    static Bell of(int size, double sigma, int depth) {
        if (size == 0) {
            const double wanted = std::nearbyint(sigma * (depth == 1 ? 3 : 4) * 2 + 1);
            size = static_cast<int>(std::min<double>(kLargestFilter, wanted)) | 1;
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
    if (size != 0 && size % 2 == 0) params.fail("parameter 'size' must be odd, or 0, not " + std::to_string(size));
}

// Writes the blurred picture, borders mirrored without the edge. 8 bits: at most 1 from round(real numbers).
void blur(const Image& source, std::uint8_t* target, const Format& format, const Bell& bell, Scratch& scratch) {
    double weights[kLargestFilter / 2 + 1];
    bell.weigh(weights);
    const int radius = bell.size / 2;
    std::uint16_t fixed[kLargestFilter / 2 + 1];
    float exact[kLargestFilter / 2 + 1];
    int rest = 65536;  // the centre gets what the others leave, so that an even picture stays as it is
    for (int i = 1; i <= radius; ++i) {
        fixed[i] = static_cast<std::uint16_t>(std::nearbyint(131072.0 * weights[i]));
        rest -= fixed[i];
    }
    fixed[0] = static_cast<std::uint16_t>(std::min(rest, 65535));
    for (int i = 0; i <= radius; ++i) exact[i] = static_cast<float>(weights[i]);
    const GaussianJob job{job_on(source, target, format.channels, bell.size, scratch), fixed, exact};
    format.depth == 1 ? kernels().filter.gaussian(job) : kernels().filter.gaussian_words(job);
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
        const int size = params.integer("size", 0, kLargestFilter);
        const double sigma = params.number("sigma", 0.0, kLargestSigma);
        check_bell(params, size, sigma);
        bell_ = Bell::of(size, sigma, format().depth);
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
        : Op(setup),
          size_(params.integer("size", 0, kLargestFilter)),
          sigma_(Interval::read(params, 0.01, kLargestSigma, "sigma_")) {
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
    Bell draw(const Draws& draws) const {
        return Bell::of(size_, sigma_.at(draws.uniform(1)), format().depth);
    }

    int size_;
    Interval sigma_;
};

// x + amount * (x - blurred), rounded and saturated, where the difference is above the threshold.
class Unsharp final : public Op {
public:
    Unsharp(Params& params, const Setup& setup) : Op(setup) {
        const int size = params.integer("size", 0, kLargestFilter);
        const double sigma = params.number("sigma", 0.0, kLargestSigma);
        check_bell(params, size, sigma);
        bell_ = Bell::of(size, sigma, 1);
        amount_ = static_cast<float>(params.number("amount", 0.0, 100.0));
        threshold_ = params.integer("threshold", 0, 255);
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
    Sharpness(Params& params, const Setup& setup)
        : Op(setup), factor_(Interval::read(params, 0.0, 100.0)) {}

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
    Sobel(Params& params, const Setup& setup)
        : Op(setup),
          size_(params.integer("size", 1, 7)),
          output_(params.choice("output", {"magnitude", "x", "y"})) {
        if (size_ % 2 == 0) params.fail("parameter 'size' must be 1, 3, 5 or 7, not " + std::to_string(size_));
    }

protected:
    Image apply(const Image& input, const Context& context) const override {
        static constexpr std::int32_t kSmooth[4][7] = {{0, 1, 0}, {1, 2, 1}, {1, 4, 6, 4, 1}, {1, 6, 15, 20, 15, 6, 1}};
        static constexpr std::int32_t kDifference[4][7] = {
            {-1, 0, 1}, {-1, 0, 1}, {-1, -2, 0, 2, 1}, {-1, -4, -5, 0, 5, 4, 1}};
        const Image source = readable(input, context, channels());
        std::uint8_t* target = context.target(bytes(input.size()));
        const FilterJob job = job_on(source, target, channels(), std::max(size_, 3), context.scratch);
        kernels().filter.sobel({job, kSmooth[size_ / 2], kDifference[size_ / 2], output_});
        return packed_image(target, input.size(), channels());
    }

private:
    int size_, output_;
};

}  // namespace

void add_filter(OpKinds& kinds) {
    kinds["box_blur"] = {make_op<BoxBlur>, true};
    kinds["gaussian_blur"] = {make_op<GaussianBlur>, true};
    kinds["random_gaussian_blur"] = {make_op<RandomGaussianBlur>, true};
    kinds["unsharp"] = {make_op<Unsharp>};
    kinds["sharpness"] = {make_op<Sharpness>};
    kinds["sobel"] = {make_op<Sobel>};
    add_median(kinds);
}

}  // namespace flowerablate
