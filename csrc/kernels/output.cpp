// The last pass: interleaved bytes to float32, planar or interleaved.
#include "kernels/kernels.hpp"
#include "kernels/pointwise.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

namespace {

constexpr float kScale = 1.0f / 255.0f;

// Interleaved rows repeat a pattern of 3 channels only every 48 values, which is a whole number of vectors.
constexpr int kPeriod = 48;

// `T` is float or Floats.
template <bool Adjust, bool Normalize, typename T>
FLOWERABLATE_INLINE T finished(T value, float alpha, float beta, T mean, T std) {
    if constexpr (Adjust) value = adjusted(value, alpha, beta);
    value = value * kScale;
    if constexpr (Normalize) {
        value = value - mean;
        value = value / std;
    }
    return value;
}

template <bool Adjust, bool Normalize>
void plane_row(const std::uint8_t* source, float* target, int width, const OutputJob& job, int channel) {
    const float alpha = job.alpha, beta = job.beta;
    const float mean = Normalize ? job.mean[channel] : 0.0f, std = Normalize ? job.std[channel] : 1.0f;
    const Floats means = Floats{} + mean, stds = Floats{} + std;
    int x = 0;
    for (; x + kFloats <= width; x += kFloats) {
        store_vector(target + x, finished<Adjust, Normalize>(load_floats(source + x), alpha, beta, means, stds));
    }
    for (; x < width; ++x) {
        target[x] = finished<Adjust, Normalize>(static_cast<float>(source[x]), alpha, beta, mean, std);
    }
}

template <bool Adjust, bool Normalize>
void interleaved_row(const std::uint8_t* source, float* target, const OutputJob& job) {
    const float alpha = job.alpha, beta = job.beta;
    float mean[kPeriod], std[kPeriod];
    for (int i = 0; i < kPeriod; ++i) {
        mean[i] = Normalize ? job.mean[i % job.channels] : 0.0f;
        std[i] = Normalize ? job.std[i % job.channels] : 1.0f;
    }
    const std::ptrdiff_t values = static_cast<std::ptrdiff_t>(job.width) * job.channels;
    std::ptrdiff_t x = 0;
    for (; x + kPeriod <= values; x += kPeriod) {
        for (int i = 0; i < kPeriod; i += kFloats) {
            store_vector(target + x + i, finished<Adjust, Normalize>(load_floats(source + x + i), alpha, beta,
                                                                     load_vector(mean + i), load_vector(std + i)));
        }
    }
    for (int i = 0; x < values; ++x, ++i) {
        target[x] = finished<Adjust, Normalize>(static_cast<float>(source[x]), alpha, beta, mean[i], std[i]);
    }
}

// Splits a row into planes of `pitch` bytes.
template <int Channels>
void split_row(const std::uint8_t* source, std::uint8_t* planes, std::ptrdiff_t pitch, int width) {
    int x = 0;
#if defined(__AVX2__)
    if constexpr (Channels == 3) {
        // Sixteen pixels from three vectors: each plane collects its bytes from all three.
        const __m128i masks[3][3] = {
            {_mm_setr_epi8(0, 3, 6, 9, 12, 15, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1),
             _mm_setr_epi8(-1, -1, -1, -1, -1, -1, 2, 5, 8, 11, 14, -1, -1, -1, -1, -1),
             _mm_setr_epi8(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 1, 4, 7, 10, 13)},
            {_mm_setr_epi8(1, 4, 7, 10, 13, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1),
             _mm_setr_epi8(-1, -1, -1, -1, -1, 0, 3, 6, 9, 12, 15, -1, -1, -1, -1, -1),
             _mm_setr_epi8(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 2, 5, 8, 11, 14)},
            {_mm_setr_epi8(2, 5, 8, 11, 14, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1),
             _mm_setr_epi8(-1, -1, -1, -1, -1, 1, 4, 7, 10, 13, -1, -1, -1, -1, -1, -1),
             _mm_setr_epi8(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 3, 6, 9, 12, 15)}};
        for (; x + 16 <= width; x += 16) {
            const __m128i* from = reinterpret_cast<const __m128i*>(source + 3 * static_cast<std::ptrdiff_t>(x));
            const __m128i a = _mm_loadu_si128(from), b = _mm_loadu_si128(from + 1), c = _mm_loadu_si128(from + 2);
            for (int plane = 0; plane < 3; ++plane) {
                const __m128i bytes = _mm_or_si128(
                    _mm_or_si128(_mm_shuffle_epi8(a, masks[plane][0]), _mm_shuffle_epi8(b, masks[plane][1])),
                    _mm_shuffle_epi8(c, masks[plane][2]));
                _mm_storeu_si128(reinterpret_cast<__m128i*>(planes + plane * pitch + x), bytes);
            }
        }
    }
#endif
    for (; x < width; ++x) {
        for (int plane = 0; plane < Channels; ++plane) {
            planes[plane * pitch + x] = source[static_cast<std::ptrdiff_t>(x) * Channels + plane];
        }
    }
}

template <bool Adjust, bool Normalize>
void output_typed(const OutputJob& job) {
    const std::ptrdiff_t area = static_cast<std::ptrdiff_t>(job.height) * job.width;
    for (int y = 0; y < job.height; ++y) {
        const std::uint8_t* source = job.source + y * job.source_stride;
        const std::ptrdiff_t first = static_cast<std::ptrdiff_t>(y) * job.width;
        if (job.channels_last || job.channels == 1) {
            interleaved_row<Adjust, Normalize>(source, job.target + first * job.channels, job);
            continue;
        }
        if (job.channels == 3) {
            split_row<3>(source, job.work, job.width, job.width);
        } else {
            split_row<4>(source, job.work, job.width, job.width);
        }
        for (int channel = 0; channel < job.channels; ++channel) {
            plane_row<Adjust, Normalize>(job.work + static_cast<std::ptrdiff_t>(channel) * job.width,
                                         job.target + channel * area + first, job.width, job, channel);
        }
    }
}

}  // namespace

std::ptrdiff_t output_work_bytes(int width, int channels) { return static_cast<std::ptrdiff_t>(width) * channels; }

void output(const OutputJob& job) {
    if (job.adjust) return job.normalize ? output_typed<true, true>(job) : output_typed<true, false>(job);
    job.normalize ? output_typed<false, true>(job) : output_typed<false, false>(job);
}

}  // namespace flowerablate::FLOWERABLATE_ISA
