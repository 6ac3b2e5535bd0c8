// The two passes of a separable resampling in fixed point. Integers throughout, so all instruction sets agree.
#include "kernels/kernels.hpp"
#include "kernels/wide.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

namespace {

FLOWERABLATE_INLINE std::uint8_t descale(std::int32_t sum, int precision) {
    return static_cast<std::uint8_t>(sum >> precision);  // weights are positive and sum to 1, so this is at most 255
}

template <int Channels>
void row_scalar(const std::uint8_t* row, std::uint8_t* target, const Taps& taps, int begin) {
    const std::int32_t half = 1 << (taps.precision - 1);
    for (int x = begin; x < taps.count; ++x) {
        const std::uint8_t* from = row + taps.starts[x];
        const std::int16_t* weight = taps.weights + static_cast<std::ptrdiff_t>(x) * taps.taps;
        std::int32_t sums[Channels];
        for (int c = 0; c < Channels; ++c) sums[c] = half;
        for (int tap = 0; tap < taps.taps; ++tap, from += Channels) {
            for (int c = 0; c < Channels; ++c) sums[c] += weight[tap] * from[c];
        }
        for (int c = 0; c < Channels; ++c) {
            target[static_cast<std::ptrdiff_t>(x) * Channels + c] = descale(sums[c], taps.precision);
        }
    }
}

#if defined(__AVX2__)

// One output pixel of two rows: four 32-bit sums in each half of the register.
template <int Channels, int FixedTaps>
FLOWERABLATE_INLINE __m256i pixel_of_both(const std::uint8_t* const* rows, const Taps& taps, int x) {
    // bytes of two neighbouring pixels, paired by channel and widened to 16 bits
    const __m128i pairs = Channels == 3 ? _mm_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1)
                                        : _mm_setr_epi8(0, -1, 4, -1, 1, -1, 5, -1, 2, -1, 6, -1, 3, -1, 7, -1);
    const __m256i shuffle = _mm256_broadcastsi128_si256(pairs);
    const int count = FixedTaps ? FixedTaps : taps.taps;
    const std::ptrdiff_t start = taps.starts[x];
    const std::uint8_t* upper = rows[0] + start;
    const std::uint8_t* lower = rows[1] + start;
    const std::int16_t* weights = taps.weights + static_cast<std::ptrdiff_t>(x) * count;
    __m256i sums = _mm256_set1_epi32(1 << (taps.precision - 1));
    for (int tap = 0; tap < count; tap += 2) {
        std::int32_t pair;
        std::memcpy(&pair, weights + tap, sizeof pair);
        const __m128i a = _mm_loadu_si128(reinterpret_cast<const __m128i*>(upper + tap * Channels));
        const __m128i b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(lower + tap * Channels));
        const __m256i pixels = _mm256_inserti128_si256(_mm256_castsi128_si256(a), b, 1);
        sums = _mm256_add_epi32(
            sums, _mm256_madd_epi16(_mm256_shuffle_epi8(pixels, shuffle), _mm256_set1_epi32(pair)));
    }
    return _mm256_sra_epi32(sums, _mm_cvtsi32_si128(taps.precision));
}

// Four output pixels of both rows at a time; returns how many are done.
template <int Channels, int FixedTaps>
int rows_vector(const std::uint8_t* const* row_pair, std::uint8_t* const* targets, const Taps& given) {
    const Taps taps = given;  // copies, because the bytes that are written might alias the originals
    const std::uint8_t* const rows[2] = {row_pair[0], row_pair[1]};
    std::uint8_t* const first = targets[0];
    std::uint8_t* const second = targets[1];
    const __m256i compact = _mm256_broadcastsi128_si256(
        Channels == 3 ? _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1)
                      : _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
    int x = 0;
    for (; x + 4 <= taps.count; x += 4) {
        const __m256i low = _mm256_packs_epi32(pixel_of_both<Channels, FixedTaps>(rows, taps, x),
                                               pixel_of_both<Channels, FixedTaps>(rows, taps, x + 1));
        const __m256i high = _mm256_packs_epi32(pixel_of_both<Channels, FixedTaps>(rows, taps, x + 2),
                                                pixel_of_both<Channels, FixedTaps>(rows, taps, x + 3));
        const __m256i bytes = _mm256_shuffle_epi8(_mm256_packus_epi16(low, high), compact);
        const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(x) * Channels;
        _mm_storeu_si128(reinterpret_cast<__m128i*>(first + at), _mm256_castsi256_si128(bytes));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(second + at), _mm256_extracti128_si256(bytes, 1));
    }
    return x;
}

#endif

#if defined(__AVX512VBMI__)

// Sixteen output values (of any channels) are looked up in 128 bytes of the row, or thirty-two in 64 bytes where there are two
// taps. A plan says for each such block where it begins, which bytes of it belong to which tap, and the weights.
constexpr __mmask64 kEvenBytes = 0x5555555555555555;  // looked-up bytes that become 16-bit words

// Two taps: left + round((right - left) * weight), the same to the bit as the sum of products (see blend_rows).
struct alignas(64) TwoTapBlock {
    std::uint8_t left[64];     // byte of the left tap of value i at 2 i
    std::int16_t weights[32];  // twice that of the right tap
    std::int32_t start;
};

struct alignas(64) TapPair {
    std::uint8_t bytes[64];    // of value i: the first tap's byte at 4 i, the second's at 4 i + 2
    std::int16_t weights[32];  // the same, at 2 i and 2 i + 1
};

constexpr int kTwoTapValues = 32, kManyTapValues = 16;

FLOWERABLATE_INLINE int blocks_of(int values, int size) { return (values + size - 1) / size; }

// The lowest byte that the values [first, last) of the row look at.
FLOWERABLATE_INLINE std::int32_t lowest_start(const Taps& taps, int channels, int first, int last, std::int32_t* highest) {
    std::int32_t low = taps.starts[first / channels], high = low;
    for (int x = first / channels; x <= (last - 1) / channels; ++x) {
        low = min_int(low, taps.starts[x]);
        high = max_int(high, taps.starts[x]);
    }
    *highest = high + taps.taps * channels;
    return low;
}

bool plan_two_taps(const Taps& taps, int channels, std::uint8_t* work) {
    auto* block = reinterpret_cast<TwoTapBlock*>(work);
    const int values = taps.count * channels;
    if (taps.precision != 14) return false;
    for (int x = 0; x < taps.count; ++x) {
        if (taps.weights[2 * x] + taps.weights[2 * x + 1] != 1 << 14) return false;
    }
    for (int first = 0; first < values; first += kTwoTapValues, ++block) {
        const int last = min_int(values, first + kTwoTapValues);
        std::int32_t end;
        block->start = lowest_start(taps, channels, first, last, &end);
        if (end - block->start > 64) return false;
        int pixel = first / channels, channel = first % channels;
        for (int i = 0; i < kTwoTapValues; ++i) {
            const bool used = first + i < last;
            const int weight = used ? taps.weights[2 * pixel + 1] : 0;
            const bool whole = weight == 1 << 14;  // would not fit: the right tap stands for both
            const int at = used ? taps.starts[pixel] - block->start + channel : 0;
            block->left[2 * i] = static_cast<std::uint8_t>(at + (whole ? channels : 0));
            block->left[2 * i + 1] = 0;
            block->weights[i] = static_cast<std::int16_t>(whole ? 0 : 2 * weight);
            if (++channel == channels) {
                channel = 0;
                ++pixel;
            }
        }
    }
    return true;
}

bool plan_many_taps(const Taps& taps, int channels, std::uint8_t* work) {
    const int values = taps.count * channels, pairs = taps.taps / 2;
    const int blocks = blocks_of(values, kManyTapValues);
    auto* starts = reinterpret_cast<std::int32_t*>(work);
    auto* pair = reinterpret_cast<TapPair*>(work + (blocks * static_cast<std::ptrdiff_t>(sizeof(std::int32_t)) + 63) / 64 * 64);
    for (int block = 0; block < blocks; ++block, pair += pairs) {
        const int first = block * kManyTapValues, last = min_int(values, first + kManyTapValues);
        std::int32_t end;
        starts[block] = lowest_start(taps, channels, first, last, &end);
        if (end - starts[block] > 128) return false;
        int pixel = first / channels, channel = first % channels;
        for (int i = 0; i < kManyTapValues; ++i) {
            const bool used = first + i < last;
            const int at = used ? taps.starts[pixel] - starts[block] + channel : 0;
            for (int p = 0; p < pairs; ++p) {
                std::uint8_t* bytes = pair[p].bytes + 4 * i;
                bytes[0] = static_cast<std::uint8_t>(at + 2 * p * channels);
                bytes[2] = static_cast<std::uint8_t>(at + (2 * p + 1) * channels);
                bytes[1] = bytes[3] = 0;
                std::int32_t weights = 0;
                if (used) std::memcpy(&weights, taps.weights + pixel * taps.taps + 2 * p, sizeof weights);
                std::memcpy(pair[p].weights + 2 * i, &weights, sizeof weights);
            }
            if (++channel == channels) {
                channel = 0;
                ++pixel;
            }
        }
    }
    return true;
}

FLOWERABLATE_INLINE __m256i two_tap_values(const std::uint8_t* row, const TwoTapBlock& block, __m512i left, __m512i right) {
    const __m512i bytes = _mm512_loadu_si512(row + block.start);
    const __m512i a = _mm512_maskz_permutexvar_epi8(kEvenBytes, left, bytes);
    const __m512i b = _mm512_maskz_permutexvar_epi8(kEvenBytes, right, bytes);
    const __m512i moved = _mm512_mulhrs_epi16(_mm512_sub_epi16(b, a), _mm512_load_si512(block.weights));
    return _mm512_cvtepi16_epi8(_mm512_add_epi16(a, moved));
}

void rows_of_two_taps(const std::uint8_t* const* rows, std::uint8_t* const* targets, const Taps& taps, int channels) {
    const int values = taps.count * channels;
    const auto* block = reinterpret_cast<const TwoTapBlock*>(taps.plan);
    const std::uint8_t* const upper = rows[0];
    const std::uint8_t* const lower = rows[1];
    std::uint8_t* const first = targets[0];
    std::uint8_t* const second = targets[1];
    const __m512i step = _mm512_set1_epi8(static_cast<char>(channels));
    for (int i = 0; i < values; i += kTwoTapValues, ++block) {
        const __m512i left = _mm512_load_si512(block->left), right = _mm512_add_epi8(left, step);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(first + i), two_tap_values(upper, *block, left, right));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(second + i), two_tap_values(lower, *block, left, right));
    }
}

template <int FixedPairs>
void rows_of_many_taps(const std::uint8_t* const* rows, std::uint8_t* const* targets, const Taps& taps, int channels) {
    const int values = taps.count * channels, pairs = FixedPairs ? FixedPairs : taps.taps / 2;
    const int blocks = blocks_of(values, kManyTapValues);
    const auto* starts = reinterpret_cast<const std::int32_t*>(taps.plan);
    const auto* pair = reinterpret_cast<const TapPair*>(
        taps.plan + (blocks * static_cast<std::ptrdiff_t>(sizeof(std::int32_t)) + 63) / 64 * 64);
    const __m512i half = _mm512_set1_epi32(1 << (taps.precision - 1));
    const __m128i precision = _mm_cvtsi32_si128(taps.precision);
    const std::uint8_t* const upper = rows[0];
    const std::uint8_t* const lower = rows[1];
    std::uint8_t* const first = targets[0];
    std::uint8_t* const second = targets[1];
    for (int block = 0; block < blocks; ++block, pair += pairs) {
        const __m512i a = _mm512_loadu_si512(upper + starts[block]), b = _mm512_loadu_si512(lower + starts[block]);
        const __m512i c = _mm512_loadu_si512(upper + starts[block] + 64);
        const __m512i d = _mm512_loadu_si512(lower + starts[block] + 64);
        __m512i above = half, below = half;
        for (int p = 0; p < pairs; ++p) {
            const __m512i at = _mm512_load_si512(pair[p].bytes), weights = _mm512_load_si512(pair[p].weights);
            const __m512i x = _mm512_maskz_permutex2var_epi8(kEvenBytes, a, at, c);
            const __m512i y = _mm512_maskz_permutex2var_epi8(kEvenBytes, b, at, d);
            above = _mm512_add_epi32(above, _mm512_madd_epi16(x, weights));
            below = _mm512_add_epi32(below, _mm512_madd_epi16(y, weights));
        }
        const std::ptrdiff_t to = static_cast<std::ptrdiff_t>(block) * kManyTapValues;
        _mm_storeu_si128(reinterpret_cast<__m128i*>(first + to), _mm512_cvtepi32_epi8(_mm512_sra_epi32(above, precision)));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(second + to), _mm512_cvtepi32_epi8(_mm512_sra_epi32(below, precision)));
    }
}

void rows_planned(const std::uint8_t* const* rows, std::uint8_t* const* targets, const Taps& taps, int channels) {
    if (taps.taps == 2) return rows_of_two_taps(rows, targets, taps, channels);
    if (taps.taps == 4) return rows_of_many_taps<2>(rows, targets, taps, channels);
    rows_of_many_taps<0>(rows, targets, taps, channels);
}

#elif defined(__AVX2__)

// Four output pixels of three channels and two taps whose inputs lie within 16 bytes: where to find the twelve pairs of bytes,
// and their weights. One load per row serves all four.
struct alignas(16) Window {
    std::uint8_t shuffle[3][16];
    std::int16_t weights[3][8];
    std::int32_t start;
};

bool plan_window(const Taps& taps, int first, Window& window) {
    const std::int32_t* starts = taps.starts + first;
    std::int32_t low = starts[0], high = starts[0];
    for (int i = 1; i < 4; ++i) {
        low = min_int(low, starts[i]);
        high = max_int(high, starts[i]);
    }
    if (high + 6 - low > 16) return false;
    window.start = low;
    for (int pair = 0; pair < 12; ++pair) {
        const int pixel = pair / 3, at = starts[pixel] - low + pair % 3;
        std::uint8_t* shuffle = window.shuffle[pair / 4] + pair % 4 * 4;
        shuffle[0] = static_cast<std::uint8_t>(at);
        shuffle[2] = static_cast<std::uint8_t>(at + 3);
        shuffle[1] = shuffle[3] = 0x80;  // zero
        std::memcpy(window.weights[pair / 4] + pair % 4 * 2, taps.weights + 2 * (first + pixel), 4);
    }
    return true;
}

FLOWERABLATE_INLINE __m256i both_halves(const void* from) {
    return _mm256_broadcastsi128_si256(_mm_load_si128(static_cast<const __m128i*>(from)));
}

int rows_windows(const std::uint8_t* const* rows, std::uint8_t* const* targets, const Taps& taps) {
    const std::uint8_t* const first_row = rows[0];  // copies, because the bytes that are written might alias the originals
    const std::uint8_t* const second_row = rows[1];
    std::uint8_t* const first = targets[0];
    std::uint8_t* const second = targets[1];
    const int count = taps.count;
    const auto* window = reinterpret_cast<const Window*>(taps.plan);
    const __m256i half = _mm256_set1_epi32(1 << (taps.precision - 1));
    const __m128i precision = _mm_cvtsi32_si128(taps.precision);
    int x = 0;
    for (; x + 4 <= count; x += 4, ++window) {
        const __m128i a = _mm_loadu_si128(reinterpret_cast<const __m128i*>(first_row + window->start));
        const __m128i b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(second_row + window->start));
        const __m256i pixels = _mm256_inserti128_si256(_mm256_castsi128_si256(a), b, 1);
        __m256i sums[3];
        for (int i = 0; i < 3; ++i) {
            const __m256i pairs = _mm256_shuffle_epi8(pixels, both_halves(window->shuffle[i]));
            sums[i] = _mm256_add_epi32(_mm256_madd_epi16(pairs, both_halves(window->weights[i])), half);
            sums[i] = _mm256_sra_epi32(sums[i], precision);
        }
        const __m256i low = _mm256_packs_epi32(sums[0], sums[1]), high = _mm256_packs_epi32(sums[2], sums[2]);
        const __m256i bytes = _mm256_packus_epi16(low, high);
        const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(x) * 3;
        _mm_storeu_si128(reinterpret_cast<__m128i*>(first + at), _mm256_castsi256_si128(bytes));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(second + at), _mm256_extracti128_si256(bytes, 1));
    }
    return x;
}

#endif

template <int Channels>
void both_rows(const std::uint8_t* const* rows, std::uint8_t* const* targets, const Taps& taps) {
    int begin = 0;
#if defined(__AVX512VBMI__)
    if (taps.plan) return rows_planned(rows, targets, taps, Channels);
    if constexpr (Channels != 1) {
        begin = taps.taps == 4 ? rows_vector<Channels, 4>(rows, targets, taps) : rows_vector<Channels, 0>(rows, targets, taps);
    }
#elif defined(__AVX2__)
    if constexpr (Channels != 1) {
        begin = taps.plan        ? rows_windows(rows, targets, taps)
                : taps.taps == 2 ? rows_vector<Channels, 2>(rows, targets, taps)
                : taps.taps == 4 ? rows_vector<Channels, 4>(rows, targets, taps)
                                 : rows_vector<Channels, 0>(rows, targets, taps);
    }
#endif
    for (int i = 0; i < 2; ++i) row_scalar<Channels>(rows[i], targets[i], taps, begin);
}

}  // namespace

#if defined(__AVX512VBMI__)

std::ptrdiff_t plan_bytes(const Taps& taps, int channels) {
    const int values = taps.count * channels;
    if (taps.taps == 2) return blocks_of(values, kTwoTapValues) * static_cast<std::ptrdiff_t>(sizeof(TwoTapBlock));
    const std::ptrdiff_t blocks = blocks_of(values, kManyTapValues);
    return blocks * (taps.taps / 2 * static_cast<std::ptrdiff_t>(sizeof(TapPair)) + 4) + 64;
}

const std::uint8_t* plan_rows(const Taps& taps, int channels, std::uint8_t* work) {
    if (taps.taps > 16) return nullptr;  // so far apart are the values of a block
    const bool planned = taps.taps == 2 ? plan_two_taps(taps, channels, work) : plan_many_taps(taps, channels, work);
    return planned ? work : nullptr;
}

#elif defined(__AVX2__)

std::ptrdiff_t plan_bytes(const Taps& taps, int) { return taps.count / 4 * static_cast<std::ptrdiff_t>(sizeof(Window)); }

const std::uint8_t* plan_rows(const Taps& taps, int channels, std::uint8_t* work) {
    if (channels != 3 || taps.taps != 2) return nullptr;
    auto* windows = reinterpret_cast<Window*>(work);
    for (int x = 0; x + 4 <= taps.count; x += 4) {
        if (!plan_window(taps, x, windows[x / 4])) return nullptr;
    }
    return work;
}

#else

std::ptrdiff_t plan_bytes(const Taps&, int) { return 0; }

const std::uint8_t* plan_rows(const Taps&, int, std::uint8_t*) { return nullptr; }

#endif

void resample_rows(const std::uint8_t* const* rows, std::uint8_t* const* targets, const Taps& taps, int channels) {
    if (channels == 1) return both_rows<1>(rows, targets, taps);
    if (channels == 3) return both_rows<3>(rows, targets, taps);
    both_rows<4>(rows, targets, taps);
}

#if defined(__x86_64__)

#if defined(__AVX2__)

namespace {

typedef std::int16_t Shorts __attribute__((vector_size(kWidth)));

FLOWERABLATE_INLINE Wide blended(Wide a, Wide b, Wide weight) {
    const Wide moved = reinterpret_cast<Wide>(reinterpret_cast<Shorts>(b) - reinterpret_cast<Shorts>(a));
    return reinterpret_cast<Wide>(reinterpret_cast<Shorts>(a) + reinterpret_cast<Shorts>(scale_words(moved, weight)));
}

// Two taps whose weights sum to 2^14: a + round((b - a) * weight), the same to the bit as the sum of products below.
// A weight of 1 would not fit, so that the second row stands for both.
void blend_rows(const std::uint8_t* a, const std::uint8_t* b, int weight, std::uint8_t* target, std::ptrdiff_t bytes) {
    if (weight == 1 << 14) a = b;
    const Wide weights = fill_words(static_cast<std::int16_t>(weight == 1 << 14 ? 0 : 2 * weight)), zero = wide_zero();
    for (std::ptrdiff_t x = 0; x < bytes; x += kWidth) {
        const Wide from = wide_load(a + x), to = wide_load(b + x);
        wide_store(target + x, pack_bytes(blended(low_bytes(from, zero), low_bytes(to, zero), weights),
                                          blended(high_bytes(from, zero), high_bytes(to, zero), weights)));
    }
}

}  // namespace

#endif

void resample_column(const std::uint8_t* const* rows, const std::int16_t* weights, int taps, int precision,
                     std::uint8_t* target, std::ptrdiff_t bytes) {
#if defined(__AVX2__)
    if (taps == 2 && precision == 14 && weights[0] + weights[1] == 1 << 14) {
        return blend_rows(rows[0], rows[1], weights[1], target, bytes);
    }
#endif
    const Wide half = wide_fill(1 << (precision - 1));
    const Wide zero = wide_zero();
    for (std::ptrdiff_t x = 0; x < bytes; x += kWidth) {
        Wide s0 = half, s1 = half, s2 = half, s3 = half;
        for (int tap = 0; tap < taps; tap += 2) {
            std::int32_t pair;
            std::memcpy(&pair, weights + tap, sizeof pair);
            const Wide weight = wide_fill(pair);
            const Wide a = wide_load(rows[tap] + x), b = wide_load(rows[tap + 1] + x);
            const Wide low = low_bytes(a, b), high = high_bytes(a, b);
            s0 = add_pairs(s0, low_bytes(low, zero), weight);
            s1 = add_pairs(s1, high_bytes(low, zero), weight);
            s2 = add_pairs(s2, low_bytes(high, zero), weight);
            s3 = add_pairs(s3, high_bytes(high, zero), weight);
        }
        const Wide low = pack_words(shift_right(s0, precision), shift_right(s1, precision));
        const Wide high = pack_words(shift_right(s2, precision), shift_right(s3, precision));
        wide_store(target + x, pack_bytes(low, high));
    }
}

#else

void resample_column(const std::uint8_t* const* rows, const std::int16_t* weights, int taps, int precision,
                     std::uint8_t* target, std::ptrdiff_t bytes) {
    constexpr int kBlock = 64;
    for (std::ptrdiff_t x = 0; x < bytes; x += kBlock) {
        std::int32_t sums[kBlock];
        for (int i = 0; i < kBlock; ++i) sums[i] = 1 << (precision - 1);
        for (int tap = 0; tap < taps; ++tap) {
            const std::uint8_t* from = rows[tap] + x;
            const std::int32_t weight = weights[tap];
            for (int i = 0; i < kBlock; ++i) sums[i] += weight * from[i];
        }
        for (int i = 0; i < kBlock; ++i) target[x + i] = descale(sums[i], precision);
    }
}

#endif

}  // namespace flowerablate::FLOWERABLATE_ISA
