// The kernels of ops/filter.cpp that work on differences: gradients and sharpening.
#include "kernels/kernels.hpp"
#include "kernels/pointwise.hpp"
#include "kernels/words.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

void sobel(const SobelJob& job);
void sharpness(const FilterJob& job, float factor);
void unsharp(const std::uint8_t* source, const std::uint8_t* blurred, std::uint8_t* target, std::ptrdiff_t bytes,
             float amount, int threshold);

namespace {

// out[x] = sum over the taps of weights * rows[tap][x]
template <typename T, typename From>
FLOWERABLATE_INLINE void weigh(const From* const* rows, const std::int32_t* weights, int taps, T* __restrict out,
                               std::ptrdiff_t count) {
    for (int tap = 0; tap < taps; ++tap) {
        const From* const row = rows[tap];
        const T weight = static_cast<T>(weights[tap]);
        if (tap == 0) {
            for (std::ptrdiff_t x = 0; x < count; ++x) out[x] = static_cast<T>(weight * row[x]);
        } else if (weight != 0) {
            for (std::ptrdiff_t x = 0; x < count; ++x) out[x] = static_cast<T>(out[x] + weight * row[x]);
        }
    }
}

// One gradient of a row: `down` along the columns, `along` along the row; absolute values of at most 255.
template <typename T>
void gradient(const SobelJob& sobel, const Margins& sides, const std::uint8_t* const* rows, const std::int32_t* down,
              const std::int32_t* along, T* row, T* sums, T* __restrict out) {
    const FilterJob& job = sobel.image;
    const std::ptrdiff_t count = static_cast<std::ptrdiff_t>(job.width) * job.channels;
    weigh(rows, down, job.size, row, count);
    fill_margins(sides, row, job.width, job.channels);
    const T* shifted[7];
    for (int tap = 0; tap < job.size; ++tap)
        shifted[tap] = row + static_cast<std::ptrdiff_t>(tap - job.size / 2) * job.channels;
    weigh(shifted, along, job.size, sums, count);
    for (std::ptrdiff_t x = 0; x < count; ++x) {
        const T length = static_cast<T>(sums[x] < 0 ? -sums[x] : sums[x]);
        out[x] = length < 255 ? length : static_cast<T>(255);
    }
}

FLOWERABLATE_INLINE Floats rounded(Floats value) {
    const Floats low = Floats{}, high = low + 255.0f;
    const Floats raised = value > low ? value : low;
    const Floats clamped = raised < high ? raised : high;
    return (clamped + kRounder) - kRounder;
}

// Gradients, which lie between 0 and 255, as numbers.
FLOWERABLATE_INLINE Floats load_lengths(const std::int16_t* from) {
    return load_floats(reinterpret_cast<const std::uint16_t*>(from));
}
FLOWERABLATE_INLINE Floats load_lengths(const std::int32_t* from) {
    Ints values;
    std::memcpy(&values, from, sizeof values);
    return __builtin_convertvector(values, Floats);
}

// `T` holds every sum: 16 bits up to size 5.
template <typename T>
void sobel_typed(const SobelJob& sobel) {
    const FilterJob& job = sobel.image;
    const int radius = job.size / 2;
    const Margins sides = margins<true>(radius, radius, job.width);
    const std::ptrdiff_t count = static_cast<std::ptrdiff_t>(job.width) * job.channels;
    const std::ptrdiff_t padded = padded_values(job);
    T* const row = reinterpret_cast<T*>(job.work) + static_cast<std::ptrdiff_t>(radius) * job.channels;
    T* const sums = reinterpret_cast<T*>(job.work + padded * 4);
    T* const along_x = reinterpret_cast<T*>(job.work + padded * 8);
    T* const along_y = reinterpret_cast<T*>(job.work + padded * 12);
    std::uint8_t* const spare = job.work;  // where `row` was, which is done with by then
    const std::uint8_t* rows[7];
    for (int y = 0; y < job.height; ++y) {
        for (int i = 0; i < job.size; ++i) {
            rows[i] = source_row<std::uint8_t>(job, mirrored(y - radius + i, job.height));
        }
        if (sobel.output != SobelOutput::kAlongY)
            gradient(sobel, sides, rows, sobel.smooth, sobel.difference, row, sums, along_x);
        if (sobel.output != SobelOutput::kAlongX)
            gradient(sobel, sides, rows, sobel.difference, sobel.smooth, row, sums, along_y);
        std::uint8_t* __restrict const out = job.target + y * count;
        if (sobel.output != SobelOutput::kMagnitude) {
            const T* const only = sobel.output == SobelOutput::kAlongX ? along_x : along_y;
            for (std::ptrdiff_t x = 0; x < count; ++x) out[x] = static_cast<std::uint8_t>(only[x]);
            continue;
        }
        const TargetRow<std::uint8_t> to = target_row(job, y, spare);
        for (std::ptrdiff_t x = 0; x < count; x += kFloats) {
            const Floats a = load_lengths(along_x + x), b = load_lengths(along_y + x);
            store_bytes(to.place + x, rounded(roots(a * a + b * b)));
        }
        finish_row(to, count);
    }
}

}  // namespace

void sobel(const SobelJob& job) {
    job.image.size == 7 ? sobel_typed<std::int32_t>(job) : sobel_typed<std::int16_t>(job);
}

void sharpness(const FilterJob& job, float factor) {
    const int c = job.channels;
    const std::ptrdiff_t count = static_cast<std::ptrdiff_t>(job.width) * c;
    std::uint16_t* const columns = reinterpret_cast<std::uint16_t*>(job.work) + c;
    std::uint8_t* const spare = job.work + padded_values(job) * 4;
    for (int y = 0; y < job.height; ++y) {
        const std::uint8_t* const row = source_row<std::uint8_t>(job, y);
        std::uint8_t* const out = job.target + y * count;
        if (y == 0 || y == job.height - 1 || job.width < 3) {
            std::memcpy(out, row, static_cast<std::size_t>(count));
            continue;
        }
        const std::uint8_t* const above = source_row<std::uint8_t>(job, y - 1);
        const std::uint8_t* const below = source_row<std::uint8_t>(job, y + 1);
        for (std::ptrdiff_t x = 0; x < count; x += kWords) {
            store_words(columns + x, load_words(above + x) + load_words(row + x) + load_words(below + x));
        }
        const TargetRow<std::uint8_t> to = target_row(job, y, spare);
        for (std::ptrdiff_t x = 0; x < count; x += kFloats) {
            const Floats value = load_floats(row + x);
            const Floats sum = load_floats(columns + x - c) + load_floats(columns + x) + load_floats(columns + x + c);
            const Floats smooth = ((sum + 4.0f * value) * (1.0f / 13.0f) + kRounder) - kRounder;
            const Floats moved = factor * (value - smooth);
            store_bytes(to.place + x, rounded(smooth + moved));
        }
        finish_row(to, count);
        std::memcpy(out, row, static_cast<std::size_t>(c));
        std::memcpy(out + count - c, row + count - c, static_cast<std::size_t>(c));
    }
}

void unsharp(const std::uint8_t* source, const std::uint8_t* blurred, std::uint8_t* target, std::ptrdiff_t bytes,
             float amount, int threshold) {
    const Floats limit = Floats{} + static_cast<float>(threshold);
    const auto step = [&](const std::uint8_t* from, const std::uint8_t* smooth, std::uint8_t* to)
                          __attribute__((always_inline)) {
                              const Floats value = load_floats(from);
                              const Floats difference = value - load_floats(smooth);
                              const Floats size = difference > -difference ? difference : -difference;
                              const Floats moved = amount * difference;
                              store_bytes(to, size > limit ? rounded(value + moved) : value);
                          };
    std::ptrdiff_t x = 0;
    for (; x + kFloats <= bytes; x += kFloats) step(source + x, blurred + x, target + x);
    if (x == bytes) return;
    std::uint8_t rest[3][kFloats] = {};
    std::memcpy(rest[0], source + x, static_cast<std::size_t>(bytes - x));
    std::memcpy(rest[1], blurred + x, static_cast<std::size_t>(bytes - x));
    step(rest[0], rest[1], rest[2]);
    std::memcpy(target + x, rest[2], static_cast<std::size_t>(bytes - x));
}

}  // namespace flowerablate::FLOWERABLATE_ISA
