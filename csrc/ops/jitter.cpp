// Changes of contrast, saturation and hue, by themselves or in a row. Values are rounded to 8 bits, halves to even,
// after each change, so that color_jitter is its changes one after the other, to the bit. A fourth channel is left
// alone; of grey images only brightness, contrast and value can change.
#include <algorithm>
#include <cmath>

#include "ops/color.hpp"

namespace flowerablate {

namespace {

enum class Change { kBrightness, kContrast, kSaturation, kHue };
constexpr int kChanges = 4;

const Bounds kFactor{.prefix = "", .meaning = "the factor", .min = 0, .max = 10};
const Bounds kShift{.prefix = "", .meaning = "the shift in turns", .min = -0.5, .max = 0.5};

// How far color_jitter changes what, in the order of `Change`.
const Number kLimits[kChanges] = {
    {.name = "brightness", .meaning = "maximum change of the factor 1", .min = 0, .max = 9},
    {.name = "contrast", .meaning = "maximum change of the factor 1", .min = 0, .max = 9},
    {.name = "saturation", .meaning = "maximum change of the factor 1", .min = 0, .max = 9},
    {.name = "hue", .meaning = "maximum shift in turns", .min = 0, .max = 0.5},
};
// Those of hsv_jitter, in the order of its draws.
const Number kHsvLimits[3] = {
    {.name = "hue", .meaning = "maximum shift; 180 is a turn", .min = 0, .max = 90},
    {.name = "saturation", .meaning = "maximum shift; 255 is full saturation", .min = 0, .max = 255},
    {.name = "value", .meaning = "maximum shift; 255 is white", .min = 0, .max = 255},
};

// One change and its factor (for the hue: the shift in turns).
struct Step {
    Change change;
    double amount;
};

struct Steps {
    Step items[kChanges];
    int count = 0;
    void add(Change change, double amount) { items[count++] = {change, amount}; }
};

// Passes an image through some changes. Contrast needs the mean of the image as it comes to it, so those before it are
// done in a first pass over the image, all others in a second one.
class Changes : public Op {
public:
    using Op::Op;

protected:
    // The changes that `draws` call for.
    virtual Steps drawn(const Draws& draws) const = 0;

    Image apply(const Image& input, const Context& context) const override {
        const Steps steps = drawn(context.draws(stream()));
        const std::ptrdiff_t stride = static_cast<std::ptrdiff_t>(input.width) * channels();
        Row row{nullptr, context.target(bytes(input.size())), input.width};
        std::uint8_t* const target = row.target;
        std::uint8_t* tables[kChanges];
        for (int i = 0; i < steps.count; ++i) {
            tables[i] = context.scratch.work(i, static_cast<std::size_t>(channels()) * kTableSize);
            if (steps.items[i].change == Change::kBrightness) line_table(steps.items[i].amount, 0.0, tables[i]);
        }
        const Step* const end = steps.items + steps.count;
        const auto at =
            std::find_if(steps.items, end, [](const Step& step) { return step.change == Change::kContrast; });
        const auto before = static_cast<int>(at - steps.items);
        if (at != end) {
            std::uint64_t sums[3] = {};
            for (int y = 0; y < input.height; ++y) {
                row.source = input.row(y);
                row.target = target + y * stride;
                for (int i = 0; i < before; ++i) take(steps.items[i], tables[i], row);
                kernels().color.add_sums(row.source, input.width, channels(), sums);
            }
            const double rest = (1.0 - at->amount) * mean_luminance(sums, input.size());
            line_table(at->amount, rest, tables[before]);
        }
        const bool begun = at != end && before > 0;
        for (int y = 0; y < input.height; ++y) {
            row.target = target + y * stride;
            row.source = begun ? row.target : input.row(y);
            for (int i = begun ? before : 0; i < steps.count; ++i) take(steps.items[i], tables[i], row);
            if (steps.count == 0) std::copy(row.source, row.source + stride, row.target);
        }
        return packed_image(target, input.size(), channels());
    }

    // Mean luminance, not rounded, of an image with these sums of its channels.
    double mean_luminance(const std::uint64_t* sums, Size size) const {
        const double count = static_cast<double>(size.height) * size.width;
        if (channels() == 1) return static_cast<double>(sums[0]) / count;
        return static_cast<double>(9798 * sums[0] + 19235 * sums[1] + 3735 * sums[2]) / (32768.0 * count);
    }

    // round(factor * x + shift) for the colours, x for a fourth channel.
    void line_table(double factor, double shift, std::uint8_t* tables) const {
        for (int i = 0; i < channels() * kTableSize; ++i) tables[i] = static_cast<std::uint8_t>(i % kTableSize);
        kernels().adjust(tables, tables, static_cast<std::ptrdiff_t>(color_count(channels())) * kTableSize,
                         static_cast<float>(factor), static_cast<float>(shift));
    }

private:
    struct Row {
        const std::uint8_t* source;
        std::uint8_t* target;
        int width;
    };

    // Does one change; the result is the source of the next.
    void take(const Step& step, const std::uint8_t* tables, Row& row) const {
        const ColorKernels& color = kernels().color;
        switch (step.change) {
            case Change::kBrightness:
            case Change::kContrast: color.look_up(row.source, row.target, row.width, channels(), tables); break;
            case Change::kSaturation:
                color.saturate(row.source, row.target, row.width, channels(), static_cast<float>(step.amount));
                break;
            case Change::kHue:
                color.turn_hue(row.source, row.target, row.width, channels(), static_cast<float>(6.0 * step.amount));
                break;
        }
        row.source = row.target;
    }
};

// One change by itself.
//   contrast:   round(factor * x + (1 - factor) * m), m the mean of the image's luminance (not rounded)
//   saturation: round(factor * x + (1 - factor) * luminance of the pixel)
//   hue:        turned by a part of a turn in HSV
// Draw 1: low + (high - low) * u.
template <Change C>
class OneChange final : public Changes {
public:
    OneChange(Params& params, const Setup& setup)
        : Changes(setup), amount_(params[C == Change::kHue ? kShift : kFactor]) {}

    void explain(Size, const Draws& draws, Explanation& found) const override {
        found.emplace_back(C == Change::kHue ? "shift" : "factor", amount_.at(draws.uniform(1)));
    }

protected:
    Steps drawn(const Draws& draws) const override {
        Steps steps;
        steps.add(C, amount_.at(draws.uniform(1)));
        return steps;
    }
    Image apply(const Image& input, const Context& context) const override {
        if (C != Change::kContrast && channels() == 1) return input;
        return Changes::apply(input, context);
    }

private:
    Interval amount_;
};

// Brightness, contrast, saturation and hue, each at random, in a random order, as torchvision's ColorJitter: a
// parameter p stands for the factors max(0, 1 - p) ... 1 + p, for the hue for shifts -p ... p; a change whose parameter
// is 0 is left out. Draws 1, 2, 3, 4: brightness, contrast, saturation, hue: low + (high - low) * u. Draw 5: which of
// the 24 orders of all four, in the order of a dictionary.
class ColorJitter final : public Changes {
public:
    ColorJitter(Params& params, const Setup& setup) : Changes(setup) {
        for (int i = 0; i < kChanges; ++i) {
            const bool hue = i == static_cast<int>(Change::kHue);
            const double max = params[kLimits[i]];
            used_[i] = max > 0.0;
            amounts_[i] = hue ? Interval{-max, max} : Interval{std::max(0.0, 1.0 - max), 1.0 + max};
        }
    }

    // Factors of what is changed, and in which order.
    void explain(Size, const Draws& draws, Explanation& found) const override {
        const Steps steps = drawn(draws);
        std::string order;
        for (int i = 0; i < steps.count; ++i) {
            const char* name = kLimits[static_cast<int>(steps.items[i].change)].name;
            found.emplace_back(name, steps.items[i].amount);
            order += (i ? ", " : "") + std::string(name);
        }
        found.emplace_back("order", order);
    }

protected:
    Steps drawn(const Draws& draws) const override {
        Steps steps;
        int left[kChanges] = {0, 1, 2, 3};
        int place = std::min(23, static_cast<int>(draws.uniform(5) * 24.0));
        for (int count = kChanges, orders = 6; count > 0; --count) {
            const int picked = place / orders;
            place %= orders;
            const int i = left[picked];
            std::copy(left + picked + 1, left + count, left + picked);
            if (count > 1) orders /= count - 1;
            const bool grey = channels() == 1 && i >= static_cast<int>(Change::kSaturation);
            if (used_[i] && !grey) {
                steps.add(static_cast<Change>(i), amounts_[i].at(draws.uniform(static_cast<std::uint64_t>(i) + 1)));
            }
        }
        return steps;
    }

private:
    Interval amounts_[kChanges];
    bool used_[kChanges];
};

// Adds to hue, saturation and value, counted as OpenCV counts them in 8 bits (hue 0..180 for a turn, the others
// 0..255), but without rounding in between; saturation and value are clamped. Of grey images, the value alone changes.
// Draws 1, 2, 3: hue, saturation, value: limit * (2u - 1).
class HsvJitter final : public Op {
public:
    HsvJitter(Params& params, const Setup& setup)
        : Op(setup), limits_{params[kHsvLimits[0]], params[kHsvLimits[1]], params[kHsvLimits[2]]} {}

    void explain(Size, const Draws& draws, Explanation& found) const override {
        found.emplace_back("hue", shift(0, draws));
        found.emplace_back("saturation", shift(1, draws));
        found.emplace_back("value", shift(2, draws));
    }

protected:
    Image apply(const Image& input, const Context& context) const override {
        const Draws draws = context.draws(stream());
        const std::ptrdiff_t stride = static_cast<std::ptrdiff_t>(input.width) * channels();
        std::uint8_t* target = context.target(bytes(input.size()));
        const HsvShift by{static_cast<float>(shift(0, draws) / 30.0), static_cast<float>(shift(1, draws)),
                          static_cast<float>(shift(2, draws))};
        for (int y = 0; y < input.height; ++y) {
            if (channels() == 1) {
                kernels().adjust(input.row(y), target + y * stride, stride, 1.0f, by.value);
            } else {
                kernels().color.shift_hsv(input.row(y), target + y * stride, input.width, channels(), by);
            }
        }
        return packed_image(target, input.size(), channels());
    }

private:
    double shift(int which, const Draws& draws) const {
        return limits_[which] * draws.symmetric(static_cast<std::uint64_t>(which) + 1);
    }

    double limits_[3];
};

}  // namespace

void add_jitter(OpKinds& kinds) {
    kinds["contrast"] = {.make = make_op<OneChange<Change::kContrast>>, .params = declare(kFactor), .draws = 1};
    kinds["saturation"] = {.make = make_op<OneChange<Change::kSaturation>>, .params = declare(kFactor), .draws = 1};
    kinds["hue"] = {.make = make_op<OneChange<Change::kHue>>, .params = declare(kShift), .draws = 1};
    kinds["color_jitter"] = {
        .make = make_op<ColorJitter>, .params = declare(kLimits[0], kLimits[1], kLimits[2], kLimits[3]), .draws = 5};
    kinds["hsv_jitter"] = {
        .make = make_op<HsvJitter>, .params = declare(kHsvLimits[0], kHsvLimits[1], kHsvLimits[2]), .draws = 3};
}

}  // namespace flowerablate
