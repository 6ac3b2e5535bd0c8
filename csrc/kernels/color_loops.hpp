// The loops behind the table of kernels in color.cpp.
#pragma once

#include "kernels/lanes.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

void look_up(const std::uint8_t* source, std::uint8_t* target, int width, int channels, const std::uint8_t* tables);

}  // namespace flowerablate::FLOWERABLATE_ISA
