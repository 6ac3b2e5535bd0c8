// Mirrored rows.
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

// Sixteen bytes at a time: five pixels of three channels, or four of four.
template <int Channels>
int flip_vector(const std::uint8_t* source, std::uint8_t* target, int width) {
    constexpr int kPixels = 16 / Channels;
    __m128i shuffle;
    if constexpr (Channels == 1) {
        shuffle = _mm_setr_epi8(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    } else if constexpr (Channels == 3) {
        shuffle = _mm_setr_epi8(12, 13, 14, 9, 10, 11, 6, 7, 8, 3, 4, 5, 0, 1, 2, 15);
    } else {
        shuffle = _mm_setr_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
    }
    int x = 0;
    for (; x + kPixels < width; x += kPixels) {
        const std::uint8_t* from = source + static_cast<std::ptrdiff_t>(width - kPixels - x) * Channels;
        // with three channels, the sixteenth byte belongs to the pixel behind; at the row's end it would be outside
        const __m128i pixels = Channels == 3 ? _mm_srli_si128(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from - 1)), 1)
                                             : _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(target + static_cast<std::ptrdiff_t>(x) * Channels),
                         _mm_shuffle_epi8(pixels, shuffle));
    }
    return x;
}

#endif

}  // namespace

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

}  // namespace flowerablate::FLOWERABLATE_ISA
