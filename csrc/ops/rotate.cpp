// Rotation about the centre with bilinear interpolation.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "ops/geometry.hpp"

namespace flowerablate {

namespace {

enum class Border { kConstant, kEdge, kReflect, kReflect101, kWrap };

constexpr std::int64_t kOne = std::int64_t{1} << 32;  // a pixel in the fixed-point positions of WarpSpan

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
    Rotate(Params& params, int channels, std::uint64_t stream)
        : Op(channels, stream),
          degrees_(params.number("degrees", 0.0, 360.0)),
          border_(static_cast<Border>(
              params.choice("border", {"constant", "edge", "reflect", "reflect101", "wrap"}))),
          probability_(params.number("probability", 0.0, 1.0)) {}

    Image apply(const Image& input, const Context& context) const override {
        const Draws draws = context.draws(stream());
        if (draws.uniform(0) >= probability_) return input;
        const double angle = degrees_ * draws.symmetric(1) * (3.14159265358979323846 / 180.0);
        const double cosine = std::cos(angle), sine = std::sin(angle);

        const Image source = readable(input, context.scratch);
        const std::ptrdiff_t stride = static_cast<std::ptrdiff_t>(input.width) * channels();
        std::uint8_t* target = context.scratch.next_image(bytes(input.size()));
        const double center_x = (input.width - 1) / 2.0, center_y = (input.height - 1) / 2.0;
        for (int y = 0; y < input.height; ++y) {
            // Turning a picture counter-clockwise is looking up each pixel at the place turned clockwise. Half of the
            // 1/2048 pixel that the fraction keeps is added, so that cutting it off rounds.
            const double down = y - center_y;
            const auto fixed = [](double at) { return std::llrint(at * static_cast<double>(kOne)) + (kOne >> 12); };
            WarpSpan line{};
            line.source = source.data;
            line.stride = source.stride;
            line.channels = channels();
            line.x = fixed(center_x - cosine * center_x - sine * down);
            line.y = fixed(center_y - sine * center_x + cosine * down);
            line.dx = std::llrint(cosine * static_cast<double>(kOne));
            line.dy = std::llrint(sine * static_cast<double>(kOne));
            line.target = target + y * stride;
            line.count = input.width;
            warp_line(source, line);
        }
        return packed_image(target, input.size(), channels());
    }

private:
    // Kernels read a few bytes beyond the last pixel; a picture at the very end of its memory is copied.
    Image readable(const Image& input, Scratch& scratch) const {
        const std::ptrdiff_t row_bytes = static_cast<std::ptrdiff_t>(input.width) * channels();
        if (input.readable_end - (input.row(input.height - 1) + row_bytes) >= 16) return input;
        std::uint8_t* copy = scratch.work(0, bytes(input.size()));
        for (int y = 0; y < input.height; ++y) {
            std::memcpy(copy + y * row_bytes, input.row(y), static_cast<std::size_t>(row_bytes));
        }
        return packed_image(copy, input.size(), channels());
    }

    // One row of the target: the pixels whose neighbours lie inside by the kernel, those before and after one by one.
    // The order matters, because the kernel writes a byte too many.
    void warp_line(const Image& source, const WarpSpan& line) const {
        std::int64_t first = 0, last = line.count;
        narrow(line.x, line.dx, (source.width - 1) * kOne, first, last);
        narrow(line.y, line.dy, (source.height - 1) * kOne, first, last);
        if (last <= first) first = last = line.count;
        for (std::int64_t i = 0; i < first; ++i) border_pixel(source, line, i);
        WarpSpan span = line;
        span.x += first * span.dx;
        span.y += first * span.dy;
        span.target += first * channels();
        span.count = static_cast<int>(last - first);
        if (span.count > 0) kernels().warp_span(span);
        for (std::int64_t i = last; i < line.count; ++i) border_pixel(source, line, i);
    }

    // The arithmetic of the kernel, with neighbours looked up by the border's rule.
    void border_pixel(const Image& source, const WarpSpan& line, std::int64_t i) const {
        const std::int64_t x = line.x + i * line.dx, y = line.y + i * line.dy;
        const int left = inside(border_, x >> 32, source.width), right = inside(border_, (x >> 32) + 1, source.width);
        const int above = inside(border_, y >> 32, source.height), below = inside(border_, (y >> 32) + 1, source.height);
        const auto fx = static_cast<std::int32_t>(x >> 21) & 2047, fy = static_cast<std::int32_t>(y >> 21) & 2047;
        const auto pixel = [&](int row, int column, int channel) -> std::int32_t {
            if (row < 0 || column < 0) return 0;
            return source.row(row)[static_cast<std::ptrdiff_t>(column) * channels() + channel];
        };
        for (int c = 0; c < channels(); ++c) {
            const std::int32_t top = (pixel(above, left, c) * (2048 - fx) + pixel(above, right, c) * fx + 8) >> 4;
            const std::int32_t bottom = (pixel(below, left, c) * (2048 - fx) + pixel(below, right, c) * fx + 8) >> 4;
            line.target[i * channels() + c] =
                static_cast<std::uint8_t>((top * (2048 - fy) + bottom * fy + (1 << 17)) >> 18);
        }
    }

    double degrees_;
    Border border_;
    double probability_;
};

}  // namespace

std::unique_ptr<Op> make_rotate(Params& params, int channels, std::uint64_t stream) {
    return std::make_unique<Rotate>(params, channels, stream);
}

}  // namespace flowerablate
