// Erosion and dilation with flat elements.
//
// Rectangles are separable. A window of k elements is the pick of ceil(log2 k) doublings: windows of 2, 4, 8, ..., and at last
// two overlapping ones. Vertically, each doubling is a ring of rows through which the rows stream; horizontally, it is one
// sweep over a chunk of rows that lie behind each other with neutral margins between them.
//
// Other elements are one horizontal run per row. For each source row the windows of 1, 2, 4, ... pixels are kept; a run of
// any length is the pick of two of them, so an output row is the pick of at most two vectors per row of the element.
//
// All of it works on bytes, with pixels of any number of them; only the pick itself depends on the width of a value.
#include "kernels/kernels.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

namespace {

constexpr int kMaxLevels = 12;              // doublings for the largest window, of 4096
constexpr int kUnrolled = 6;                // doublings for a window of 63, the largest of a single pass
constexpr int kChunkBytes = 16384;          // rows that are swept at once; half of a first-level cache
constexpr int kSlotBytes = 160 * 1024;      // of windows that runs() works on; they should stay in the second-level cache
constexpr int kLeastStrip = 64;             // pixels
constexpr int kPad = 512;                   // behind each working buffer, since sweeps overshoot

typedef std::uint16_t Words __attribute__((vector_size(kWidth)));

// The larger of each pair of values for dilation, the smaller for erosion.
template <bool Dilate, typename Value>
FLOWERABLATE_INLINE Bytes pick_values(Bytes a, Bytes b) {
    if constexpr (sizeof(Value) == 1) {
        return pick<Dilate>(a, b);
    } else {
        const Words one = reinterpret_cast<Words>(a), other = reinterpret_cast<Words>(b);
        return reinterpret_cast<Bytes>(Dilate ? (one > other ? one : other) : (one < other ? one : other));
    }
}

// Fills `shifts` so that a window of `size` is made of windows of 1 by picking, in turn, with the neighbour at each shift.
FLOWERABLATE_INLINE int doubling_shifts(int size, int* shifts) {
    int levels = 0;
    int window = 1;
    while (2 * window <= size) {
        shifts[levels++] = window;
        window *= 2;
    }
    if (window < size) shifts[levels++] = size - window;
    return levels;
}

FLOWERABLATE_INLINE std::ptrdiff_t round_up(std::ptrdiff_t bytes) { return (bytes + 63) / 64 * 64; }

struct RectangleLayout {
    int levels, shifts[kMaxLevels], rows;
    std::ptrdiff_t row_bytes, ring_pitch, pitch, chunk_bytes, total;
};

RectangleLayout rectangle_layout(const RectangleJob& job) {
    RectangleLayout layout{};
    layout.levels = doubling_shifts(job.size, layout.shifts);
    layout.row_bytes = static_cast<std::ptrdiff_t>(job.width) * job.pixel_bytes;
    layout.ring_pitch = round_up(layout.row_bytes) + 64;
    layout.pitch = layout.row_bytes + static_cast<std::ptrdiff_t>(job.size - 1) * job.pixel_bytes;
    const std::ptrdiff_t fitting = kChunkBytes / layout.pitch;
    layout.rows = max_int(1, min_int(job.height, static_cast<int>(fitting)));
    layout.chunk_bytes = round_up(layout.rows * layout.pitch) + kPad;
    // one row for a source row that must not be read beyond its end, the rings (size - 1 rows), two chunks
    layout.total = layout.ring_pitch * job.size + 2 * layout.chunk_bytes;
    return layout;
}

// Sends one row (neutral if `source` is null) through the rings; `out` receives the vertical window that ends with it.
template <bool Dilate, typename Value, int Levels>
void feed_row(const std::uint8_t* source, std::uint8_t* const* slots, std::uint8_t* out, std::ptrdiff_t bytes, int levels = Levels) {
    std::uint8_t* ring[Levels + 1] = {};
    for (int level = 0; level < levels; ++level) ring[level] = slots[level];
    const Bytes neutral = Bytes{} + static_cast<std::uint8_t>(Dilate ? 0 : 255);
    for (std::ptrdiff_t x = 0; x < bytes; x += kWidth) {
        Bytes value = source ? load(source + x) : neutral;
        for (int level = 0; level < levels; ++level) {
            const Bytes old = load(ring[level] + x);
            store(ring[level] + x, value);
            value = pick_values<Dilate, Value>(value, old);
        }
        store(out + x, value);
    }
}

template <bool Dilate, typename Value>
void feed_row(int levels, const std::uint8_t* source, std::uint8_t* const* slots, std::uint8_t* out,
              std::ptrdiff_t bytes) {
    switch (levels) {
        case 1: return feed_row<Dilate, Value, 1>(source, slots, out, bytes);
        case 2: return feed_row<Dilate, Value, 2>(source, slots, out, bytes);
        case 3: return feed_row<Dilate, Value, 3>(source, slots, out, bytes);
        case 4: return feed_row<Dilate, Value, 4>(source, slots, out, bytes);
        case 5: return feed_row<Dilate, Value, 5>(source, slots, out, bytes);
        case 6: return feed_row<Dilate, Value, 6>(source, slots, out, bytes);
        default: return feed_row<Dilate, Value, kMaxLevels>(source, slots, out, bytes, levels);
    }
}

// One doubling: out[x] = pick(in[x], in[x + shift]). `in` and `out` may be the same, because reading runs ahead of writing.
template <bool Dilate, typename Value>
void sweep_one(const std::uint8_t* in, std::uint8_t* out, std::ptrdiff_t bytes, std::ptrdiff_t shift) {
    for (std::ptrdiff_t x = 0; x < bytes; x += kWidth) {
        store(out + x, pick_values<Dilate, Value>(load(in + x), load(in + x + shift)));
    }
}

// Two doublings in one sweep.
template <bool Dilate, typename Value>
void sweep_two(const std::uint8_t* in, std::uint8_t* out, std::ptrdiff_t bytes, std::ptrdiff_t first,
               std::ptrdiff_t second) {
    for (std::ptrdiff_t x = 0; x < bytes; x += kWidth) {
        const Bytes near = pick_values<Dilate, Value>(load(in + x), load(in + x + first));
        const Bytes far = pick_values<Dilate, Value>(load(in + x + second), load(in + x + first + second));
        store(out + x, pick_values<Dilate, Value>(near, far));
    }
}

// Horizontal windows of `rows` padded rows at `chunk`, written to the rows of the target from `y` on. `copy`: room for a row.
template <bool Dilate, typename Value>
void sweep_chunk(const RectangleJob& job, const RectangleLayout& layout, const std::uint8_t* chunk, std::uint8_t* spare,
                 std::uint8_t* copy, int y, int rows) {
    const int c = job.pixel_bytes;
    const std::uint8_t* in = chunk;
    int level = 0;
    if (layout.levels > 2 && layout.levels % 2 == 1) {
        sweep_one<Dilate, Value>(in, spare, rows * layout.pitch, layout.shifts[0] * c);
        in = spare;
        level = 1;
    }
    while (layout.levels - level > 2) {
        sweep_two<Dilate, Value>(in, spare, rows * layout.pitch, layout.shifts[level] * c, layout.shifts[level + 1] * c);
        in = spare;
        level += 2;
    }
    const std::uint8_t* end = job.target + job.height * layout.row_bytes;
    for (int row = 0; row < rows; ++row, in += layout.pitch) {
        std::uint8_t* const to = job.target + (y + row) * layout.row_bytes;
        const bool overshoots = end - (to + layout.row_bytes) < kOvershoot;
        std::uint8_t* const target = overshoots ? copy : to;
        if (layout.levels - level == 2) {
            sweep_two<Dilate, Value>(in, target, layout.row_bytes, layout.shifts[level] * c, layout.shifts[level + 1] * c);
        } else {
            sweep_one<Dilate, Value>(in, target, layout.row_bytes, layout.shifts[level] * c);
        }
        if (overshoots) std::memcpy(to, copy, static_cast<std::size_t>(layout.row_bytes));
    }
}

template <bool Dilate, typename Value>
void rectangle_typed(const RectangleJob& job) {
    const RectangleLayout layout = rectangle_layout(job);
    const int neutral = Dilate ? 0 : 255;
    const int after = job.size - 1 - job.anchor;  // rows of the window below the anchor
    const std::ptrdiff_t margin = static_cast<std::ptrdiff_t>(job.size - 1) * job.pixel_bytes;
    std::uint8_t* copy = job.work;
    std::uint8_t* rings = copy + layout.ring_pitch;
    std::uint8_t* chunk = rings + layout.ring_pitch * (job.size - 1);
    std::uint8_t* spare = chunk + layout.chunk_bytes;
    std::memset(rings, neutral, static_cast<std::size_t>(layout.ring_pitch * (job.size - 1)));
    std::memset(chunk, neutral, static_cast<std::size_t>(layout.chunk_bytes));

    int ring_begin[kMaxLevels], ring_at[kMaxLevels] = {};
    for (int level = 0, begin = 0; level < layout.levels; begin += layout.shifts[level++]) ring_begin[level] = begin;

    std::uint8_t* const rows_begin = chunk + static_cast<std::ptrdiff_t>(job.anchor) * job.pixel_bytes;
    int y = 0, filled = 0;  // rows done, rows waiting in the chunk
    for (int line = 0; line < job.height + after; ++line) {
        const std::uint8_t* source = nullptr;
        if (line < job.height) {
            source = job.source + line * job.source_stride;
            if (job.readable_end - source < layout.row_bytes + kWidth) {
                std::memcpy(copy, source, static_cast<std::size_t>(layout.row_bytes));
                source = copy;
            }
        }
        std::uint8_t* slots[kMaxLevels];
        for (int level = 0; level < layout.levels; ++level) {
            slots[level] = rings + (ring_begin[level] + ring_at[level]) * layout.ring_pitch;
            if (++ring_at[level] == layout.shifts[level]) ring_at[level] = 0;
        }
        std::uint8_t* out = rows_begin + filled * layout.pitch;
        feed_row<Dilate, Value>(layout.levels, source, slots, out, layout.row_bytes);
        if (line < after) continue;
        std::memset(out + layout.row_bytes, neutral, static_cast<std::size_t>(margin));  // the overshoot of feed_row
        if (++filled == layout.rows || y + filled == job.height) {
            sweep_chunk<Dilate, Value>(job, layout, chunk, spare, copy, y, filled);
            y += filled;
            filled = 0;
        }
    }
}

struct RunsLayout {
    int levels, strip;  // doubled windows beside the single pixels; pixels of a strip
    std::ptrdiff_t pitch, slot, total;
};

RunsLayout runs_layout(const RunsJob& job) {
    RunsLayout layout{};
    int longest = 1;
    for (int row = 0; row < job.size; ++row) longest = max_int(longest, job.runs[row].end - job.runs[row].begin);
    while (2 << layout.levels <= longest) ++layout.levels;
    const int columns = kSlotBytes / (job.size * (layout.levels + 1) * job.pixel_bytes) - job.size;
    layout.strip = min_int(job.width, max_int(kLeastStrip, columns));
    layout.pitch = round_up(static_cast<std::ptrdiff_t>(layout.strip + job.size) * job.pixel_bytes + kWidth);
    layout.slot = layout.pitch * (layout.levels + 1);
    layout.total = layout.slot * job.size + kPad;
    return layout;
}

// Writes the windows of 1, 2, 4, ... pixels of one source row, for the strip that begins at pixel `x`.
template <bool Dilate, typename Value>
void fill_slot(const RunsJob& job, const RunsLayout& layout, int row, int x, std::uint8_t* slot) {
    const int c = job.pixel_bytes;
    const int anchor = job.size / 2;
    const int left = max_int(0, x - anchor);
    const int right = min_int(job.width, x + layout.strip + job.size - 1 - anchor);
    std::uint8_t* begin = slot + static_cast<std::ptrdiff_t>(left - (x - anchor)) * c;
    const std::ptrdiff_t bytes = static_cast<std::ptrdiff_t>(right - left) * c;
    const int neutral = Dilate ? 0 : 255;
    std::memset(slot, neutral, static_cast<std::size_t>(begin - slot));
    std::memset(begin + bytes, neutral, static_cast<std::size_t>(slot + layout.pitch - (begin + bytes)));
    std::memcpy(begin, job.source + row * job.source_stride + static_cast<std::ptrdiff_t>(left) * c,
                static_cast<std::size_t>(bytes));
    for (int level = 0; level < layout.levels; ++level, slot += layout.pitch) {
        const std::ptrdiff_t shift = static_cast<std::ptrdiff_t>(c) << level;
        sweep_one<Dilate, Value>(slot, slot + layout.pitch, layout.pitch, shift);
    }
}

// The pick over all of `count` rows at x, for `Vectors` vectors.
template <bool Dilate, typename Value, int Vectors>
FLOWERABLATE_INLINE void reduce_block(const std::uint8_t* const* rows, int count, std::ptrdiff_t x, std::uint8_t* target) {
    Bytes picked[Vectors];
    for (int i = 0; i < Vectors; ++i) picked[i] = load(rows[0] + x + i * kWidth);
    for (int row = 1; row < count; ++row) {
        const std::uint8_t* from = rows[row] + x;
        for (int i = 0; i < Vectors; ++i) picked[i] = pick_values<Dilate, Value>(picked[i], load(from + i * kWidth));
    }
    for (int i = 0; i < Vectors; ++i) store(target + i * kWidth, picked[i]);
}

// target[x] = the pick over all of `count` rows at x, for x in [0, bytes); nothing else is written.
template <bool Dilate, typename Value>
void reduce(const std::uint8_t* const* rows, int count, std::uint8_t* target, std::ptrdiff_t bytes) {
    std::ptrdiff_t x = 0;
    for (; x + 4 * kWidth <= bytes; x += 4 * kWidth) reduce_block<Dilate, Value, 4>(rows, count, x, target + x);
    for (; x + kWidth <= bytes; x += kWidth) reduce_block<Dilate, Value, 1>(rows, count, x, target + x);
    if (x == bytes) return;
    std::uint8_t rest[kWidth];
    reduce_block<Dilate, Value, 1>(rows, count, x, rest);
    std::memcpy(target + x, rest, static_cast<std::size_t>(bytes - x));
}

template <bool Dilate, typename Value>
void runs_typed(const RunsJob& job) {
    const RunsLayout layout = runs_layout(job);
    const int c = job.pixel_bytes;
    const int anchor = job.size / 2;
    const std::ptrdiff_t stride = static_cast<std::ptrdiff_t>(job.width) * c;
    const std::uint8_t* rows[2 * 63];
    for (int x = 0; x < job.width; x += layout.strip) {
        const int pixels = min_int(layout.strip, job.width - x);
        int ready = 0;  // source rows whose slots are filled
        for (int y = 0; y < job.height; ++y) {
            const int needed = min_int(job.height, y + job.size - anchor);
            for (; ready < needed; ++ready) {
                fill_slot<Dilate, Value>(job, layout, ready, x, job.work + (ready % job.size) * layout.slot);
            }
            int count = 0;
            for (int line = 0; line < job.size; ++line) {
                const int row = y + line - anchor;
                const Run run = job.runs[line];
                if (row < 0 || row >= job.height || run.end <= run.begin) continue;
                int level = 0;
                while (2 << level <= run.end - run.begin) ++level;
                const std::uint8_t* window = job.work + (row % job.size) * layout.slot + level * layout.pitch;
                rows[count++] = window + run.begin * c;
                if (run.end - run.begin > 1 << level) rows[count++] = window + (run.end - (1 << level)) * c;
            }
            reduce<Dilate, Value>(rows, count, job.target + y * stride + static_cast<std::ptrdiff_t>(x) * c,
                           static_cast<std::ptrdiff_t>(pixels) * c);
        }
    }
}

std::ptrdiff_t rectangle_work_bytes(const RectangleJob& job) { return rectangle_layout(job).total; }

std::ptrdiff_t runs_work_bytes(const RunsJob& job) { return runs_layout(job).total; }

void rectangle(const RectangleJob& job) {
    if (job.depth == 1) {
        job.dilate ? rectangle_typed<true, std::uint8_t>(job) : rectangle_typed<false, std::uint8_t>(job);
    } else {
        job.dilate ? rectangle_typed<true, std::uint16_t>(job) : rectangle_typed<false, std::uint16_t>(job);
    }
}

void runs(const RunsJob& job) {
    if (job.depth == 1) {
        job.dilate ? runs_typed<true, std::uint8_t>(job) : runs_typed<false, std::uint8_t>(job);
    } else {
        job.dilate ? runs_typed<true, std::uint16_t>(job) : runs_typed<false, std::uint16_t>(job);
    }
}

template <typename Value>
void subtract_typed(const std::uint8_t* one, const std::uint8_t* other, std::uint8_t* target, std::ptrdiff_t count) {
    const Value* a = reinterpret_cast<const Value*>(one);
    const Value* b = reinterpret_cast<const Value*>(other);
    Value* to = reinterpret_cast<Value*>(target);
    for (std::ptrdiff_t i = 0; i < count; ++i) {
        to[i] = static_cast<Value>((a[i] > b[i] ? a[i] : b[i]) - b[i]);
    }
}

void subtract(const std::uint8_t* one, const std::uint8_t* other, std::uint8_t* target, std::ptrdiff_t bytes, int depth) {
    if (depth == 1) return subtract_typed<std::uint8_t>(one, other, target, bytes);
    subtract_typed<std::uint16_t>(one, other, target, bytes / 2);
}

template <typename Value>
void add_change_typed(const Value* source, const Value* before, const Value* after, Value* target, int width, int channels) {
    constexpr int kLargest = sizeof(Value) == 1 ? 255 : 65535;
    for (int x = 0; x < width; ++x, source += channels, target += channels) {
        const int change = after[x] - before[x];
        for (int c = 0; c < channels; ++c) {
            target[c] = c == 3 ? source[c] : static_cast<Value>(min_int(max_int(source[c] + change, 0), kLargest));
        }
    }
}

void add_change(const std::uint8_t* source, const std::uint8_t* before, const std::uint8_t* after, std::uint8_t* target, int width,
                int channels, int depth) {
    if (depth == 1) return add_change_typed(source, before, after, target, width, channels);
    const auto words = [](const std::uint8_t* from) { return reinterpret_cast<const std::uint16_t*>(from); };
    add_change_typed(words(source), words(before), words(after), reinterpret_cast<std::uint16_t*>(target), width, channels);
}

}  // namespace

const MorphologyKernels morphology_kernels = {rectangle_work_bytes, rectangle, runs_work_bytes, runs, subtract, add_change};

}  // namespace flowerablate::FLOWERABLATE_ISA
