// The way out of a chain: pixels as they are, or floats, scaled to 0..1 and normalised.
#pragma once

#include <optional>
#include <vector>

#include "ops/pointwise.hpp"

namespace flowerablate {

// (x - mean) / std with fixed numbers for each channel, or with those of each picture itself.
class Normalization {
public:
    // Op "normalize": fixed numbers.
    static Normalization fixed(Params& params, Format format);
    // Op "standardize": mean and standard deviation of each picture, of all channels together or (`per_channel`) of each by itself.
    // The deviation counts as at least 1 / sqrt(number of values), so that a flat picture becomes 0 (TensorFlow's
    // per_image_standardization).
    static Normalization of_picture(Params& params, Format format);

    bool by_picture() const { return by_picture_; }

    struct Numbers {
        const float* mean;
        const float* std;
        const float* inverse;  // 1 / std where that can stand for the division, else null
    };
    // `kept`: room for the numbers of a picture.
    Numbers numbers(const Image& image, float (&kept)[8]) const;
    // Where they are the same for all pictures.
    Numbers numbers() const { return {mean_.data(), std_.data(), inverse_.empty() ? nullptr : inverse_.data()}; }

private:
    explicit Normalization(Format format) : format_(format) {}

    Format format_;
    bool by_picture_ = false, per_channel_ = false;
    std::vector<float> mean_, std_, inverse_;
};

// What is done to a picture as it is written as floats: tables, scaling, normalisation; in this order.
struct Finish {
    Format format;
    bool channels_last;
    bool streams;  // whether to write past the caches
    const std::optional<Normalization>& normalization;
    const Pointwise* pointwise;  // or null
};

// Writes a picture as float32 or as bfloat16, whichever target is given: whole, or row by row.
class FloatWriter final : public RowSink {
public:
    FloatWriter(const Finish& finish, const Context& context, Size size, float* floats, std::uint16_t* halves);

    void write(const Image& image);
    void take(const std::uint8_t* row) override;

private:
    void prepare();

    const Finish& finish_;
    const Context& context_;
    OutputJob job_;
    bool prepared_ = false;
};

// Writes a picture as it is, in contiguous rows.
void write_pixels(const Image& image, int pixel_bytes, std::uint8_t* target);

}  // namespace flowerablate
