// Where a line goes on that leaves a window: borders as straight pieces of line within it.
#pragma once

#include <algorithm>
#include <cstdint>

#include "ops/warp.hpp"

namespace flowerablate {

constexpr std::int64_t kOne = std::int64_t{1} << 32;  // a pixel in fixed-point positions

// The pixels from one on that follow each other evenly along an axis of a window: `count` of them, the first at `at`,
// each `step` from the one before, all in [first pixel, last pixel).
struct Piece {
    std::int64_t at, step, count;
    double cover;  // how much of the pixel is the image's, the rest being the constant border; 0: nothing
    bool seam;     // whether the right neighbour of the last pixel, the first one, takes part (wrap)
};

constexpr std::int64_t kForever = INT32_MAX;

inline std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
    const std::int64_t quotient = a / b;
    return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

// How many of r, r + step, r + 2 step ... lie in [low, high), where r does.
inline std::int64_t steps_within(std::int64_t r, std::int64_t step, std::int64_t low, std::int64_t high) {
    if (step == 0) return kForever;
    return step > 0 ? (high - 1 - r) / step + 1 : (r - low) / -step + 1;
}

// Folds position `at` into a window of `length` pixels from `begin` on.
inline Piece fold(const Sampling& sampling, Border border, int begin, int length, std::int64_t at, std::int64_t step) {
    const std::int64_t low = begin * kOne, span = (length - 1) * kOne, r = at - low;
    if (r >= 0 && r < span) return {at, step, steps_within(r, step, 0, span), 1, false};
    // The very last place is left out, because it has no right neighbour; what stands for it is 2^-32 pixels before it.
    const std::int64_t last = span > 0 ? low + span - 1 : low;
    switch (border) {
        case Border::kConstant: {
            if (r > -kOne && r < span + kOne) {  // between the image and the first pixel of the border
                const bool before = r < 0;
                double cover = 1.0 - static_cast<double>(before ? -r : r - span) / static_cast<double>(kOne);
                if (sampling.interpolation == Interpolation::kNearest) cover = cover >= 0.5 ? 1 : 0;
                return {before ? low : last, 0, 1, cover, false};
            }
            const std::int64_t away = r < 0 ? -kOne - r : r - span - kOne, nearer = r < 0 ? step : -step;
            return {low, 0, nearer <= 0 ? kForever : away / nearer + 1, 0, false};
        }
        case Border::kEdge: {
            if (r < 0) return {low, 0, step <= 0 ? kForever : (-1 - r) / step + 1, 1, false};
            return {last, 0, step >= 0 ? kForever : (r - span) / -step + 1, 1, false};
        }
        case Border::kWrap: {
            const std::int64_t period = span + kOne, q = r - floor_divide(r, period) * period;
            if (q < span) return {low + q, step, steps_within(q, step, 0, span), 1, false};
            return {low + q, step, steps_within(q, step, span, period), 1, true};
        }
        case Border::kReflect: {
            const std::int64_t period = span + kOne, k = floor_divide(r, period), q = r - k * period;
            const bool mirrored = k & 1;
            if (q >= span) return {mirrored ? low : last, 0, steps_within(q, step, span, period), 1, false};
            const std::int64_t count = steps_within(q, step, 0, span);
            if (mirrored) return {last - q, -step, count, 1, false};
            return {low + q, step, count, 1, false};
        }
        case Border::kReflect101: break;
    }
    if (span == 0) return {low, 0, kForever, 1, false};
    const std::int64_t k = floor_divide(r, span), q = r - k * span, count = steps_within(q, step, 0, span);
    if (k & 1) return {last - q, -step, count, 1, false};
    return {low + q, step, count, 1, false};
}

}  // namespace flowerablate
