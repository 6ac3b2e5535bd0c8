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

void luminance(const std::uint8_t* source, std::uint8_t* target, int width, int channels, int depth) {
    if (channels == 1) {
        std::memcpy(target, source, static_cast<std::size_t>(width) * static_cast<std::size_t>(depth));
    } else if (depth == 1) {
        channels == 3 ? luminance_typed<std::uint8_t, 3>(source, target, width)
                      : luminance_typed<std::uint8_t, 4>(source, target, width);
    } else {
        const std::uint16_t* from = values<std::uint16_t>(source);
        std::uint16_t* to = values<std::uint16_t>(target);
        channels == 3 ? luminance_typed<std::uint16_t, 3>(from, to, width) : luminance_typed<std::uint16_t, 4>(from, to, width);
    }
}

template <typename Value, int Channels>
void take_typed(const Value* __restrict source, Value* __restrict target, int width) {
    for (int x = 0; x < width; ++x) target[x] = source[x * Channels];
}

void take_channel(const std::uint8_t* source, std::uint8_t* target, int width, int channels, int channel, int depth) {
    source += channel * depth;
    if (channels == 1) {
        std::memcpy(target, source, static_cast<std::size_t>(width) * static_cast<std::size_t>(depth));
    } else if (depth == 1) {
        channels == 3 ? take_typed<std::uint8_t, 3>(source, target, width) : take_typed<std::uint8_t, 4>(source, target, width);
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

void broadcast(const std::uint8_t* plane, std::uint8_t* target, int width, int channels, int depth) {
    if (channels == 1) {
        std::memcpy(target, plane, static_cast<std::size_t>(width) * static_cast<std::size_t>(depth));
    } else if (depth == 1) {
        channels == 3 ? broadcast_typed<std::uint8_t, 3>(plane, target, width) : broadcast_typed<std::uint8_t, 4>(plane, target, width);
    } else {
        const std::uint16_t* from = values<std::uint16_t>(plane);
        std::uint16_t* to = values<std::uint16_t>(target);
        channels == 3 ? broadcast_typed<std::uint16_t, 3>(from, to, width) : broadcast_typed<std::uint16_t, 4>(from, to, width);
    }
}

constexpr int kRowsAhead = 4;  // whose memory is asked for
constexpr int kPeriod = 192;  // bytes; a multiple of every pixel of 1, 3 or 4 values and of every vector

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

template <typename Value>
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
    const auto at = [](const Value* part, int byte) { return load(reinterpret_cast<const std::uint8_t*>(part) + byte); };
    const auto block = [&](const std::uint8_t* source, const std::uint8_t* decider, std::uint8_t* target) {
        for (int i = 0; i < kPeriod; i += kWidth) {
            const Bytes value = load(source + i);
            const Bytes above = (value & at(pattern.keep_above, i)) | at(pattern.fill_above, i);
            const Bytes below = (value & at(pattern.keep_below, i)) | at(pattern.fill_below, i);
            const Bytes decision = exceeds<Value>(load(decider + i), at(pattern.limit, i));
            store(target + i, (above & decision) | (below & ~decision));
        }
    };
    const std::ptrdiff_t bytes = static_cast<std::ptrdiff_t>(job.width) * job.channels * job.depth;
    for (int y = 0; y < job.height; ++y) {
        const std::uint8_t* source = job.source + y * job.source_stride;
        const std::uint8_t* decider = job.decider + y * job.decider_stride;
        std::uint8_t* target = job.target + y * bytes;
        if (y + kRowsAhead < job.height) {
            prefetch_to_read(source + kRowsAhead * job.source_stride, bytes);
            prefetch_to_write(target + kRowsAhead * bytes, bytes);
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
    job.depth == 1 ? threshold_typed<std::uint8_t>(job) : threshold_typed<std::uint16_t>(job);
}

void count(const std::uint8_t* plane, int width, int depth, std::uint32_t* counts) {
    if (depth == 1) {
        for (int x = 0; x < width; ++x) ++counts[plane[x]];
    } else {
        const std::uint16_t* from = values<std::uint16_t>(plane);
        for (int x = 0; x < width; ++x) ++counts[from[x]];
    }
}

FLOWERABLATE_INLINE std::ptrdiff_t round_up(std::ptrdiff_t bytes) { return (bytes + 63) / 64 * 64; }

// A padded row and two rows of sums; for weighted means a blurred row for each source row and a row of sums.
std::ptrdiff_t adaptive_work_bytes(const AdaptiveJob& job) {
    const std::ptrdiff_t row = round_up((static_cast<std::ptrdiff_t>(job.width) + job.size) * 4);
    return job.weights ? row * (job.height + 2) : row * 2;
}

// The mean m of n = size^2 values with sum s is rounded, and n is odd: m < t just if 2 s < n (2 t - 1).
void adaptive_box(const AdaptiveJob& job) {
    const int radius = job.size / 2, n = job.size * job.size;
    const int columns = job.width + 2 * radius;
    std::int32_t* sums = reinterpret_cast<std::int32_t*>(job.work);  // of each column, the border included
    std::int32_t* inner = sums + radius;
    const auto row = [&](int y) { return job.plane + static_cast<std::ptrdiff_t>(min_int(max_int(y, 0), job.height - 1)) * job.width; };
    for (int x = 0; x < columns; ++x) sums[x] = 0;
    for (int y = -radius; y < radius; ++y) {
        const std::uint8_t* from = row(y);
        for (int x = 0; x < job.width; ++x) inner[x] += from[x];
    }
    for (int y = 0; y < job.height; ++y) {
        const std::uint8_t* enters = row(y + radius);
        for (int x = 0; x < job.width; ++x) inner[x] += enters[x];
        for (int x = 0; x < radius; ++x) {
            sums[x] = inner[0];
            inner[job.width + x] = inner[job.width - 1];
        }
        std::int32_t sum = 0;
        for (int x = 0; x < 2 * radius; ++x) sum += sums[x];
        const std::uint8_t* from = row(y);
        std::uint8_t* to = job.decisions + static_cast<std::ptrdiff_t>(y) * job.width * job.spacing;
        for (int x = 0; x < job.width; ++x) {
            sum += sums[x + 2 * radius];
            to[x * job.spacing] = 2 * sum < n * (2 * (from[x] + job.shift) - 1) ? 255 : 0;
            sum -= sums[x];
        }
        const std::uint8_t* leaves = row(y - radius);
        for (int x = 0; x < job.width; ++x) inner[x] -= leaves[x];
    }
}

// a * b + c, rounded once to double and once to float. The product is exact; so the result is that of a fused multiplication, but
// where the sum lies within 2^-53 of it between two floats.
FLOWERABLATE_INLINE float fused(float a, float b, float c) {
    return static_cast<float>(static_cast<double>(a) * static_cast<double>(b) + static_cast<double>(c));
}

// In the order in which OpenCV's vector code adds in float32: along a row from left to right, down a column from the middle outwards.
// A single row or column has no neighbours to blur with.
void adaptive_weighted(const AdaptiveJob& job) {
    const int radius = job.size / 2;
    const std::ptrdiff_t pitch = round_up((static_cast<std::ptrdiff_t>(job.width) + job.size) * 4) / 4;
    float* padded = reinterpret_cast<float*>(job.work);
    float* sums = padded + pitch;
    float* rows = sums + pitch;
    for (int y = 0; y < job.height; ++y) {
        const std::uint8_t* from = job.plane + static_cast<std::ptrdiff_t>(y) * job.width;
        for (int x = 0; x < radius; ++x) {
            padded[x] = static_cast<float>(from[0]);
            padded[radius + job.width + x] = static_cast<float>(from[job.width - 1]);
        }
        for (int x = 0; x < job.width; ++x) padded[radius + x] = static_cast<float>(from[x]);
        float* to = rows + y * pitch;
        for (int x = 0; x < job.width; ++x) to[x] = padded[x] * (job.width > 1 ? job.weights[0] : 1.0f);
        for (int tap = 1; tap < job.size && job.width > 1; ++tap) {
            const float weight = job.weights[tap];
            for (int x = 0; x < job.width; ++x) to[x] = fused(padded[x + tap], weight, to[x]);
        }
    }
    const auto row = [&](int y) { return rows + min_int(max_int(y, 0), job.height - 1) * pitch; };
    for (int y = 0; y < job.height; ++y) {
        const float* middle = row(y);
        for (int x = 0; x < job.width; ++x) sums[x] = middle[x] * (job.height > 1 ? job.weights[radius] : 1.0f);
        for (int away = 1; away <= radius && job.height > 1; ++away) {
            const float weight = job.weights[radius + away];
            const float *above = row(y - away), *beneath = row(y + away);
            for (int x = 0; x < job.width; ++x) sums[x] = fused(beneath[x] + above[x], weight, sums[x]);
        }
        const std::uint8_t* from = job.plane + static_cast<std::ptrdiff_t>(y) * job.width;
        std::uint8_t* to = job.decisions + static_cast<std::ptrdiff_t>(y) * job.width * job.spacing;
        for (int x = 0; x < job.width; ++x) {
            constexpr float kRounder = 12582912.0f;  // 1.5 * 2^23; adding it rounds to a whole number, halves to even
            const int mean = static_cast<int>((sums[x] + kRounder) - kRounder);
            to[x * job.spacing] = min_int(mean, 255) - from[x] < job.shift ? 255 : 0;
        }
    }
}

void adaptive(const AdaptiveJob& job) { job.weights ? adaptive_weighted(job) : adaptive_box(job); }

}  // namespace

const ThresholdKernels threshold_kernels = {luminance, take_channel, broadcast, threshold, count, adaptive_work_bytes, adaptive};

}  // namespace flowerablate::FLOWERABLATE_ISA
