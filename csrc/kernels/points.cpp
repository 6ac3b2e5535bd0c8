// Positions as whole pixels and fractions. Plain loops that compilers turn into vectors.
#include "kernels/kernels.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

void place_points(const PlacedPoints& given) {
    const PlacedPoints points = given;       // a copy, because the numbers that are written might alias the original
    constexpr double kLast = 1.0 - 0x1p-20;  // how far beyond the last pixel but one: almost at the last
    const double last_x = points.width > 1 ? points.width - 2 + kLast : 0.0;
    const double last_y = points.height > 1 ? points.height - 2 + kLast : 0.0;
    constexpr int kBlock = 8;
    for (int i = 0; i < points.count; i += kBlock) {
        double x[kBlock], y[kBlock];
        std::int32_t column[kBlock], row[kBlock];
        for (int k = 0; k < kBlock; ++k) {
            const double at_x = points.x[i + k], at_y = points.y[i + k];
            x[k] = at_x > 0.0 ? at_x : 0.0;
            y[k] = at_y > 0.0 ? at_y : 0.0;
            x[k] = x[k] < last_x ? x[k] : last_x;
            y[k] = y[k] < last_y ? y[k] : last_y;
            column[k] = static_cast<std::int32_t>(x[k]);
            row[k] = static_cast<std::int32_t>(y[k]);
            points.outside[i + k] = (x[k] != at_x) | (y[k] != at_y);
        }
        for (int k = 0; k < kBlock; ++k) {
            points.offsets[i + k] = row[k] * points.stride + column[k] * points.pixel;
            points.across[i + k] = static_cast<std::int32_t>((x[k] - column[k]) * 32768.0);
            points.down[i + k] = static_cast<std::int32_t>((y[k] - row[k]) * 32768.0);
        }
    }
}

void project_row(const ProjectedRow& given) {
    const ProjectedRow row = given;
    const double* p = row.p;
    const double p0 = p[0], p3 = p[3], p6 = p[6];
    const double from_x = p[1] * row.row + p[2], from_y = p[4] * row.row + p[5], from_w = p[7] * row.row + 1.0;
    constexpr double kMax = 1 << 28;  // what lies beyond the horizon is as good as anywhere outside
    for (int x = 0; x < row.count; ++x) {
        const double by = 1.0 / (p6 * x + from_w);
        const double at_x = (p0 * x + from_x) * by, at_y = (p3 * x + from_y) * by;
        const double near_x = at_x > -kMax ? at_x : -kMax, near_y = at_y > -kMax ? at_y : -kMax;
        row.x[x] = at_x < kMax ? near_x : kMax;  // also where it is not a number
        row.y[x] = at_y < kMax ? near_y : kMax;
    }
}

}  // namespace flowerablate::FLOWERABLATE_ISA
