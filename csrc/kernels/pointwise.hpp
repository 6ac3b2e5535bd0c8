// Arithmetic on values, shared by the kernels that use it so that they agree to the bit: `T` is float or a vector of floats.
#pragma once

#include "kernels/lanes.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

typedef std::int32_t Ints __attribute__((vector_size(kWidth)));
typedef float Floats __attribute__((vector_size(kWidth)));
typedef std::uint8_t Quarter __attribute__((vector_size(kWidth / 4)));
typedef std::uint16_t HalfWords __attribute__((vector_size(kWidth / 2)));
constexpr int kFloats = kWidth / 4;  // in a vector

// Adding and subtracting 1.5 * 2^23 rounds a small number to a whole one, halves to even.
constexpr float kRounder = 12582912.0f;

// round(alpha * x + beta) saturated to 0..255.
template <typename T>
FLOWERABLATE_INLINE T adjusted(T x, float alpha, float beta) {
    const T low = T{}, high = low + 255.0f;
    const T product = x * alpha;
    const T moved = product + beta;
    const T raised = moved > low ? moved : low;
    const T clamped = raised < high ? raised : high;
    return (clamped + kRounder) - kRounder;
}

// As many bytes as a vector has floats.
FLOWERABLATE_INLINE Floats load_floats(const std::uint8_t* from) {
    Quarter bytes;
    std::memcpy(&bytes, from, sizeof bytes);
    return __builtin_convertvector(__builtin_convertvector(bytes, Ints), Floats);
}

// The same of 16-bit words.
FLOWERABLATE_INLINE Floats load_floats(const std::uint16_t* from) {
    HalfWords words;
    std::memcpy(&words, from, sizeof words);
    return __builtin_convertvector(__builtin_convertvector(words, Ints), Floats);
}

FLOWERABLATE_INLINE Floats load_vector(const float* from) {
    Floats value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

FLOWERABLATE_INLINE void store_vector(float* to, Floats value) { std::memcpy(to, &value, sizeof value); }

}  // namespace flowerablate::FLOWERABLATE_ISA
