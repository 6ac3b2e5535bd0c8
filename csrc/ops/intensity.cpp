#include "ops/intensity.hpp"

#include <cstring>

namespace flowerablate {

PixelsJob pixels_job(const Image& image, Format format) {
    return {.source = image.data,
            .stride = image.stride,
            .height = image.height,
            .width = image.width,
            .channels = format.channels,
            .itemsize = format.itemsize};
}

const std::uint32_t* histograms(const Image& image, int channels, Scratch& scratch) {
    const auto count = static_cast<std::size_t>(channels) * 256;
    std::uint32_t* const copies = scratch.array<std::uint32_t>(1, count * kCountCopies);
    std::memset(copies, 0, count * kCountCopies * sizeof *copies);
    kernels().intensity.count(pixels_job(image, {channels, 1}), copies);
    std::uint32_t* const counts = scratch.array<std::uint32_t>(2, count);
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint32_t* of = copies + (i / 256) * 256 * kCountCopies + i % 256;
        counts[i] = 0;
        for (int copy = 0; copy < kCountCopies; ++copy) counts[i] += of[copy * 256];
    }
    return counts;
}

const std::uint32_t* wide_histograms(const Image& image, int channels, Scratch& scratch) {
    const std::size_t count = static_cast<std::size_t>(channels) * 65536;
    std::uint32_t* const counts = scratch.array<std::uint32_t>(1, count);
    std::memset(counts, 0, count * sizeof *counts);
    kernels().intensity.count_wide(pixels_job(image, {channels, 2}), counts);
    return counts;
}

Image looked_up(const Image& input, int channels, const std::uint8_t* tables, const Context& context) {
    const std::ptrdiff_t stride = static_cast<std::ptrdiff_t>(input.width) * channels;
    std::uint8_t* target = context.target(static_cast<std::size_t>(stride) * static_cast<std::size_t>(input.height));
    for (int y = 0; y < input.height; ++y) {
        kernels().color.look_up(input.row(y), target + y * stride, input.width, channels, tables);
    }
    return packed_image(target, input.size(), channels);
}

void add_intensity(OpKinds& kinds) {
    add_stretch(kinds);
    add_equalize(kinds);
    add_clahe(kinds);
    add_gamma(kinds);
}

}  // namespace flowerablate
