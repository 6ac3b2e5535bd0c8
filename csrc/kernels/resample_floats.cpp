// The two passes of a separable resampling in float32. Sums run over the taps in order, so all instruction sets agree.
#include "kernels/kernels.hpp"
#include "kernels/pointwise.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

namespace {

// Brought to 0 ... `high`, and half a level up, so that cutting off rounds. `T` is float or a vector of floats.
template <typename T>
FLOWERABLATE_INLINE T raised_half(T value, float high) {
    const T low = T{}, max = low + high;
    const T raised = value > low ? value : low;
    return (raised < max ? raised : max) + 0.5f;
}

FLOWERABLATE_INLINE float whole(float value, float high) {
    return static_cast<float>(static_cast<std::int32_t>(raised_half(value, high)));
}

typedef float Four __attribute__((vector_size(16)));
typedef std::int32_t FourInts __attribute__((vector_size(16)));
typedef std::uint8_t FourBytes __attribute__((vector_size(4)));
typedef std::uint16_t FourWords __attribute__((vector_size(8)));

#if defined(__AVX2__)

FLOWERABLATE_INLINE Four load_four(const std::uint8_t* from) {
    std::int32_t values;
    std::memcpy(&values, from, sizeof values);
    return _mm_cvtepi32_ps(_mm_cvtepu8_epi32(_mm_cvtsi32_si128(values)));
}

FLOWERABLATE_INLINE Four load_four(const std::uint16_t* from) {
    return _mm_cvtepi32_ps(_mm_cvtepu16_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from))));
}

#else

FLOWERABLATE_INLINE Four load_four(const std::uint8_t* from) {
    FourBytes values;
    std::memcpy(&values, from, sizeof values);
    return __builtin_convertvector(__builtin_convertvector(values, FourInts), Four);
}

FLOWERABLATE_INLINE Four load_four(const std::uint16_t* from) {
    FourWords values;
    std::memcpy(&values, from, sizeof values);
    return __builtin_convertvector(__builtin_convertvector(values, FourInts), Four);
}

#endif

FLOWERABLATE_INLINE Four whole_four(Four value, float high) {
    return __builtin_convertvector(__builtin_convertvector(raised_half(value, high), FourInts), Four);
}

// Three or four channels of a pixel at a time; the fourth value may belong to the next pixel.
template <typename T, int Channels>
FLOWERABLATE_INLINE void pixels_of_colors(const T* source, float* target, const FloatTaps& taps, int begin, int end) {
    target += static_cast<std::ptrdiff_t>(begin) * Channels;
    for (int x = begin; x < end; ++x, target += Channels) {
        const T* from = source + taps.starts[x];
        const float* weight = taps.weights + static_cast<std::ptrdiff_t>(x) * taps.taps;
        Four sums = {};
        for (int tap = 0; tap < taps.taps; ++tap, from += Channels) sums += weight[tap] * load_four(from);
        if (sizeof(T) == 1) sums = whole_four(sums, 255.0f);
        std::memcpy(target, &sums, sizeof sums);
    }
}

#if defined(__AVX512VBMI__)

// Five pixels of three channels, or four of four, from a vector of the source that holds all their neighbours.
template <int Channels>
void row_of_blocks(const std::uint8_t* source, float* target, const FloatTaps& taps) {
    constexpr int kBlock = kFloats / Channels, kBytes = kWidth;
    alignas(kWidth) std::int32_t pixels[kFloats], channels[kFloats], weights[kFloats];
    for (int i = 0; i < kFloats; ++i) {
        pixels[i] = i / Channels;
        channels[i] = i % Channels;
        weights[i] = i / Channels * taps.taps;
    }
    const __m512i pixel = _mm512_load_si512(pixels), channel = _mm512_load_si512(channels);
    const __m512i step = _mm512_set1_epi32(Channels), one = _mm512_set1_epi32(1),
                  first_weights = _mm512_load_si512(weights);
    for (int x = 0; x < taps.count; x += kBlock) {
        const int end = min_int(x + kBlock, taps.count);
        const std::int32_t at = taps.starts[x], at_end = taps.starts[end - 1];
        const std::int32_t min = min_int(at, at_end), max = max_int(at, at_end);
        if (max - min + taps.taps * Channels > kBytes) {
            pixels_of_colors<std::uint8_t, Channels>(source, target, taps, x, end);
            continue;
        }
        const __m512i window = _mm512_loadu_si512(source + min);
        const __m512i starts = _mm512_permutexvar_epi32(pixel, _mm512_loadu_si512(taps.starts + x));
        __m512i place = _mm512_add_epi32(_mm512_sub_epi32(starts, _mm512_set1_epi32(min)), channel),
                weight_at = first_weights;
        const float* weight = taps.weights + static_cast<std::ptrdiff_t>(x) * taps.taps;
        const __m512 low = _mm512_loadu_ps(weight), high = _mm512_loadu_ps(weight + kFloats);
        Floats sums = {};
        for (int tap = 0; tap < taps.taps; ++tap) {
            const __m512i values = _mm512_maskz_permutexvar_epi8(0x1111111111111111u, place, window);
            const Floats factor = reinterpret_cast<Floats>(_mm512_permutex2var_ps(low, weight_at, high));
            sums += factor * __builtin_convertvector(reinterpret_cast<Ints>(values), Floats);
            place = _mm512_add_epi32(place, step);
            weight_at = _mm512_add_epi32(weight_at, one);
        }
        sums = __builtin_convertvector(__builtin_convertvector(raised_half(sums, 255.0f), Ints), Floats);
        const __mmask16 used = static_cast<__mmask16>((1u << (end - x) * Channels) - 1);
        _mm512_mask_storeu_ps(target + static_cast<std::ptrdiff_t>(x) * Channels, used, reinterpret_cast<__m512>(sums));
    }
}

#endif

template <typename T, int Channels>
void row_of_colors(const T* source, float* target, const FloatTaps& given) {
    const FloatTaps taps = given;
#if defined(__AVX512VBMI__)
    if constexpr (sizeof(T) == 1) {
        if (kFloats / Channels * taps.taps <= 2 * kFloats) return row_of_blocks<Channels>(source, target, taps);
    }
#endif
    pixels_of_colors<T, Channels>(source, target, taps, 0, taps.count);
}

// 8-bit values are rounded between the passes, as Pillow does it.
template <typename T, int Channels>
void row_of(const T* source, float* target, const FloatTaps& taps) {
    for (int x = 0; x < taps.count; ++x, target += Channels) {
        const T* from = source + taps.starts[x];
        const float* weight = taps.weights + static_cast<std::ptrdiff_t>(x) * taps.taps;
        float sums[Channels] = {};
        for (int tap = 0; tap < taps.taps; ++tap, from += Channels) {
            for (int c = 0; c < Channels; ++c) sums[c] += weight[tap] * static_cast<float>(from[c]);
        }
        for (int c = 0; c < Channels; ++c) target[c] = sizeof(T) == 1 ? whole(sums[c], 255.0f) : sums[c];
    }
}

template <typename T>
void row_of(const T* source, float* target, const FloatTaps& taps, int channels) {
    if (channels == 1) return row_of<T, 1>(source, target, taps);
    if (channels == 3) return row_of_colors<T, 3>(source, target, taps);
    row_of_colors<T, 4>(source, target, taps);
}

template <typename T>
void column_of(const float* const* rows, const float* weights, int taps, T* target, std::ptrdiff_t values, float high) {
    constexpr int kVectors = 4, kBlock = kVectors * kFloats;
    for (std::ptrdiff_t x = 0; x < values; x += kBlock) {
        Floats sums[kVectors] = {};
        for (int tap = 0; tap < taps; ++tap) {  // rows are readable beyond their end
            for (int i = 0; i < kVectors; ++i) sums[i] += weights[tap] * load_vector(rows[tap] + x + i * kFloats);
        }
        std::int32_t whole[kBlock];
        for (int i = 0; i < kVectors; ++i) {
            const Ints rounded = __builtin_convertvector(raised_half(sums[i], high), Ints);
            std::memcpy(whole + i * kFloats, &rounded, sizeof rounded);
        }
        const int count = values - x < kBlock ? static_cast<int>(values - x) : kBlock;
        if (count == kBlock) {
            for (int i = 0; i < kBlock; ++i) target[x + i] = static_cast<T>(whole[i]);
        } else {
            for (int i = 0; i < count; ++i) target[x + i] = static_cast<T>(whole[i]);
        }
    }
}

}  // namespace

void float_row(const std::uint8_t* source, float* target, const FloatTaps& taps, int channels, int itemsize) {
    if (itemsize == 1) return row_of(source, target, taps, channels);
    row_of(reinterpret_cast<const std::uint16_t*>(source), target, taps, channels);
}

void float_column(const float* const* rows, const float* weights, int taps, std::uint8_t* target, std::ptrdiff_t values,
                  int itemsize) {
    if (itemsize == 1) return column_of(rows, weights, taps, target, values, 255.0f);
    column_of(rows, weights, taps, reinterpret_cast<std::uint16_t*>(target), values, 65535.0f);
}

}  // namespace flowerablate::FLOWERABLATE_ISA
