// Vectors of the widest kind that the instruction set of this compilation has. Included by kernels only.
//
// Kernels include no header of the C++ library that defines functions or templates; see simd.hpp for the reason.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "simd.hpp"

#ifndef FLOWERABLATE_ISA
#error "FLOWERABLATE_ISA must name the namespace of the instruction set"
#endif

#define FLOWERABLATE_INLINE static inline __attribute__((always_inline))

namespace flowerablate::FLOWERABLATE_ISA {

#if defined(__AVX512BW__)
constexpr int kWidth = 64;
#elif defined(__AVX2__)
constexpr int kWidth = 32;
#else
constexpr int kWidth = 16;
#endif

typedef std::uint8_t Bytes __attribute__((vector_size(kWidth)));

FLOWERABLATE_INLINE Bytes load(const std::uint8_t* from) {
    Bytes value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

FLOWERABLATE_INLINE void store(std::uint8_t* to, Bytes value) { std::memcpy(to, &value, sizeof value); }

// The larger of each pair of bytes for dilation, the smaller for erosion.
template <bool Dilate>
FLOWERABLATE_INLINE Bytes pick(Bytes a, Bytes b) {
    if constexpr (Dilate) {
        return a > b ? a : b;
    } else {
        return a < b ? a : b;
    }
}

FLOWERABLATE_INLINE int min_int(int a, int b) { return a < b ? a : b; }
FLOWERABLATE_INLINE int max_int(int a, int b) { return a > b ? a : b; }

}  // namespace flowerablate::FLOWERABLATE_ISA
