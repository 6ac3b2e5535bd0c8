// The kernels of the ops that spread or equalise the range of values. Plain structs only, as in simd.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

namespace flowerablate {

// Histograms of 8-bit values are counted in this many copies, so that equal neighbours do not wait for each other.
constexpr int kCountCopies = 4;

// An image and its format; rows begin `stride` bytes apart.
struct PixelsJob {
    const std::uint8_t* source;
    std::ptrdiff_t stride;
    int height, width, channels, itemsize;
};

// value -> value * factor + offset of its channel, clipped to 0..top and cut to a whole number.
struct LinesJob {
    const std::uint16_t* source;
    std::ptrdiff_t values;  // of a row, all channels
    int channels;
    double factor[4], offset[4];
    double top;
};

// Fixed-point tables of sRGB and CIE Lab; ops/lab.cpp says what they hold.
struct LabTables {
    alignas(16) std::int32_t light[3][256][4];  // what a value of a channel adds to X, Y, Z, half included
    std::uint16_t roots[3072];
    std::uint32_t levels[256];  // of L: Y, and f(Y) in the upper half
    std::uint8_t gammas[4096];
};

// A row of pixels (`channels` 3 or 4, of which the fourth is left as it is) and its planes.
struct LabRow {
    const LabTables* tables;
    const std::uint8_t* source;
    std::uint8_t* target;  // of the way back
    std::uint8_t *lightness, *a, *b;
    int width, channels;
};

// Clipping and summing up of the histogram of a tile. limit: most that a bin may hold; scale: table entry for each
// pixel.
struct TileTableJob {
    std::uint32_t* counts;  // of `bins` values; changed
    int bins;               // 256 or 65536
    bool clips;
    std::uint32_t limit;
    float scale;
    std::uint8_t* narrow;  // the table, in 8 bits
    std::uint16_t* wide;   // or in 16
};

// A row of values mapped by the tables of the four tiles around each, weighted by the distance to their centres:
// ((upper left) near + (upper right) far) upper + ((lower left) near + (lower right) far) lower.
struct BlendJob {
    const std::uint8_t* values;
    std::uint8_t* target;
    int width, cells;
    // [cells][256]: upper left, upper right, lower left, lower right, from the lowest byte on
    const std::uint32_t* quads;
    const std::int32_t* ends;  // [cells]: where the pixels of a cell end
    const float *near, *far;   // [width]
    float upper, lower;
};

struct IntensityKernels {
    // Adds the counts of 8-bit values to counts[channels][kCountCopies][256]; their copies add up to the histogram.
    void (*count)(const PixelsJob&, std::uint32_t* counts);
    // Adds the counts of 16-bit values to counts[channels][65536].
    void (*count_wide)(const PixelsJob&, std::uint32_t* counts);
    // Minimum and maximum of each channel.
    void (*extremes)(const PixelsJob&, std::uint16_t* low, std::uint16_t* high);
    void (*lines_to_words)(const LinesJob&, std::uint16_t* target);
    void (*lines_to_bytes)(const LinesJob&, std::uint8_t* target);
    // target = tables[channel][source] for a row of 16-bit values; table_step: 65536, or 0 if all channels share one
    // table.
    void (*look_up_wide)(const std::uint16_t* source, std::uint16_t* target, int width, int channels,
                         const std::uint16_t* tables, std::ptrdiff_t table_step);
    // Y of OpenCV's YCrCb of a row; `target` has the itemsize of the source.
    void (*luminance)(const PixelsJob& row, std::uint8_t* target);
    // A row with Y replaced: old and fresh Y in, pixels out.
    void (*relight)(const PixelsJob& row, const std::uint8_t* old, const std::uint8_t* fresh, std::uint8_t* target);
    void (*to_lab)(const LabRow&);
    void (*from_lab)(const LabRow&);
    void (*tile_table)(const TileTableJob&);
    // quads[i] of tables [256] of four tiles.
    void (*interleave)(const std::uint8_t* const* tables, std::uint32_t* quads);
    void (*blend)(const BlendJob&);
};

}  // namespace flowerablate
