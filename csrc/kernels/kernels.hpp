// The kernels that each instruction set compiles; table.cpp collects them.
#pragma once

#include "kernels/lanes.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

extern const ColorKernels color_kernels;
extern const FilterKernels filter_kernels;
extern const GeometryKernels geometry_kernels;
extern const IntensityKernels intensity_kernels;
extern const MorphologyKernels morphology_kernels;
extern const NoiseKernels noise_kernels;
extern const ThresholdKernels threshold_kernels;

std::ptrdiff_t small_work_bytes(const SmallJob& job);
void small(const SmallJob& job);
void subtract(const std::uint8_t* one, const std::uint8_t* other, std::uint8_t* target, std::ptrdiff_t bytes,
              int itemsize);
void add_change(const std::uint8_t* source, const std::uint8_t* before, const std::uint8_t* after, std::uint8_t* target,
                int width, int channels, int itemsize);
std::ptrdiff_t plan_bytes(const Taps& taps, int channels);
const std::uint8_t* plan_rows(const Taps& taps, int channels, std::uint8_t* work);
void resample_rows(const std::uint8_t* const* rows, std::uint8_t* const* targets, const Taps& taps, int channels);
void resample_column(const std::uint8_t* const* rows, const std::int16_t* weights, int taps, int precision,
                     std::uint8_t* target, std::ptrdiff_t bytes);
void warp_run(const WarpRun& run);
void warp_points(const WarpPoints& points);
void place_points(const PlacedPoints& points);
void project_row(const ProjectedRow& row);
void float_row(const std::uint8_t* source, float* target, const FloatTaps& taps, int channels, int itemsize);
void float_column(const float* const* rows, const float* weights, int taps, std::uint8_t* target, std::ptrdiff_t values,
                  int itemsize);
void adjust(const std::uint8_t* source, std::uint8_t* target, std::ptrdiff_t bytes, float alpha, float beta);
std::ptrdiff_t output_work_bytes(const OutputJob& job);
void output(const OutputJob& job);
void moments(const MomentsJob& job);

}  // namespace flowerablate::FLOWERABLATE_ISA
