// The tables of sRGB and CIE Lab in 8 bits, those of OpenCV's COLOR_RGB2LAB and COLOR_LAB2RGB (white D65).
#pragma once

#include "simd.hpp"

namespace flowerablate {

const LabTables& lab_tables();

}  // namespace flowerablate
