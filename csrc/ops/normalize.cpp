#include "ops/normalize.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace flowerablate {

namespace {

typedef unsigned __int128 Wide;  // sums of squares times their number are exact in it

// Slots of working memory that no op uses which gives its rows to a RowSink.
enum Slot { kTables = 14, kWork };

const Numbers kMean{
    .name = "mean", .meaning = "what is taken off, one number for each channel", .min = -1e6, .max = 1e6};
const Numbers kStd{
    .name = "std", .meaning = "what is divided by, one number for each channel", .min = 1e-6, .max = 1e6};
const Flag kPerChannel{.name = "per_channel", .meaning = "each channel by itself, or all by the same numbers"};

// Whether multiplying by the inverse, with one correction, gives the same as dividing for all values that 8 bits can
// have.
bool inverse_is_exact(float mean, float std, float inverse) {
    for (int value = 0; value < kTableSize; ++value) {
        const float x = static_cast<float>(value) * (1.0f / 255.0f) - mean;
        const float quotient = x * inverse;
        if (std::fma(std::fma(-quotient, std, x), inverse, quotient) != x / std) return false;
    }
    return true;
}

}  // namespace

void add_normalize(OpKinds& kinds) {
    kinds["normalize"] = {.params = declare(kMean, kStd), .sixteen_bits = SixteenBits::kAll};
    kinds["standardize"] = {.params = declare(kPerChannel), .sixteen_bits = SixteenBits::kAll};
}

Normalization Normalization::make(const std::string& name, Params& params, Format format) {
    return name == "normalize" ? fixed(params, format) : of_image(params, format);
}

Normalization Normalization::fixed(Params& params, Format format) {
    Normalization made(format);
    const auto count = static_cast<std::size_t>(format.channels);
    const std::vector<double> mean = params[kMean];
    const std::vector<double> std = params[kStd];
    made.mean_.assign(mean.begin(), mean.end());
    made.std_.assign(std.begin(), std.end());
    bool exact = true;
    for (std::size_t c = 0; c < count; ++c) {
        made.inverse_.push_back(1.0f / made.std_[c]);
        exact = exact && inverse_is_exact(made.mean_[c], made.std_[c], made.inverse_[c]);
    }
    if (!exact) made.inverse_.clear();
    return made;
}

Normalization Normalization::of_image(Params& params, Format format) {
    Normalization made(format);
    made.by_image_ = true;
    made.per_channel_ = params[kPerChannel];
    return made;
}

Normalization::Numbers Normalization::numbers(const Image& image, float (&kept)[8]) const {
    if (!by_image_) return numbers();
    std::uint64_t sums[4] = {}, squares[4] = {};
    kernels().moments({.source = image.data,
                       .stride = image.stride,
                       .height = image.height,
                       .width = image.width,
                       .channels = format_.channels,
                       .itemsize = format_.itemsize,
                       .sums = sums,
                       .squares = squares});
    std::uint64_t count = static_cast<std::uint64_t>(image.height) * static_cast<std::uint64_t>(image.width);
    if (!per_channel_) {
        for (int c = 1; c < format_.channels; ++c) {
            sums[0] += sums[c];
            squares[0] += squares[c];
        }
        count *= static_cast<std::uint64_t>(format_.channels);
    }
    const double full = format_.max_value(), pixels = static_cast<double>(count);
    for (int c = 0; c < format_.channels; ++c) {
        const int of = per_channel_ ? c : 0;
        const Wide scaled_variance = static_cast<Wide>(count) * squares[of] - static_cast<Wide>(sums[of]) * sums[of];
        const double standard_deviation = std::sqrt(static_cast<double>(scaled_variance)) / pixels / full;
        kept[c] = static_cast<float>(static_cast<double>(sums[of]) / pixels / full);
        kept[4 + c] = static_cast<float>(std::max(standard_deviation, 1.0 / std::sqrt(pixels)));
    }
    return {kept, kept + 4, nullptr};
}

FloatWriter::FloatWriter(const Finish& finish, const Context& context, Size size, float* floats, std::uint16_t* bfloats)
    : finish_(finish), context_(context), job_{} {
    job_.height = size.height;
    job_.width = size.width;
    job_.channels = finish.format.channels;
    job_.itemsize = finish.format.itemsize;
    job_.plane = static_cast<std::ptrdiff_t>(size.height) * size.width;
    job_.floats = floats;
    job_.bfloats = bfloats;
    job_.channels_last = finish.channels_last;
    job_.streams = finish.streams;
}

// Not done before there are pixels to write: the ops before may use the same memory.
void FloatWriter::prepare() {
    if (finish_.pointwise) {
        std::uint8_t* tables = context_.scratch.work(kTables, static_cast<std::size_t>(job_.channels) * kTableSize);
        if (finish_.pointwise->tables(context_, tables)) job_.tables = tables;
    }
    job_.work = context_.scratch.work(kWork, static_cast<std::size_t>(kernels().output_work_bytes(job_)));
}

void FloatWriter::write(const Image& image) {
    prepare();
    job_.source = image.data;
    job_.source_stride = image.stride;
    float kept[8];
    if (finish_.normalization) {
        const Normalization::Numbers numbers = finish_.normalization->numbers(image, kept);
        job_.mean = numbers.mean;
        job_.std = numbers.std;
        job_.inverse = numbers.inverse;
    }
    kernels().output(job_);
}

void FloatWriter::take(const std::uint8_t* row) {
    if (!prepared_) {
        prepare();
        if (finish_.normalization) {
            const Normalization::Numbers numbers = finish_.normalization->numbers();
            job_.mean = numbers.mean;
            job_.std = numbers.std;
            job_.inverse = numbers.inverse;
        }
        job_.height = 1;
        prepared_ = true;
    }
    job_.source = row;
    kernels().output(job_);
    const std::ptrdiff_t step = static_cast<std::ptrdiff_t>(job_.width) * (job_.channels_last ? job_.channels : 1);
    if (job_.floats) job_.floats += step;
    if (job_.bfloats) job_.bfloats += step;
}

void write_pixels(const Image& image, int pixel_bytes, std::uint8_t* target) {
    const std::size_t bytes = static_cast<std::size_t>(image.width) * static_cast<std::size_t>(pixel_bytes);
    if (image.stride == static_cast<std::ptrdiff_t>(bytes)) {
        std::memcpy(target, image.data, bytes * static_cast<std::size_t>(image.height));
        return;
    }
    for (int y = 0; y < image.height; ++y) {
        std::memcpy(target + static_cast<std::size_t>(y) * bytes, image.row(y), bytes);
    }
}

}  // namespace flowerablate
