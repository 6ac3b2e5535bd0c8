// The last pass: interleaved bytes or 16-bit words to float32 or bfloat16, planar or interleaved.
#include "kernels/kernels.hpp"
#include "kernels/planes.hpp"
#include "kernels/pointwise.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

namespace {

// How a value is normalised: not at all, by division, or by multiplication and a correction that makes the quotient
// exact.
enum class Norm { kNone, kDivide, kMultiply };

// Interleaved rows repeat a pattern of 3 channels only every 48 values, which is a whole number of vectors.
constexpr int kPeriod = 48;

typedef std::uint32_t Words __attribute__((vector_size(kWidth)));

FLOWERABLATE_INLINE void put(float* to, Floats value, bool) { store_vector(to, value); }
FLOWERABLATE_INLINE void put(float* to, float value) { *to = value; }

// The upper half of a float32, rounded to nearest, halves to even; values are finite.
FLOWERABLATE_INLINE void put(std::uint16_t* to, Floats value, bool) {
    const Words bits = reinterpret_cast<Words>(value);
    const Words rounded = (bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16;
#if defined(__AVX512BW__)
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm512_cvtepi32_epi16(reinterpret_cast<__m512i>(rounded)));
#elif defined(__AVX2__)
    const __m256i packed = _mm256_packus_epi32(reinterpret_cast<__m256i>(rounded), _mm256_setzero_si256());
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm256_castsi256_si128(_mm256_permute4x64_epi64(packed, 0x08)));
#else
    const HalfWords halves = __builtin_convertvector(rounded, HalfWords);
    std::memcpy(to, &halves, sizeof halves);
#endif
}
FLOWERABLATE_INLINE void put(std::uint16_t* to, float value) {
    std::uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    *to = static_cast<std::uint16_t>((bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16);
}

#if defined(__AVX512F__)
FLOWERABLATE_INLINE void put_past_caches(float* to, Floats value) {
    _mm512_stream_ps(to, reinterpret_cast<__m512>(value));
}
FLOWERABLATE_INLINE Floats multiply_add(Floats a, Floats b, Floats c) {
    return reinterpret_cast<Floats>(
        _mm512_fmadd_ps(reinterpret_cast<__m512>(a), reinterpret_cast<__m512>(b), reinterpret_cast<__m512>(c)));
}
#elif defined(__AVX2__)
FLOWERABLATE_INLINE void put_past_caches(float* to, Floats value) {
    _mm256_stream_ps(to, reinterpret_cast<__m256>(value));
}
FLOWERABLATE_INLINE Floats multiply_add(Floats a, Floats b, Floats c) {
    return reinterpret_cast<Floats>(
        _mm256_fmadd_ps(reinterpret_cast<__m256>(a), reinterpret_cast<__m256>(b), reinterpret_cast<__m256>(c)));
}
#elif defined(__x86_64__)
FLOWERABLATE_INLINE void put_past_caches(float* to, Floats value) {
    _mm_stream_ps(to, reinterpret_cast<__m128>(value));
}
#else
FLOWERABLATE_INLINE void put_past_caches(float* to, Floats value) { store_vector(to, value); }
#endif
FLOWERABLATE_INLINE void put_past_caches(std::uint16_t* to, Floats value) { put(to, value, true); }

// `T` is float or Floats.
template <Norm N, typename T>
FLOWERABLATE_INLINE T finished(T value, float scale, T mean, T std, T inverse) {
    value = value * scale;
    if constexpr (N == Norm::kNone) return value;
    value = value - mean;
#if defined(__FMA__)
    if constexpr (N == Norm::kMultiply && sizeof(T) > sizeof(float)) {
        // A quotient that is off by at most one unit in the last place becomes the correctly rounded one (Markstein,
        // 1990).
        const T quotient = value * inverse;
        return multiply_add(multiply_add(-quotient, std, value), inverse, quotient);
    }
#endif
    (void)inverse;
    return value / std;
}

template <typename S>
constexpr float kScale = sizeof(S) == 1 ? 1.0f / 255.0f : 1.0f / 65535.0f;

template <Norm N, bool Streams, typename S, typename T>
void plane_row(const S* source, T* target, int width, const OutputJob& job, int channel) {
    const float mean = N != Norm::kNone ? job.mean[channel] : 0.0f, std = N != Norm::kNone ? job.std[channel] : 1.0f;
    const float inverse = N == Norm::kMultiply ? job.inverse[channel] : 0.0f;
    const Floats means = Floats{} + mean, stds = Floats{} + std, inverses = Floats{} + inverse;
    int x = 0;
    for (; x + kFloats <= width; x += kFloats) {
        const Floats value = finished<N>(load_floats(source + x), kScale<S>, means, stds, inverses);
        if constexpr (Streams) {
            put_past_caches(target + x, value);
        } else {
            put(target + x, value, true);
        }
    }
    for (; x < width; ++x) {
        put(target + x, finished<N>(static_cast<float>(source[x]), kScale<S>, mean, std, inverse));
    }
}

template <Norm N, bool Streams, typename S, typename T>
void interleaved_row(const S* source, T* target, const OutputJob& job) {
    float mean[kPeriod], std[kPeriod], inverse[kPeriod];
    for (int i = 0; i < kPeriod; ++i) {
        mean[i] = N != Norm::kNone ? job.mean[i % job.channels] : 0.0f;
        std[i] = N != Norm::kNone ? job.std[i % job.channels] : 1.0f;
        inverse[i] = N == Norm::kMultiply ? job.inverse[i % job.channels] : 0.0f;
    }
    const std::ptrdiff_t values = static_cast<std::ptrdiff_t>(job.width) * job.channels;
    std::ptrdiff_t x = 0;
    for (; x + kPeriod <= values; x += kPeriod) {
        for (int i = 0; i < kPeriod; i += kFloats) {
            const Floats value = finished<N>(load_floats(source + x + i), kScale<S>, load_vector(mean + i),
                                             load_vector(std + i), load_vector(inverse + i));
            if constexpr (Streams) {
                put_past_caches(target + x + i, value);
            } else {
                put(target + x + i, value, true);
            }
        }
    }
    for (int i = 0; x < values; ++x, ++i) {
        put(target + x, finished<N>(static_cast<float>(source[x]), kScale<S>, mean[i], std[i], inverse[i]));
    }
}

// Splits a row into planes of `pitch` bytes.
template <int Channels, typename S>
void split_row(const S* source, S* planes, std::ptrdiff_t pitch, int width) {
    for (int x = 0; x < width; ++x) {
        for (int plane = 0; plane < Channels; ++plane) {
            planes[plane * pitch + x] = source[static_cast<std::ptrdiff_t>(x) * Channels + plane];
        }
    }
}

// A row after tables, written to `changed` if there are any.
FLOWERABLATE_INLINE const std::uint8_t* changed_row(const OutputJob& job, const std::uint8_t* source,
                                                    std::uint8_t* changed) {
    if (!job.tables) return source;
    color_kernels.look_up(source, changed, job.width, job.channels, job.tables);
    return changed;
}

template <Norm N, bool Streams, typename S, typename T>
void output_typed(const OutputJob& job, T* target) {
    S* const planes = reinterpret_cast<S*>(job.work);
    std::uint8_t* const changed = job.work + static_cast<std::ptrdiff_t>(job.width) * job.channels * sizeof(S);
    for (int y = 0; y < job.height; ++y) {
        const std::uint8_t* row = job.source + y * job.source_stride;
        if constexpr (sizeof(S) == 1) row = changed_row(job, row, changed);
        const S* source = reinterpret_cast<const S*>(row);
        const std::ptrdiff_t first = static_cast<std::ptrdiff_t>(y) * job.width;
        if (job.channels_last || job.channels == 1) {
            interleaved_row<N, Streams>(source, target + first * job.channels, job);
            continue;
        }
        if (job.channels == 3) {
            if constexpr (sizeof(S) == 1) {
                split_pixels<3>(source, planes, job.width, job.width);
            } else {
                split_row<3>(source, planes, job.width, job.width);
            }
        } else {
            split_row<4>(source, planes, job.width, job.width);
        }
        for (int channel = 0; channel < job.channels; ++channel) {
            plane_row<N, Streams>(planes + static_cast<std::ptrdiff_t>(channel) * job.width,
                                  target + channel * job.plane + first, job.width, job, channel);
        }
    }
}

template <typename S, typename T>
void output_of(const OutputJob& job, T* target) {
    if (!job.mean) return output_typed<Norm::kNone, false, S>(job, target);
    if (!job.inverse || sizeof(S) != 1) return output_typed<Norm::kDivide, false, S>(job, target);
    output_typed<Norm::kMultiply, false, S>(job, target);
}

// Whether all rows that output() writes begin where whole vectors may be written past the caches.
bool can_stream(const OutputJob& job) {
    const bool interleaved = job.channels_last || job.channels == 1;
    const std::ptrdiff_t row = static_cast<std::ptrdiff_t>(job.width) * (interleaved ? job.channels : 1);
    return job.streams && job.floats && job.itemsize == 1 && row % kFloats == 0 &&
           reinterpret_cast<std::uintptr_t>(job.floats) % kWidth == 0 && (interleaved || job.plane % kFloats == 0);
}

}  // namespace

std::ptrdiff_t output_work_bytes(const OutputJob& job) {
    return 2 * static_cast<std::ptrdiff_t>(job.width) * job.channels * job.itemsize;
}

void output(const OutputJob& job) {
    if (can_stream(job) && job.inverse) return output_typed<Norm::kMultiply, true, std::uint8_t>(job, job.floats);
    if (job.bfloats) {
        return job.itemsize == 1 ? output_of<std::uint8_t>(job, job.bfloats)
                                 : output_of<std::uint16_t>(job, job.bfloats);
    }
    job.itemsize == 1 ? output_of<std::uint8_t>(job, job.floats) : output_of<std::uint16_t>(job, job.floats);
}

}  // namespace flowerablate::FLOWERABLATE_ISA
