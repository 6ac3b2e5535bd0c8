// The kernels of ops/noise.cpp and ops/erasing.cpp. Plain structs only, as in simd.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

namespace flowerablate {

// Of which sample the random words are, as in random.hpp: the key of the stream, and the first three words of every
// counter.
struct PhiloxJob {
    std::uint32_t key[2];
    std::uint32_t counter[3];
};

struct NoiseKernels {
    // Blocks `first` to first + count - 1, four words each, one after another; writes up to kOvershoot bytes more.
    void (*philox)(const PhiloxJob&, std::uint32_t first, std::ptrdiff_t count, std::uint32_t* words);
    // target = source + noise, saturated, for `count` bytes. Of each word the highest bit is the sign; the other 15
    // pick |z| by normal_table.hpp, and the noise is (|z| * scale >> 15) + half >> shift, away from zero. Words may be
    // read kOvershoot bytes beyond `count`.
    void (*gaussian)(const std::uint16_t* words, const std::uint8_t* source, std::uint8_t* target, std::ptrdiff_t count,
                     int scale, int shift);
    // target = first where word <= last_first, else second where word <= last_second, else source.
    void (*replace)(const std::uint32_t* words, const std::uint8_t* source, std::uint8_t* target, std::ptrdiff_t count,
                    std::uint32_t last_first, int first, std::uint32_t last_second, int second);
    void (*replace_words)(const std::uint32_t* words, const std::uint16_t* source, std::uint16_t* target,
                          std::ptrdiff_t count, std::uint32_t last_first, int first, std::uint32_t last_second,
                          int second);
};

}  // namespace flowerablate
