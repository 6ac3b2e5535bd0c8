// Bilinear and nearest sampling along lines through the source, and at single places.
//
// All paths do the same whole-number arithmetic on values times 2^7, which fit 16 bits: a + round((b - a) * fraction), first
// down, then across, with fractions of 15 bits; then the value is rounded. That is within 1/50 of the exact one before the last
// rounding.
#include "kernels/kernels.hpp"
#include "kernels/warp_lines.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

namespace {

FLOWERABLATE_INLINE std::int32_t fraction(std::int64_t position) {
    return static_cast<std::int32_t>(position >> 17) & 32767;
}

FLOWERABLATE_INLINE std::int32_t between(std::int32_t a, std::int32_t b, std::int32_t part) {
    return a + (((b - a) * part + (1 << 14)) >> 15);
}

// The value of a pixel whose upper left neighbour is `at`.
FLOWERABLATE_INLINE std::uint8_t interpolated(const std::uint8_t* at, std::ptrdiff_t right, std::ptrdiff_t below,
                                              std::int32_t across, std::int32_t down) {
    const std::int32_t left = between(at[0] << 7, at[below] << 7, down);
    const std::int32_t other = between(at[right] << 7, at[right + below] << 7, down);
    return static_cast<std::uint8_t>((between(left, other, across) + 64) >> 7);
}

// 16-bit values get the exact sum of products, rounded once.
FLOWERABLATE_INLINE std::uint16_t interpolated(const std::uint16_t* at, std::ptrdiff_t right, std::ptrdiff_t below,
                                               std::int32_t across, std::int32_t down) {
    const std::int64_t left = std::int64_t{at[0]} * (32768 - down) + std::int64_t{at[below]} * down;
    const std::int64_t other = std::int64_t{at[right]} * (32768 - down) + std::int64_t{at[right + below]} * down;
    return static_cast<std::uint16_t>((left * (32768 - across) + other * across + (std::int64_t{1} << 29)) >> 30);
}

// All of a run from pixel `begin` on, one by one. `T` is the type of a value; offsets count values.
template <typename T, int Channels>
void run_scalar(const WarpRun& run, int begin) {
    constexpr std::ptrdiff_t kBytes = sizeof(T);
    std::int64_t x = run.x + begin * run.dx, y = run.y + begin * run.dy;
    const std::ptrdiff_t right = run.right / kBytes, below = run.below / kBytes;
    T* to = reinterpret_cast<T*>(run.target) + static_cast<std::ptrdiff_t>(begin) * Channels;
    for (int i = begin; i < run.count; ++i, x += run.dx, y += run.dy, to += Channels) {
        const T* at = reinterpret_cast<const T*>(run.source + (y >> 32) * run.stride + (x >> 32) * (Channels * kBytes));
        if (run.nearest) {
            at += (x >> 31 & 1) * right + (y >> 31 & 1) * below;
            for (int c = 0; c < Channels; ++c) to[c] = at[c];
        } else {
            const std::int32_t across = fraction(x), down = fraction(y);
            for (int c = 0; c < Channels; ++c) to[c] = interpolated(at + c, right, below, across, down);
        }
    }
}

// Nearest pixels of 8-bit values, none of them beyond a seam; four bytes at a time where there are three channels.
template <int Channels>
void run_nearest(const WarpRun& given) {
    const WarpRun run = given;  // a copy, because the bytes that are written might alias the original
    constexpr std::int64_t kHalf = std::int64_t{1} << 31;
    constexpr std::size_t kBytes = Channels == 1 ? 1 : 4;
    std::int64_t x = run.x + kHalf, y = run.y + kHalf;
    std::uint8_t* to = run.target;
    for (int i = 0; i < run.count; ++i, x += run.dx, y += run.dy, to += Channels) {
        std::memcpy(to, run.source + (y >> 32) * run.stride + (x >> 32) * Channels, kBytes);
    }
}

template <typename T, int Channels>
void points_scalar(const WarpPoints& points, int begin) {
    constexpr std::ptrdiff_t kBytes = sizeof(T);
    const std::ptrdiff_t right = points.right / kBytes, below = points.below / kBytes;
    T* to = reinterpret_cast<T*>(points.target) + static_cast<std::ptrdiff_t>(begin) * Channels;
    for (int i = begin; i < points.count; ++i, to += Channels) {
        const T* at = reinterpret_cast<const T*>(points.source + points.offsets[i]);
        for (int c = 0; c < Channels; ++c) {
            to[c] = interpolated(at + c, right, below, points.across[i], points.down[i]);
        }
    }
}

#if defined(__AVX2__)

// Byte offsets of pixels in memory: volatile, because single loads are faster than taking a vector apart.
typedef const volatile std::int32_t* Offsets;

FLOWERABLATE_INLINE __m128i load_pair(const std::uint8_t* from) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}

// Eight pixels of one byte and their right neighbours.
FLOWERABLATE_INLINE __m128i eight_pairs(const std::uint8_t* base, Offsets offsets) {
    const auto pair = [&](int i) __attribute__((always_inline)) {
        std::uint16_t value;
        std::memcpy(&value, base + offsets[i], sizeof value);
        return static_cast<int>(value);
    };
    __m128i pairs = _mm_cvtsi32_si128(pair(0));
    pairs = _mm_insert_epi16(pairs, pair(1), 1);
    pairs = _mm_insert_epi16(pairs, pair(2), 2);
    pairs = _mm_insert_epi16(pairs, pair(3), 3);
    pairs = _mm_insert_epi16(pairs, pair(4), 4);
    pairs = _mm_insert_epi16(pairs, pair(5), 5);
    pairs = _mm_insert_epi16(pairs, pair(6), 6);
    return _mm_insert_epi16(pairs, pair(7), 7);
}

// Where in 16 bytes the values of a pixel and its right neighbour are, as the upper halves of eight words.
template <int Channels>
FLOWERABLATE_INLINE __m128i word_shuffle() {
    if constexpr (Channels == 3) return _mm_setr_epi8(-1, 0, -1, 1, -1, 2, -1, -1, -1, 3, -1, 4, -1, 5, -1, -1);
    return _mm_setr_epi8(-1, 0, -1, 1, -1, 2, -1, 3, -1, 4, -1, 5, -1, 6, -1, 7);
}

#endif

#if defined(__AVX512BW__)

constexpr int kBlock = 16;  // pixels at a time

FLOWERABLATE_INLINE __m512i four_loads(const std::uint8_t* base, Offsets offsets) {
    const __m256i low = _mm256_inserti128_si256(_mm256_castsi128_si256(load_pair(base + offsets[0])),
                                                load_pair(base + offsets[2]), 1);
    const __m256i high = _mm256_inserti128_si256(_mm256_castsi128_si256(load_pair(base + offsets[4])),
                                                 load_pair(base + offsets[6]), 1);
    return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

FLOWERABLATE_INLINE __m512i blend(__m512i a, __m512i b, __m512i part) {
    return _mm512_add_epi16(a, _mm512_mulhrs_epi16(_mm512_sub_epi16(b, a), part));
}

FLOWERABLATE_INLINE __m256i blend(__m256i a, __m256i b, __m256i part) {
    return _mm256_add_epi16(a, _mm256_mulhrs_epi16(_mm256_sub_epi16(b, a), part));
}
FLOWERABLATE_INLINE __m256i left_words(__m256i pairs) { return _mm256_srli_epi16(_mm256_slli_epi16(pairs, 8), 1); }
FLOWERABLATE_INLINE __m256i right_words(__m256i pairs) {
    return _mm256_and_si256(_mm256_srli_epi16(pairs, 1), _mm256_set1_epi16(0x7F80));
}

// Every other one of eight pixels from offsets[0] on, with their right neighbours: eight words each, interpolated downwards.
template <int Channels>
FLOWERABLATE_INLINE __m512i columns(const std::uint8_t* source, std::ptrdiff_t below, Offsets offsets,
                                    __m512i down) {
    const __m512i shuffle = _mm512_broadcast_i32x4(word_shuffle<Channels>());
    const __m512i top = _mm512_srli_epi16(_mm512_shuffle_epi8(four_loads(source, offsets), shuffle), 1);
    const __m512i bottom = _mm512_srli_epi16(_mm512_shuffle_epi8(four_loads(source + below, offsets), shuffle), 1);
    return blend(top, bottom, down);
}

// Indices of the words that hold the fractions (of 32 bits each) of pixels `first`, first + step, ...: `each` times every one.
FLOWERABLATE_INLINE __m512i spread(__m512i fractions, int first, int step, int each) {
    alignas(64) std::int16_t at[32];
    for (int i = 0; i < 32; ++i) at[i] = static_cast<std::int16_t>(2 * (first + i / each * step));
    return _mm512_permutexvar_epi16(_mm512_load_si512(at), fractions);
}

template <int Channels, int First>
FLOWERABLATE_INLINE __m512i eight_words(const std::uint8_t* source, std::ptrdiff_t below, Offsets offsets,
                                        __m512i across, __m512i down) {
    const __m512i even = columns<Channels>(source, below, offsets + First, spread(down, First, 2, 8));
    const __m512i odd = columns<Channels>(source, below, offsets + First + 1, spread(down, First + 1, 2, 8));
    const __m512i value = blend(_mm512_unpacklo_epi64(even, odd), _mm512_unpackhi_epi64(even, odd),
                                spread(across, First, 1, 4));
    return _mm512_srai_epi16(_mm512_add_epi16(value, _mm512_set1_epi16(64)), 7);
}

// Where block() finds the values of its pixels in their order.
template <int Channels>
struct Compact {
    alignas(64) std::uint8_t at[64] = {};
    constexpr Compact() {
        for (int i = 0; i < kBlock; ++i) {
            for (int c = 0; c < Channels; ++c) {
                at[i * Channels + c] = static_cast<std::uint8_t>(i % 8 / 2 * 16 + i / 8 * 8 + i % 2 * 4 + c);
            }
        }
    }
};

// Grey: a word for each pixel.
FLOWERABLATE_INLINE void grey_block(const std::uint8_t* source, std::ptrdiff_t below, Offsets offsets, __m512i across,
                                    __m512i down, std::uint8_t* target) {
    const auto pairs = [&](const std::uint8_t* base) __attribute__((always_inline)) {
        return _mm256_inserti128_si256(_mm256_castsi128_si256(eight_pairs(base, offsets)),
                                       eight_pairs(base, offsets + 8), 1);
    };
    const __m256i top = pairs(source), bottom = pairs(source + below), fraction = _mm512_cvtepi32_epi16(down);
    const __m256i left = blend(left_words(top), left_words(bottom), fraction);
    const __m256i right = blend(right_words(top), right_words(bottom), fraction);
    const __m256i value = blend(left, right, _mm512_cvtepi32_epi16(across));
    const __m256i words = _mm256_srai_epi16(_mm256_add_epi16(value, _mm256_set1_epi16(64)), 7);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(target), _mm256_cvtepi16_epi8(words));
}

template <int Channels>
FLOWERABLATE_INLINE void block(const std::uint8_t* source, std::ptrdiff_t below, Offsets offsets,
                               __m512i across, __m512i down, std::uint8_t* target) {
    if constexpr (Channels == 1) return grey_block(source, below, offsets, across, down, target);
    const __m512i low = eight_words<Channels, 0>(source, below, offsets, across, down);
    const __m512i high = eight_words<Channels, 8>(source, below, offsets, across, down);
    const __m512i bytes = _mm512_packus_epi16(low, high);  // in each 16 bytes: pixels 2i, 2i + 1, 8 + 2i, 9 + 2i
    static constexpr Compact<Channels> kOrder{};
    _mm512_storeu_si512(target, _mm512_permutexvar_epi8(_mm512_load_si512(kOrder.at), bytes));
}

template <int Channels>
void run_vector(const WarpRun& given) {
    const WarpRun run = given;  // a copy, because the bytes that are written might alias the original
    const __m512i lanes = _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7);
    const __m512i whole = _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
    const __m512i rest = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    const __m512i stride = _mm512_set1_epi32(static_cast<std::int32_t>(run.stride)), step = _mm512_set1_epi32(Channels);
    const auto one_block = [&](__m512i x0, __m512i x1, __m512i y0, __m512i y1, std::uint8_t* target) __attribute__((always_inline)) {
        const __m512i column = _mm512_permutex2var_epi32(x0, whole, x1), row = _mm512_permutex2var_epi32(y0, whole, y1);
        alignas(64) std::int32_t offsets[kBlock];
        _mm512_store_si512(offsets, _mm512_add_epi32(_mm512_mullo_epi32(row, stride), _mm512_mullo_epi32(column, step)));
        const __m512i across = _mm512_srli_epi32(_mm512_permutex2var_epi32(x0, rest, x1), 17);
        const __m512i down = _mm512_srli_epi32(_mm512_permutex2var_epi32(y0, rest, y1), 17);
        block<Channels>(run.source, run.below, offsets, across, down, target);
    };
    const auto places = [&](std::int64_t start, std::int64_t by, __m512i lane) {
        return _mm512_add_epi64(_mm512_set1_epi64(start), _mm512_mullo_epi64(_mm512_set1_epi64(by), lane));
    };
    __m512i x0 = places(run.x, run.dx, lanes), y0 = places(run.y, run.dy, lanes);
    const __m512i x8 = _mm512_set1_epi64(8 * run.dx), y8 = _mm512_set1_epi64(8 * run.dy);
    int i = 0;
    std::uint8_t* to = run.target;
    for (; i + kBlock <= run.count; i += kBlock, to += kBlock * Channels) {
        const __m512i x1 = _mm512_add_epi64(x0, x8), y1 = _mm512_add_epi64(y0, y8);
        one_block(x0, x1, y0, y1, to);
        x0 = _mm512_add_epi64(x1, x8);
        y0 = _mm512_add_epi64(y1, y8);
    }
    if (i == run.count) return;
    // the last place again and again, so that nothing outside is read
    const __m512i last = _mm512_set1_epi64(run.count - 1 - i), more = _mm512_add_epi64(lanes, _mm512_set1_epi64(8));
    const __m512i low = _mm512_min_epi64(lanes, last), high = _mm512_min_epi64(more, last);
    const std::int64_t x = run.x + i * run.dx, y = run.y + i * run.dy;
    one_block(places(x, run.dx, low), places(x, run.dx, high), places(y, run.dy, low), places(y, run.dy, high), to);
}

FLOWERABLATE_INLINE __m512i load_fractions(const std::int32_t* from) { return _mm512_loadu_si512(from); }

#elif defined(__AVX2__)

constexpr int kBlock = 8;

FLOWERABLATE_INLINE __m256i two_loads(const std::uint8_t* base, Offsets offsets) {
    return _mm256_inserti128_si256(_mm256_castsi128_si256(load_pair(base + offsets[0])), load_pair(base + offsets[4]), 1);
}

FLOWERABLATE_INLINE __m256i blend(__m256i a, __m256i b, __m256i part) {
    return _mm256_add_epi16(a, _mm256_mulhrs_epi16(_mm256_sub_epi16(b, a), part));
}

// Pixels `Low` and Low + 4 of eight with their right neighbours: eight words each, interpolated downwards.
template <int Channels, int Low>
FLOWERABLATE_INLINE __m256i columns(const std::uint8_t* source, std::ptrdiff_t below, Offsets offsets,
                                    __m256i down) {
    const __m256i shuffle = _mm256_broadcastsi128_si256(word_shuffle<Channels>());
    const __m256i top = _mm256_srli_epi16(_mm256_shuffle_epi8(two_loads(source, offsets + Low), shuffle), 1);
    const __m256i bottom = _mm256_srli_epi16(_mm256_shuffle_epi8(two_loads(source + below, offsets + Low), shuffle), 1);
    return blend(top, bottom, _mm256_shuffle_epi8(down, _mm256_set1_epi16(0x0100 + 0x0404 * Low)));
}

// Pixels Low, Low + 1, Low + 4 and Low + 5.
template <int Channels, int Low>
FLOWERABLATE_INLINE __m256i four_words(const std::uint8_t* source, std::ptrdiff_t below, Offsets offsets,
                                       __m256i across, __m256i down) {
    const __m256i even = columns<Channels, Low>(source, below, offsets, down);
    const __m256i odd = columns<Channels, Low + 1>(source, below, offsets, down);
    constexpr std::int64_t kFirst = 0x0100010001000100 + 0x0404040404040404 * std::int64_t{Low};
    const __m256i spread = _mm256_setr_epi64x(kFirst, kFirst + 0x0404040404040404, kFirst, kFirst + 0x0404040404040404);
    const __m256i value = blend(_mm256_unpacklo_epi64(even, odd), _mm256_unpackhi_epi64(even, odd),
                                _mm256_shuffle_epi8(across, spread));
    return _mm256_srai_epi16(_mm256_add_epi16(value, _mm256_set1_epi16(64)), 7);
}

// Grey: a word for each pixel.
FLOWERABLATE_INLINE void grey_block(const std::uint8_t* source, std::ptrdiff_t below, Offsets offsets, __m256i across,
                                    __m256i down, std::uint8_t* target) {
    const auto narrow = [](__m256i fractions) __attribute__((always_inline)) {
        return _mm_packs_epi32(_mm256_castsi256_si128(fractions), _mm256_extracti128_si256(fractions, 1));
    };
    const __m128i top = eight_pairs(source, offsets), bottom = eight_pairs(source + below, offsets);
    const auto blended = [](__m128i a, __m128i b, __m128i part) __attribute__((always_inline)) {
        return _mm_add_epi16(a, _mm_mulhrs_epi16(_mm_sub_epi16(b, a), part));
    };
    const auto left = [](__m128i pairs) { return _mm_srli_epi16(_mm_slli_epi16(pairs, 8), 1); };
    const auto right = [](__m128i pairs) { return _mm_and_si128(_mm_srli_epi16(pairs, 1), _mm_set1_epi16(0x7F80)); };
    const __m128i value = blended(blended(left(top), left(bottom), narrow(down)),
                                  blended(right(top), right(bottom), narrow(down)), narrow(across));
    const __m128i words = _mm_srai_epi16(_mm_add_epi16(value, _mm_set1_epi16(64)), 7);
    _mm_storel_epi64(reinterpret_cast<__m128i*>(target), _mm_packus_epi16(words, words));
}

template <int Channels>
FLOWERABLATE_INLINE void block(const std::uint8_t* source, std::ptrdiff_t below, Offsets offsets,
                               __m256i across, __m256i down, std::uint8_t* target) {
    if constexpr (Channels == 1) return grey_block(source, below, offsets, across, down, target);
    __m256i bytes = _mm256_packus_epi16(four_words<Channels, 0>(source, below, offsets, across, down),
                                        four_words<Channels, 2>(source, below, offsets, across, down));
    if constexpr (Channels == 3) {
        const __m128i compact = _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
        bytes = _mm256_shuffle_epi8(bytes, _mm256_broadcastsi128_si256(compact));
    }
    _mm_storeu_si128(reinterpret_cast<__m128i*>(target), _mm256_castsi256_si128(bytes));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(target + 4 * Channels), _mm256_extracti128_si256(bytes, 1));
}

// Positions of pixels 0, 1, 4, 5 and 2, 3, 6, 7, so that halves() finds them in order.
struct Positions {
    __m256i outer, inner;

    // `last`: the pixel that all behind it repeat, so that nothing outside is read.
    FLOWERABLATE_INLINE Positions from(std::int64_t start, std::int64_t step, int last) {
        std::int64_t at[8];
        for (int i = 0; i < 8; ++i) at[i] = start + min_int(i, last) * step;
        return {_mm256_setr_epi64x(at[0], at[1], at[4], at[5]), _mm256_setr_epi64x(at[2], at[3], at[6], at[7])};
    }
    FLOWERABLATE_INLINE __m256i whole(const Positions& at) {
        return _mm256_castps_si256(
            _mm256_shuffle_ps(_mm256_castsi256_ps(at.outer), _mm256_castsi256_ps(at.inner), 0xDD));
    }
    FLOWERABLATE_INLINE __m256i fractions(const Positions& at) {
        return _mm256_srli_epi32(_mm256_castps_si256(_mm256_shuffle_ps(_mm256_castsi256_ps(at.outer),
                                                                       _mm256_castsi256_ps(at.inner), 0x88)),
                                 17);
    }
};

template <int Channels>
void run_vector(const WarpRun& given) {
    const WarpRun run = given;  // a copy, because the bytes that are written might alias the original
    const __m256i stride = _mm256_set1_epi32(static_cast<std::int32_t>(run.stride)), step = _mm256_set1_epi32(Channels);
    const auto one_block = [&](const Positions& x, const Positions& y, std::uint8_t* target) __attribute__((always_inline)) {
        alignas(32) std::int32_t offsets[kBlock];
        _mm256_store_si256(reinterpret_cast<__m256i*>(offsets),
                           _mm256_add_epi32(_mm256_mullo_epi32(Positions::whole(y), stride),
                                            _mm256_mullo_epi32(Positions::whole(x), step)));
        block<Channels>(run.source, run.below, offsets, Positions::fractions(x), Positions::fractions(y), target);
    };
    Positions x = Positions::from(run.x, run.dx, run.count - 1), y = Positions::from(run.y, run.dy, run.count - 1);
    const __m256i x8 = _mm256_set1_epi64x(8 * run.dx), y8 = _mm256_set1_epi64x(8 * run.dy);
    int i = 0;
    std::uint8_t* to = run.target;
    for (; i + kBlock <= run.count; i += kBlock, to += kBlock * Channels) {
        one_block(x, y, to);
        x = {_mm256_add_epi64(x.outer, x8), _mm256_add_epi64(x.inner, x8)};
        y = {_mm256_add_epi64(y.outer, y8), _mm256_add_epi64(y.inner, y8)};
    }
    if (i == run.count) return;
    one_block(Positions::from(run.x + i * run.dx, run.dx, run.count - 1 - i),
              Positions::from(run.y + i * run.dy, run.dy, run.count - 1 - i), to);
}

FLOWERABLATE_INLINE __m256i load_fractions(const std::int32_t* from) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}

#endif

#if defined(__AVX2__)

template <int Channels>
int points_vector(const WarpPoints& given) {
    const WarpPoints points = given;
    int i = 0;
    for (; i + kBlock <= points.count; i += kBlock) {
        block<Channels>(points.source, points.below, points.offsets + i, load_fractions(points.across + i),
                        load_fractions(points.down + i), points.target + static_cast<std::ptrdiff_t>(i) * Channels);
    }
    return i;
}

#endif

template <int Channels>
void whole_run(const WarpRun& run) {
    if (run.depth == 2) return run_scalar<std::uint16_t, Channels>(run, 0);
    if (run.nearest && run.right == Channels && run.below == run.stride) return run_nearest<Channels>(run);
#if defined(__AVX512VBMI__)
    if (Channels == 3 && !run.nearest && sampled_by_lines(run)) return;
#endif
#if defined(__AVX2__)
    if (!run.nearest && run.small && run.right == Channels) return run_vector<Channels>(run);
#endif
    run_scalar<std::uint8_t, Channels>(run, 0);
}

template <int Channels>
void all_points(const WarpPoints& points) {
    if (points.depth == 2) return points_scalar<std::uint16_t, Channels>(points, 0);
    int begin = 0;
#if defined(__AVX2__)
    if (points.right == Channels) begin = points_vector<Channels>(points);
#endif
    points_scalar<std::uint8_t, Channels>(points, begin);
}

}  // namespace

void warp_run(const WarpRun& run) {
    if (run.channels == 1) return whole_run<1>(run);
    if (run.channels == 3) return whole_run<3>(run);
    whole_run<4>(run);
}

void warp_points(const WarpPoints& points) {
    if (points.channels == 1) return all_points<1>(points);
    if (points.channels == 3) return all_points<3>(points);
    all_points<4>(points);
}

}  // namespace flowerablate::FLOWERABLATE_ISA
