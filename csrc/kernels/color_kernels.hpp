// The kernels of ops/color.cpp. Plain structs only, as in simd.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

namespace flowerablate {

struct ColorKernels {
    // target = tables[channel][source] for a row of `width` pixels; `tables` is [channels][256]. No overshoot.
    void (*look_up)(const std::uint8_t* source, std::uint8_t* target, int width, int channels,
                    const std::uint8_t* tables);
};

}  // namespace flowerablate
