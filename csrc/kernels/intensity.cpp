// Histograms, extremes, sums and straight lines. Those of CLAHE are in clahe.cpp, those of colour spaces in lab.cpp.
#include "kernels/intensity.hpp"

#include "kernels/kernels.hpp"
#include "kernels/pointwise.hpp"
#include "kernels/wide.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

namespace {

constexpr int kBins = 256, kWideBins = 65536;

// After this many values every channel of 1, 3 or 4 is at the same place in a vector again.
constexpr int kPeriod = 48;

template <int Channels>
void count_row(const std::uint8_t* source, std::ptrdiff_t width, std::uint32_t* counts) {
    constexpr int kGroup = kCountCopies;  // pixels at a time, each into its copy
    std::ptrdiff_t x = 0;
    for (; x + kGroup <= width; x += kGroup, source += kGroup * Channels) {
#pragma GCC unroll 16
        for (int i = 0; i < kGroup * Channels; ++i) {
            ++counts[((i % Channels) * kCountCopies + i / Channels) * kBins + source[i]];
        }
    }
    for (; x < width; ++x, source += Channels) {
        for (int c = 0; c < Channels; ++c) ++counts[c * kCountCopies * kBins + source[c]];
    }
}

// Calls function(row, pixels) for each row, or once for all of them where they touch.
template <typename Job, typename Function>
FLOWERABLATE_INLINE void for_rows(const Job& job, const Function& function) {
    const std::ptrdiff_t row = static_cast<std::ptrdiff_t>(job.width) * job.channels * job.itemsize;
    if (job.stride == row) return function(job.source, static_cast<std::ptrdiff_t>(job.width) * job.height);
    for (int y = 0; y < job.height; ++y) function(job.source + y * job.stride, static_cast<std::ptrdiff_t>(job.width));
}

void count(const PixelsJob& job, std::uint32_t* counts) {
    for_rows(job, [&](const std::uint8_t* row, std::ptrdiff_t width) {
        if (job.channels == 1) return count_row<1>(row, width, counts);
        if (job.channels == 3) return count_row<3>(row, width, counts);
        count_row<4>(row, width, counts);
    });
}

void count_wide(const PixelsJob& job, std::uint32_t* counts) {
    for_rows(job, [&](const std::uint8_t* row, std::ptrdiff_t width) {
        const std::uint16_t* source = reinterpret_cast<const std::uint16_t*>(row);
        for (std::ptrdiff_t x = 0; x < width; ++x) {
            for (int c = 0; c < job.channels; ++c) ++counts[c * kWideBins + *source++];
        }
    });
}

template <typename T>
void extremes_of(const PixelsJob& job, std::uint16_t* low, std::uint16_t* high) {
    constexpr int kLanes = 3 * kWidth / static_cast<int>(sizeof(T));
    T lows[kLanes], highs[kLanes];
    for (int i = 0; i < kLanes; ++i) {
        lows[i] = static_cast<T>(-1);
        highs[i] = 0;
    }
    for_rows(job, [&](const std::uint8_t* row, std::ptrdiff_t width) {
        const T* source = reinterpret_cast<const T*>(row);
        const std::ptrdiff_t values = width * job.channels;
        std::ptrdiff_t x = 0;
        typedef T Lanes __attribute__((vector_size(kWidth)));
        Lanes small[3], large[3];
        std::memcpy(small, lows, sizeof small);
        std::memcpy(large, highs, sizeof large);
        for (; x + kLanes <= values; x += kLanes) {
#pragma GCC unroll 3
            for (int i = 0; i < 3; ++i) {
                Lanes value;
                std::memcpy(&value, source + x + i * (kLanes / 3), sizeof value);
                small[i] = value < small[i] ? value : small[i];
                large[i] = value > large[i] ? value : large[i];
            }
        }
        std::memcpy(lows, small, sizeof small);
        std::memcpy(highs, large, sizeof large);
        for (int i = 0; x < values; ++x, ++i) {
            lows[i] = source[x] < lows[i] ? source[x] : lows[i];
            highs[i] = source[x] > highs[i] ? source[x] : highs[i];
        }
    });
    for (int c = 0; c < job.channels; ++c) {
        low[c] = lows[c];
        high[c] = highs[c];
    }
    for (int i = job.channels; i < kLanes; ++i) {
        const int c = i % job.channels;
        low[c] = lows[i] < low[c] ? lows[i] : low[c];
        high[c] = highs[i] > high[c] ? highs[i] : high[c];
    }
}

void extremes(const PixelsJob& job, std::uint16_t* low, std::uint16_t* high) {
    job.itemsize == 1 ? extremes_of<std::uint8_t>(job, low, high) : extremes_of<std::uint16_t>(job, low, high);
}

template <typename T>
void lines(const LinesJob& job, T* target) {
    double factor[kPeriod], offset[kPeriod];
    for (int i = 0; i < kPeriod; ++i) {
        factor[i] = job.factor[i % job.channels];
        offset[i] = job.offset[i % job.channels];
    }
    const double top = job.top;
    const auto line = [&](std::uint16_t value, int i) {
        const double moved = value * factor[i] + offset[i];
        const double raised = moved > 0.0 ? moved : 0.0;
        return static_cast<T>(static_cast<std::int32_t>(raised < top ? raised : top));
    };
    std::ptrdiff_t x = 0;
    for (; x + kPeriod <= job.values; x += kPeriod) {
        for (int i = 0; i < kPeriod; ++i) target[x + i] = line(job.source[x + i], i);
    }
    for (int i = 0; x < job.values; ++x, ++i) target[x] = line(job.source[x], i);
}

void lines_to_words(const LinesJob& job, std::uint16_t* target) { lines(job, target); }
void lines_to_bytes(const LinesJob& job, std::uint8_t* target) { lines(job, target); }

void look_up_wide(const std::uint16_t* source, std::uint16_t* target, int width, int channels,
                  const std::uint16_t* tables, std::ptrdiff_t table_step) {
    for (int x = 0; x < width; ++x) {
        for (int c = 0; c < channels; ++c) *target++ = tables[c * table_step + *source++];
    }
}

FLOWERABLATE_INLINE Ints add_squares(Ints sum, Ints bytes) {
#if defined(__x86_64__)
    const Wide words = reinterpret_cast<Wide>(bytes);
    return reinterpret_cast<Ints>(add_pairs(reinterpret_cast<Wide>(sum), words, words));
#else
    return sum + bytes * bytes;
#endif
}

// Bytes: whole numbers of 32 bits hold the squares of this many before they are added up.
constexpr std::ptrdiff_t kBlocks = 0xFFFFFFFFu / (255 * 255);

void byte_moments(const MomentsJob& job, const std::uint8_t* source, std::ptrdiff_t values) {
    constexpr int kVectors = kPeriod / kFloats;
    std::ptrdiff_t x = 0;
    while (x + kPeriod <= values) {
        const std::ptrdiff_t whole = (values - x) / kPeriod, blocks = whole < kBlocks ? whole : kBlocks;
        Ints sums[kVectors] = {}, squares[kVectors] = {};
        for (std::ptrdiff_t block = 0; block < blocks; ++block, x += kPeriod) {
#pragma GCC unroll 12
            for (int i = 0; i < kVectors; ++i) {
                const Ints value = load_ints(source + x + i * kFloats);
                sums[i] += value;
                squares[i] = add_squares(squares[i], value);
            }
        }
        std::uint32_t sum[kPeriod], square[kPeriod];
        std::memcpy(sum, sums, sizeof sum);
        std::memcpy(square, squares, sizeof square);
        for (int i = 0; i < kPeriod; ++i) {
            job.sums[i % job.channels] += sum[i];
            job.squares[i % job.channels] += square[i];
        }
    }
    for (int c = 0; x < values; ++x, c = c + 1 == job.channels ? 0 : c + 1) {
        const std::uint32_t value = source[x];
        job.sums[c] += value;
        job.squares[c] += value * value;
    }
}

void word_moments(const MomentsJob& job, const std::uint16_t* source, std::ptrdiff_t values) {
    std::uint64_t sums[kPeriod] = {}, squares[kPeriod] = {};
    std::ptrdiff_t x = 0;
    for (; x + kPeriod <= values; x += kPeriod) {
        for (int i = 0; i < kPeriod; ++i) {
            const std::uint64_t value = source[x + i];
            sums[i] += value;
            squares[i] += value * value;
        }
    }
    for (int i = 0; x < values; ++x, ++i) {
        const std::uint64_t value = source[x];
        sums[i] += value;
        squares[i] += value * value;
    }
    for (int i = 0; i < kPeriod; ++i) {
        job.sums[i % job.channels] += sums[i];
        job.squares[i % job.channels] += squares[i];
    }
}

}  // namespace

void moments(const MomentsJob& job) {
    for_rows(job, [&](const std::uint8_t* row, std::ptrdiff_t width) {
        const std::ptrdiff_t values = width * job.channels;
        if (job.itemsize == 1) return byte_moments(job, row, values);
        word_moments(job, reinterpret_cast<const std::uint16_t*>(row), values);
    });
}

const IntensityKernels intensity_kernels = {
    .count = count,
    .count_wide = count_wide,
    .extremes = extremes,
    .lines_to_words = lines_to_words,
    .lines_to_bytes = lines_to_bytes,
    .look_up_wide = look_up_wide,
    .luminance = luminance,
    .relight = relight,
    .to_lab = to_lab,
    .from_lab = from_lab,
    .tile_table = tile_table,
    .interleave = interleave,
    .blend = blend,
};

}  // namespace flowerablate::FLOWERABLATE_ISA
