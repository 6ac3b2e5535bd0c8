// The kernels of ops/warp.cpp, ops/flip.cpp and their neighbours. Plain structs only, as in simd.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

namespace flowerablate {

// Neighbouring pixels of a result that lie on a straight line in the source. (x, y) is the source position of the first
// one in 1/2^32 pixels, (dx, dy) the step to the next. The right neighbour of a pixel stands `right` bytes after it,
// the lower one `below` bytes. Pixels may be read 64 bytes beyond their beginning; the target is written with
// overshoot.
struct WarpRun {
    const std::uint8_t* source;
    std::ptrdiff_t stride;
    std::uint8_t* target;
    int count, channels, itemsize;
    std::int64_t x, y, dx, dy;
    std::ptrdiff_t right, below;
    bool nearest;
    bool small;  // whether offsets into the source fit 31 bits
};

// The same for pixels each of which has a place of its own: the byte offset of its upper left neighbour, and how far it
// is from there, in 1/2^15 pixels. Bilinear.
struct WarpPoints {
    const std::uint8_t* source;
    std::uint8_t* target;
    int count, channels, itemsize;
    const std::int32_t* offsets;  // 16 more are read
    const std::int32_t* across;
    const std::int32_t* down;
    std::ptrdiff_t right, below;
};

// Weights of one resampling pass: output i is the sum over t of weights[i * taps + t] times the t-th pixel from
// starts[i] on, which counts values along a row, rows down a column; starts rise, or fall, from output to output.
struct FloatTaps {
    int count, taps;
    const std::int32_t* starts;
    const float* weights;
};

// Positions of a row of pixels (0, y), (1, y) ... in an image that a projection leads into: (p0 x + p1 y + p2) / w and
// (p3 x + p4 y + p5) / w, where w = p6 x + p7 y + 1; at most 2^28 pixels away.
struct ProjectedRow {
    const double* p;
    double* x;
    double* y;
    int count, row;
};

// Turns positions into what WarpPoints wants. Those outside a source of width x height pixels are moved to its edge,
// and marked.
struct PlacedPoints {
    const double* x;  // each of them readable and writable 64 bytes beyond its end
    const double* y;
    std::int32_t* offsets;
    std::int32_t* across;
    std::int32_t* down;
    std::int32_t* outside;  // not 0: it was
    int count, width, height;
    std::int32_t stride, pixel;  // bytes
};

struct GeometryKernels {
    void (*warp_run)(const WarpRun&);
    void (*warp_points)(const WarpPoints&);
    void (*place_points)(const PlacedPoints&);
    void (*project_row)(const ProjectedRow&);
    // A row of values of `itemsize` bytes becomes one of floats; these become values again. Rows of values are read 64
    // bytes beyond their end, taps 128 bytes, rows of floats 64 floats, and they are written one float beyond.
    void (*float_row)(const std::uint8_t* source, float* target, const FloatTaps& taps, int channels, int itemsize);
    void (*float_column)(const float* const* rows, const float* weights, int taps, std::uint8_t* target,
                         std::ptrdiff_t values, int itemsize);
    // Mirrored rows of 8-bit values; no overshoot.
    void (*flip_row)(const std::uint8_t* source, std::uint8_t* target, int width, int channels);
};

}  // namespace flowerablate
