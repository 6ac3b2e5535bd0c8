// Thresholds, and what the decisions are made of: luminance, single channels, means of neighbourhoods.
#include "kernels/kernels.hpp"
#include "kernels/picks.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

namespace {

template <typename Value>
FLOWERABLATE_INLINE const Value* values(const std::uint8_t* from) {
    return reinterpret_cast<const Value*>(from);
}

template <typename Value>
FLOWERABLATE_INLINE Value* values(std::uint8_t* from) {
    return reinterpret_cast<Value*>(from);
}

template <typename Value, int Channels>
void luminance_typed(const Value* __restrict source, Value* __restrict target, int width) {
    for (int x = 0; x < width; ++x, source += Channels) {
        const std::uint32_t sum = 9798u * source[0] + 19235u * source[1] + 3735u * source[2] + (1u << 14);
        target[x] = static_cast<Value>(sum >> 15);
    }
}

void luminance(const std::uint8_t* source, std::uint8_t* target, int width, int channels, int itemsize) {
    if (channels == 1) {
        std::memcpy(target, source, static_cast<std::size_t>(width) * static_cast<std::size_t>(itemsize));
    } else if (itemsize == 1) {
        channels == 3 ? luminance_typed<std::uint8_t, 3>(source, target, width)
                      : luminance_typed<std::uint8_t, 4>(source, target, width);
    } else {
        const std::uint16_t* from = values<std::uint16_t>(source);
        std::uint16_t* to = values<std::uint16_t>(target);
        channels == 3 ? luminance_typed<std::uint16_t, 3>(from, to, width)
                      : luminance_typed<std::uint16_t, 4>(from, to, width);
    }
}

template <typename Value, int Channels>
void take_typed(const Value* __restrict source, Value* __restrict target, int width) {
    for (int x = 0; x < width; ++x) target[x] = source[x * Channels];
}

void take_channel(const std::uint8_t* source, std::uint8_t* target, int width, int channels, int channel,
                  int itemsize) {
    source += channel * itemsize;
    if (channels == 1) {
        std::memcpy(target, source, static_cast<std::size_t>(width) * static_cast<std::size_t>(itemsize));
    } else if (itemsize == 1) {
        channels == 3 ? take_typed<std::uint8_t, 3>(source, target, width)
                      : take_typed<std::uint8_t, 4>(source, target, width);
    } else {
        const std::uint16_t* from = values<std::uint16_t>(source);
        std::uint16_t* to = values<std::uint16_t>(target);
        channels == 3 ? take_typed<std::uint16_t, 3>(from, to, width) : take_typed<std::uint16_t, 4>(from, to, width);
    }
}

template <typename Value, int Channels>
void broadcast_typed(const Value* __restrict plane, Value* __restrict target, int width) {
    for (int x = 0; x < width; ++x) {
        for (int c = 0; c < Channels; ++c) target[x * Channels + c] = plane[x];
    }
}

void broadcast(const std::uint8_t* plane, std::uint8_t* target, int width, int channels, int itemsize) {
    if (channels == 1) {
        std::memcpy(target, plane, static_cast<std::size_t>(width) * static_cast<std::size_t>(itemsize));
    } else if (itemsize == 1) {
        channels == 3 ? broadcast_typed<std::uint8_t, 3>(plane, target, width)
                      : broadcast_typed<std::uint8_t, 4>(plane, target, width);
    } else {
        const std::uint16_t* from = values<std::uint16_t>(plane);
        std::uint16_t* to = values<std::uint16_t>(target);
        channels == 3 ? broadcast_typed<std::uint16_t, 3>(from, to, width)
                      : broadcast_typed<std::uint16_t, 4>(from, to, width);
    }
}

constexpr int kRowsAhead = 4;  // whose memory is asked for
constexpr int kPeriod = 192;   // bytes; a multiple of every pixel of 1, 3 or 4 values and of every vector

// What threshold() does to the values of one period, each number written out for its place.
template <typename Value>
struct Pattern {
    Value limit[kPeriod / sizeof(Value)], keep_above[kPeriod / sizeof(Value)], fill_above[kPeriod / sizeof(Value)];
    Value keep_below[kPeriod / sizeof(Value)], fill_below[kPeriod / sizeof(Value)];
};

template <typename Value>
FLOWERABLATE_INLINE Bytes exceeds(Bytes a, Bytes b) {
    if constexpr (sizeof(Value) == 1) {
        return reinterpret_cast<Bytes>(a > b);
    } else {
        return reinterpret_cast<Bytes>(reinterpret_cast<Words>(a) > reinterpret_cast<Words>(b));
    }
}

// `Uniform`: every channel has the same limit and outcomes; then the pattern stays in registers.
template <typename Value, bool Uniform>
void threshold_typed(const ThresholdJob& job) {
    constexpr int kValues = kPeriod / static_cast<int>(sizeof(Value));
    Pattern<Value> pattern;
    for (int i = 0; i < kValues; ++i) {
        const int c = i % job.channels;
        pattern.limit[i] = static_cast<Value>(job.limits[c]);
        pattern.keep_above[i] = static_cast<Value>(job.above[c].keep);
        pattern.fill_above[i] = static_cast<Value>(job.above[c].fill);
        pattern.keep_below[i] = static_cast<Value>(job.below[c].keep);
        pattern.fill_below[i] = static_cast<Value>(job.below[c].fill);
    }
    const auto at = [](const Value* part, int byte) {
        return load(reinterpret_cast<const std::uint8_t*>(part) + byte);
    };
    const Bytes limit = at(pattern.limit, 0), keep_above = at(pattern.keep_above, 0),
                fill_above = at(pattern.fill_above, 0);
    const Bytes keep_below = at(pattern.keep_below, 0), fill_below = at(pattern.fill_below, 0);
    const auto block = [&](const std::uint8_t* source, const std::uint8_t* decider, std::uint8_t* target) {
        for (int i = 0; i < kPeriod; i += kWidth) {
            const Bytes value = load(source + i);
            const Bytes above = (value & (Uniform ? keep_above : at(pattern.keep_above, i))) |
                                (Uniform ? fill_above : at(pattern.fill_above, i));
            const Bytes below = (value & (Uniform ? keep_below : at(pattern.keep_below, i))) |
                                (Uniform ? fill_below : at(pattern.fill_below, i));
            const Bytes decision = exceeds<Value>(load(decider + i), Uniform ? limit : at(pattern.limit, i));
            store(target + i, (above & decision) | (below & ~decision));
        }
    };
    std::ptrdiff_t row = static_cast<std::ptrdiff_t>(job.width) * job.channels * job.itemsize, rows = job.height;
    const std::ptrdiff_t all = row * rows;
    std::ptrdiff_t source_stride = job.source_stride, decider_stride = job.decider_stride;
    if (source_stride == row &&
        decider_stride == row) {  // where rows touch, they are cut anew, so that only the last has a rest
        row = source_stride = decider_stride = 8 * kPeriod;
        rows = (all + row - 1) / row;
    }
    for (std::ptrdiff_t y = 0; y < rows; ++y) {
        const std::uint8_t* source = job.source + y * source_stride;
        const std::uint8_t* decider = job.decider + y * decider_stride;
        std::uint8_t* target = job.target + y * row;
        const std::ptrdiff_t left = all - y * row, bytes = left < row ? left : row;
        if (left > (kRowsAhead + 1) * row) {
            prefetch_to_read(source + kRowsAhead * source_stride, row);
            prefetch_to_write(target + kRowsAhead * row, row);
        }
        std::ptrdiff_t x = 0;
        for (; x + kPeriod <= bytes; x += kPeriod) block(source + x, decider + x, target + x);
        if (x == bytes) continue;
        const std::size_t rest = static_cast<std::size_t>(bytes - x);
        std::uint8_t last[kPeriod] = {}, deciding[kPeriod] = {}, done[kPeriod];
        std::memcpy(last, source + x, rest);
        std::memcpy(deciding, decider + x, rest);
        block(last, deciding, done);
        std::memcpy(target + x, done, rest);
    }
}

void threshold(const ThresholdJob& job) {
    bool uniform = true;
    for (int c = 1; c < job.channels; ++c) {
        uniform = uniform && job.limits[c] == job.limits[0] && job.above[c].keep == job.above[0].keep &&
                  job.above[c].fill == job.above[0].fill && job.below[c].keep == job.below[0].keep &&
                  job.below[c].fill == job.below[0].fill;
    }
    if (job.itemsize == 1)
        return uniform ? threshold_typed<std::uint8_t, true>(job) : threshold_typed<std::uint8_t, false>(job);
    uniform ? threshold_typed<std::uint16_t, true>(job) : threshold_typed<std::uint16_t, false>(job);
}

void count(const std::uint8_t* plane, int width, int itemsize, std::uint32_t* counts) {
    if (itemsize == 1) {
        for (int x = 0; x < width; ++x) ++counts[plane[x]];
    } else {
        const std::uint16_t* from = values<std::uint16_t>(plane);
        for (int x = 0; x < width; ++x) ++counts[from[x]];
    }
}

FLOWERABLATE_INLINE std::ptrdiff_t round_up(std::ptrdiff_t bytes) { return (bytes + 63) / 64 * 64; }

// Values from one row of the working memory to the next: a padded row and what whole vectors overshoot.
FLOWERABLATE_INLINE std::ptrdiff_t adaptive_pitch(const AdaptiveJob& job) {
    return round_up((static_cast<std::ptrdiff_t>(job.width) + job.size) * job.channels + 128);
}

// Three rows: sums of columns, of runs along the row, of whole windows; for weighted means a padded row, a row of sums
// and a blurred row for each source row.
std::ptrdiff_t adaptive_work_bytes(const AdaptiveJob& job) {
    return adaptive_pitch(job) * 4 * (job.weights ? job.height + 2 : 3);
}

FLOWERABLATE_INLINE const std::uint8_t* adaptive_row(const AdaptiveJob& job, int y) {
    return job.source + min_int(max_int(y, 0), job.height - 1) * job.stride;
}

// to[x] = a[x] + b[x], in whole vectors from left to right, so that `to` may be `a`, and `b` what is ahead in it.
template <typename Sum>
FLOWERABLATE_INLINE void add_sums(const Sum* a, const Sum* b, Sum* to, std::ptrdiff_t count) {
    typedef Sum Lanes __attribute__((vector_size(kWidth)));
    for (std::ptrdiff_t x = 0; x < count; x += kWidth / static_cast<std::ptrdiff_t>(sizeof(Sum))) {
        Lanes one, other;
        std::memcpy(&one, a + x, sizeof one);
        std::memcpy(&other, b + x, sizeof other);
        one += other;
        std::memcpy(to + x, &one, sizeof one);
    }
}

// The mean m of n = size^2 values with sum s is rounded, and n is odd: m < t just if s + (n - 1) / 2 < n t.
void decide_by_sums(const AdaptiveJob& job, const std::uint16_t* __restrict sums, const std::uint8_t* __restrict from,
                    std::uint8_t* __restrict to, std::ptrdiff_t count) {
    // The side that the rest is added to stops at 65535; the other is at most 225 * 255.
    const int n = job.size * job.size, rest = (n - 1) / 2 - n * job.shift;
    const auto left = static_cast<std::uint16_t>(min_int(max_int(rest, 0), 65535));
    const auto right = static_cast<std::uint16_t>(min_int(max_int(-rest, 0), 65535));
    const auto max_left = static_cast<std::uint16_t>(65535 - left),
               max_right = static_cast<std::uint16_t>(65535 - right);
    const auto each = static_cast<std::uint16_t>(n);
    for (std::ptrdiff_t x = 0; x < count; ++x) {
        const std::uint16_t sum = sums[x], value = static_cast<std::uint16_t>(from[x] * each);
        const auto a = static_cast<std::uint16_t>((sum < max_left ? sum : max_left) + left);
        const auto b = static_cast<std::uint16_t>((value < max_right ? value : max_right) + right);
        to[x] = a < b ? 255 : 0;
    }
}

void decide_by_sums(const AdaptiveJob& job, const std::uint32_t* __restrict sums, const std::uint8_t* __restrict from,
                    std::uint8_t* __restrict to, std::ptrdiff_t count) {
    const int n = job.size * job.size, rest = (n - 1) / 2 - n * job.shift;
    for (std::ptrdiff_t x = 0; x < count; ++x) to[x] = static_cast<int>(sums[x]) + rest < n * from[x] ? 255 : 0;
}

// `Sum` holds the sum of a window: 16 bits up to size 15.
template <typename Sum>
void adaptive_box(const AdaptiveJob& job) {
    const int radius = job.size / 2;
    const std::ptrdiff_t channels = job.channels, count = job.width * channels, margin = radius * channels;
    const std::ptrdiff_t pitch = adaptive_pitch(job);
    Sum* const sums = reinterpret_cast<Sum*>(job.work);  // of each column, the border included
    Sum *const runs = sums + pitch, *const windows = runs + pitch;
    Sum* const inner = sums + margin;
    std::memset(job.work, 0, static_cast<std::size_t>(3 * pitch) * sizeof(Sum));
    const auto enter = [count](Sum* __restrict to, const std::uint8_t* __restrict from) {
        for (std::ptrdiff_t x = 0; x < count; ++x) to[x] = static_cast<Sum>(to[x] + from[x]);
    };
    const auto leave = [count](Sum* __restrict to, const std::uint8_t* __restrict from) {
        for (std::ptrdiff_t x = 0; x < count; ++x) to[x] = static_cast<Sum>(to[x] - from[x]);
    };
    for (int y = -radius; y < radius; ++y) enter(inner, adaptive_row(job, y));
    for (int y = 0; y < job.height; ++y) {
        enter(inner, adaptive_row(job, y + radius));
        for (std::ptrdiff_t x = 0; x < margin; ++x) {
            sums[margin - 1 - x] = sums[margin - 1 - x + channels];
            inner[count + x] = inner[count + x - channels];
        }
        // A window is made of runs of 1, 2, 4, ... columns, as the bits of its size say; the size is odd.
        std::ptrdiff_t done = channels;
        const Sum *run = sums, *window = sums;
        for (int length = 2; length <= job.size; length *= 2) {
            const std::ptrdiff_t half = length / 2 * channels;
            add_sums(run, run + half, runs, count + 2 * margin - length * channels + channels);
            run = runs;
            if ((job.size & length) == 0) continue;
            add_sums(window, run + done, windows, count);
            window = windows;
            done += length * channels;
        }
        decide_by_sums(job, windows, adaptive_row(job, y), job.decisions + y * count, count);
        leave(inner, adaptive_row(job, y - radius));
    }
}

// a * b + c, rounded once to double and once to float. The product is exact; so the result is that of a fused
// multiplication, but where the sum lies within 2^-53 of it between two floats.
FLOWERABLATE_INLINE float fused(float a, float b, float c) {
    return static_cast<float>(static_cast<double>(a) * static_cast<double>(b) + static_cast<double>(c));
}

// The same where a is a byte, b a weight of at least 2^-15 and c a sum of such products below 2^8: all are multiples of
// 2^-39, so the sum is exact in double, and rounded once.
FLOWERABLATE_INLINE float fused_byte(float a, float b, float c) {
#if defined(__FMA__)
    return __builtin_fmaf(a, b, c);
#else
    return fused(a, b, c);
#endif
}

constexpr float kToWhole = 12582912.0f;  // 1.5 * 2^23; adding it rounds to a whole number, halves to even

FLOWERABLATE_INLINE std::uint8_t decide_by_mean(float sum, int value, int shift) {
    const int mean = static_cast<int>((sum + kToWhole) - kToWhole);
    return min_int(mean, 255) - value < shift ? 255 : 0;
}

// In the order in which OpenCV's vector code adds in float32: along a row from left to right, down a column from the
// middle outwards. A single row or column has no neighbours to blur with.
//
// Down a column, products are rounded before they are added. What this changes of a sum below 2^8 is less than 2^-15
// for each step; sums that are as near as that to where the mean changes are computed again by fused(). Up to size 9
// nothing is ever rounded: the weights are multiples of 2^-8, and all sums multiples of 2^-16.
void adaptive_weighted(const AdaptiveJob& job) {
    const int radius = job.size / 2;
    const std::ptrdiff_t channels = job.channels, count = job.width * channels, margin = radius * channels;
    const std::ptrdiff_t pitch = adaptive_pitch(job);
    float* const padded = reinterpret_cast<float*>(job.work);
    float* const sums = padded + pitch;
    float* const rows = sums + pitch;
    for (int y = 0; y < job.height; ++y) {
        const std::uint8_t* from = adaptive_row(job, y);
        for (std::ptrdiff_t x = 0; x < count; ++x) padded[margin + x] = static_cast<float>(from[x]);
        for (std::ptrdiff_t x = 0; x < margin; ++x) {
            padded[margin - 1 - x] = padded[margin - 1 - x + channels];
            padded[margin + count + x] = padded[count + margin + x - channels];
        }
        float* __restrict const to = rows + y * pitch;
        if (job.width == 1) {
            std::memcpy(to, padded + margin, static_cast<std::size_t>(count) * sizeof *to);
            continue;
        }
        constexpr int kBlock = 64;  // sums that stay in registers
        for (std::ptrdiff_t x = 0; x < count; x += kBlock) {
            float part[kBlock];
            for (int i = 0; i < kBlock; ++i) part[i] = padded[x + i] * job.weights[0];
            for (int tap = 1; tap < job.size; ++tap) {
                const float weight = job.weights[tap];
                const float* const values_of_tap = padded + x + tap * channels;
                for (int i = 0; i < kBlock; ++i) part[i] = fused_byte(values_of_tap[i], weight, part[i]);
            }
            std::memcpy(to + x, part, sizeof part);
        }
    }
    const auto row = [&](int y) { return rows + min_int(max_int(y, 0), job.height - 1) * pitch; };
    const float nearest = job.size <= 9 ? 1.0f : 0.5f - static_cast<float>(radius + 1) * (1.0f / 32768.0f);
    for (int y = 0; y < job.height; ++y) {
        const float* middle = row(y);
        for (std::ptrdiff_t x = 0; x < count; ++x) sums[x] = middle[x] * (job.height > 1 ? job.weights[radius] : 1.0f);
        for (int away = 1; away <= radius && job.height > 1; ++away) {
            const float weight = job.weights[radius + away];
            const float *above = row(y - away), *beneath = row(y + away);
            for (std::ptrdiff_t x = 0; x < count; ++x) sums[x] += (beneath[x] + above[x]) * weight;
        }
        const std::uint8_t* __restrict const from = adaptive_row(job, y);
        std::uint8_t* __restrict const to = job.decisions + y * count;
        int close = 0;
        for (std::ptrdiff_t x = 0; x < count; ++x) {
            const float off = sums[x] - ((sums[x] + kToWhole) - kToWhole);
            close += (off < 0 ? -off : off) > nearest ? 1 : 0;
            to[x] = decide_by_mean(sums[x], from[x], job.shift);
        }
        if (close == 0 || job.height == 1) continue;
        for (std::ptrdiff_t x = 0; x < count; ++x) {
            const float off = sums[x] - ((sums[x] + kToWhole) - kToWhole);
            if ((off < 0 ? -off : off) <= nearest) continue;
            float sum = middle[x] * job.weights[radius];
            for (int away = 1; away <= radius; ++away) {
                sum = fused(row(y + away)[x] + row(y - away)[x], job.weights[radius + away], sum);
            }
            to[x] = decide_by_mean(sum, from[x], job.shift);
        }
    }
}

void adaptive(const AdaptiveJob& job) {
    if (job.weights) return adaptive_weighted(job);
    job.size <= 15 ? adaptive_box<std::uint16_t>(job) : adaptive_box<std::uint32_t>(job);
}

}  // namespace

const ThresholdKernels threshold_kernels = {
    .luminance = luminance,
    .take_channel = take_channel,
    .broadcast = broadcast,
    .threshold = threshold,
    .count = count,
    .adaptive_work_bytes = adaptive_work_bytes,
    .adaptive = adaptive,
};

}  // namespace flowerablate::FLOWERABLATE_ISA
