// Operations that add noise or erase parts.
//
// Words of pixels are those of the Philox blocks from number 2^19 on, draws from 2^20 on (random.hpp); below stand the
// draws of single numbers.
//
//   gaussian_noise   1: standard deviation between its bounds.
//                    16 bits for each value (or pixel), low half of a word first.
//   salt_and_pepper  32 bits for each pixel (or value).
//   random_erasing   attempt i: 1 + 4i: area, 2 + 4i: ratio, 3 + 4i: row, 4 + 4i: column.
//                    8 bits for each value of the rectangle (16 for 16-bit images), lowest first.
//   cutout           hole i: 1 + 2i: row, 2 + 2i: column of the centre.
//                    Bits as above, from block 2^19 + i * 2^25 on.
#pragma once

#include "ops/op.hpp"

namespace flowerablate {

constexpr std::uint32_t kPixelBlocks = 1u << 19;

// What the kernels draw the words of an image's pixels with.
PhiloxJob pixel_words(const Context& context, std::uint64_t stream);

[[gnu::cold]] void add_noise(OpKinds& kinds);
[[gnu::cold]] void add_erasing(OpKinds& kinds);

}  // namespace flowerablate
