#include "ops/rotate.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace flowerablate {

namespace {

enum class Border { kConstant, kEdge, kReflect, kReflect101, kWrap };

constexpr std::int64_t kOne = std::int64_t{1} << 32;  // a pixel in the fixed-point positions of WarpLine

// The pixel that stands at position `i` of an axis of `count` pixels, or -1 for the constant 0.
int inside(Border border, std::int64_t i, int count) {
    if (i >= 0 && i < count) return static_cast<int>(i);
    const auto modulo = [](std::int64_t a, std::int64_t n) { return (a % n + n) % n; };
    switch (border) {
        case Border::kConstant: return -1;
        case Border::kEdge: return i < 0 ? 0 : count - 1;
        case Border::kWrap: return static_cast<int>(modulo(i, count));
        case Border::kReflect: {
            const std::int64_t at = modulo(i, 2 * std::int64_t{count});
            return static_cast<int>(at < count ? at : 2 * std::int64_t{count} - 1 - at);
        }
        case Border::kReflect101: break;
    }
    if (count == 1) return 0;
    const std::int64_t period = 2 * (std::int64_t{count} - 1);
    const std::int64_t at = modulo(i, period);
    return static_cast<int>(at < count ? at : period - at);
}

std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
    const std::int64_t quotient = a / b;
    return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

// Narrows [first, last) to those i for which start + i * step lies in [0, limit).
void narrow(std::int64_t start, std::int64_t step, std::int64_t limit, std::int64_t& first, std::int64_t& last) {
    if (step == 0) {
        if (start < 0 || start >= limit) last = first;
        return;
    }
    if (step < 0) {  // the same set of i, seen from the other end
        start = limit - 1 - start;
        step = -step;
    }
    first = std::max(first, -floor_divide(start, step));
    last = std::min(last, floor_divide(limit - 1 - start, step) + 1);
}

class Rotate final : public Op {
public:
    Rotate(Params& params, const Setup& setup)
        : Op(setup),
          degrees_(params.number("degrees", 0.0, 360.0)),
          border_(static_cast<Border>(
              params.choice("border", {"constant", "edge", "reflect", "reflect101", "wrap"}))) {}

    void explain(Size, const Draws& draws, Explanation& found) const override {
        found.emplace_back("angle", degrees_ * draws.symmetric(1));
    }

protected:
    Image apply(const Image& input, const Context& context) const override {
        const Draws draws = context.draws(stream());
        const double angle = degrees_ * draws.symmetric(1) * (3.14159265358979323846 / 180.0);
        const double cosine = std::cos(angle), sine = std::sin(angle);

        const Image source = readable(input, context.scratch);
        const std::ptrdiff_t stride = static_cast<std::ptrdiff_t>(input.width) * channels();
        std::uint8_t* target = context.target(bytes(input.size()));
        const std::uint8_t* target_end = target + stride * input.height;
        std::uint8_t* last_row = context.scratch.work(kLastRow, static_cast<std::size_t>(stride));
        const double center_x = (input.width - 1) / 2.0, center_y = (input.height - 1) / 2.0;
        WarpLine line{};
        line.source = source.data;
        line.stride = source.stride;
        line.small = source.stride * source.height < INT32_MAX;
        line.count = input.width;
        line.channels = channels();
        line.dx = fixed(cosine);
        line.dy = fixed(sine);
        const double reach_x = std::abs(cosine) * center_x + std::abs(sine) * center_y;
        const double reach_y = std::abs(sine) * center_x + std::abs(cosine) * center_y;
        line.columns = lookup(kColumns, source.width, center_x, reach_x, channels(), context.scratch);
        line.rows = lookup(kRows, source.height, center_y, reach_y, 1, context.scratch);
        for (int y = 0; y < input.height; ++y) {
            // Turning a picture counter-clockwise is looking up each pixel at the place turned clockwise. Half of the
            // 1/2048 pixel that the fraction keeps is added, so that cutting it off rounds.
            const double down = y - center_y;
            line.x = fixed(center_x - cosine * center_x - sine * down) + (kOne >> 12);
            line.y = fixed(center_y - sine * center_x + cosine * down) + (kOne >> 12);
            std::uint8_t* to = target + y * stride;
            const bool overshoots = target_end - (to + stride) < kOvershoot;
            line.target = overshoots ? last_row : to;
            std::int64_t first = 0, last = line.count;
            narrow(line.x, line.dx, (source.width - 1) * kOne, first, last);
            narrow(line.y, line.dy, (source.height - 1) * kOne, first, last);
            if (last <= first) first = last = line.count;
            line.first = static_cast<int>(first);
            line.last = static_cast<int>(last);
            kernels().warp_line(line);
            if (overshoots) std::memcpy(to, last_row, static_cast<std::size_t>(stride));
        }
        return packed_image(target, input.size(), channels());
    }

private:
    enum Slot { kCopy, kColumns, kRows, kLastRow };

    static std::int64_t fixed(double position) { return std::llrint(position * static_cast<double>(kOne)); }

    // For every position that is at most `reach` from `center`: the pixel that stands there, times `step`, or -1.
    const std::int32_t* lookup(Slot slot, int count, double center, double reach, int step, Scratch& scratch) const {
        const auto low = static_cast<std::int64_t>(std::floor(center - reach)) - 2;
        const auto high = static_cast<std::int64_t>(std::ceil(center + reach)) + 3;
        auto* table = scratch.array<std::int32_t>(slot, static_cast<std::size_t>(high - low));
        for (std::int64_t i = low; i < high; ++i) {
            const int pixel = inside(border_, i, count);
            table[i - low] = pixel < 0 ? -1 : pixel * step;
        }
        return table - low;
    }

    // Kernels read a few bytes beyond the last pixel, so a picture at the very end of its memory is copied. So is one that
    // is small and not yet in the cache: lines across it defeat the prefetching that copying rows enjoys.
    Image readable(const Image& input, Scratch& scratch) const {
        constexpr std::ptrdiff_t kCacheBytes = 256 * 1024;
        const std::ptrdiff_t row_bytes = static_cast<std::ptrdiff_t>(input.width) * channels();
        const bool ends = input.readable_end - (input.row(input.height - 1) + row_bytes) < 16;
        if (!ends && (input.recent || row_bytes * input.height > kCacheBytes)) return input;
        std::uint8_t* copy = scratch.work(kCopy, bytes(input.size()));
        for (int y = 0; y < input.height; ++y) {
            std::memcpy(copy + y * row_bytes, input.row(y), static_cast<std::size_t>(row_bytes));
        }
        return packed_image(copy, input.size(), channels());
    }

    double degrees_;
    Border border_;
};

}  // namespace

std::unique_ptr<Op> make_rotate(Params& params, const Setup& setup) { return make_op<Rotate>(params, setup); }

}  // namespace flowerablate
