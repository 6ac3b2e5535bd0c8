#include "ops/normalize.hpp"

#include <cstring>

namespace flowerablate {

Normalization make_normalization(Params& params, int channels) {
    const auto count = static_cast<std::size_t>(channels);
    const std::vector<double> mean = params.numbers("mean", count, -1e6, 1e6);
    const std::vector<double> std = params.numbers("std", count, 1e-6, 1e6);
    return {{mean.begin(), mean.end()}, {std.begin(), std.end()}};
}

void write_floats(const Image& image, int channels, bool channels_last,
                  const std::optional<BrightnessContrast::Line>& line,
                  const std::optional<Normalization>& normalization, float* target, Scratch& scratch) {
    OutputJob job{};
    job.source = image.data;
    job.source_stride = image.stride;
    job.target = target;
    job.height = image.height;
    job.width = image.width;
    job.channels = channels;
    job.channels_last = channels_last;
    job.adjust = line.has_value();
    if (line) {
        job.alpha = line->alpha;
        job.beta = line->beta;
    }
    job.normalize = normalization.has_value();
    if (normalization) {
        job.mean = normalization->mean.data();
        job.std = normalization->std.data();
    }
    const Kernels& kernel = kernels();
    job.work = scratch.work(0, static_cast<std::size_t>(kernel.output_work_bytes(image.width, channels)));
    kernel.output(job);
}

void write_bytes(const Image& image, int channels, std::uint8_t* target) {
    const std::size_t bytes = static_cast<std::size_t>(image.width) * static_cast<std::size_t>(channels);
    for (int y = 0; y < image.height; ++y) {
        std::memcpy(target + static_cast<std::size_t>(y) * bytes, image.row(y), bytes);
    }
}

}  // namespace flowerablate
