// Run-time choice of the instruction set, and the table of kernels that each one provides.
//
// This header is included by the kernels, which are compiled with wider instruction sets than the rest of the program.
// It therefore contains plain structs only: an inline function or template of external linkage could be emitted with
// AVX instructions and then be picked by the linker for everybody.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/color_kernels.hpp"
#include "kernels/filter_kernels.hpp"
#include "kernels/geometry_kernels.hpp"
#include "kernels/intensity_kernels.hpp"
#include "kernels/morphology_kernels.hpp"
#include "kernels/noise_kernels.hpp"
#include "kernels/threshold_kernels.hpp"

namespace flowerablate {

// Bytes that every buffer written or read by a kernel must have after its end; kernels work in whole vectors.
constexpr std::ptrdiff_t kSlack = 512;

// The maximum of bytes that a kernel writes after the end of a row where overshoot is allowed.
constexpr std::ptrdiff_t kOvershoot = 64;

// Bytes after a row that resample_rows() may read.
constexpr std::ptrdiff_t kRowSlack = 128;

// Fixed-point weights of one resampling pass: output i is the sum over t of weights[i * taps + t] times the t-th pixel
// from starts[i] on, plus half, shifted right by `precision`. `taps` is even; weights of padding taps are 0. Starts are
// counted in bytes along a row, in rows down a column.
struct Taps {
    int count, taps, precision;
    const std::int32_t* starts;
    const std::int16_t* weights;
    const std::uint8_t* plan;  // what plan_rows() made of the rest, or null
};

// The last pass: rows of 8 or 16 bits to float32 or bfloat16. value = x, then (8 bits only: if `tables`) the table's
// entry, then times 1/255 or 1/65535, then (if `mean`) (value - mean) / std. bfloat16 is the float32 rounded, halves to
// even.
struct OutputJob {
    const std::uint8_t* source;
    std::ptrdiff_t source_stride;
    int height, width, channels, itemsize;  // itemsize: bytes of a value of the source
    std::ptrdiff_t plane;                   // values from plane to plane of the target
    float* floats;                          // one of these two is set
    std::uint16_t* bfloats;                 // bfloat16
    bool channels_last;
    bool streams;                // whether the target is so large that it is better written past the caches
    const std::uint8_t* tables;  // [channels][256], or null
    const float* mean;           // one number for each channel, or null
    const float* std;
    const float* inverse;  // 1 / std where multiplying by it can be made as exact as dividing, else null
    std::uint8_t* work;    // output_work_bytes(job) bytes
};

// Sums of the values of each channel and of their squares, added to what stands there.
struct MomentsJob {
    const std::uint8_t* source;
    std::ptrdiff_t stride;
    int height, width, channels, itemsize;
    std::uint64_t* sums;
    std::uint64_t* squares;
};

struct Kernels {
    const char* name;
    // Prepares a horizontal pass over many rows: fills `work` (64-byte aligned, plan_bytes() bytes) and returns it, or
    // null if the pass does without.
    std::ptrdiff_t (*plan_bytes)(const Taps& taps, int channels);
    const std::uint8_t* (*plan_rows)(const Taps& taps, int channels, std::uint8_t* work);
    // Two rows at once, into two targets. Rows may be read kRowSlack bytes beyond the last tap, targets are written
    // with up to 32 bytes of overshoot.
    void (*resample_rows)(const std::uint8_t* const* rows, std::uint8_t* const* targets, const Taps& taps,
                          int channels);
    // `rows` holds `taps` pointers, readable kSlack bytes beyond `bytes`; `target` is written with overshoot.
    void (*resample_column)(const std::uint8_t* const* rows, const std::int16_t* weights, int taps, int precision,
                            std::uint8_t* target, std::ptrdiff_t bytes);
    void (*adjust)(const std::uint8_t* source, std::uint8_t* target, std::ptrdiff_t bytes, float alpha, float beta);
    std::ptrdiff_t (*output_work_bytes)(const OutputJob&);
    void (*output)(const OutputJob&);
    void (*moments)(const MomentsJob&);
    const ColorKernels& color;
    const FilterKernels& filter;
    const GeometryKernels& geometry;
    const IntensityKernels& intensity;
    const MorphologyKernels& morphology;
    const NoiseKernels& noise;
    const ThresholdKernels& threshold;
};

// The kernels in use: the widest that the CPU has, or what FLOWERABLATE_SIMD asks for. Throws std::invalid_argument
// when that variable holds an unknown value or one that this CPU cannot run.
const Kernels& kernels();

// The kernels of one instruction set; null if there is none of that name or this CPU cannot run it.
const Kernels* kernels_named(const char* name);

}  // namespace flowerablate
