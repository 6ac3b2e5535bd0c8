// Bilinear and nearest sampling along lines through the source, and at single places.
//
// All paths do the same whole-number arithmetic on values times 2^7, which fit 16 bits: a + round((b - a) * fraction),
// first down, then across, with fractions of 15 bits; then the value is rounded. That is within 1/50 of the exact one
// before the last rounding.
#include "kernels/kernels.hpp"
#include "kernels/warp_lanes.hpp"
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

// Where in 16 bytes the values of a pixel and its right neighbour are, as the upper halves of eight words.
template <int Channels>
FLOWERABLATE_INLINE __m128i word_shuffle() {
    if constexpr (Channels == 3) return _mm_setr_epi8(-1, 0, -1, 1, -1, 2, -1, -1, -1, 3, -1, 4, -1, 5, -1, -1);
    return _mm_setr_epi8(-1, 0, -1, 1, -1, 2, -1, 3, -1, 4, -1, 5, -1, 6, -1, 7);
}

// Of each lane's four pixels the one of number `Low`, with its right neighbour: eight words, interpolated downwards.
template <int Channels, int Low>
FLOWERABLATE_INLINE Wide columns(const std::uint8_t* source, std::ptrdiff_t below, Offsets offsets, Wide down) {
    const Wide shuffle = each_lane(word_shuffle<Channels>());
    const Wide top = half_words(shuffle_lanes(load_lanes(source, offsets + Low), shuffle));
    const Wide bottom = half_words(shuffle_lanes(load_lanes(source + below, offsets + Low), shuffle));
    return blend_words(top, bottom, shuffle_lanes(down, fill_words(0x0100 + 0x0404 * Low)));
}

// Of each lane's four pixels those of numbers Low and Low + 1: four words each.
template <int Channels, int Low>
FLOWERABLATE_INLINE Wide two_pixels(const std::uint8_t* source, std::ptrdiff_t below, Offsets offsets, Wide across,
                                    Wide down) {
    const Wide even = columns<Channels, Low>(source, below, offsets, down);
    const Wide odd = columns<Channels, Low + 1>(source, below, offsets, down);
    constexpr std::int64_t kFirst = 0x0100010001000100 + 0x0404040404040404 * std::int64_t{Low};
    const Wide fractions = shuffle_lanes(across, each_lane(_mm_set_epi64x(kFirst + 0x0404040404040404, kFirst)));
    return rounded_words(blend_words(low_halves(even, odd), high_halves(even, odd), fractions));
}

// Grey: a word for each pixel.
FLOWERABLATE_INLINE void grey_block(const std::uint8_t* source, std::ptrdiff_t below, Offsets offsets, Wide across,
                                    Wide down, std::uint8_t* target) {
    const PairWords top = load_pairs(source, offsets), bottom = load_pairs(source + below, offsets);
    const PairWords left = blend_pairs((top << 8) >> 1, (bottom << 8) >> 1, narrow(down));
    const PairWords right = blend_pairs(top >> 1 & 0x7F80, bottom >> 1 & 0x7F80, narrow(down));
    store_pairs(target, (blend_pairs(left, right, narrow(across)) + 64) >> 7);
}

// kBlock pixels whose upper left neighbours lie at `offsets`; each lane of `across` and `down` holds the fractions of
// four.
template <int Channels>
FLOWERABLATE_INLINE void block(const std::uint8_t* source, std::ptrdiff_t below, Offsets offsets, Wide across,
                               Wide down, std::uint8_t* target) {
    if constexpr (Channels == 1) return grey_block(source, below, offsets, across, down, target);
    store_pixels<Channels>(target, pack_bytes(two_pixels<Channels, 0>(source, below, offsets, across, down),
                                              two_pixels<Channels, 2>(source, below, offsets, across, down)));
}

// Numbers of the pixels of a block: in each lane of `outer` those of its first two, in `inner` those of the other two.
struct Numbers {
    Longs outer, inner;

    // `last`: the pixel that all after it repeat, so that nothing outside is read.
    FLOWERABLATE_INLINE Numbers until(int last) {
        const Longs limit = Longs{} + last;
        return {kOuter < limit ? kOuter : limit, kInner < limit ? kInner : limit};
    }
};

// The positions of these pixels.
struct Positions {
    Longs outer, inner;

    FLOWERABLATE_INLINE Positions of(const Numbers& pixels, std::int64_t start, std::int64_t step) {
        return {start + multiples(pixels.outer, step), start + multiples(pixels.inner, step)};
    }
    FLOWERABLATE_INLINE Wide whole(const Positions& at) { return upper_ints(at.outer, at.inner); }
    FLOWERABLATE_INLINE Wide fractions(const Positions& at) {
        return reinterpret_cast<Wide>(reinterpret_cast<UnsignedInts>(lower_ints(at.outer, at.inner)) >> 17);
    }
};

// Not inlined: registers would be short in a function that holds all three of them.
template <int Channels>
__attribute__((noinline)) void run_vector(const WarpRun& given) {
    const WarpRun run = given;  // a copy, because the bytes that are written might alias the original
    const Ints stride = Ints{} + static_cast<std::int32_t>(run.stride);
    const auto one_block = [&](const Positions& x, const Positions& y,
                               std::uint8_t* target) __attribute__((always_inline)) {
        alignas(kWidth) std::int32_t offsets[kBlock];
        const Ints found = reinterpret_cast<Ints>(Positions::whole(y)) * stride +
                           reinterpret_cast<Ints>(Positions::whole(x)) * Channels;
        wide_store(reinterpret_cast<std::uint8_t*>(offsets), reinterpret_cast<Wide>(found));
        block<Channels>(run.source, run.below, offsets, Positions::fractions(x), Positions::fractions(y), target);
    };
    const Numbers pixels = Numbers::until(run.count - 1);
    Positions x = Positions::of(pixels, run.x, run.dx), y = Positions::of(pixels, run.y, run.dy);
    const Longs next_x = Longs{} + kBlock * run.dx, next_y = Longs{} + kBlock * run.dy;
    int i = 0;
    std::uint8_t* to = run.target;
    for (; i + kBlock <= run.count; i += kBlock, to += kBlock * Channels) {
        one_block(x, y, to);
        x = {x.outer + next_x, x.inner + next_x};
        y = {y.outer + next_y, y.inner + next_y};
    }
    if (i == run.count) return;
    const Numbers rest = Numbers::until(run.count - 1 - i);
    one_block(Positions::of(rest, run.x + i * run.dx, run.dx), Positions::of(rest, run.y + i * run.dy, run.dy), to);
}

template <int Channels>
int points_vector(const WarpPoints& given) {
    const WarpPoints points = given;
    int i = 0;
    for (; i + kBlock <= points.count; i += kBlock) {
        block<Channels>(points.source, points.below, points.offsets + i, wide_load_ints(points.across + i),
                        wide_load_ints(points.down + i), points.target + static_cast<std::ptrdiff_t>(i) * Channels);
    }
    return i;
}

#endif

template <int Channels>
void whole_run(const WarpRun& run) {
    if (run.itemsize == 2) return run_scalar<std::uint16_t, Channels>(run, 0);
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
    if (points.itemsize == 2) return points_scalar<std::uint16_t, Channels>(points, 0);
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
