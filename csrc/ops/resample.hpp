// Separable resampling with Pillow's antialiased triangle filter, or plain bilinear interpolation.
#pragma once

#include "ops/op.hpp"

namespace flowerablate {

// How one axis is resampled: the `length` pixels from `begin` on are mapped to `count` pixels, of which those from `first` on,
// `used` many, are wanted, in reversed order if `mirrored`. Pixels outside the window are never looked at.
struct Axis {
    int begin, length, count, first, used;
    bool mirrored;

    static Axis whole(int begin, int length, int count) { return {begin, length, count, 0, count, false}; }
};

// Pixel centres are at half-integers. With `antialias`, the filter grows with the scale when an axis shrinks.
Image resample(const Image& input, const Axis& rows, const Axis& columns, bool antialias, int channels,
               const Context& context);

}  // namespace flowerablate
