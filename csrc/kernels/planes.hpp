// Interleaved pixels to planes and back, for loops that need the channels of a pixel side by side. Nothing is read or
// written after the last pixel.
#pragma once

#include "kernels/lanes.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

#if defined(__AVX2__)

FLOWERABLATE_INLINE __m128i load_16(const std::uint8_t* from) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}

FLOWERABLATE_INLINE void store_16(std::uint8_t* to, __m128i value) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), value);
}

#endif

#if defined(__AVX512VBMI__)

constexpr int kPixels = 64;  // in a block

// Where the bytes of 64 pixels of three channels go. A byte of a plane comes from one of the first two vectors (index
// below 128) or from the third; a byte of the pixels from red and green, or from blue.
struct Routes {
    alignas(64) std::uint8_t first[3][64], third[3][64], red_green[3][64], blue[3][64];
    std::uint64_t from_third[3], from_blue[3];
};

constexpr Routes make_routes() {
    Routes routes{};
    for (int plane = 0; plane < 3; ++plane) {
        for (int i = 0; i < 64; ++i) {
            const int at = 3 * i + plane;
            routes.first[plane][i] = static_cast<std::uint8_t>(at & 127);
            routes.third[plane][i] = static_cast<std::uint8_t>(at & 63);
            if (at >= 128) routes.from_third[plane] |= std::uint64_t{1} << i;
        }
    }
    for (int vector = 0; vector < 3; ++vector) {
        for (int i = 0; i < 64; ++i) {
            const int at = 64 * vector + i;
            routes.red_green[vector][i] = static_cast<std::uint8_t>(at / 3 + (at % 3 == 1 ? 64 : 0));
            routes.blue[vector][i] = static_cast<std::uint8_t>(at / 3);
            if (at % 3 == 2) routes.from_blue[vector] |= std::uint64_t{1} << i;
        }
    }
    return routes;
}

static constexpr Routes kRoutes = make_routes();

FLOWERABLATE_INLINE void split_block(const std::uint8_t* source, std::uint8_t* planes, std::ptrdiff_t pitch) {
    const __m512i a = _mm512_loadu_si512(source), b = _mm512_loadu_si512(source + 64),
                  c = _mm512_loadu_si512(source + 128);
    for (int plane = 0; plane < 3; ++plane) {
        const __m512i bytes = _mm512_permutex2var_epi8(a, _mm512_load_si512(kRoutes.first[plane]), b);
        _mm512_storeu_si512(
            planes + plane * pitch,
            _mm512_mask_permutexvar_epi8(bytes, kRoutes.from_third[plane], _mm512_load_si512(kRoutes.third[plane]), c));
    }
}

FLOWERABLATE_INLINE void join_block(const std::uint8_t* planes, std::ptrdiff_t pitch, std::uint8_t* target) {
    const __m512i red = _mm512_loadu_si512(planes), green = _mm512_loadu_si512(planes + pitch);
    const __m512i blue = _mm512_loadu_si512(planes + 2 * pitch);
    for (int vector = 0; vector < 3; ++vector) {
        const __m512i bytes = _mm512_permutex2var_epi8(red, _mm512_load_si512(kRoutes.red_green[vector]), green);
        _mm512_storeu_si512(target + 64 * vector,
                            _mm512_mask_permutexvar_epi8(bytes, kRoutes.from_blue[vector],
                                                         _mm512_load_si512(kRoutes.blue[vector]), blue));
    }
}

#elif defined(__AVX2__)

constexpr int kPixels = 16;

struct Routes {
    alignas(16) std::int8_t split[3][3][16],
        join[3][3][16];  // [result][source]; -1 for bytes that come from another source
};

constexpr Routes make_routes() {
    Routes routes{};
    for (int result = 0; result < 3; ++result) {
        for (int source = 0; source < 3; ++source) {
            for (int i = 0; i < 16; ++i) {
                const int at = 3 * i + result, out = 16 * result + i;
                routes.split[result][source][i] = static_cast<std::int8_t>(at / 16 == source ? at % 16 : -1);
                routes.join[result][source][i] = static_cast<std::int8_t>(out % 3 == source ? out / 3 : -1);
            }
        }
    }
    return routes;
}

static constexpr Routes kRoutes = make_routes();

FLOWERABLATE_INLINE __m128i routed(const __m128i* parts, const std::int8_t routes[3][16]) {
    const auto one = [&](int i) {
        return _mm_shuffle_epi8(parts[i], _mm_load_si128(reinterpret_cast<const __m128i*>(routes[i])));
    };
    return _mm_or_si128(_mm_or_si128(one(0), one(1)), one(2));
}

FLOWERABLATE_INLINE void split_block(const std::uint8_t* source, std::uint8_t* planes, std::ptrdiff_t pitch) {
    const __m128i parts[3] = {load_16(source), load_16(source + 16), load_16(source + 32)};
    for (int plane = 0; plane < 3; ++plane) store_16(planes + plane * pitch, routed(parts, kRoutes.split[plane]));
}

FLOWERABLATE_INLINE void join_block(const std::uint8_t* planes, std::ptrdiff_t pitch, std::uint8_t* target) {
    const __m128i parts[3] = {load_16(planes), load_16(planes + pitch), load_16(planes + 2 * pitch)};
    for (int vector = 0; vector < 3; ++vector) store_16(target + 16 * vector, routed(parts, kRoutes.join[vector]));
}

#endif

// `count` pixels to planes that begin `pitch` bytes apart.
template <int Channels>
FLOWERABLATE_INLINE void split_pixels(const std::uint8_t* source, std::uint8_t* planes, std::ptrdiff_t pitch,
                                      int count) {
    int x = 0;
#if defined(__AVX2__)
    if constexpr (Channels == 3) {
        for (; x + kPixels <= count; x += kPixels) split_block(source + 3 * x, planes + x, pitch);
    }
#endif
    for (; x < count; ++x) {
        for (int c = 0; c < Channels; ++c) planes[c * pitch + x] = source[Channels * x + c];
    }
}

// The way back.
template <int Channels>
FLOWERABLATE_INLINE void join_pixels(const std::uint8_t* planes, std::ptrdiff_t pitch, std::uint8_t* target,
                                     int count) {
    int x = 0;
#if defined(__AVX2__)
    if constexpr (Channels == 3) {
        for (; x + kPixels <= count; x += kPixels) join_block(planes + x, pitch, target + 3 * x);
    }
#endif
    for (; x < count; ++x) {
        for (int c = 0; c < Channels; ++c) target[Channels * x + c] = planes[c * pitch + x];
    }
}

}  // namespace flowerablate::FLOWERABLATE_ISA
