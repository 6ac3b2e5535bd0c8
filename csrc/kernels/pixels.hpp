// Arithmetic on whole pixels in float32: the colours of many pixels side by side.
#pragma once

#include "kernels/planes.hpp"
#include "kernels/pointwise.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

struct Colors {
    Floats red, green, blue;
};

FLOWERABLATE_INLINE Floats larger(Floats a, Floats b) { return a > b ? a : b; }
FLOWERABLATE_INLINE Floats smaller(Floats a, Floats b) { return a < b ? a : b; }
FLOWERABLATE_INLINE Floats rounded(Floats x) { return (x + kRounder) - kRounder; }  // halves to even; |x| < 2^22

// OpenCV's luminance. The sum is below 2^24, so all of this is exact.
FLOWERABLATE_INLINE Floats luminance(const Colors& in) {
    const Floats sum = in.red * 9798.0f + in.green * 19235.0f + in.blue * 3735.0f + 16384.0f;
    return __builtin_convertvector(__builtin_convertvector(sum * (1.0f / 32768.0f), Ints), Floats);
}

// Passes the colours of a row through `change`, which returns whole numbers in 0..255.
template <int Channels, typename Change>
FLOWERABLATE_INLINE void each_pixel(const std::uint8_t* source, std::uint8_t* target, int width, const Change& change) {
    constexpr int kChunk = 256;
    alignas(64) std::uint8_t planes[Channels * kChunk];
    for (int x = 0; x < width; x += kChunk) {
        const int count = min_int(kChunk, width - x);
        // What is computed after the last pixel is not used, but it has to be numbers that were written.
        for (int c = 0; c < Channels; ++c) {
            std::memset(planes + c * kChunk + count / kFloats * kFloats, 0, count % kFloats ? kFloats : 0);
        }
        split_pixels<Channels>(source + static_cast<std::ptrdiff_t>(x) * Channels, planes, kChunk, count);
        for (int i = 0; i < count; i += kFloats) {
            const Colors out = change(Colors{load_floats(planes + i), load_floats(planes + kChunk + i),
                                             load_floats(planes + 2 * kChunk + i)});
            store_bytes(planes + i, out.red);
            store_bytes(planes + kChunk + i, out.green);
            store_bytes(planes + 2 * kChunk + i, out.blue);
        }
        join_pixels<Channels>(planes, kChunk, target + static_cast<std::ptrdiff_t>(x) * Channels, count);
    }
}

template <typename Change>
FLOWERABLATE_INLINE void each_color(const std::uint8_t* source, std::uint8_t* target, int width, int channels,
                                    const Change& change) {
    channels == 3 ? each_pixel<3>(source, target, width, change) : each_pixel<4>(source, target, width, change);
}

}  // namespace flowerablate::FLOWERABLATE_ISA
