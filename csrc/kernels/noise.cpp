// The kernels of ops/noise.cpp: random words for every pixel, and noise made of them.
#include "kernels/kernels.hpp"
#include "kernels/normal_table.hpp"
#include "kernels/words.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

namespace {

// Several blocks side by side, a word of each in the low half of a lane; what the high half holds does not matter.
typedef std::uint64_t Longs __attribute__((vector_size(kWidth)));
constexpr int kLongs = kWidth / 8;

FLOWERABLATE_INLINE Longs fill(std::uint32_t value) { return Longs{} + std::uint64_t{value}; }

// Products of the low halves.
FLOWERABLATE_INLINE Longs multiply_low(Longs a, Longs b) {
#if defined(__AVX512BW__)
    return reinterpret_cast<Longs>(_mm512_mul_epu32(reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
#elif defined(__AVX2__)
    return reinterpret_cast<Longs>(_mm256_mul_epu32(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
#elif defined(__SSE2__)
    return reinterpret_cast<Longs>(_mm_mul_epu32(reinterpret_cast<__m128i>(a), reinterpret_cast<__m128i>(b)));
#else
    const Longs low = fill(0xFFFFFFFFu);
    return (a & low) * (b & low);
#endif
}

// Stores lane by lane: a, then b.
FLOWERABLATE_INLINE void store_interleaved(std::uint32_t* to, Longs a, Longs b) {
#if defined(__AVX512BW__)
    const __m512i low = _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11),
                  high = _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15);
    const __m512i x = reinterpret_cast<__m512i>(a), y = reinterpret_cast<__m512i>(b);
    _mm512_storeu_si512(to, _mm512_permutex2var_epi64(x, low, y));
    _mm512_storeu_si512(to + 16, _mm512_permutex2var_epi64(x, high, y));
#elif defined(__AVX2__)
    const __m256i x = reinterpret_cast<__m256i>(a), y = reinterpret_cast<__m256i>(b);
    const __m256i even = _mm256_unpacklo_epi64(x, y), odd = _mm256_unpackhi_epi64(x, y);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm256_permute2x128_si256(even, odd, 0x20));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + 8), _mm256_permute2x128_si256(even, odd, 0x31));
#else
    for (int lane = 0; lane < kLongs; ++lane, to += 4) {
        const std::uint64_t pair[2] = {a[lane], b[lane]};
        for (int half = 0; half < 2; ++half) {
            to[2 * half] = static_cast<std::uint32_t>(pair[half]);
            to[2 * half + 1] = static_cast<std::uint32_t>(pair[half] >> 32);
        }
    }
#endif
}

void philox(const PhiloxJob& job, std::uint32_t first, std::ptrdiff_t count, std::uint32_t* words) {
    constexpr int kRounds = 10;
    Longs keys[kRounds][2];
    for (int round = 0; round < kRounds; ++round) {
        keys[round][0] = fill(job.key[0] + static_cast<std::uint32_t>(round) * 0x9E3779B9u);
        keys[round][1] = fill(job.key[1] + static_cast<std::uint32_t>(round) * 0xBB67AE85u);
    }
    Longs lanes{};
    for (int lane = 0; lane < kLongs; ++lane) lanes[lane] = static_cast<std::uint64_t>(lane);
    const Longs low = fill(0xFFFFFFFFu);
    std::ptrdiff_t block = 0;
    const auto step = [&](std::uint32_t* to) __attribute__((always_inline)) {
        Longs c0 = fill(job.counter[0]), c1 = fill(job.counter[1]), c2 = fill(job.counter[2]);
        Longs c3 = lanes + std::uint64_t{first + static_cast<std::uint32_t>(block)};
#pragma GCC unroll 10
        for (int round = 0; round < kRounds; ++round) {
            const Longs one = multiply_low(c0, fill(0xD2511F53u)), other = multiply_low(c2, fill(0xCD9E8D57u));
            c0 = (other >> 32) ^ c1 ^ keys[round][0];
            c1 = other;
            c2 = (one >> 32) ^ c3 ^ keys[round][1];
            c3 = one;
        }
        store_interleaved(to, (c0 & low) | c1 << 32, (c2 & low) | c3 << 32);
    };
    for (; block + kLongs <= count; block += kLongs) step(words + 4 * block);
    if (block == count) return;
    std::uint32_t rest[4 * kLongs];
    step(rest);
    std::memcpy(words + 4 * block, rest, static_cast<std::size_t>(count - block) * 16);
}

#if defined(__AVX512BW__)

struct NormalTable {
    __m512i base[4][2], slope[4][2];
    NormalTable() {
        for (int level = 0; level < 4; ++level) {
            for (int half = 0; half < 2; ++half) {
                base[level][half] = _mm512_load_si512(kNormalBase[level] + 32 * half);
                slope[level][half] = _mm512_load_si512(kNormalSlope[level] + 32 * half);
            }
        }
    }

    // |z| for each p.
    __attribute__((always_inline)) inline Words look_up(Words place) const {
        const __m512i p = reinterpret_cast<__m512i>(place);
        // Permutations take the low six bits of a place; lines begin where p mod 2^shift is 0.
        const __m512i at0 = _mm512_srli_epi16(p, 9), at1 = _mm512_srli_epi16(p, 6), at2 = _mm512_srli_epi16(p, 3);
        const __mmask32 fine = _mm512_cmplt_epu16_mask(p, _mm512_set1_epi16(4096));
        const __mmask32 finer = _mm512_cmplt_epu16_mask(p, _mm512_set1_epi16(512));
        const __mmask32 finest = _mm512_cmplt_epu16_mask(p, _mm512_set1_epi16(64));
        __m512i start = _mm512_permutex2var_epi16(base[0][0], at0, base[0][1]);
        __m512i fall = _mm512_permutex2var_epi16(slope[0][0], at0, slope[0][1]);
        __m512i part = _mm512_slli_epi16(p, 7);
        start = _mm512_mask_mov_epi16(start, fine, _mm512_permutex2var_epi16(base[1][0], at1, base[1][1]));
        fall = _mm512_mask_mov_epi16(fall, fine, _mm512_permutex2var_epi16(slope[1][0], at1, slope[1][1]));
        part = _mm512_mask_slli_epi16(part, fine, p, 10);
        start = _mm512_mask_mov_epi16(start, finer, _mm512_permutex2var_epi16(base[2][0], at2, base[2][1]));
        fall = _mm512_mask_mov_epi16(fall, finer, _mm512_permutex2var_epi16(slope[2][0], at2, slope[2][1]));
        part = _mm512_mask_slli_epi16(part, finer, p, 13);
        start = _mm512_mask_mov_epi16(start, finest, _mm512_permutex2var_epi16(base[3][0], p, base[3][1]));
        fall = _mm512_maskz_mov_epi16(static_cast<__mmask32>(~finest), fall);
        return reinterpret_cast<Words>(_mm512_sub_epi16(start, _mm512_mulhi_epu16(fall, part)));
    }
};

#else

struct NormalTable {
    // Entries of all four tables after each other: base, and slope in the upper half.
    std::uint32_t entries[256];
    NormalTable() {
        for (int i = 0; i < 256; ++i) {
            entries[i] = kNormalBase[i / 64][i % 64] | std::uint32_t{kNormalSlope[i / 64][i % 64]} << 16;
        }
    }

    __attribute__((always_inline)) inline Words look_up(Words p) const {
        const Words fine = reinterpret_cast<Words>(p < 4096), finer = reinterpret_cast<Words>(p < 512);
        const Words finest = reinterpret_cast<Words>(p < 64);
        const auto choose = [&](Words coarse, Words second, Words third, Words last) __attribute__((always_inline)) {
            const Words rough = (coarse & ~fine) | (second & fine);
            return (((rough & ~finer) | (third & finer)) & ~finest) | (last & finest);
        };
        const Words place = choose(p >> 9, (p >> 6) + 64, (p >> 3) + 128, p + 192);
        const Words part = choose(p << 7, p << 10, p << 13, Words{});
        Words start, fall;
        for (int i = 0; i < kWords; ++i) {
            const std::uint32_t entry = entries[place[i]];
            start[i] = static_cast<std::uint16_t>(entry);
            fall[i] = static_cast<std::uint16_t>(entry >> 16);
        }
        return start - multiply_high(fall, part);
    }
};

#endif

void gaussian(const std::uint16_t* words, const std::uint8_t* source, std::uint8_t* target, std::ptrdiff_t count,
              int scale, int shift) {
    const NormalTable table;
    const Words factor = fill_words_with(2 * scale);
    const Words half = fill_words_with(1 << (shift - 1));
    const auto step = [&](const std::uint16_t* random, const std::uint8_t* from,
                          std::uint8_t* to) __attribute__((always_inline)) {
        const Words word = load_words(random);
        const SignedWords sign = reinterpret_cast<SignedWords>(word) >> 15;
        const Words length = multiply_high(table.look_up(word & 0x7FFF), factor);
        const SignedWords size = reinterpret_cast<SignedWords>((length + half) >> shift);
        const SignedWords sum = reinterpret_cast<SignedWords>(load_words(from)) + ((size ^ sign) - sign);
        const SignedWords low = SignedWords{}, high = low + 255;
        const SignedWords raised = sum > low ? sum : low;
        store_words(to, reinterpret_cast<Words>(raised < high ? raised : high));
    };
    std::ptrdiff_t x = 0;
    for (; x + kWords <= count; x += kWords) step(words + x, source + x, target + x);
    if (x == count) return;
    std::uint8_t from[kWords] = {}, to[kWords];
    std::memcpy(from, source + x, static_cast<std::size_t>(count - x));
    step(words + x, from, to);
    std::memcpy(target + x, to, static_cast<std::size_t>(count - x));
}

template <typename T>
void replace_typed(const std::uint32_t* __restrict words, const T* source, T* __restrict target, std::ptrdiff_t count,
                   std::uint32_t last_first, int first, std::uint32_t last_second, int second) {
    for (std::ptrdiff_t x = 0; x < count; ++x) {
        const T other = words[x] <= last_second ? static_cast<T>(second) : source[x];
        target[x] = words[x] <= last_first ? static_cast<T>(first) : other;
    }
}

}  // namespace

const NoiseKernels noise_kernels = {
    .philox = philox,
    .gaussian = gaussian,
    .replace = replace_typed<std::uint8_t>,
    .replace_words = replace_typed<std::uint16_t>,
};

}  // namespace flowerablate::FLOWERABLATE_ISA
