// The pick that erosion and dilation are made of, for values of 8 and 16 bits.
#pragma once

#include "kernels/lanes.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

typedef std::uint16_t Words __attribute__((vector_size(kWidth)));

// The larger of each pair of values for dilation, the smaller for erosion.
template <bool Dilate, typename Value>
FLOWERABLATE_INLINE Bytes pick_values(Bytes a, Bytes b) {
    if constexpr (sizeof(Value) == 1) {
        return pick<Dilate>(a, b);
    } else {
        const Words one = reinterpret_cast<Words>(a), other = reinterpret_cast<Words>(b);
        return reinterpret_cast<Bytes>(Dilate ? (one > other ? one : other) : (one < other ? one : other));
    }
}

// Asks for memory that will be read or written soon. Rows come from memory outside the caches, in pages that the
// processor does not look ahead across by itself.
FLOWERABLATE_INLINE void prefetch_to_read(const std::uint8_t* from, std::ptrdiff_t bytes) {
    for (std::ptrdiff_t x = 0; x < bytes; x += 64) __builtin_prefetch(from + x, 0);
}

FLOWERABLATE_INLINE void prefetch_to_write(const std::uint8_t* to, std::ptrdiff_t bytes) {
    for (std::ptrdiff_t x = 0; x < bytes; x += 64) __builtin_prefetch(to + x, 1);
}

}  // namespace flowerablate::FLOWERABLATE_ISA
