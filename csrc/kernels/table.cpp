#include "kernels/kernels.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

extern const Kernels table;

#if defined(__AVX512BW__)
#define FLOWERABLATE_ISA_NAME "avx512"
#elif defined(__AVX2__)
#define FLOWERABLATE_ISA_NAME "avx2"
#else
#define FLOWERABLATE_ISA_NAME "baseline"
#endif

const Kernels table = {
    FLOWERABLATE_ISA_NAME, plan_bytes,     plan_rows,         resample_rows,      resample_column, warp_line,
    adjust,                flip_row,       output_work_bytes, output,             moments,         color_kernels,
    filter_kernels,        intensity_kernels, morphology_kernels, noise_kernels, threshold_kernels,
};

}  // namespace flowerablate::FLOWERABLATE_ISA
