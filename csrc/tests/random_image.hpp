// Random images for the tests of kernels, in memory of exactly their size.
#pragma once

#include <random>
#include <vector>

#include "simd.hpp"

inline std::mt19937 generator(1);

inline int any(int low, int high) { return std::uniform_int_distribution<int>(low, high)(generator); }

inline std::vector<std::uint8_t> random_bytes(std::size_t count) {
    std::vector<std::uint8_t> bytes(count);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(generator());
    return bytes;
}

struct RandomImage {
    int height = any(1, 40), width = any(1, 90), channels = any(0, 2) == 0 ? 1 : any(3, 4);
    std::ptrdiff_t stride = static_cast<std::ptrdiff_t>(width) * channels;
    std::size_t bytes = static_cast<std::size_t>(stride) * static_cast<std::size_t>(height);
    std::vector<std::uint8_t> pixels = random_bytes(bytes);  // nothing after the last pixel

    int itemsize() const { return channels == 4 && width % 2 ? 2 : 1; }  // four bytes can be two values
};

using Result = std::vector<std::uint8_t>;
