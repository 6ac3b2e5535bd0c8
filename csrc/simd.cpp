#include "simd.hpp"

#include <cstdlib>
#include <stdexcept>
#include <string>

namespace flowerablate {

namespace isa_baseline {
extern const Kernels table;
}
#ifdef FLOWERABLATE_X86
namespace isa_avx2 {
extern const Kernels table;
}
namespace isa_avx512 {
extern const Kernels table;
}
#endif

namespace {

bool has_avx2() {
#ifdef FLOWERABLATE_X86
    return __builtin_cpu_supports("avx2");
#else
    return false;
#endif
}

bool has_avx512() {
#ifdef FLOWERABLATE_X86
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
#else
    return false;
#endif
}

const Kernels& choose() {
#ifdef FLOWERABLATE_X86
    __builtin_cpu_init();
#endif
    const char* variable = std::getenv("FLOWERABLATE_SIMD");
    const std::string wanted = variable ? variable : "";
    if (!wanted.empty() && wanted != "baseline" && wanted != "avx2" && wanted != "avx512") {
        throw std::invalid_argument("FLOWERABLATE_SIMD must be baseline, avx2 or avx512, not '" + wanted + "'");
    }
    if ((wanted == "avx2" && !has_avx2()) || (wanted == "avx512" && !has_avx512())) {
        throw std::invalid_argument("FLOWERABLATE_SIMD is '" + wanted + "', which this CPU cannot run; widest here: " +
                                    (has_avx2() ? "avx2" : "baseline"));
    }
#ifdef FLOWERABLATE_X86
    if (wanted == "avx512" || (wanted.empty() && has_avx512())) return isa_avx512::table;
    if (wanted == "avx2" || (wanted.empty() && has_avx2())) return isa_avx2::table;
#endif
    return isa_baseline::table;
}

}  // namespace

const Kernels& kernels() {
    static const Kernels& chosen = choose();  // a throw leaves it unset, and the next call tries again
    return chosen;
}

}  // namespace flowerablate
