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

const Kernels& choose() {
    const char* variable = std::getenv("FLOWERABLATE_SIMD");
    const std::string wanted = variable ? variable : "";
    const Kernels* widest = nullptr;
    for (const char* name : {"avx512", "avx2", "baseline"}) {
        if (!widest) widest = kernels_named(name);
        if (wanted != name) continue;
        if (const Kernels* found = kernels_named(name)) return *found;
        throw std::invalid_argument("FLOWERABLATE_SIMD is '" + wanted + "', which this CPU cannot run");
    }
    if (wanted.empty()) return *widest;
    throw std::invalid_argument("FLOWERABLATE_SIMD must be baseline, avx2 or avx512, not '" + wanted + "'");
}

}  // namespace

const Kernels* kernels_named(const char* name) {
    const std::string wanted = name;
    if (wanted == "baseline") return &isa_baseline::table;
#ifdef FLOWERABLATE_X86
    __builtin_cpu_init();
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (wanted == "avx2" && avx2) return &isa_avx2::table;
    if (wanted == "avx512" && avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vbmi")) {
        return &isa_avx512::table;
    }
#endif
    return nullptr;
}

const Kernels& kernels() {
    static const Kernels& chosen = choose();  // a throw leaves it unset, and the next call tries again
    return chosen;
}

}  // namespace flowerablate
