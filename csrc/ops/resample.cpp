#include "ops/resample.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace flowerablate {

namespace {

// Where each table and buffer lies in the scratch memory.
enum Slot { kColumnStarts, kColumnWeights, kRowStarts, kRowWeights, kRing, kRowCopies, kPointers, kLastRow, kPlan };

constexpr int kUnitPrecision = 14;  // bits with which a weight of 1 still fits 16 bits
constexpr int kMaxPrecision = 22;   // 255 * 2^22 fits 32 bits

// Weights of an axis that does not shrink: two neighbours, or one at the border.
void two_taps(const Axis& axis, double scale, std::int32_t* starts, std::int16_t* weights) {
    for (int i = 0; i < axis.used; ++i) {
        const double position = std::max(0.0, (axis.first + i + 0.5) * scale - 0.5);
        int left = static_cast<int>(position);
        double fraction = position - left;
        if (left > axis.length - 2) {  // the last pixel has no right neighbour
            fraction = left >= axis.length - 1 && axis.length > 1 ? 1.0 : 0.0;
            left = std::max(0, axis.length - 2);
        }
        const int right = static_cast<int>(fraction * (1 << kUnitPrecision) + 0.5);
        const int at = axis.place(i);
        starts[at] = axis.begin + left;
        weights[2 * at] = static_cast<std::int16_t>((1 << kUnitPrecision) - right);
        weights[2 * at + 1] = static_cast<std::int16_t>(right);
    }
}

// Weights that are cut at the borders. Rounding the running sum instead of each weight keeps the total exact.
void many_taps(const Axis& axis, Filter filter, double scale, int taps, int precision, std::int32_t* starts,
               std::int16_t* weights) {
    const double unit = static_cast<double>(1 << precision), reach = filter.reach(scale);
    for (int i = 0; i < axis.used; ++i) {
        const double center = (axis.first + i + 0.5) * scale;
        const int low = std::max(0, static_cast<int>(center - reach + 0.5));
        const int high = std::min({axis.length, static_cast<int>(center + reach + 0.5), low + taps});
        const auto weight = [&](int x) { return filter.weight(x + 0.5 - center, scale); };
        double total = 0.0;
        for (int x = low; x < high; ++x) total += weight(x);
        const int start = std::max(0, std::min(low, axis.length - taps));
        const int at = axis.place(i);
        std::int16_t* to = weights + static_cast<std::ptrdiff_t>(at) * taps;
        std::fill(to, to + taps, std::int16_t{0});
        starts[at] = axis.begin + start;
        const double factor = unit / total;
        double sum = 0.0;
        int given = 0;
        for (int x = low; x < high; ++x) {
            sum += weight(x);
            const int reached = x + 1 == high ? 1 << precision : static_cast<int>(sum * factor + 0.5);
            to[x - start] = static_cast<std::int16_t>(reached - given);
            given = reached;
        }
    }
}

// `step`: distance of neighbouring inputs, in the unit of the starts.
Taps make_taps(const Axis& axis, Filter filter, int step, Scratch& scratch, Slot starts_slot, Slot weights_slot) {
    const double scale = axis.scale();
    const bool many = filter.weighting == Weighting::kArea || (filter.antialias && scale > 1.0);
    const int window = many ? std::min(axis.length, static_cast<int>(std::ceil(2.0 * filter.reach(scale)))) : 2;
    Taps taps{};
    taps.count = axis.used;
    taps.taps = (window + 1) / 2 * 2;
    taps.precision = kUnitPrecision;
    if (many && scale > 1.0) {  // no weight exceeds 2 / scale
        const int bits = static_cast<int>(std::floor(std::log2(32766.0 * scale / 2.0)));
        taps.precision = std::clamp(bits, kUnitPrecision, kMaxPrecision);
    }
    auto* starts = scratch.array<std::int32_t>(starts_slot, static_cast<std::size_t>(axis.used));
    auto* weights = scratch.array<std::int16_t>(
        weights_slot, static_cast<std::size_t>(axis.used) * static_cast<std::size_t>(taps.taps));
    if (many) {
        many_taps(axis, filter, scale, taps.taps, taps.precision, starts, weights);
    } else {
        two_taps(axis, scale, starts, weights);
    }
    for (int i = 0; i < axis.used; ++i) starts[i] *= step;
    taps.starts = starts;
    taps.weights = weights;
    return taps;
}

template <int Bytes>
void pick_row(const std::uint8_t* row, const std::ptrdiff_t* offsets, int count, std::uint8_t* to) {
    for (int x = 0; x < count; ++x, to += Bytes) std::memcpy(to, row + offsets[x], Bytes);
}

// Three bytes moved as four, of which the next pixel overwrites one. The row is readable one byte beyond its end.
void pick_row_of_three(const std::uint8_t* row, const std::ptrdiff_t* offsets, int count, std::uint8_t* to) {
    for (int x = 0; x + 1 < count; ++x, to += 3) std::memcpy(to, row + offsets[x], 4);
    std::memcpy(to, row + offsets[count - 1], 3);
}

Image pick_nearest(const Image& input, const Axis& rows, const Axis& columns, Format format, const Context& context) {
    const int pixel = format.pixel_bytes();
    const auto at = [](const Axis& axis, int i) {
        return axis.begin + std::min(axis.length - 1, static_cast<int>((axis.first + i + 0.5) * axis.scale()));
    };
    auto* offsets = context.scratch.array<std::ptrdiff_t>(kColumnStarts, static_cast<std::size_t>(columns.used));
    for (int i = 0; i < columns.used; ++i) {
        offsets[columns.place(i)] = static_cast<std::ptrdiff_t>(at(columns, i)) * pixel;
    }
    const std::ptrdiff_t stride = static_cast<std::ptrdiff_t>(columns.used) * pixel;
    std::uint8_t* target = context.target(static_cast<std::size_t>(stride * rows.used));
    const auto pick = pixel == 1   ? pick_row<1>
                      : pixel == 2 ? pick_row<2>
                      : pixel == 3 ? pick_row<3>
                      : pixel == 4 ? pick_row<4>
                      : pixel == 6 ? pick_row<6>
                                   : pick_row<8>;
    for (int y = 0; y < rows.used; ++y) {
        const std::uint8_t* row = input.row(at(rows, y));
        const bool beyond = input.readable_end - row > static_cast<std::ptrdiff_t>(input.width) * pixel;
        (pixel == 3 && beyond ? pick_row_of_three : pick)(row, offsets, columns.used, target + y * stride);
    }
    return packed_image(target, {rows.used, columns.used}, pixel);
}

}  // namespace

double Filter::reach(double scale) const {
    const double grown = antialias ? std::max(scale, 1.0) : 1.0;
    switch (weighting) {
        case Weighting::kArea: return (scale + 1.0) / 2.0;
        case Weighting::kBicubic: return 2.0 * grown;
        default: return grown;
    }
}

double Filter::weight(double distance, double scale) const {
    const double away = std::abs(distance);
    if (weighting == Weighting::kArea) return std::max(0.0, std::min({1.0, scale, (scale + 1.0) / 2.0 - away}));
    const double x = away / (antialias ? std::max(scale, 1.0) : 1.0);
    if (weighting == Weighting::kBilinear) return std::max(0.0, 1.0 - x);
    constexpr double a = -0.5;
    if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
    return x < 2.0 ? (((x - 5.0) * x + 8.0) * x - 4.0) * a : 0.0;
}

namespace {

const Choice<Weighting> kInterpolation{.name = "interpolation",
                                       .meaning = "what a pixel of the result is made of",
                                       .choices = {{"nearest", Weighting::kNearest},
                                                   {"bilinear", Weighting::kBilinear},
                                                   {"bicubic", Weighting::kBicubic},
                                                   {"area", Weighting::kArea}},
                                       .fallback = Weighting::kBilinear};
const Flag kAntialias{.name = "antialias",
                      .meaning = "whether the filter grows where the image shrinks, as Pillow has it",
                      .when = When{"interpolation", {"bilinear", "bicubic"}}};

}  // namespace

const ParamList Filter::kParams = declare(kInterpolation, kAntialias);

Filter Filter::from(Params& params) {
    return {params[kInterpolation], params.applies(kAntialias.name) && params[kAntialias]};
}

Image resample(const Image& input, const Axis& rows, const Axis& columns, Filter filter, Format format,
               const Context& context) {
    if (filter.weighting == Weighting::kNearest) return pick_nearest(input, rows, columns, format, context);
    if (format.itemsize != 1 || filter.weighting == Weighting::kBicubic) {
        return resample_floats(input, rows, columns, filter, format, context);
    }
    const int channels = format.channels;
    Scratch& scratch = context.scratch;
    const Kernels& kernel = kernels();
    Taps across = make_taps(columns, filter, channels, scratch, kColumnStarts, kColumnWeights);
    std::uint8_t* plan = scratch.work(kPlan, static_cast<std::size_t>(kernel.plan_bytes(across, channels)));
    across.plan = kernel.plan_rows(across, channels, plan);
    const Taps down = make_taps(rows, filter, 1, scratch, kRowStarts, kRowWeights);
    const std::ptrdiff_t bytes = static_cast<std::ptrdiff_t>(columns.used) * channels;
    const std::ptrdiff_t pitch = (bytes + 63) / 64 * 64 + 64;
    const std::ptrdiff_t source_bytes = static_cast<std::ptrdiff_t>(input.width) * channels;

    // Rows that went through the horizontal pass stay in a ring as long as the vertical pass needs them. They go
    // through it in pairs, so that the ring has room for one more.
    const int slots = down.taps + 1;
    std::uint8_t* ring = scratch.work(kRing, static_cast<std::size_t>(pitch * slots));
    std::uint8_t* copies = scratch.work(kRowCopies, static_cast<std::size_t>(2 * source_bytes) + kSlack);
    auto* pointers = scratch.array<const std::uint8_t*>(kPointers, static_cast<std::size_t>(down.taps));
    std::uint8_t* last_row = scratch.work(kLastRow, static_cast<std::size_t>(bytes));
    std::uint8_t* target =
        context.rows ? nullptr : context.target(static_cast<std::size_t>(bytes) * static_cast<std::size_t>(rows.used));
    const std::uint8_t* target_end = context.rows ? nullptr : target + bytes * rows.used;

    // Images of the source are seldom in a cache, and rows of a part of it are too short for the processor to run ahead
    // of.
    const std::ptrdiff_t part = static_cast<std::ptrdiff_t>(columns.begin) * channels;
    const std::ptrdiff_t part_bytes = static_cast<std::ptrdiff_t>(columns.length) * channels;
    const auto fetch = [&](int row) {
        if (row >= rows.begin + rows.length) return;
        const std::uint8_t* from = input.row(row) + part;
        for (std::ptrdiff_t x = 0; x < part_bytes; x += 64) __builtin_prefetch(from + x);
    };
    constexpr int kAhead = 8;  // rows
    if (!input.recent) {
        for (int row = 0; row < kAhead; ++row) fetch(rows.begin + row);
    }

    const int end = rows.begin + rows.length;
    int ready = 0;
    for (int y = 0; y < rows.used; ++y) {
        const int start = down.starts[y];
        const int needed = std::min(end, start + down.taps);
        for (ready = std::max(ready, start); ready < needed; ready += 2) {
            const std::uint8_t* from[2];
            std::uint8_t* to[2];
            for (int i = 0; i < 2; ++i) {
                if (!input.recent) fetch(ready + i + kAhead);
                from[i] = input.row(std::min(ready + i, end - 1));
                to[i] = ring + ((ready + i) % slots) * pitch;
                if (input.readable_end - from[i] < source_bytes + kRowSlack) {
                    std::uint8_t* copy = copies + i * (source_bytes + kSlack);
                    std::memcpy(copy, from[i], static_cast<std::size_t>(source_bytes));
                    from[i] = copy;
                }
            }
            kernel.resample_rows(from, to, across, channels);
        }
        for (int tap = 0; tap < down.taps; ++tap) {
            pointers[tap] = ring + (std::min(start + tap, end - 1) % slots) * pitch;
        }
        std::uint8_t* to = context.rows ? last_row : target + y * bytes;
        const bool overshoots = !context.rows && target_end - (to + bytes) < kOvershoot;
        kernel.resample_column(pointers, down.weights + static_cast<std::ptrdiff_t>(y) * down.taps, down.taps,
                               down.precision, overshoots ? last_row : to, bytes);
        if (overshoots) std::memcpy(to, last_row, static_cast<std::size_t>(bytes));
        if (context.rows) context.rows->take(last_row);
    }
    return packed_image(target, {rows.used, columns.used}, channels);
}

}  // namespace flowerablate
