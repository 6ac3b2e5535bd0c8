// Separable resampling in float32: for cubic weights, some of which are negative, and for 16-bit values.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "ops/resample.hpp"

namespace flowerablate {

namespace {

enum Slot { kColumnStarts, kColumnWeights, kRowStarts, kRowWeights, kRing, kPointers, kRowCopy };

FloatTaps make_taps(const Axis& axis, Filter filter, int step, Scratch& scratch, Slot starts_slot, Slot weights_slot) {
    const double scale = axis.scale(), reach = filter.reach(scale);
    FloatTaps made{};
    made.count = axis.used;
    made.taps = std::min(axis.length, static_cast<int>(std::ceil(2.0 * reach)));
    const auto taps = static_cast<std::size_t>(made.taps);
    auto* starts = scratch.array<std::int32_t>(starts_slot, static_cast<std::size_t>(axis.used));
    auto* weights = scratch.array<float>(weights_slot, static_cast<std::size_t>(axis.used) * taps);
    for (int i = 0; i < axis.used; ++i) {
        const double center = (axis.first + i + 0.5) * scale;
        const int low = std::max(0, static_cast<int>(center - reach + 0.5));
        const int high = std::min({axis.length, static_cast<int>(center + reach + 0.5), low + made.taps});
        const int start = std::min(low, axis.length - made.taps), at = axis.place(i);
        double total = 0.0;
        for (int x = low; x < high; ++x) total += filter.weight(x + 0.5 - center, scale);
        float* to = weights + static_cast<std::ptrdiff_t>(at) * made.taps;
        std::fill(to, to + made.taps, 0.0f);
        for (int x = low; x < high; ++x) {
            to[x - start] = static_cast<float>(filter.weight(x + 0.5 - center, scale) / total);
        }
        starts[at] = (axis.begin + start) * step;
    }
    made.starts = starts;
    made.weights = weights;
    return made;
}

}  // namespace

Image resample_floats(const Image& input, const Axis& rows, const Axis& columns, Filter filter, Format format,
                      const Context& context) {
    constexpr std::ptrdiff_t kWidest = 64;  // bytes of a vector
    Scratch& scratch = context.scratch;
    const GeometryKernels& kernel = kernels().geometry;
    const FloatTaps across = make_taps(columns, filter, format.channels, scratch, kColumnStarts, kColumnWeights);
    const FloatTaps down = make_taps(rows, filter, 1, scratch, kRowStarts, kRowWeights);
    const std::ptrdiff_t values = static_cast<std::ptrdiff_t>(columns.used) * format.channels;
    const std::ptrdiff_t pitch = values + 16;
    auto* ring = scratch.array<float>(kRing, static_cast<std::size_t>(pitch * down.taps));
    auto* pointers = scratch.array<const float*>(kPointers, static_cast<std::size_t>(down.taps));
    const std::ptrdiff_t source_bytes = static_cast<std::ptrdiff_t>(input.width) * format.pixel_bytes();
    std::uint8_t* copy = scratch.work(kRowCopy, static_cast<std::size_t>(source_bytes));
    const std::ptrdiff_t stride = values * format.itemsize;
    std::uint8_t* target = context.target(static_cast<std::size_t>(stride * rows.used));
    int ready = 0;
    for (int y = 0; y < rows.used; ++y) {
        const int start = down.starts[y];
        for (ready = std::max(ready, start); ready < start + down.taps; ++ready) {
            const std::uint8_t* row = input.row(ready);
            if (input.readable_end - row < source_bytes + kWidest) {
                row = static_cast<std::uint8_t*>(std::memcpy(copy, row, static_cast<std::size_t>(source_bytes)));
            }
            kernel.float_row(row, ring + ready % down.taps * pitch, across, format.channels, format.itemsize);
        }
        for (int tap = 0; tap < down.taps; ++tap) pointers[tap] = ring + (start + tap) % down.taps * pitch;
        kernel.float_column(pointers, down.weights + static_cast<std::ptrdiff_t>(y) * down.taps, down.taps,
                            target + y * stride, values, format.itemsize);
    }
    return packed_image(target, {rows.used, columns.used}, format.pixel_bytes());
}

}  // namespace flowerablate
