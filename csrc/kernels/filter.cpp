// The kernels of ops/filter.cpp: means. Filters are separable, and go down the columns first: what a row of the result
// needs of all rows of the source becomes one row in the first-level cache, which gets its margins and is then filtered
// along.
#include "kernels/kernels.hpp"
#include "kernels/pointwise.hpp"
#include "kernels/words.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

std::ptrdiff_t filter_work_bytes(const FilterJob& job);
void median(const FilterJob& job);
void median_words(const FilterJob& job);
void sobel(const SobelJob& job);
void sharpness(const FilterJob& job, float factor);
void unsharp(const std::uint8_t* source, const std::uint8_t* blurred, std::uint8_t* target, std::ptrdiff_t bytes,
             float amount, int threshold);

namespace {

// out[x] = sum of `size` neighbours, `step` apart, from x on. `row` is overwritten: window sums of 1, 2, 4, ... by
// doubling.
template <typename T>
void window_sums(T* __restrict row, T* __restrict out, std::ptrdiff_t count, int size, int step) {
    std::ptrdiff_t offset = 0;
    bool begun = false;
    for (int window = 1; window <= size; window *= 2) {
        if (size & window) {
            const T* from = row + offset;
            if (begun) {
                for (std::ptrdiff_t x = 0; x < count; ++x) out[x] = static_cast<T>(out[x] + from[x]);
            } else {
                for (std::ptrdiff_t x = 0; x < count; ++x) out[x] = from[x];
            }
            begun = true;
            offset += static_cast<std::ptrdiff_t>(window) * step;
        }
        if (2 * window > size) break;
        const std::ptrdiff_t shift = static_cast<std::ptrdiff_t>(window) * step;
        const std::ptrdiff_t needed = count + static_cast<std::ptrdiff_t>(size - 2 * window) * step;
        // reading runs ahead of writing, by at least one value: vectors must not be wider than that
        T* const to = row;
        const T* const ahead = row + shift;
        std::ptrdiff_t x = 0;
        typedef T Vector __attribute__((vector_size(kWidth)));
        constexpr std::ptrdiff_t lanes = kWidth / static_cast<std::ptrdiff_t>(sizeof(T));
        for (; x < needed; x += lanes) {
            Vector a, b;
            std::memcpy(&a, to + x, sizeof a);
            std::memcpy(&b, ahead + x, sizeof b);
            a += b;
            std::memcpy(to + x, &a, sizeof a);
        }
    }
}

// `Column` holds the sum of a column of the window, `Sum` that of the whole.
template <typename T, typename Column, typename Sum, typename Real>
void box_typed(const FilterJob& job) {
    const int c = job.channels;
    const int before = job.size / 2;
    const Margins sides = margins<true>(before, job.size - 1 - before, job.width);
    const std::ptrdiff_t count = static_cast<std::ptrdiff_t>(job.width) * c;
    const std::ptrdiff_t padded = padded_values(job);
    Column* const columns = reinterpret_cast<Column*>(job.work);
    Sum* const row = reinterpret_cast<Sum*>(job.work + padded * 4);
    Sum* const sums = reinterpret_cast<Sum*>(job.work + padded * 8);
    T* const spare = reinterpret_cast<T*>(job.work + padded * 12);
    const Real scale = Real(1.0 / (static_cast<double>(job.size) * job.size));
    std::memset(columns, 0, static_cast<std::size_t>(count) * sizeof(Column));
    for (int line = 0; line < job.size - 1; ++line) {
        const T* const from = source_row<T>(job, mirrored(line - before, job.height));
        for (std::ptrdiff_t x = 0; x < count; ++x) columns[x] = static_cast<Column>(columns[x] + from[x]);
    }
    Sum* const inside = row + static_cast<std::ptrdiff_t>(before) * c;
    for (int y = 0; y < job.height; ++y) {
        const T* __restrict const entering = source_row<T>(job, mirrored(y - before + job.size - 1, job.height));
        const T* __restrict const leaving = source_row<T>(job, mirrored(y - before, job.height));
        Column* __restrict const running = columns;
        Sum* __restrict const whole = inside;
        for (std::ptrdiff_t x = 0; x < count; ++x) {
            const Column sum = static_cast<Column>(running[x] + entering[x]);
            whole[x] = sum;
            running[x] = static_cast<Column>(sum - leaving[x]);
        }
        fill_margins(sides, inside, job.width, c);
        window_sums(row, sums, count, job.size, c);
        const TargetRow<T> to = target_row(job, y, spare);
        T* __restrict const out = to.place;
        constexpr Real rounder = Real(sizeof(Real) == 4 ? 12582912.0 : 6755399441055744.0);
        for (std::ptrdiff_t x = 0; x < count; ++x) {
            const Real mean = static_cast<Real>(static_cast<std::int32_t>(sums[x])) * scale;
            out[x] = static_cast<T>(static_cast<std::int32_t>((mean + rounder) - rounder));
        }
        finish_row(to, count);
    }
}

// Windows of up to 16 x 16 bytes, whose sums have 16 bits; halves go up. The quotient is a product with a rounded-up
// inverse, which is right for every possible sum (of size 14, after a division by 4).
template <int Size>
void box_small(const FilterJob& job) {
    const int size = Size ? Size : job.size;
    const int c = job.channels;
    const int before = size / 2;
    const Margins sides = margins<true>(before, size - 1 - before, job.width);
    const std::ptrdiff_t count = static_cast<std::ptrdiff_t>(job.width) * c;
    const std::ptrdiff_t padded = padded_values(job);
    std::uint16_t* const columns = reinterpret_cast<std::uint16_t*>(job.work);
    std::uint16_t* const row = reinterpret_cast<std::uint16_t*>(job.work + padded * 2);
    std::uint16_t* const inside = row + static_cast<std::ptrdiff_t>(before) * c;
    std::uint8_t* const spare = job.work + padded * 4;
    const int divided = size == 14 ? 2 : 0;
    const int area = size * size >> divided;
    int shift = 0;
    while (2 << shift < area) ++shift;
    const Words inverse = fill_words_with(((65536 << shift) + area - 1) / area);
    const Words half = fill_words_with(size * size / 2);
    std::memset(columns, 0, static_cast<std::size_t>(count) * sizeof *columns);
    for (int line = 0; line < size - 1; ++line) {
        const std::uint8_t* const from = source_row<std::uint8_t>(job, mirrored(line - before, job.height));
        for (std::ptrdiff_t x = 0; x < count; x += kWords) {
            store_words(columns + x, load_words(columns + x) + load_words(from + x));
        }
    }
    for (int y = 0; y < job.height; ++y) {
        const std::uint8_t* const entering = source_row<std::uint8_t>(job, mirrored(y - before + size - 1, job.height));
        const std::uint8_t* const leaving = source_row<std::uint8_t>(job, mirrored(y - before, job.height));
        for (std::ptrdiff_t x = 0; x < count; x += kWords) {
            const Words sum = load_words(columns + x) + load_words(entering + x);
            store_words(inside + x, sum);
            store_words(columns + x, sum - load_words(leaving + x));
        }
        fill_margins(sides, inside, job.width, c);
        const TargetRow<std::uint8_t> to = target_row(job, y, spare);
        for (std::ptrdiff_t x = 0; x < count; x += kWords) {
            Words sum = half + load_words(row + x);
            for (int i = 1; i < size; ++i) sum += load_words(row + x + static_cast<std::ptrdiff_t>(i) * c);
            store_words(to.place + x, multiply_high(sum >> divided, inverse) >> shift);
        }
        finish_row(to, count);
    }
}

// Down the columns: `rows` of bytes to words in 1/256. Rounding down is made up for by half a unit per product.
template <int Radius>
FLOWERABLATE_INLINE void gaussian_column(const std::uint8_t* const* rows, const std::uint16_t* weights, int radius,
                                         std::uint16_t* out, std::ptrdiff_t count) {
    const int r = Radius ? Radius : radius;
    const Words half = fill_words_with((r + 1) / 2);
    const std::uint8_t* const centre = rows[r];
    for (std::ptrdiff_t x = 0; x < count; x += kWords) {
        Words sum = half + multiply_high(load_words(centre + x) << 8, Words{} + weights[0]);
        for (int i = 1; i <= r; ++i) {
            const Words pair = load_words(rows[r - i] + x) + load_words(rows[r + i] + x);
            sum += multiply_high(pair << 7, Words{} + weights[i]);
        }
        store_words(out + x, sum);
    }
}

// Along a row of words in 1/256, with margins, to bytes.
template <int Radius>
FLOWERABLATE_INLINE void gaussian_row(const std::uint16_t* row, const std::uint16_t* weights, int radius, int step,
                                      std::uint8_t* out, std::ptrdiff_t count) {
    const int r = Radius ? Radius : radius;
    const Words half = fill_words_with(128 + (r + 1) / 2);
    for (std::ptrdiff_t x = 0; x < count; x += kWords) {
        Words sum = half + multiply_high(load_words(row + x), Words{} + weights[0]);
        for (int i = 1; i <= r; ++i) {
            const std::ptrdiff_t away = static_cast<std::ptrdiff_t>(i) * step;
            const Words pair = average(load_words(row + x - away), load_words(row + x + away));
            sum += multiply_high(pair, Words{} + weights[i]);
        }
        store_words(out + x, sum >> 8);
    }
}

template <int Radius>
void gaussian_typed(const GaussianJob& gaussian) {
    const FilterJob& job = gaussian.image;
    const int c = job.channels;
    const int radius = job.size / 2;
    const Margins sides = margins<true>(radius, radius, job.width);
    const std::ptrdiff_t count = static_cast<std::ptrdiff_t>(job.width) * c;
    const std::ptrdiff_t padded = padded_values(job);
    std::uint16_t* const row = reinterpret_cast<std::uint16_t*>(job.work) + static_cast<std::ptrdiff_t>(radius + 1) * c;
    std::uint8_t* const spare = job.work + padded * 4;
    const std::uint8_t* rows[kMaxFilter];
    for (int y = 0; y < job.height; ++y) {
        for (int i = 0; i < job.size; ++i) {
            rows[i] = source_row<std::uint8_t>(job, mirrored(y - radius + i, job.height));
        }
        gaussian_column<Radius>(rows, gaussian.weights, radius, row, count);
        fill_margins(sides, row, job.width, c);
        const TargetRow<std::uint8_t> to = target_row(job, y, spare);
        gaussian_row<Radius>(row, gaussian.weights, radius, c, to.place, count);
        finish_row(to, count);
    }
}

}  // namespace

void gaussian(const GaussianJob& job) {
    switch (job.image.size / 2) {
        case 1: return gaussian_typed<1>(job);
        case 2: return gaussian_typed<2>(job);
        case 3: return gaussian_typed<3>(job);
        case 4: return gaussian_typed<4>(job);
        default: return gaussian_typed<0>(job);
    }
}

// 16-bit images: in float32, taps in pairs from the centre outwards.
void gaussian_words(const GaussianJob& gaussian) {
    const FilterJob& job = gaussian.image;
    const int c = job.channels;
    const int radius = job.size / 2;
    const Margins sides = margins<true>(radius, radius, job.width);
    const std::ptrdiff_t count = static_cast<std::ptrdiff_t>(job.width) * c;
    const std::ptrdiff_t padded = padded_values(job);
    float* const row = reinterpret_cast<float*>(job.work) + static_cast<std::ptrdiff_t>(radius) * c;
    float* __restrict const sums = reinterpret_cast<float*>(job.work + padded * 4);
    std::uint16_t* const spare = reinterpret_cast<std::uint16_t*>(job.work + padded * 8);
    for (int y = 0; y < job.height; ++y) {
        const std::uint16_t* const centre = source_row<std::uint16_t>(job, y);
        float* __restrict const down = row;
        for (std::ptrdiff_t x = 0; x < count; ++x) down[x] = gaussian.exact[0] * static_cast<float>(centre[x]);
        for (int i = 1; i <= radius; ++i) {
            const std::uint16_t* const above = source_row<std::uint16_t>(job, mirrored(y - i, job.height));
            const std::uint16_t* const below = source_row<std::uint16_t>(job, mirrored(y + i, job.height));
            const float weight = gaussian.exact[i];
            for (std::ptrdiff_t x = 0; x < count; ++x) {
                down[x] += weight * static_cast<float>(static_cast<std::int32_t>(above[x]) + below[x]);
            }
        }
        fill_margins(sides, row, job.width, c);
        for (std::ptrdiff_t x = 0; x < count; ++x) sums[x] = gaussian.exact[0] * row[x];
        for (int i = 1; i <= radius; ++i) {
            const float* const left = row - static_cast<std::ptrdiff_t>(i) * c;
            const float* const right = row + static_cast<std::ptrdiff_t>(i) * c;
            const float weight = gaussian.exact[i];
            for (std::ptrdiff_t x = 0; x < count; ++x) sums[x] += weight * (left[x] + right[x]);
        }
        const TargetRow<std::uint16_t> to = target_row(job, y, spare);
        std::uint16_t* __restrict const out = to.place;
        for (std::ptrdiff_t x = 0; x < count; ++x) {
            const float clamped = sums[x] < 65535.0f ? sums[x] : 65535.0f;
            out[x] = static_cast<std::uint16_t>(static_cast<std::int32_t>((clamped + kRounder) - kRounder));
        }
        finish_row(to, count);
    }
}

void box(const FilterJob& job) {
    if (job.size == 3) return box_small<3>(job);
    if (job.size == 5) return box_small<5>(job);
    if (job.size <= 16) return box_small<0>(job);
    box_typed<std::uint8_t, std::uint16_t, std::uint32_t, float>(job);
}

void box_words(const FilterJob& job) { box_typed<std::uint16_t, std::uint32_t, std::uint32_t, double>(job); }

const FilterKernels filter_kernels = {
    .work_bytes = filter_work_bytes,
    .box = box,
    .box_words = box_words,
    .gaussian = gaussian,
    .gaussian_words = gaussian_words,
    .median = median,
    .median_words = median_words,
    .sobel = sobel,
    .sharpness = sharpness,
    .unsharp = unsharp,
};

}  // namespace flowerablate::FLOWERABLATE_ISA
