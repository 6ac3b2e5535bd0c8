// The kernels of ops/morphology.cpp. Plain structs only, as in simd.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

namespace flowerablate {

// Erosion or dilation with a flat square element of `size` x `size` pixels whose anchor is at `anchor` from its left and upper edge;
// neutral border. `source` rows may be read up to `readable_end`; the rows of `target` touch.
struct RectangleJob {
    const std::uint8_t* source;
    std::ptrdiff_t source_stride;
    const std::uint8_t* readable_end;
    std::uint8_t* target;
    int height, width;
    int pixel_bytes, depth;  // depth: bytes of a value
    int size, anchor;
    bool dilate;
    std::uint8_t* work;  // rectangle_work_bytes(job) bytes
};

// One row of a structuring element: the pixels [begin, end) of it are set.
struct Run {
    int begin, end;
};

// The same with an element that has one run of pixels in each of its `size` rows, and the anchor size/2.
struct RunsJob {
    const std::uint8_t* source;
    std::ptrdiff_t source_stride;
    std::uint8_t* target;
    int height, width;
    int pixel_bytes, depth;
    int size;
    bool dilate;
    const Run* runs;
    std::uint8_t* work;  // runs_work_bytes(job) bytes
};

struct MorphologyKernels {
    std::ptrdiff_t (*rectangle_work_bytes)(const RectangleJob&);
    void (*rectangle)(const RectangleJob&);
    std::ptrdiff_t (*runs_work_bytes)(const RunsJob&);
    void (*runs)(const RunsJob&);
    // target = one - other, not below 0; `bytes` of values of `depth` bytes. No overshoot.
    void (*subtract)(const std::uint8_t* one, const std::uint8_t* other, std::uint8_t* target, std::ptrdiff_t bytes, int depth);
    // target = source + (after - before), saturated, in the first three channels; `before` and `after` hold one value a pixel.
    void (*add_change)(const std::uint8_t* source, const std::uint8_t* before, const std::uint8_t* after, std::uint8_t* target,
                       int width, int channels, int depth);
};

}  // namespace flowerablate
