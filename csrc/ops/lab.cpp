#include "ops/lab.hpp"

#include <cmath>

namespace flowerablate {

namespace {

constexpr double kWhite[3] = {0.950456, 1.0, 1.088754};
constexpr double kToXyz[3][3] = {
    {0.412453, 0.357580, 0.180423}, {0.212671, 0.715160, 0.072169}, {0.019334, 0.119193, 0.950227}};

double from_srgb(double x) { return x <= 0.04045 ? x / 12.92 : std::pow((x + 0.055) / 1.055, 2.4); }
double to_srgb(double x) { return x <= 0.0031308 ? 12.92 * x : 1.055 * std::pow(x, 1.0 / 2.4) - 0.055; }

LabTables make() {
    LabTables made{};
    // Light in 1/2040, fractions of X, Y and Z (by that of white) in 1/4096.
    for (int channel = 0; channel < 3; ++channel) {
        for (int value = 0; value < 256; ++value) {
            const auto light = static_cast<std::int32_t>(std::nearbyint(2040.0 * from_srgb(value / 255.0)));
            for (int axis = 0; axis < 3; ++axis) {
                const double fraction = 4096.0 * kToXyz[axis][channel] / kWhite[axis];
                made.light[channel][value][axis] = light * static_cast<std::int32_t>(std::nearbyint(fraction));
                if (channel == 0) made.light[channel][value][axis] += 2048;  // half, so that sums are rounded
            }
        }
    }
    // f of light 0..3071 / 2040, in 1/32768; from a float32, as three entries lie that close to a half.
    for (int i = 0; i < 3072; ++i) {
        const double x = i / 2040.0;
        const auto f = static_cast<float>(x < 216.0 / 24389.0 ? x * (841.0 / 108.0) + 16.0 / 116.0 : std::cbrt(x));
        made.roots[i] = static_cast<std::uint16_t>(std::nearbyint(f * 32768.0f));
    }
    // Y and f(Y) of L, in 1/16384.
    for (int level = 0; level < 256; ++level) {
        double f = 16384.0 * (16.0 / 116.0 + level * 5.0 / 1479.0), y = 16384.0 * level * 180.0 / 414613.0;
        if (level > 20) {
            f = 16384.0 * (level * 100.0 / 255.0 + 16.0) / 116.0;
            y = f * f * f / (16384.0 * 16384.0);
        }
        made.levels[level] =
            static_cast<std::uint32_t>(std::nearbyint(y)) | static_cast<std::uint32_t>(std::nearbyint(f)) << 16;
    }
    for (int i = 0; i < 4096; ++i) {
        made.gammas[i] = static_cast<std::uint8_t>(std::nearbyint(255.0 * to_srgb(i / 4096.0)));
    }
    return made;
}

}  // namespace

const LabTables& lab_tables() {
    static const LabTables tables = make();
    return tables;
}

}  // namespace flowerablate
