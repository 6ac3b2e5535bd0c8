#include "ops/threshold.hpp"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "ops/intensity.hpp"
#include "ops/pointwise.hpp"

namespace flowerablate {

namespace {

constexpr int kMaxBlock = 127;

enum class Mode { kBinary, kBinaryInv, kTruncate, kToZero, kToZeroInv };

// What the slots of the working memory are for.
enum Slot { kPlane, kLine, kDecider, kCounts, kKernel };

enum class Output { kBinary, kMask };
enum class On { kChannels, kLuminance };
enum class Method { kMean, kGaussian };
enum class Decider { kEach, kRed, kGreen, kBlue, kFourth };

const Choice<Mode> kMode{.name = "mode",
                         .meaning = "OpenCV's: what becomes of values above the threshold, and of the others",
                         .choices = {{"binary", Mode::kBinary},
                                     {"binary_inv", Mode::kBinaryInv},
                                     {"truncate", Mode::kTruncate},
                                     {"tozero", Mode::kToZero},
                                     {"tozero_inv", Mode::kToZeroInv}},
                         .fallback = Mode::kBinary};
const Choice<Mode> kBinaryMode{.name = "mode",
                               .meaning = "white above the threshold, or below",
                               .choices = {{"binary", Mode::kBinary}, {"binary_inv", Mode::kBinaryInv}},
                               .fallback = Mode::kBinary};
const Choice<Output> kOutput{.name = "output",
                             .meaning = "a mask keeps the image where the modes binary and binary_inv would be white",
                             .choices = {{"binary", Output::kBinary}, {"mask", Output::kMask}},
                             .fallback = Output::kBinary};
const Choice<On> kOn{.name = "on",
                     .meaning = "whether the luminance decides for all channels, or each channel for itself",
                     .choices = {{"luminance", On::kLuminance}, {"channels", On::kChannels}},
                     .fallback = On::kLuminance};
const Numbers kValue{
    .name = "value", .meaning = "what is above it counts", .min = 0, .max = 65535, .each = When{"channel", {"each"}}};
const Choice<Decider> kDeciding{.name = "channel",
                                .meaning = "the channel that decides for all, or each for itself",
                                .choices = {{"each", Decider::kEach},
                                            {"0", Decider::kRed},
                                            {"1", Decider::kGreen},
                                            {"2", Decider::kBlue},
                                            {"3", Decider::kFourth}},
                                .fallback = Decider::kEach};
const Choice<Method> kMethod{.name = "method",
                             .meaning = "weights of the neighbourhood",
                             .choices = {{"mean", Method::kMean}, {"gaussian", Method::kGaussian}}};
const Integer kBlockSize{
    .name = "block_size", .meaning = "side of the neighbourhood in pixels", .min = 3, .max = kMaxBlock, .odd = true};
const Number kC{.name = "c", .meaning = "what is above the mean less this counts", .min = -255, .max = 255};

// A mask is what OpenCV calls "to zero".
Mode take_mode(Params& params, const Choice<Mode>& modes = kMode) {
    const Mode mode = params[modes];
    if (params[kOutput] == Output::kBinary) return mode;
    if (mode == Mode::kBinary) return Mode::kToZero;
    if (mode == Mode::kBinaryInv) return Mode::kToZeroInv;
    params.fail("parameter 'output' must be 'binary' with this mode; 'mask' goes with binary and binary_inv");
}

bool take_luminance(Params& params, const Format& format) {
    return params[kOn] == On::kLuminance && format.channels > 1;
}

// A job that makes of each channel what the mode says; limits[c] holds its threshold.
ThresholdJob rule(Mode mode, const int* limits, const Format& format) {
    const auto all = static_cast<std::uint16_t>(format.max_value());
    const Outcome zero{0, 0}, white{0, all}, same{all, 0};
    ThresholdJob job{};
    job.channels = format.channels;
    job.itemsize = format.itemsize;
    for (int c = 0; c < format.channels; ++c) {
        const auto limit = static_cast<std::uint16_t>(limits[c]);
        job.limits[c] = limit;
        switch (mode) {
            case Mode::kBinary: job.above[c] = white, job.below[c] = zero; break;
            case Mode::kBinaryInv: job.above[c] = zero, job.below[c] = white; break;
            case Mode::kTruncate: job.above[c] = {0, limit}, job.below[c] = same; break;
            case Mode::kToZero: job.above[c] = same, job.below[c] = zero; break;
            case Mode::kToZeroInv: job.above[c] = zero, job.below[c] = same; break;
        }
    }
    return job;
}

// Runs a job over an image, decided by `decider`, which has as many values.
Image run_job(ThresholdJob job, const Image& input, const Image& decider, std::uint8_t* target) {
    job.source = input.data;
    job.source_stride = input.stride;
    job.decider = decider.data;
    job.decider_stride = decider.stride;
    job.target = target;
    job.height = input.height;
    job.width = input.width;
    kernels().threshold.threshold(job);
    return packed_image(target, input.size(), job.channels * job.itemsize);
}

class Thresholds : public Op {
public:
    using Op::Op;

protected:
    Image decide(const Image& input, const Context& context, const ThresholdJob& job, const Image& decider) const {
        return run_job(job, input, decider, context.target(bytes(input.size())));
    }

    // The same with a plane, rows touching, that decides for all channels.
    Image decide_by(const std::uint8_t* plane, const Image& input, const Context& context,
                    const ThresholdJob& job) const {
        std::uint8_t* decider = context.scratch.work(kDecider, bytes(input.size()));
        for (int y = 0; y < input.height; ++y) {
            const std::ptrdiff_t row = static_cast<std::ptrdiff_t>(y) * input.width;
            kernels().threshold.broadcast(plane + row * format().itemsize, decider + row * pixel_bytes(), input.width,
                                          channels(), format().itemsize);
        }
        return decide(input, context, job, packed_image(decider, input.size(), pixel_bytes()));
    }

    // The luminance or, if it is not negative, a channel of the image.
    const std::uint8_t* plane_of(const Image& input, int channel, Scratch& scratch) const {
        const int itemsize = format().itemsize;
        const std::ptrdiff_t stride = static_cast<std::ptrdiff_t>(input.width) * itemsize;
        std::uint8_t* plane =
            scratch.work(kPlane, static_cast<std::size_t>(stride) * static_cast<std::size_t>(input.height));
        for (int y = 0; y < input.height; ++y) {
            if (channel < 0) {
                kernels().threshold.luminance(input.row(y), plane + y * stride, input.width, channels(), itemsize);
            } else {
                kernels().threshold.take_channel(input.row(y), plane + y * stride, input.width, channels(), channel,
                                                 itemsize);
            }
        }
        return plane;
    }
};

// One value for each channel, or one in all where a channel decides for the others. Larger ones than there are in the
// image are as good as its maximum.
std::vector<int> take_limits(Params& params, const Format& format, bool one) {
    std::vector<int> limits;
    for (double value : params[kValue]) {
        limits.push_back(std::min(static_cast<int>(std::floor(value)), format.max_value()));
    }
    if (one) limits.resize(static_cast<std::size_t>(format.channels), limits[0]);
    return limits;
}

// Each value decides for itself, 8 bits.
class FixedThreshold final : public Pointwise {
public:
    FixedThreshold(Params& params, const Setup& setup)
        : Pointwise(setup),
          job_(rule(take_mode(params), take_limits(params, setup.format, false).data(), setup.format)) {}

    void map(const Draws&, std::uint8_t* tables) const override {
        map_each(tables, [&](std::uint8_t value, int c) {
            const Outcome& outcome = value > job_.limits[c] ? job_.above[c] : job_.below[c];
            return static_cast<std::uint8_t>((value & outcome.keep) | outcome.fill);
        });
    }

protected:
    // By itself, comparing is faster than a table.
    Image apply(const Image& input, const Context& context) const override {
        if (!alone()) return Pointwise::apply(input, context);
        return run_job(job_, input, input, context.target(bytes(input.size())));
    }

private:
    ThresholdJob job_;
};

// One channel decides for all, or each value for itself, any number of bits.
class ChannelThreshold final : public Thresholds {
public:
    ChannelThreshold(Params& params, const Setup& setup, int channel)
        : Thresholds(setup),
          channel_(channel),
          job_(rule(take_mode(params), take_limits(params, setup.format, channel >= 0).data(), setup.format)) {}

protected:
    Image apply(const Image& input, const Context& context) const override {
        if (channel_ < 0) return decide(input, context, job_, input);
        return decide_by(plane_of(input, channel_, context.scratch), input, context, job_);
    }

private:
    int channel_;
    ThresholdJob job_;
};

std::unique_ptr<Op> make_threshold(Params& params, const Setup& setup) {
    const int channel = static_cast<int>(params[kDeciding]) - static_cast<int>(Decider::kRed);
    if (channel >= setup.format.channels) {
        params.fail("parameter 'channel' must be 'each' or a number below " + std::to_string(setup.format.channels) +
                    ", the number of channels, not '" + std::to_string(channel) + "'");
    }
    if (channel < 0 && setup.format.itemsize == 1) return std::make_unique<FixedThreshold>(params, setup);
    return std::make_unique<ChannelThreshold>(params, setup, channel);
}

// Computed in double in OpenCV's order, so that ties fall as they do there.
int otsu_limit(const std::uint32_t* counts, int values, double pixels) {
    const double fraction = 1.0 / pixels;
    double mean = 0;
    for (int i = 0; i < values; ++i) mean += i * static_cast<double>(counts[i]);
    mean *= fraction;
    double lower_mean = 0, lower_weight = 0, best = 0;
    int limit = 0;
    for (int i = 0; i < values; ++i) {
        const double weight = counts[i] * fraction;
        lower_mean *= lower_weight;
        lower_weight += weight;
        const double upper_weight = 1.0 - lower_weight;
        const double min_weight = std::min(lower_weight, upper_weight),
                     max_weight = std::max(lower_weight, upper_weight);
        if (min_weight < static_cast<double>(FLT_EPSILON) || max_weight > 1.0 - static_cast<double>(FLT_EPSILON))
            continue;
        lower_mean = (lower_mean + i * weight) / lower_weight;
        const double upper_mean = (mean - lower_weight * lower_mean) / upper_weight;
        const double between = lower_weight * upper_weight * (lower_mean - upper_mean) * (lower_mean - upper_mean);
        if (between > best) {
            best = between;
            limit = i;
        }
    }
    return limit;
}

class Otsu final : public Thresholds {
public:
    Otsu(Params& params, const Setup& setup)
        : Thresholds(setup), mode_(take_mode(params)), luminance_(take_luminance(params, setup.format)) {}

protected:
    Image apply(const Image& input, const Context& context) const override {
        int limits[4];
        if (luminance_) {
            const std::uint8_t* plane = plane_of(input, -1, context.scratch);
            std::fill_n(limits, 4, limit(plane, input.size(), context.scratch));
            return decide_by(plane, input, context, rule(mode_, limits, format()));
        }
        const double pixels = static_cast<double>(input.height) * input.width;
        if (format().itemsize == 1) {
            const std::uint32_t* counts = histograms(input, channels(), context.scratch);
            for (int c = 0; c < channels(); ++c) limits[c] = otsu_limit(counts + c * 256, 256, pixels);
        } else {
            for (int c = 0; c < channels(); ++c) {
                limits[c] = limit(plane_of(input, c, context.scratch), input.size(), context.scratch);
            }
        }
        return decide(input, context, rule(mode_, limits, format()), input);
    }

private:
    int limit(const std::uint8_t* plane, Size size, Scratch& scratch) const {
        const double pixels = static_cast<double>(size.height) * size.width;
        if (format().itemsize == 1)
            return otsu_limit(histograms(packed_image(plane, size, 1), 1, scratch), 256, pixels);
        const int values = format().max_value() + 1;
        std::uint32_t* counts = scratch.array<std::uint32_t>(kCounts, static_cast<std::size_t>(values));
        std::fill_n(counts, values, 0u);
        const std::ptrdiff_t stride = static_cast<std::ptrdiff_t>(size.width) * format().itemsize;
        for (int y = 0; y < size.height; ++y) {
            kernels().threshold.count(plane + y * stride, size.width, format().itemsize, counts);
        }
        return otsu_limit(counts, values, pixels);
    }

    Mode mode_;
    bool luminance_;
};

// OpenCV's getGaussianKernel(size, 0, CV_32F): of small sizes, binomial coefficients and their like.
std::vector<float> gaussian_weights(int size) {
    switch (size) {
        case 3: return {0.25f, 0.5f, 0.25f};
        case 5: return {0.0625f, 0.25f, 0.375f, 0.25f, 0.0625f};
        case 7: return {0.03125f, 0.109375f, 0.21875f, 0.28125f, 0.21875f, 0.109375f, 0.03125f};
        case 9: {
            std::vector<float> weights;
            for (int fraction : {4, 13, 30, 51, 60, 51, 30, 13, 4})
                weights.push_back(static_cast<float>(fraction) / 256.0f);
            return weights;
        }
        default: break;
    }
    const double middle = (size - 1) * 0.5, sigma = (middle - 1.0) * 0.3 + 0.8;
    std::vector<double> exact;
    double sum = 0;
    for (int i = 0; i < size; ++i) {
        exact.push_back(std::exp(-(i - middle) * (i - middle) / (2.0 * sigma * sigma)));
        sum += exact.back();
    }
    std::vector<float> weights;
    for (double weight : exact) weights.push_back(static_cast<float>(weight / sum));
    return weights;
}

class AdaptiveThreshold final : public Thresholds {
public:
    AdaptiveThreshold(Params& params, const Setup& setup) : Thresholds(setup) {
        const bool gaussian = params[kMethod] == Method::kGaussian;
        size_ = params[kBlockSize];
        const double c = params[kC];
        const Mode mode = take_mode(params, kBinaryMode);
        const bool inverse = mode == Mode::kBinaryInv || mode == Mode::kToZeroInv;
        shift_ = static_cast<int>(inverse ? std::floor(c) : std::ceil(c));
        luminance_ = take_luminance(params, setup.format);
        if (gaussian) weights_ = gaussian_weights(size_);
        const int limits[4] = {127, 127, 127, 127};  // decisions are 0 or 255
        job_ = rule(mode, limits, setup.format);
    }

protected:
    Image apply(const Image& input, const Context& context) const override {
        AdaptiveJob job{};
        job.source = input.data;
        job.stride = input.stride;
        job.channels = channels();
        if (luminance_) {
            job.source = plane_of(input, -1, context.scratch);
            job.stride = input.width;
            job.channels = 1;
        }
        job.height = input.height;
        job.width = input.width;
        job.size = size_;
        job.shift = shift_;
        job.weights = weights_.empty() ? nullptr : weights_.data();
        const std::size_t pixels = static_cast<std::size_t>(input.height) * static_cast<std::size_t>(input.width);
        std::uint8_t* decisions = context.scratch.work(kLine, pixels * static_cast<std::size_t>(job.channels));
        job.decisions = decisions;
        job.work =
            context.scratch.work(kKernel, static_cast<std::size_t>(kernels().threshold.adaptive_work_bytes(job)));
        kernels().threshold.adaptive(job);
        if (luminance_) return decide_by(decisions, input, context, job_);
        return decide(input, context, job_, packed_image(decisions, input.size(), channels()));
    }

private:
    int size_, shift_;
    bool luminance_;
    std::vector<float> weights_;
    ThresholdJob job_;
};

}  // namespace

void add_threshold(OpKinds& kinds) {
    kinds["threshold"] = {.make = make_threshold,
                          .params = declare(kValue, kDeciding, kMode, kOutput),
                          .sixteen_bits = SixteenBits::kAll};
    kinds["otsu"] = {.make = make_op<Otsu>, .params = declare(kOn, kMode, kOutput), .sixteen_bits = SixteenBits::kAll};
    kinds["adaptive_threshold"] = {.make = make_op<AdaptiveThreshold>,
                                   .params = declare(kMethod, kBlockSize, kC, kOn, kBinaryMode, kOutput)};
}

}  // namespace flowerablate
