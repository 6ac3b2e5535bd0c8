// The kernels of lab.cpp and clahe.cpp, which intensity.cpp puts into its table.
#pragma once

#include "kernels/lanes.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

void luminance(const PixelsJob& row, std::uint8_t* target);
void relight(const PixelsJob& row, const std::uint8_t* old, const std::uint8_t* fresh, std::uint8_t* target);
void to_lab(const LabRow& row);
void from_lab(const LabRow& row);
void tile_table(const TileTableJob& job);
void interleave(const std::uint8_t* const* tables, std::uint32_t* quads);
void blend(const BlendJob& job);

}  // namespace flowerablate::FLOWERABLATE_ISA
