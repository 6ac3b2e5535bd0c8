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
    .name = FLOWERABLATE_ISA_NAME,
    .plan_bytes = plan_bytes,
    .plan_rows = plan_rows,
    .resample_rows = resample_rows,
    .resample_column = resample_column,
    .adjust = adjust,
    .output_work_bytes = output_work_bytes,
    .output = output,
    .moments = moments,
    .color = color_kernels,
    .filter = filter_kernels,
    .geometry = geometry_kernels,
    .intensity = intensity_kernels,
    .morphology = morphology_kernels,
    .noise = noise_kernels,
    .threshold = threshold_kernels,
};

}  // namespace flowerablate::FLOWERABLATE_ISA
