// The loops of the table of kernels in color.cpp.
#pragma once

#include "kernels/lanes.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

void look_up(const std::uint8_t* source, std::uint8_t* target, int width, int channels, const std::uint8_t* tables);
void add_sums(const std::uint8_t* source, int width, int channels, std::uint64_t* sums);
void grey(const std::uint8_t* source, std::uint8_t* target, int width, int channels);
void saturate(const std::uint8_t* source, std::uint8_t* target, int width, int channels, float factor);
void turn_hue(const std::uint8_t* source, std::uint8_t* target, int width, int channels, float shift);
void shift_hsv(const std::uint8_t* source, std::uint8_t* target, int width, int channels, HsvShift shift);
void reorder(const std::uint8_t* source, std::uint8_t* target, int width, int channels, const int* order);

}  // namespace flowerablate::FLOWERABLATE_ISA
