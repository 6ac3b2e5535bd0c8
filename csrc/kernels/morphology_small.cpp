// Elements of 3 x 3 pixels, squares and crosses: row by row from three rows above each other, and an opening or closing
// in one go, with the rows between its two passes kept in the first-level cache.
#include "kernels/kernels.hpp"
#include "kernels/picks.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

namespace {

constexpr int kLines = 4;      // rows kept between two passes; three are needed, and four are counted faster
constexpr int kRowsAhead = 4;  // whose memory is asked for
constexpr int kMargin = 64;    // before a line; the shift of a pixel is at most 8 bytes

std::ptrdiff_t line_pitch(const SmallJob& job) {
    return (static_cast<std::ptrdiff_t>(job.width) * job.pixel_bytes + 63) / 64 * 64 + 2 * kMargin;
}

template <bool Dilate>
FLOWERABLATE_INLINE Bytes neutral_bytes() {
    return Bytes{} + static_cast<std::uint8_t>(Dilate ? 0 : 255);
}

#if defined(__AVX512VBMI__)

// Values move between neighbouring vectors in registers.
template <bool Dilate, typename Value, bool Cross>
void pass_row(const std::uint8_t* const* rows, std::uint8_t* out, std::uint8_t*, std::ptrdiff_t bytes, int shift) {
    std::uint8_t numbers[kWidth];
    for (int i = 0; i < kWidth; ++i) numbers[i] = static_cast<std::uint8_t>(i);
    const Bytes count = load(numbers);
    const __m512i from_left = reinterpret_cast<__m512i>(count + static_cast<std::uint8_t>(kWidth - shift));
    const __m512i from_right = reinterpret_cast<__m512i>(count + static_cast<std::uint8_t>(shift));
    const auto shifted = [](Bytes a, __m512i places, Bytes b) {
        return reinterpret_cast<Bytes>(
            _mm512_permutex2var_epi8(reinterpret_cast<__m512i>(a), places, reinterpret_cast<__m512i>(b)));
    };
    const Bytes neutral = neutral_bytes<Dilate>();
    // what moves sideways; after the end of the row it is neutral
    const auto inner = [&](std::ptrdiff_t x) {
        if (x >= bytes) return neutral;
        Bytes value = load(rows[1] + x);
        if constexpr (!Cross) {
            value = pick_values<Dilate, Value>(pick_values<Dilate, Value>(value, load(rows[0] + x)), load(rows[2] + x));
        }
        if (bytes - x < kWidth) value = count < static_cast<std::uint8_t>(bytes - x) ? value : neutral;
        return value;
    };
    const auto finish = [&](Bytes before, Bytes value, Bytes after, std::ptrdiff_t x) {
        const Bytes sides =
            pick_values<Dilate, Value>(shifted(before, from_left, value), shifted(value, from_right, after));
        Bytes all = pick_values<Dilate, Value>(value, sides);
        if constexpr (Cross) {
            all = pick_values<Dilate, Value>(all, pick_values<Dilate, Value>(load(rows[0] + x), load(rows[2] + x)));
        }
        store(out + x, all);
    };
    Bytes before = neutral, value = inner(0);
    std::ptrdiff_t x = 0;
    for (; x + 2 * kWidth <= bytes; x += kWidth) {
        Bytes after = load(rows[1] + x + kWidth);
        if constexpr (!Cross) {
            after = pick_values<Dilate, Value>(pick_values<Dilate, Value>(after, load(rows[0] + x + kWidth)),
                                               load(rows[2] + x + kWidth));
        }
        finish(before, value, after, x);
        before = value;
        value = after;
    }
    for (; x < bytes; x += kWidth) {
        const Bytes after = inner(x + kWidth);
        finish(before, value, after, x);
        before = value;
        value = after;
    }
}

#else

// What moves sideways is written to a line first, with neutral margins, and read again at three places.
template <bool Dilate, typename Value, bool Cross>
void pass_row(const std::uint8_t* const* rows, std::uint8_t* out, std::uint8_t* line, std::ptrdiff_t bytes, int shift) {
    for (std::ptrdiff_t x = 0; x < bytes; x += kWidth) {
        Bytes value = load(rows[1] + x);
        if constexpr (!Cross) {
            value = pick_values<Dilate, Value>(pick_values<Dilate, Value>(value, load(rows[0] + x)), load(rows[2] + x));
        }
        store(line + x, value);
    }
    store(line + bytes, neutral_bytes<Dilate>());
    store(line - kWidth, neutral_bytes<Dilate>());
    for (std::ptrdiff_t x = 0; x < bytes; x += kWidth) {
        const Bytes sides = pick_values<Dilate, Value>(load(line + x - shift), load(line + x + shift));
        Bytes all = pick_values<Dilate, Value>(load(line + x), sides);
        if constexpr (Cross) {
            all = pick_values<Dilate, Value>(all, pick_values<Dilate, Value>(load(rows[0] + x), load(rows[2] + x)));
        }
        store(out + x, all);
    }
}

#endif

// A row of the source, or a copy of it where reading it in whole vectors would go too far.
FLOWERABLATE_INLINE const std::uint8_t* source_row(const SmallJob& job, int y, std::uint8_t* copy,
                                                   std::ptrdiff_t bytes) {
    const std::uint8_t* row = job.source + y * job.source_stride;
    if (job.readable_end - row >= bytes + kWidth) return row;
    std::memcpy(copy, row, static_cast<std::size_t>(bytes));
    return copy;
}

template <bool Dilate, typename Value, bool Cross, bool Twice>
void small_typed(const SmallJob& job) {
    const std::ptrdiff_t bytes = static_cast<std::ptrdiff_t>(job.width) * job.pixel_bytes, pitch = line_pitch(job);
    std::uint8_t* const begin = job.work + kMargin;
    std::uint8_t* const line = begin;
    std::uint8_t* const first_neutral = begin + pitch;
    std::uint8_t* const second_neutral = first_neutral + pitch;
    std::uint8_t* const last = second_neutral + pitch;
    std::uint8_t* const copies = last + pitch;
    std::uint8_t* const lines = copies + kLines * pitch;
    std::memset(first_neutral, Dilate ? 0 : 255, static_cast<std::size_t>(pitch));
    std::memset(second_neutral, Dilate ? 255 : 0, static_cast<std::size_t>(pitch));
    const auto to_target = [&](int y, const auto& write) {
        std::uint8_t* const target = job.target + y * bytes;
        if (y + 1 < job.height && (job.height - 1 - y) * bytes >= kOvershoot) return write(target);
        write(last);
        std::memcpy(target, last, static_cast<std::size_t>(bytes));
    };
    const std::uint8_t* rows[3] = {first_neutral, first_neutral, source_row(job, 0, copies, bytes)};
    const int after = Twice ? 1 : 0;
    for (int y = 0; y < job.height + after; ++y) {
        if (y < job.height) {
            if (y + kRowsAhead < job.height) {
                prefetch_to_read(job.source + (y + kRowsAhead) * job.source_stride, bytes);
                prefetch_to_write(job.target + (y + kRowsAhead - after) * bytes, bytes);
            }
            rows[0] = rows[1];
            rows[1] = rows[2];
            rows[2] =
                y + 1 < job.height ? source_row(job, y + 1, copies + (y + 1) % kLines * pitch, bytes) : first_neutral;
            if constexpr (Twice) {
                pass_row<Dilate, Value, Cross>(rows, lines + y % kLines * pitch, line, bytes, job.pixel_bytes);
            } else {
                to_target(y, [&](std::uint8_t* out) {
                    pass_row<Dilate, Value, Cross>(rows, out, line, bytes, job.pixel_bytes);
                });
            }
        }
        if (!Twice || y == 0) continue;
        const std::uint8_t* between[3] = {y > 1 ? lines + (y - 2) % kLines * pitch : second_neutral,
                                          lines + (y - 1) % kLines * pitch,
                                          y < job.height ? lines + y % kLines * pitch : second_neutral};
        to_target(y - 1, [&](std::uint8_t* out) {
            pass_row<!Dilate, Value, Cross>(between, out, line, bytes, job.pixel_bytes);
        });
    }
}

template <typename Value, bool Cross>
void small_shaped(const SmallJob& job) {
    if (job.twice) {
        job.dilate ? small_typed<true, Value, Cross, true>(job) : small_typed<false, Value, Cross, true>(job);
    } else {
        job.dilate ? small_typed<true, Value, Cross, false>(job) : small_typed<false, Value, Cross, false>(job);
    }
}

}  // namespace

// One line, two neutral rows, the last row of the target, copies of rows of the source, rows between the passes.
std::ptrdiff_t small_work_bytes(const SmallJob& job) { return (4 + 2 * kLines) * line_pitch(job) + 2 * kMargin; }

void small(const SmallJob& job) {
    if (job.itemsize == 1) {
        job.cross ? small_shaped<std::uint8_t, true>(job) : small_shaped<std::uint8_t, false>(job);
    } else {
        job.cross ? small_shaped<std::uint16_t, true>(job) : small_shaped<std::uint16_t, false>(job);
    }
}

}  // namespace flowerablate::FLOWERABLATE_ISA
