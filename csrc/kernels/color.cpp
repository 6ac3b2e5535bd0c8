// Brightness and contrast: round(alpha * x + beta), saturated; and the list of the kernels for colours.
#include "kernels/color_loops.hpp"
#include "kernels/kernels.hpp"
#include "kernels/pointwise.hpp"
#include "kernels/wide.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

#if defined(__x86_64__)

namespace {

FLOWERABLATE_INLINE Wide adjusted_words(Wide words, float alpha, float beta) {
    const Floats values = __builtin_convertvector(reinterpret_cast<Ints>(words), Floats);
    return reinterpret_cast<Wide>(__builtin_convertvector(adjusted(values, alpha, beta), Ints));
}

}  // namespace

#endif

void adjust(const std::uint8_t* source, std::uint8_t* target, std::ptrdiff_t bytes, float alpha, float beta) {
    std::ptrdiff_t i = 0;
#if defined(__x86_64__)
    const Wide zero = wide_zero();
    for (; i + kWidth <= bytes; i += kWidth) {
        const Wide values = wide_load(source + i);
        const Wide low = low_bytes(values, zero), high = high_bytes(values, zero);
        wide_store(target + i, pack_bytes(pack_words(adjusted_words(low_words(low, zero), alpha, beta),
                                                     adjusted_words(high_words(low, zero), alpha, beta)),
                                          pack_words(adjusted_words(low_words(high, zero), alpha, beta),
                                                     adjusted_words(high_words(high, zero), alpha, beta))));
    }
#endif
    for (; i < bytes; ++i) {
        target[i] =
            static_cast<std::uint8_t>(static_cast<std::int32_t>(adjusted(static_cast<float>(source[i]), alpha, beta)));
    }
}

const ColorKernels color_kernels = {
    .look_up = look_up,
    .add_sums = add_sums,
    .grey = grey,
    .saturate = saturate,
    .turn_hue = turn_hue,
    .shift_hsv = shift_hsv,
    .reorder = reorder,
};

}  // namespace flowerablate::FLOWERABLATE_ISA
