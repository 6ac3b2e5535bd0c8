// Mirrored rows, and the table of the geometric kernels.
#include "kernels/kernels.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

namespace {

template <int Channels>
void flip_scalar(const std::uint8_t* source, std::uint8_t* target, int begin, int width) {
    for (int x = begin; x < width; ++x) {
        const std::uint8_t* from = source + static_cast<std::ptrdiff_t>(width - 1 - x) * Channels;
        std::uint8_t* to = target + static_cast<std::ptrdiff_t>(x) * Channels;
        for (int c = 0; c < Channels; ++c) to[c] = from[c];
    }
}

#if defined(__AVX2__)

// As many whole pixels as one vector holds, after `Before` bytes, in reversed order; with three channels, the bytes
// left over stay after.
template <int Channels, int Width, int Before = 0>
struct Reversed {
    alignas(64) std::uint8_t at[64] = {};
    constexpr Reversed() {
        constexpr int kPixels = Width / Channels;
        for (int i = 0; i < kPixels * Channels; ++i) {
            at[i] = static_cast<std::uint8_t>(Before + (kPixels - 1 - i / Channels) * Channels + i % Channels);
        }
    }
};

#endif

#if defined(__AVX512BW__)

// 64, 21 or 16 pixels at a time. With 3 channels, a byte before them is read with them, and one after is written, which
// the next pixels overwrite: masks would take longer.
template <int Channels>
int flip_vector(const std::uint8_t* source, std::uint8_t* target, int width) {
    constexpr int kPixels = 64 / Channels, kBytes = kPixels * Channels;
    constexpr __mmask64 kAll = ~std::uint64_t{0} >> (64 - kBytes);
    static constexpr Reversed<Channels, 64> kOrder{};
    const __m512i order = _mm512_load_si512(kOrder.at);
    const std::uint8_t* from = source + static_cast<std::ptrdiff_t>(width) * Channels;
    static constexpr Reversed<Channels, 64, 64 - kBytes> kOrderBehind{};
    const __m512i order_behind = _mm512_load_si512(kOrderBehind.at);
    int x = 0;
    for (; x + kPixels < width; x += kPixels, target += kBytes) {
        from -= kBytes;
        _mm512_storeu_si512(target, _mm512_permutexvar_epi8(order_behind, _mm512_loadu_si512(from - (64 - kBytes))));
    }
    // the pixels left over stand at the beginning of the source; reversed, they come last in the vector
    const int rest = (width - x) * Channels;
    const __m512i pixels = _mm512_maskz_loadu_epi8(~std::uint64_t{0} >> (64 - rest), source);
    _mm512_mask_storeu_epi8(target - (kBytes - rest), kAll & ~std::uint64_t{0} << (kBytes - rest),
                            _mm512_permutexvar_epi8(order, pixels));
    return width;
}

#elif defined(__AVX2__)

// Sixteen bytes at a time: five pixels of three channels, or four of four.
template <int Channels>
int flip_vector(const std::uint8_t* source, std::uint8_t* target, int width) {
    constexpr int kPixels = 16 / Channels;
    static constexpr Reversed<Channels, 16> kOrder{};
    const __m128i order = _mm_load_si128(reinterpret_cast<const __m128i*>(kOrder.at));
    int x = 0;
    for (; x + kPixels < width; x += kPixels) {
        const std::uint8_t* from = source + static_cast<std::ptrdiff_t>(width - kPixels - x) * Channels;
        // with three channels, the sixteenth byte belongs to the pixel after; at the row's end it would be outside
        const __m128i pixels = Channels == 3
                                   ? _mm_srli_si128(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from - 1)), 1)
                                   : _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(target + static_cast<std::ptrdiff_t>(x) * Channels),
                         _mm_shuffle_epi8(pixels, order));
    }
    return x;
}

#endif

void flip_row(const std::uint8_t* source, std::uint8_t* target, int width, int channels) {
    int begin = 0;
#if defined(__AVX2__)
    if (channels == 1) begin = flip_vector<1>(source, target, width);
    if (channels == 3) begin = flip_vector<3>(source, target, width);
    if (channels == 4) begin = flip_vector<4>(source, target, width);
#endif
    if (channels == 1) return flip_scalar<1>(source, target, begin, width);
    if (channels == 3) return flip_scalar<3>(source, target, begin, width);
    flip_scalar<4>(source, target, begin, width);
}

}  // namespace

const GeometryKernels geometry_kernels = {
    .warp_run = warp_run,
    .warp_points = warp_points,
    .place_points = place_points,
    .project_row = project_row,
    .float_row = float_row,
    .float_column = float_column,
    .flip_row = flip_row,
};

}  // namespace flowerablate::FLOWERABLATE_ISA
