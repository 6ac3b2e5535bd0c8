// The kernels of ops/morphology.cpp. Plain structs only, as in simd.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

namespace flowerablate {

// Erosion or dilation with a flat square element of `size` x `size` pixels whose anchor is at `anchor` from its left
// and upper edge; neutral border. `source` rows may be read up to `readable_end`; the rows of `target` touch.
struct RectangleJob {
    const std::uint8_t* source;
    std::ptrdiff_t source_stride;
    const std::uint8_t* readable_end;
    std::uint8_t* target;
    int height, width;
    int pixel_bytes, itemsize;  // itemsize: bytes of a value
    int size, anchor;
    bool dilate;
    std::uint8_t* work = nullptr;  // rectangle_work_bytes(job) bytes
};

constexpr int kMaxElement = 63;  // rows and columns of an element

// Pixels [begin, end) of a row of a structuring element are set. A row may have several runs, so that an element can
// have holes.
struct Run {
    int row, begin, end;
};

// The same with an element of `size` rows and columns, given as runs of pixels in any order, and the anchor at
// `anchor` from its left and upper edge.
// Empty runs do not count; without any pixel that is set and inside the image, a result is neutral.
struct RunsJob {
    const std::uint8_t* source;
    std::ptrdiff_t source_stride;
    std::uint8_t* target;
    int height, width;
    int pixel_bytes, itemsize;
    int size, anchor;
    bool dilate;
    const Run* runs;
    int run_count;
    std::uint8_t* work = nullptr;  // runs_work_bytes(job) bytes
};

// The same with an element of 3 x 3 pixels, all of them or a cross, and the anchor in the middle. `twice`: a second
// pass, of the other kind, follows, so that it is an opening or a closing.
struct SmallJob {
    const std::uint8_t* source;
    std::ptrdiff_t source_stride;
    const std::uint8_t* readable_end;
    std::uint8_t* target;
    int height, width;
    int pixel_bytes, itemsize;
    bool cross, dilate, twice;
    std::uint8_t* work = nullptr;  // small_work_bytes(job) bytes
};

struct MorphologyKernels {
    std::ptrdiff_t (*rectangle_work_bytes)(const RectangleJob&);
    void (*rectangle)(const RectangleJob&);
    std::ptrdiff_t (*runs_work_bytes)(const RunsJob&);
    void (*runs)(const RunsJob&);
    std::ptrdiff_t (*small_work_bytes)(const SmallJob&);
    void (*small)(const SmallJob&);
    // target = one - other, not below 0; `bytes` of values of `itemsize` bytes. No overshoot.
    void (*subtract)(const std::uint8_t* one, const std::uint8_t* other, std::uint8_t* target, std::ptrdiff_t bytes,
                     int itemsize);
    // target = source + (after - before), saturated, in the first three channels; `before` and `after` hold one value a
    // pixel.
    void (*add_change)(const std::uint8_t* source, const std::uint8_t* before, const std::uint8_t* after,
                       std::uint8_t* target, int width, int channels, int itemsize);
};

}  // namespace flowerablate
