// Brightness and contrast: round(alpha * x + beta), saturated.
#include "kernels/kernels.hpp"
#include "kernels/pointwise.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

void adjust(const std::uint8_t* source, std::uint8_t* target, std::ptrdiff_t bytes, float alpha, float beta) {
    for (std::ptrdiff_t i = 0; i < bytes; ++i) {
        target[i] = static_cast<std::uint8_t>(
            static_cast<std::int32_t>(adjusted(static_cast<float>(source[i]), alpha, beta)));
    }
}

}  // namespace flowerablate::FLOWERABLATE_ISA
