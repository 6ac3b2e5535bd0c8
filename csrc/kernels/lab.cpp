// Lightness taken out of pixels and put back: Y of YCrCb, and CIE Lab, in the fixed-point arithmetic of OpenCV.
#include "kernels/intensity.hpp"
#include "kernels/kernels.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

namespace {

FLOWERABLATE_INLINE std::int32_t clipped(std::int32_t value, std::int32_t top) {
    const std::int32_t raised = value > 0 ? value : 0;
    return raised < top ? raised : top;
}

// YCrCb with 14 bits after the point.
template <int Channels, typename T>
void luminance_of(const T* __restrict source, T* __restrict target, int width) {
    for (int x = 0; x < width; ++x) {
        const std::int32_t red = source[x * Channels], green = source[x * Channels + 1],
                           blue = source[x * Channels + 2];
        target[x] = static_cast<T>((4899 * red + 9617 * green + 1868 * blue + 8192) >> 14);
    }
}

template <int Channels, typename T>
void relight_of(const T* __restrict source, const T* __restrict old, const T* __restrict fresh, T* __restrict target,
                int width) {
    constexpr std::int32_t kTop = static_cast<T>(-1), kMiddle = kTop / 2 + 1;
    for (int x = 0; x < width; ++x) {
        const std::int32_t before = old[x], y = fresh[x];
        const std::int32_t cr =
            clipped(((source[x * Channels] - before) * 11682 + (kMiddle << 14) + 8192) >> 14, kTop) - kMiddle;
        const std::int32_t cb =
            clipped(((source[x * Channels + 2] - before) * 9241 + (kMiddle << 14) + 8192) >> 14, kTop) - kMiddle;
        target[x * Channels] = static_cast<T>(clipped(y + ((cr * 22987 + 8192) >> 14), kTop));
        target[x * Channels + 1] = static_cast<T>(clipped(y + ((cb * -5636 + cr * -11698 + 8192) >> 14), kTop));
        target[x * Channels + 2] = static_cast<T>(clipped(y + ((cb * 29049 + 8192) >> 14), kTop));
        if constexpr (Channels == 4) target[x * Channels + 3] = source[x * Channels + 3];
    }
}

// Pixels that the ways to Lab and back take at a time; what stands between their loops stays in the first cache.
constexpr int kBlock = 256;

typedef std::int32_t Four __attribute__((vector_size(16)));

FLOWERABLATE_INLINE Four load_four(const std::int32_t* from) {
    Four value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

template <int Channels>
void to_lab_of(const LabRow& row) {
    const LabTables& tables = *row.tables;
    alignas(64) std::int32_t fx[kBlock], fy[kBlock], fz[kBlock];
    for (int begin = 0; begin < row.width; begin += kBlock) {
        const int count = min_int(kBlock, row.width - begin);
        const std::uint8_t* source = row.source + static_cast<std::ptrdiff_t>(begin) * Channels;
        for (int x = 0; x < count; ++x, source += Channels) {
            const Four sums = load_four(tables.light[0][source[0]]) + load_four(tables.light[1][source[1]]) +
                              load_four(tables.light[2][source[2]]);
            const Four xyz = sums >> 12;
            fx[x] = tables.roots[static_cast<std::uint32_t>(xyz[0])];
            fy[x] = tables.roots[static_cast<std::uint32_t>(xyz[1])];
            fz[x] = tables.roots[static_cast<std::uint32_t>(xyz[2])];
        }
        std::uint8_t* __restrict lightness = row.lightness + begin, * __restrict a = row.a + begin;
        std::uint8_t* __restrict b = row.b + begin;
        constexpr std::int32_t kHalf = 1 << 14, kMiddle = 128 << 15;
        for (int x = 0; x < count; ++x) {
            lightness[x] = static_cast<std::uint8_t>(clipped((296 * fy[x] - 1336935 + kHalf) >> 15, 255));
        }
        for (int x = 0; x < count; ++x) {
            a[x] = static_cast<std::uint8_t>(clipped((500 * (fx[x] - fy[x]) + kMiddle + kHalf) >> 15, 255));
        }
        for (int x = 0; x < count; ++x) {
            b[x] = static_cast<std::uint8_t>(clipped((200 * (fy[x] - fz[x]) + kMiddle + kHalf) >> 15, 255));
        }
    }
}

// The inverse of Lab's function f, both with 14 bits after the point. In float32, f * 108 / 841 moved a little away
// from 0 is cut to the same whole number as the exact quotient, for all f of -9000..3390; a division of whole numbers
// takes far longer.
FLOWERABLATE_INLINE std::int32_t cubed(std::int32_t f) {
    const float quotient = static_cast<float>(f) * (108.0f / 841.0f);
    const std::int32_t line = static_cast<std::int32_t>(quotient + (f < 0 ? -0.0005f : 0.0005f)) - 290;
    const std::int32_t cube = (((f * f) >> 14) * f) >> 14;
    return f <= 3390 ? line : cube;
}

template <int Channels>
void from_lab_of(const LabRow& row) {
    const LabTables& tables = *row.tables;
    alignas(64) std::uint32_t levels[kBlock];
    alignas(64) std::uint32_t red[kBlock], green[kBlock], blue[kBlock];
    for (int begin = 0; begin < row.width; begin += kBlock) {
        const int count = min_int(kBlock, row.width - begin);
        const std::uint8_t *lightness = row.lightness + begin, *a = row.a + begin, *b = row.b + begin;
        for (int x = 0; x < count; ++x) levels[x] = tables.levels[lightness[x]];
        for (int x = 0; x < count; ++x) {
            const auto f = static_cast<std::int32_t>(levels[x] >> 16),
                       y = static_cast<std::int32_t>(levels[x] & 0xFFFF);
            const std::int32_t along = cubed(f + ((a[x] * 268435 + 128) >> 13) - 4194);
            const std::int32_t across = cubed(f - ((b[x] * 41943 + 16) >> 9) + 10484);
            red[x] = static_cast<std::uint32_t>(clipped((12615 * along - 6296 * y - 2223 * across + 8192) >> 14, 4095));
            green[x] =
                static_cast<std::uint32_t>(clipped((-3773 * along + 7684 * y + 185 * across + 8192) >> 14, 4095));
            blue[x] = static_cast<std::uint32_t>(clipped((217 * along - 836 * y + 4715 * across + 8192) >> 14, 4095));
        }
        const std::uint8_t* source = row.source + static_cast<std::ptrdiff_t>(begin) * Channels;
        std::uint8_t* target = row.target + static_cast<std::ptrdiff_t>(begin) * Channels;
        for (int x = 0; x < count; ++x, source += Channels, target += Channels) {
            target[0] = tables.gammas[red[x]];
            target[1] = tables.gammas[green[x]];
            target[2] = tables.gammas[blue[x]];
            if constexpr (Channels == 4) target[3] = source[3];
        }
    }
}

template <typename T>
void luminance_typed(const PixelsJob& row, T* target) {
    const T* source = reinterpret_cast<const T*>(row.source);
    row.channels == 3 ? luminance_of<3>(source, target, row.width) : luminance_of<4>(source, target, row.width);
}

template <typename T>
void relight_typed(const PixelsJob& row, const T* old, const T* fresh, T* target) {
    const T* source = reinterpret_cast<const T*>(row.source);
    row.channels == 3 ? relight_of<3>(source, old, fresh, target, row.width)
                      : relight_of<4>(source, old, fresh, target, row.width);
}

}  // namespace

void luminance(const PixelsJob& row, std::uint8_t* target) {
    row.itemsize == 1 ? luminance_typed(row, target) : luminance_typed(row, reinterpret_cast<std::uint16_t*>(target));
}

void relight(const PixelsJob& row, const std::uint8_t* old, const std::uint8_t* fresh, std::uint8_t* target) {
    if (row.itemsize == 1) return relight_typed(row, old, fresh, target);
    relight_typed(row, reinterpret_cast<const std::uint16_t*>(old), reinterpret_cast<const std::uint16_t*>(fresh),
                  reinterpret_cast<std::uint16_t*>(target));
}

void to_lab(const LabRow& row) { row.channels == 3 ? to_lab_of<3>(row) : to_lab_of<4>(row); }
void from_lab(const LabRow& row) { row.channels == 3 ? from_lab_of<3>(row) : from_lab_of<4>(row); }

}  // namespace flowerablate::FLOWERABLATE_ISA
