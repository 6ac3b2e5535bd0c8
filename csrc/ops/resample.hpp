// Separable resampling: each pixel of the result is a weighted mean of a few rows and columns.
#pragma once

#include "ops/op.hpp"

namespace flowerablate {

// What a pixel of the result is made of: the pixel nearest to it; the neighbours by a triangle, or by Keys' cubic with
// a = -0.5; the area that it covers.
enum class Weighting { kNearest, kBilinear, kBicubic, kArea };

// `antialias`: whether a triangle or cubic grows with the scale when an axis shrinks, as Pillow has it.
struct Filter {
    Weighting weighting;
    bool antialias;

    static const ParamList kParams;
    static Filter from(Params& params);

    // How far the weights of an axis reach that shrinks by `scale`, in pixels, and the weight at a distance from the
    // centre.
    double reach(double scale) const;
    double weight(double distance, double scale) const;
};

// How one axis is resampled: the `length` pixels from `begin` on are mapped to `count` pixels, of which those from
// `first` on, `used` many, are wanted, in reversed order if `mirrored`. Pixels outside the window are never looked at.
struct Axis {
    int begin, length, count, first, used;
    bool mirrored;

    static Axis whole(int begin, int length, int count) {
        return {.begin = begin, .length = length, .count = count, .first = 0, .used = count, .mirrored = false};
    }

    double scale() const { return static_cast<double>(length) / count; }
    // The pixel in whose place the i-th one of the result stands.
    int place(int i) const { return mirrored ? used - 1 - i : i; }
};

// Pixel centres are at half-integers. Images of 8 bits are rounded after each of two passes (along the rows, then along
// the columns), as Pillow rounds them, which leaves them within 1.1 of the exact value, or 1.14 with cubic weights
// unless these lead beyond black or white between the passes, which is cut off; those of 16 bits are rounded once. Rows
// are not mirrored.
Image resample(const Image& input, const Axis& rows, const Axis& columns, Filter filter, Format format,
               const Context& context);

// The same with weights of 32 bits, for values that whole numbers of 16 bits do not serve.
Image resample_floats(const Image& input, const Axis& rows, const Axis& columns, Filter filter, Format format,
                      const Context& context);

}  // namespace flowerablate
