// Ops that map a range of values to the full one, in a straight line: to_8_bits, min_max, percentile_stretch.
#include <algorithm>
#include <cmath>

#include "ops/intensity.hpp"
#include "ops/pointwise.hpp"

namespace flowerablate {

namespace {

// Values low..high become 0..top, rounded with halves up, clipped outside.
struct Range {
    std::int64_t low, high;
};

std::int64_t stretched(std::int64_t value, Range range, std::int64_t top) {
    const std::int64_t width = range.high - range.low;
    if (value <= range.low) return 0;
    if (value >= range.high) return top;
    return (2 * top * (value - range.low) + width) / (2 * width);
}

// The same as a line in double precision. The exact quotient, with half a unit of its numerator added, is never closer
// to a whole number than 2^-18, the error of the line far below 2^-30: cut off, both are the same for all 16-bit
// values.
void set_line(LinesJob& job, int channel, Range range, double top) {
    const double inverse = 1.0 / (2.0 * static_cast<double>(range.high - range.low));
    job.factor[channel] = 2.0 * top * inverse;
    job.offset[channel] =
        (static_cast<double>(range.high - range.low) + 0.5 - 2.0 * top * static_cast<double>(range.low)) * inverse;
    job.top = top;
}

const Integer kWindowLow{.name = "low",
                         .meaning = "16-bit value that becomes 0; values v of 8 bits count as 257 v",
                         .min = 0,
                         .max = 65534,
                         .below = "high"};
const Integer kWindowHigh{.name = "high", .meaning = "16-bit value that becomes 255", .min = 1, .max = 65535};
const Flag kPerChannel{.name = "per_channel", .meaning = "each channel by itself, or all by the same range"};
const Number kLow{.name = "low", .meaning = "percentile that becomes 0", .min = 0, .max = 100, .below = "high"};
const Number kHigh{.name = "high", .meaning = "percentile that becomes the maximum", .min = 0, .max = 100};

Range window(Params& params) { return {params[kWindowLow], params[kWindowHigh]}; }

// Op "to_8_bits" on 16-bit images: the window low..high becomes 0..255.
class To8Bits final : public Op {
public:
    To8Bits(Params& params, const Setup& setup) : Op(setup) {
        const Range range = window(params);
        line_.channels = 1;
        set_line(line_, 0, range, 255.0);
    }

    int output_itemsize() const override { return 1; }

protected:
    Image apply(const Image& input, const Context& context) const override {
        const std::ptrdiff_t values = static_cast<std::ptrdiff_t>(input.width) * channels();
        std::uint8_t* target = context.target(bytes(input.size()) / 2);
        LinesJob job = line_;
        job.values = values;
        for (int y = 0; y < input.height; ++y) {
            job.source = input.row16(y);
            kernels().intensity.lines_to_bytes(job, target + y * values);
        }
        return packed_image(target, input.size(), channels());
    }

private:
    LinesJob line_{};
};

// The same on 8-bit images, whose value v stands for the 16-bit value 257 v: the full window changes nothing.
class To8BitsOf8 final : public Pointwise {
public:
    To8BitsOf8(Params& params, const Setup& setup) : Pointwise(setup), range_(window(params)) {}

    void map(const Draws&, std::uint8_t* tables) const override {
        map_each(tables, [&](std::uint8_t value, int) {
            return static_cast<std::uint8_t>(stretched(257 * std::int64_t{value}, range_, 255));
        });
    }

private:
    Range range_;
};

std::unique_ptr<Op> make_to_8_bits(Params& params, const Setup& setup) {
    return setup.format.itemsize == 2 ? make_op<To8Bits>(params, setup) : make_op<To8BitsOf8>(params, setup);
}

// Stretches the range that the subclass finds to the full one; a channel (or image) of one value stays as it is.
class Stretch : public Op {
public:
    Stretch(Params& params, const Setup& setup) : Op(setup), per_channel_(params[kPerChannel]) {}

protected:
    // Sets the range of each channel, or of all channels in ranges[0].
    virtual void find(const Image& input, Scratch& scratch, Range* ranges) const = 0;

    bool per_channel() const { return per_channel_; }

    Image apply(const Image& input, const Context& context) const override {
        Range ranges[4];
        find(input, context.scratch, ranges);
        const std::int64_t top = format().max_value();
        for (int c = 0; c < channels(); ++c) {
            if (!per_channel_) ranges[c] = ranges[0];
            if (ranges[c].high <= ranges[c].low) ranges[c] = {0, top};
        }
        return format().itemsize == 1 ? narrow(input, context, ranges) : wide(input, context, ranges);
    }

private:
    Image narrow(const Image& input, const Context& context, const Range* ranges) const {
        std::uint8_t* tables = context.scratch.work(0, static_cast<std::size_t>(channels()) * kTableSize);
        for (int i = 0; i < channels() * kTableSize; ++i) {
            tables[i] = static_cast<std::uint8_t>(stretched(i % kTableSize, ranges[i / kTableSize], 255));
        }
        return looked_up(input, channels(), tables, context);
    }

    Image wide(const Image& input, const Context& context, const Range* ranges) const {
        LinesJob job{};
        job.channels = channels();
        job.values = static_cast<std::ptrdiff_t>(input.width) * channels();
        for (int c = 0; c < channels(); ++c) set_line(job, c, ranges[c], 65535.0);
        std::uint8_t* target = context.target(bytes(input.size()));
        for (int y = 0; y < input.height; ++y) {
            job.source = input.row16(y);
            kernels().intensity.lines_to_words(job, reinterpret_cast<std::uint16_t*>(target) + y * job.values);
        }
        return packed_image(target, input.size(), pixel_bytes());
    }

    bool per_channel_;
};

// Op "min_max": from the minimum to the maximum.
class MinMax final : public Stretch {
public:
    using Stretch::Stretch;

protected:
    void find(const Image& input, Scratch&, Range* ranges) const override {
        std::uint16_t low[4], high[4];
        kernels().intensity.extremes(pixels_job(input, format()), low, high);
        for (int c = 0; c < channels(); ++c) ranges[c] = {low[c], high[c]};
        if (per_channel()) return;
        ranges[0] = {*std::min_element(low, low + channels()), *std::max_element(high, high + channels())};
    }
};

// Op "percentile_stretch": from one percentile to another. A percentile is the smallest value that at least that
// fraction of the pixels does not exceed, as NumPy's method "inverted_cdf" has it.
class PercentileStretch final : public Stretch {
public:
    PercentileStretch(Params& params, const Setup& setup)
        : Stretch(params, setup), low_(params[kLow]), high_(params[kHigh]) {}

protected:
    void find(const Image& input, Scratch& scratch, Range* ranges) const override {
        if (format().itemsize == 1) {
            find_in(histograms(input, channels(), scratch), 256, input.size(), ranges);
        } else {
            find_in(wide_histograms(input, channels(), scratch), 65536, input.size(), ranges);
        }
    }

private:
    void find_in(const std::uint32_t* counts, int bins, Size size, Range* ranges) const {
        const std::int64_t pixels = static_cast<std::int64_t>(size.height) * size.width;
        for (int c = 0; c < (per_channel() ? channels() : 1); ++c) {
            const int together = per_channel() ? 1 : channels();
            ranges[c] = {reached(counts + c * bins, bins, together, pixels * together, low_),
                         reached(counts + c * bins, bins, together, pixels * together, high_)};
        }
    }

    // Counts of `together` channels are added up.
    static std::int64_t reached(const std::uint32_t* counts, int bins, int together, std::int64_t values,
                                double percent) {
        const double fraction = std::ceil(static_cast<double>(values) * (percent / 100.0));
        const std::int64_t wanted = std::clamp(static_cast<std::int64_t>(fraction), std::int64_t{1}, values);
        std::int64_t sum = 0;
        for (int value = 0; value < bins; ++value) {
            for (int c = 0; c < together; ++c) sum += counts[c * bins + value];
            if (sum >= wanted) return value;
        }
        return bins - 1;
    }

    double low_, high_;
};

}  // namespace

void add_stretch(OpKinds& kinds) {
    kinds["to_8_bits"] = {.make = make_to_8_bits,
                          .params = declare(kWindowLow, kWindowHigh),
                          .sixteen_bits = SixteenBits::kAll,
                          .skips = Skips::kOfEightBits};
    kinds["min_max"] = {.make = make_op<MinMax>, .params = declare(kPerChannel), .sixteen_bits = SixteenBits::kAll};
    kinds["percentile_stretch"] = {.make = make_op<PercentileStretch>,
                                   .params = declare(kLow, kHigh, kPerChannel),
                                   .sixteen_bits = SixteenBits::kAll};
}

}  // namespace flowerablate
