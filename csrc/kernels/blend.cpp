// Luminance, saturation, sums of colours and their order.
#include "kernels/color_loops.hpp"
#include "kernels/pixels.hpp"
#include "kernels/wide.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

void grey(const std::uint8_t* source, std::uint8_t* target, int width, int channels) {
    each_color(source, target, width, channels, [](const Colors& in) {
        const Floats grey = luminance(in);
        return Colors{grey, grey, grey};
    });
}

void saturate(const std::uint8_t* source, std::uint8_t* target, int width, int channels, float factor) {
    const float rest = 1.0f - factor;
    each_color(source, target, width, channels, [factor, rest](const Colors& in) {
        const Floats grey = luminance(in) * rest, zero{}, full = zero + 255.0f;
        const auto blended = [&](Floats x) { return rounded(smaller(larger(x * factor + grey, zero), full)); };
        return Colors{blended(in.red), blended(in.green), blended(in.blue)};
    });
}

namespace {

#if defined(__x86_64__)

#if defined(__AVX512BW__)
FLOWERABLATE_INLINE Wide sums_of_eight(Wide bytes) { return _mm512_sad_epu8(bytes, wide_zero()); }
#elif defined(__AVX2__)
FLOWERABLATE_INLINE Wide sums_of_eight(Wide bytes) { return _mm256_sad_epu8(bytes, wide_zero()); }
#else
FLOWERABLATE_INLINE Wide sums_of_eight(Wide bytes) { return _mm_sad_epu8(bytes, wide_zero()); }
#endif

typedef std::uint64_t Longs __attribute__((vector_size(kWidth)));

template <int Channels>
void add_sums_of(const std::uint8_t* source, std::ptrdiff_t bytes, std::uint64_t* sums) {
    constexpr int kBlock = Channels == 3 ? 3 : 1, kColors = Channels == 1 ? 1 : 3;
    Bytes own[Channels];  // which bytes of a vector that begins with a pixel belong to each channel
    for (int c = 0; c < Channels; ++c) {
        for (int i = 0; i < kWidth; ++i) own[c][i] = i % Channels == c ? 255 : 0;
    }
    Longs totals[kColors] = {};
    const auto add = [&](const std::uint8_t* from) {
#pragma GCC unroll 3
        for (int v = 0; v < kBlock; ++v) {
            const Bytes values = load(from + v * kWidth);
#pragma GCC unroll 3
            for (int c = 0; c < kColors; ++c) {
                const Bytes mine = values & own[(c + 3 * kWidth - v * kWidth) % Channels];
                totals[c] += reinterpret_cast<Longs>(sums_of_eight(reinterpret_cast<Wide>(mine)));
            }
        }
    };
    std::ptrdiff_t i = 0;
    for (; i + kBlock * kWidth <= bytes; i += kBlock * kWidth) add(source + i);
    if (i < bytes) {
        alignas(kWidth) std::uint8_t rest[kBlock * kWidth] = {};
        std::memcpy(rest, source + i, static_cast<std::size_t>(bytes - i));
        add(rest);
    }
    for (int c = 0; c < kColors; ++c) {
        for (int lane = 0; lane < kWidth / 8; ++lane) sums[c] += totals[c][lane];
    }
}

#else

template <int Channels>
void add_sums_of(const std::uint8_t* source, std::ptrdiff_t bytes, std::uint64_t* sums) {
    for (std::ptrdiff_t i = 0; i < bytes; i += Channels) {
        for (int c = 0; c < (Channels == 1 ? 1 : 3); ++c) sums[c] += source[i + c];
    }
}

#endif

// Sixteen bytes of whole pixels at a time; a byte that is left over at the end stays for the next ones. (Longer vectors
// cross cache lines so often that they are slower.)
template <int Channels>
FLOWERABLATE_INLINE std::ptrdiff_t reorder_vectors(const std::uint8_t* source, std::uint8_t* target,
                                                   std::ptrdiff_t bytes, const int* order) {
    std::ptrdiff_t i = 0;
#if defined(__AVX2__)
    constexpr int kBytes = 16, kWhole = kBytes / Channels * Channels;
    alignas(kBytes) std::uint8_t from[kBytes];
    for (int k = 0; k < kBytes; ++k) {
        const int c = k % Channels;
        from[k] = static_cast<std::uint8_t>(k < kWhole && c < 3 ? k - c + order[c] : k);
    }
    const __m128i route = load_16(from);
    for (; i + kBytes <= bytes; i += kWhole) store_16(target + i, _mm_shuffle_epi8(load_16(source + i), route));
#else
    (void)source, (void)target, (void)bytes, (void)order;
#endif
    return i;
}

template <int Channels>
void reorder_of(const std::uint8_t* source, std::uint8_t* target, int width, const int* order) {
    const std::ptrdiff_t bytes = static_cast<std::ptrdiff_t>(width) * Channels;
    for (std::ptrdiff_t i = reorder_vectors<Channels>(source, target, bytes, order); i < bytes; i += Channels) {
        const std::uint8_t pixel[3] = {source[i + order[0]], source[i + order[1]], source[i + order[2]]};
        for (int c = 0; c < 3; ++c) target[i + c] = pixel[c];
        if (Channels == 4) target[i + 3] = source[i + 3];
    }
}

}  // namespace

void add_sums(const std::uint8_t* source, int width, int channels, std::uint64_t* sums) {
    const std::ptrdiff_t bytes = static_cast<std::ptrdiff_t>(width) * channels;
    switch (channels) {
        case 1: return add_sums_of<1>(source, bytes, sums);
        case 3: return add_sums_of<3>(source, bytes, sums);
        default: return add_sums_of<4>(source, bytes, sums);
    }
}

void reorder(const std::uint8_t* source, std::uint8_t* target, int width, int channels, const int* order) {
    channels == 3 ? reorder_of<3>(source, target, width, order) : reorder_of<4>(source, target, width, order);
}

}  // namespace flowerablate::FLOWERABLATE_ISA
