// Arithmetic on single values, shared by the kernels that use it so that they agree to the bit.
#pragma once

#include "kernels/lanes.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

// round(alpha * x + beta) saturated to 0..255, halves to even. Adding and subtracting 1.5 * 2^23 rounds in that way.
FLOWERABLATE_INLINE float adjusted(float x, float alpha, float beta) {
    const float product = alpha * x;
    const float moved = product + beta;
    const float low = moved > 0.0f ? moved : 0.0f;
    const float clamped = low < 255.0f ? low : 255.0f;
    return (clamped + 12582912.0f) - 12582912.0f;
}

}  // namespace flowerablate::FLOWERABLATE_ISA
