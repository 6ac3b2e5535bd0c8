// Tables: each byte becomes the entry of its channel's table. All loads of a block come before its stores, so a row may
// be changed in place.
#include "kernels/color_loops.hpp"
#include "kernels/planes.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

namespace {

constexpr int kEntries = 256;

template <int Channels>
void look_up_each(const std::uint8_t* source, std::uint8_t* target, int width, const std::uint8_t* tables) {
    for (int x = 0; x < width; ++x, source += Channels, target += Channels) {
        std::uint8_t found[Channels];
        for (int c = 0; c < Channels; ++c) found[c] = tables[kEntries * c + source[c]];
        for (int c = 0; c < Channels; ++c) target[c] = found[c];
    }
}

#if defined(__AVX2__)

bool equal_tables(const std::uint8_t* tables, int channels) {
    const auto others = static_cast<std::size_t>(kEntries) * static_cast<std::size_t>(channels - 1);
    return others == 0 || std::memcmp(tables, tables + kEntries, others) == 0;
}

#endif

#if defined(__AVX512VBMI__)

// Bytes i, i + 3, ... of a vector, for i = 0, 1, 2; and i, i + 4, ...
constexpr std::uint64_t kThird = 0x9249249249249249u, kFourth = 0x1111111111111111u;

template <int P>
struct Place {
    static constexpr int kPlace = P;
};

FLOWERABLATE_INLINE std::uint64_t first_bytes(std::ptrdiff_t count) {
    return count >= kWidth ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
}

// Permuting takes an index of 7 bits; the eighth chooses between two halves of the table.
FLOWERABLATE_INLINE __m512i look_up_vector(__m512i values, const __m512i* parts) {
    const __m512i low = _mm512_permutex2var_epi8(parts[0], values, parts[1]);
    const __m512i high = _mm512_permutex2var_epi8(parts[2], values, parts[3]);
    return _mm512_mask_blend_epi8(_mm512_movepi8_mask(values), low, high);
}

void look_up_alike(const std::uint8_t* source, std::uint8_t* target, std::ptrdiff_t bytes, const std::uint8_t* table) {
    __m512i parts[4];
    for (int i = 0; i < 4; ++i) parts[i] = _mm512_loadu_si512(table + kWidth * i);
    std::ptrdiff_t i = 0;
    for (; i + kWidth <= bytes; i += kWidth) {
        _mm512_storeu_si512(target + i, look_up_vector(_mm512_loadu_si512(source + i), parts));
    }
    const std::uint64_t rest = first_bytes(bytes - i);
    _mm512_mask_storeu_epi8(target + i, rest, look_up_vector(_mm512_maskz_loadu_epi8(rest, source + i), parts));
}

// Each half of each channel's table replaces those bytes that belong to it, and leaves the others for the next ones.
// `P`: the place of the vector in the pattern of three.
template <int Channels, int P>
FLOWERABLATE_INLINE __m512i look_up_vector(__m512i values, const __m512i (&parts)[Channels][4]) {
    const std::uint64_t upper = _mm512_movepi8_mask(values);
    __m512i found = values;
#pragma GCC unroll 4
    for (int c = 0; c < Channels; ++c) {
        const std::uint64_t own = Channels == 3 ? kThird << ((c - P + 3) % 3) : kFourth << c;
        found = _mm512_mask2_permutex2var_epi8(parts[c][0], found, own & ~upper, parts[c][1]);
        found = _mm512_mask2_permutex2var_epi8(parts[c][2], found, own & upper, parts[c][3]);
    }
    return found;
}

template <int Channels>
void look_up_unlike(const std::uint8_t* source, std::uint8_t* target, std::ptrdiff_t bytes,
                    const std::uint8_t* tables) {
    __m512i parts[Channels][4];
    for (int c = 0; c < Channels; ++c) {
        for (int i = 0; i < 4; ++i) parts[c][i] = _mm512_loadu_si512(tables + kEntries * c + kWidth * i);
    }
    constexpr int kSecond = Channels == 3 ? 1 : 0, kLast = Channels == 3 ? 2 : 0;
    std::ptrdiff_t i = 0;
    for (; i + 3 * kWidth <= bytes; i += 3 * kWidth) {
        const __m512i a = _mm512_loadu_si512(source + i), b = _mm512_loadu_si512(source + i + kWidth);
        const __m512i c = _mm512_loadu_si512(source + i + 2 * kWidth);
        _mm512_storeu_si512(target + i, look_up_vector<Channels, 0>(a, parts));
        _mm512_storeu_si512(target + i + kWidth, look_up_vector<Channels, kSecond>(b, parts));
        _mm512_storeu_si512(target + i + 2 * kWidth, look_up_vector<Channels, kLast>(c, parts));
    }
    const auto look_up_rest = [&](auto place) {
        if (i >= bytes) return;
        const std::uint64_t rest = first_bytes(bytes - i);
        const __m512i values = _mm512_maskz_loadu_epi8(rest, source + i);
        _mm512_mask_storeu_epi8(target + i, rest, look_up_vector<Channels, decltype(place)::kPlace>(values, parts));
        i += kWidth;
    };
    look_up_rest(Place<0>{});
    look_up_rest(Place<kSecond>{});
    look_up_rest(Place<kLast>{});
}

#elif defined(__AVX2__)

constexpr int kParts = 16;

// A shuffle looks bytes up in 16 entries and gives 0 where the index is negative. So for bytes below 128: after taking
// off 16 (saturated) p times, those of 16 p and more are not negative yet, and still have their lower four bits. Each
// table of 16 holds its difference (exclusive or) from the one before; what the shuffles give then adds up to the last
// one that answered. The upper half is looked up in the same way with the highest bit turned round.
void prepare(const std::uint8_t* table, __m256i* parts) {
    __m128i before = _mm_setzero_si128();
    for (int p = 0; p < kParts; ++p) {
        if (p == kParts / 2) before = _mm_setzero_si128();
        const __m128i part = _mm_loadu_si128(reinterpret_cast<const __m128i*>(table + 16 * p));
        parts[p] = _mm256_broadcastsi128_si256(_mm_xor_si128(part, before));
        before = part;
    }
}

FLOWERABLATE_INLINE __m256i look_up_vector(__m256i values, const __m256i* parts) {
    const __m256i sixteen = _mm256_set1_epi8(16);
    __m256i lower = values, upper = _mm256_xor_si256(values, _mm256_set1_epi8(-128));
    __m256i found = _mm256_shuffle_epi8(parts[0], lower), other = _mm256_shuffle_epi8(parts[8], upper);
#pragma GCC unroll 7
    for (int p = 1; p < kParts / 2; ++p) {
        lower = _mm256_subs_epi8(lower, sixteen);
        upper = _mm256_subs_epi8(upper, sixteen);
        found = _mm256_xor_si256(found, _mm256_shuffle_epi8(parts[p], lower));
        other = _mm256_xor_si256(other, _mm256_shuffle_epi8(parts[p + 8], upper));
    }
    return _mm256_xor_si256(found, other);
}

// Returns how many bytes were looked up; what is left does not fill a vector.
FLOWERABLATE_INLINE std::ptrdiff_t look_up_vectors(const std::uint8_t* source, std::uint8_t* target,
                                                   std::ptrdiff_t bytes, const __m256i* parts) {
    std::ptrdiff_t i = 0;
    for (; i + kWidth <= bytes; i += kWidth) {
        const __m256i values = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(source + i));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(target + i), look_up_vector(values, parts));
    }
    return i;
}

void look_up_alike(const std::uint8_t* source, std::uint8_t* target, std::ptrdiff_t bytes, const std::uint8_t* table) {
    __m256i parts[kParts];
    prepare(table, parts);
    for (std::ptrdiff_t i = look_up_vectors(source, target, bytes, parts); i < bytes; ++i) target[i] = table[source[i]];
}

// Three channels with a table each, plane by plane.
void look_up_planes(const std::uint8_t* source, std::uint8_t* target, int width, const std::uint8_t* tables) {
    constexpr int kChunk = 256;
    __m256i parts[3][kParts];
    for (int c = 0; c < 3; ++c) prepare(tables + kEntries * c, parts[c]);
    alignas(kWidth) std::uint8_t planes[3 * kChunk];
    int x = 0;
    while (width - x >= kWidth) {
        const int count = min_int(kChunk, (width - x) / kWidth * kWidth);
        split_pixels<3>(source + 3 * x, planes, kChunk, count);
        for (int c = 0; c < 3; ++c) look_up_vectors(planes + c * kChunk, planes + c * kChunk, count, parts[c]);
        join_pixels<3>(planes, kChunk, target + 3 * x, count);
        x += count;
    }
    look_up_each<3>(source + 3 * x, target + 3 * x, width - x, tables);
}

#endif

}  // namespace

void look_up(const std::uint8_t* source, std::uint8_t* target, int width, int channels, const std::uint8_t* tables) {
    const std::ptrdiff_t bytes = static_cast<std::ptrdiff_t>(width) * channels;
    (void)bytes;
#if defined(__AVX2__)
    if (equal_tables(tables, channels)) return look_up_alike(source, target, bytes, tables);
#endif
#if defined(__AVX512VBMI__)
    channels == 3 ? look_up_unlike<3>(source, target, bytes, tables) : look_up_unlike<4>(source, target, bytes, tables);
#else
    switch (channels) {
        case 1: return look_up_each<1>(source, target, width, tables);
#if defined(__AVX2__)
        case 3: return look_up_planes(source, target, width, tables);
#else
        case 3: return look_up_each<3>(source, target, width, tables);
#endif
        default: return look_up_each<4>(source, target, width, tables);
    }
#endif
}

}  // namespace flowerablate::FLOWERABLATE_ISA
