// The way out of a chain: pixels as they are, or floats, scaled to 0..1 and normalised.
#pragma once

#include <optional>
#include <vector>

#include "ops/pointwise.hpp"

namespace flowerablate {

// (x - mean) / std with fixed numbers for each channel, or with those of each image itself.
class Normalization {
public:
    // `name`: "normalize", fixed numbers; or "standardize", mean and standard deviation of each image, of all channels
    // together or (`per_channel`) of each by itself. The standard deviation counts as at least 1 / sqrt(number of
    // values), so that a flat image becomes 0 (TensorFlow's per_image_standardization).
    static Normalization make(const std::string& name, Params& params, Format format);

    bool by_image() const { return by_image_; }

    struct Numbers {
        const float* mean;
        const float* std;
        const float* inverse;  // 1 / std where that can stand for the division, else null
    };
    // `kept`: room for the numbers of an image.
    Numbers numbers(const Image& image, float (&kept)[8]) const;
    // Where they are the same for all images.
    Numbers numbers() const { return {mean_.data(), std_.data(), inverse_.empty() ? nullptr : inverse_.data()}; }

private:
    explicit Normalization(Format format) : format_(format) {}
    static Normalization fixed(Params& params, Format format);
    static Normalization of_image(Params& params, Format format);

    Format format_;
    bool by_image_ = false, per_channel_ = false;
    std::vector<float> mean_, std_, inverse_;
};

// What is done to an image as it is written as floats: tables, scaling, normalisation; in this order.
struct Finish {
    Format format;
    bool channels_last;
    bool streams;  // whether to write past the caches
    const std::optional<Normalization>& normalization;
    const Pointwise* pointwise;  // or null
};

// Writes an image as float32 or as bfloat16, whichever target is given: whole, or row by row.
class FloatWriter final : public RowSink {
public:
    FloatWriter(const Finish& finish, const Context& context, Size size, float* floats, std::uint16_t* bfloats);

    void write(const Image& image);
    void take(const std::uint8_t* row) override;

private:
    void prepare();

    const Finish& finish_;
    const Context& context_;
    OutputJob job_;
    bool prepared_ = false;
};

[[gnu::cold]] void add_normalize(OpKinds& kinds);

// Writes an image as it is, in contiguous rows.
void write_pixels(const Image& image, int pixel_bytes, std::uint8_t* target);

}  // namespace flowerablate
