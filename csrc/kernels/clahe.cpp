// The tables of the tiles of CLAHE, and the blend of neighbouring ones. Every sum and product is that of OpenCV, in its
// order.
#include "kernels/intensity.hpp"
#include "kernels/kernels.hpp"
#include "kernels/pointwise.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

namespace {

void clip_counts(std::uint32_t* counts, std::uint32_t bins, std::uint32_t limit) {
    std::uint32_t excess = 0;
    for (std::uint32_t i = 0; i < bins; ++i) {
        const std::uint32_t kept = counts[i] < limit ? counts[i] : limit;
        excess += counts[i] - kept;
        counts[i] = kept;
    }
    const std::uint32_t each = excess / bins;
    for (std::uint32_t i = 0; i < bins; ++i) counts[i] += each;
    std::uint32_t rest = excess % bins;
    if (!rest) return;
    const std::uint32_t step = bins / rest;  // at least 1
    for (std::uint32_t i = 0; rest > 0; i += step, --rest) ++counts[i];
}

template <typename T>
void write_table(std::uint32_t* __restrict counts, int bins, float scale, T* __restrict table) {
    std::uint32_t sum = 0;
    for (int i = 0; i < bins; ++i) counts[i] = sum += counts[i];
    const auto top = static_cast<float>(bins - 1);
    for (int i = 0; i < bins; ++i) {
        const float entry = static_cast<float>(static_cast<std::int32_t>(counts[i])) * scale;
        table[i] = static_cast<T>(static_cast<std::int32_t>(((entry < top ? entry : top) + kRounder) - kRounder));
    }
}

}  // namespace

void tile_table(const TileTableJob& job) {
    if (job.clips) clip_counts(job.counts, static_cast<std::uint32_t>(job.bins), job.limit);
    if (job.narrow) return write_table(job.counts, job.bins, job.scale, job.narrow);
    write_table(job.counts, job.bins, job.scale, job.wide);
}

void interleave(const std::uint8_t* const* tables, std::uint32_t* quads) {
    const std::uint8_t* __restrict a = tables[0], * __restrict b = tables[1];
    const std::uint8_t* __restrict c = tables[2], * __restrict d = tables[3];
    for (int i = 0; i < 256; ++i) {
        quads[i] = a[i] | std::uint32_t{b[i]} << 8 | std::uint32_t{c[i]} << 16 | std::uint32_t{d[i]} << 24;
    }
}

void blend(const BlendJob& job) {
    constexpr int kBlock = 512;
    alignas(64) std::uint32_t found[kBlock];
    int cell = 0;
    for (int begin = 0; begin < job.width; begin += kBlock) {
        const int count = min_int(kBlock, job.width - begin);
        const std::uint8_t* values = job.values + begin;
        for (int x = 0; x < count; ++cell) {
            const std::uint32_t* __restrict quads = job.quads + static_cast<std::ptrdiff_t>(cell) * 256;
            const int end = min_int(count, job.ends[cell] - begin);
#pragma GCC unroll 4
            for (; x < end; ++x) found[x] = quads[values[x]];
            if (job.ends[cell] - begin > count) break;  // goes on in the next block
        }
        const float* __restrict near = job.near + begin, * __restrict far = job.far + begin;
        const float upper = job.upper, lower = job.lower;
        std::uint8_t* __restrict target = job.target + begin;
        for (int x = 0; x < count; ++x) {
            const auto quad = static_cast<std::int32_t>(found[x]);
            const auto at = [&](int shift) { return static_cast<float>((quad >> shift) & 255); };
            const float above = at(0) * near[x] + at(8) * far[x], below = at(16) * near[x] + at(24) * far[x];
            const float mixed = above * upper + below * lower;
            target[x] = static_cast<std::uint8_t>(static_cast<std::int32_t>((mixed + kRounder) - kRounder));
        }
    }
}

}  // namespace flowerablate::FLOWERABLATE_ISA
