// Erosion and dilation with flat elements.
//
// Rectangles are separable. A window of k elements is the pick of ceil(log2 k) doublings: windows of 2, 4, 8, ..., and
// at last two overlapping ones. Vertically, each doubling is a ring of rows through which the rows stream;
// horizontally, it is one sweep over a chunk of rows that lie after each other with neutral margins between them.
//
// Other elements are horizontal runs, several in a row where there are holes. For each source row the windows of all
// widths that the runs have are made, each as the pick of two narrower ones, and kept until the element has passed; so
// an output row is the pick of one vector per run of the element.
//
// All of it works on bytes, with pixels of any number of them; only the pick itself depends on the width of a value.
#include "kernels/kernels.hpp"
#include "kernels/picks.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

namespace {

constexpr int kMaxLevels = 12;          // doublings for the largest window, of 4096
constexpr int kUnrolled = 6;            // doublings for a window of 63, the largest of a single pass
constexpr int kChunkBytes = 16384;      // rows that are swept at once; half of a first-level cache
constexpr int kSlotBytes = 320 * 1024;  // of windows that runs() works on; they should stay in the second-level cache
constexpr int kRowsAhead = 4;           // whose memory is asked for
constexpr int kMinStrip = 64;           // pixels
constexpr int kPad = 512;               // after each working buffer, since sweeps overshoot

// Fills `shifts` so that a window of `size` is made of windows of 1 by picking, in turn, with the neighbour at each
// shift.
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
void feed_row(const std::uint8_t* source, std::uint8_t* const* slots, std::uint8_t* out, std::ptrdiff_t bytes,
              int levels = Levels) {
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

// One doubling: out[x] = pick(in[x], in[x + shift]). `in` and `out` may be the same, because reading runs ahead of
// writing.
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

// Horizontal windows of `rows` padded rows at `chunk`, written to the rows of the target from `y` on. `copy`: room for
// a row.
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
        sweep_two<Dilate, Value>(in, spare, rows * layout.pitch, layout.shifts[level] * c,
                                 layout.shifts[level + 1] * c);
        in = spare;
        level += 2;
    }
    const std::uint8_t* end = job.target + job.height * layout.row_bytes;
    for (int row = 0; row < rows; ++row, in += layout.pitch) {
        std::uint8_t* const to = job.target + (y + row) * layout.row_bytes;
        const bool overshoots = end - (to + layout.row_bytes) < kOvershoot;
        std::uint8_t* const target = overshoots ? copy : to;
        if (layout.levels - level == 2) {
            sweep_two<Dilate, Value>(in, target, layout.row_bytes, layout.shifts[level] * c,
                                     layout.shifts[level + 1] * c);
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
            if (line + kRowsAhead < job.height)
                prefetch_to_read(source + kRowsAhead * job.source_stride, layout.row_bytes);
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
        prefetch_to_write(job.target + (line - after) * layout.row_bytes, layout.row_bytes);
        std::memset(out + layout.row_bytes, neutral, static_cast<std::size_t>(margin));  // the overshoot of feed_row
        if (++filled == layout.rows || y + filled == job.height) {
            sweep_chunk<Dilate, Value>(job, layout, chunk, spare, copy, y, filled);
            y += filled;
            filled = 0;
        }
    }
}

// A horizontal window of `width` pixels, kept for runs that begin `begin` pixels after the left edge of the element. It
// is the pick of two of the one before it in the chain, or the source itself.
struct Window {
    int begin, width;
    std::ptrdiff_t place;  // of its rows in a slot if the element has such a run, else after all slots
    bool kept;
};

struct RunsLayout {
    Window chain[kMaxElement + kUnrolled];
    int windows, kept, strip;       // strip: pixels that are worked on at once
    int of_width[kMaxElement + 1];  // which window runs of each width take
    std::ptrdiff_t margin, pitch, slot, total;
};

// Chains the widths of the runs, with doublings where the next is too wide to be made of two.
void chain_windows(const RunsJob& job, RunsLayout& layout) {
    layout.windows = layout.kept = 0;
    for (int width = 1; width <= job.size; ++width) {
        int i = 0;
        while (i < job.run_count && job.runs[i].end - job.runs[i].begin != width) ++i;
        if (i == job.run_count) continue;
        const int begin = job.runs[i].begin;
        if (layout.windows == 0) layout.chain[layout.windows++] = {begin, 1, 0, false};
        while (2 * layout.chain[layout.windows - 1].width < width) {
            const Window last = layout.chain[layout.windows - 1];
            layout.chain[layout.windows++] = {last.begin, 2 * last.width, 0, false};
        }
        if (layout.chain[layout.windows - 1].width != width) layout.chain[layout.windows++] = {begin, width, 0, false};
        layout.of_width[width] = layout.windows - 1;
        layout.chain[layout.windows - 1].kept = true;
        ++layout.kept;
    }
}

RunsLayout runs_layout(const RunsJob& job) {
    RunsLayout layout;
    chain_windows(job, layout);
    layout.total = 0;
    if (layout.windows == 0) return layout;
    const int c = job.pixel_bytes;
    const int columns = kSlotBytes / (job.size * layout.kept * c) - job.size;
    layout.strip = min_int(job.width, max_int(kMinStrip, columns));
    layout.margin = round_up(static_cast<std::ptrdiff_t>(job.size) * c) + 64;
    layout.pitch = layout.margin + round_up(static_cast<std::ptrdiff_t>(layout.strip + job.size) * c) + 128;
    layout.slot = layout.pitch * layout.kept;
    std::ptrdiff_t in_slot = layout.margin, after = layout.margin + layout.slot * job.size;
    for (int i = 0; i < layout.windows; ++i) {
        std::ptrdiff_t& next = layout.chain[i].kept ? in_slot : after;
        layout.chain[i].place = next;
        next += layout.pitch;
    }
    layout.total = after - layout.margin + kPad;
    return layout;
}

// Writes all windows of one source row, for the strip that begins at pixel `x`. A row of windows holds, for each pixel
// of the strip, the one that the run from `begin` on covers of an element that is there; windows of other runs of that
// width stand as far from it as the runs do.
template <bool Dilate, typename Value>
void fill_slot(const RunsJob& job, const RunsLayout& layout, int row, int x) {
    const int c = job.pixel_bytes;
    const auto rows = [&](const Window& window) {
        return job.work + window.place + (window.kept ? (row % job.size) * layout.slot : 0);
    };
    const int reach = layout.strip + job.size;  // pixels of the source that matter, from x - anchor on
    const int first = x - job.anchor;
    const int left = max_int(0, first), right = min_int(job.width, first + reach);
    const Window* window = layout.chain;
    std::uint8_t* to = rows(*window) - static_cast<std::ptrdiff_t>(window->begin) * c;
    std::uint8_t* const inner = to + static_cast<std::ptrdiff_t>(left - first) * c;
    std::uint8_t* const end = inner + static_cast<std::ptrdiff_t>(max_int(0, right - left)) * c;
    const int neutral = Dilate ? 0 : 255;
    const std::uint8_t* const source = job.source + row * job.source_stride + static_cast<std::ptrdiff_t>(left) * c;
    if (row + kRowsAhead < job.height) prefetch_to_read(source + kRowsAhead * job.source_stride, end - inner);
    std::memset(to, neutral, static_cast<std::size_t>(inner - to));
    std::memcpy(inner, source, static_cast<std::size_t>(end - inner));
    std::memset(end, neutral, static_cast<std::size_t>(to + static_cast<std::ptrdiff_t>(reach) * c - end));
    for (int i = 1; i < layout.windows; ++i) {
        const Window& before = layout.chain[i - 1];
        const Window& made = layout.chain[i];
        const std::uint8_t* from = rows(before) + static_cast<std::ptrdiff_t>(made.begin - before.begin) * c;
        const std::ptrdiff_t shift = static_cast<std::ptrdiff_t>(made.width - before.width) * c;
        const std::ptrdiff_t begin = -round_up(static_cast<std::ptrdiff_t>(made.begin) * c);
        const std::ptrdiff_t last = static_cast<std::ptrdiff_t>(reach - made.width - made.begin + 1) * c;
        sweep_one<Dilate, Value>(from + begin, rows(made) + begin, last - begin, shift);
    }
}

// The pick over all of `count` rows at x, for `Vectors` vectors.
template <bool Dilate, typename Value, int Vectors>
FLOWERABLATE_INLINE void reduce_block(const std::uint8_t* const* rows, int count, std::ptrdiff_t x,
                                      std::uint8_t* target) {
    Bytes picked[Vectors];
    for (int i = 0; i < Vectors; ++i) picked[i] = load(rows[0] + x + i * kWidth);
    for (int row = 1; row < count; ++row) {
        const std::uint8_t* from = rows[row] + x;
        for (int i = 0; i < Vectors; ++i) picked[i] = pick_values<Dilate, Value>(picked[i], load(from + i * kWidth));
    }
    for (int i = 0; i < Vectors; ++i) store(target + i * kWidth, picked[i]);
}

// target[x] = the pick over all of `count` rows at x, for x in [0, bytes); nothing else is written. Not inlined: its
// loop needs the registers that runs_typed() would take.
template <bool Dilate, typename Value>
__attribute__((noinline)) void reduce(const std::uint8_t* const* rows, int count, std::uint8_t* target,
                                      std::ptrdiff_t bytes) {
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
    const int anchor = job.anchor;
    const std::ptrdiff_t stride = static_cast<std::ptrdiff_t>(job.width) * c;
    const std::uint8_t* rows[kMaxElement * (kMaxElement + 1) / 2];  // runs in a row are a pixel apart
    if (layout.windows == 0) std::memset(job.target, Dilate ? 0 : 255, static_cast<std::size_t>(stride * job.height));
    if (layout.windows == 0) return;
    for (int x = 0; x < job.width; x += layout.strip) {
        const int pixels = min_int(layout.strip, job.width - x);
        int ready = 0;  // source rows whose windows are there
        for (int y = 0; y < job.height; ++y) {
            const int needed = min_int(job.height, y + job.size - anchor);
            for (; ready < needed; ++ready) fill_slot<Dilate, Value>(job, layout, ready, x);
            std::uint8_t* const target = job.target + y * stride + static_cast<std::ptrdiff_t>(x) * c;
            const std::ptrdiff_t bytes = static_cast<std::ptrdiff_t>(pixels) * c;
            if (y + kRowsAhead < job.height) prefetch_to_write(target + kRowsAhead * stride, bytes);
            int count = 0;
            for (const Run* run = job.runs; run != job.runs + job.run_count; ++run) {
                const int row = y + run->row - anchor;
                if (row < 0 || row >= job.height || run->end <= run->begin) continue;
                const Window& window = layout.chain[layout.of_width[run->end - run->begin]];
                rows[count++] = job.work + window.place + (row % job.size) * layout.slot +
                                static_cast<std::ptrdiff_t>(run->begin - window.begin) * c;
            }
            if (count != 0) {
                reduce<Dilate, Value>(rows, count, target, bytes);
            } else {
                std::memset(target, Dilate ? 0 : 255, static_cast<std::size_t>(bytes));
            }
        }
    }
}

std::ptrdiff_t rectangle_work_bytes(const RectangleJob& job) { return rectangle_layout(job).total; }

std::ptrdiff_t runs_work_bytes(const RunsJob& job) { return runs_layout(job).total; }

void rectangle(const RectangleJob& job) {
    if (job.itemsize == 1) {
        job.dilate ? rectangle_typed<true, std::uint8_t>(job) : rectangle_typed<false, std::uint8_t>(job);
    } else {
        job.dilate ? rectangle_typed<true, std::uint16_t>(job) : rectangle_typed<false, std::uint16_t>(job);
    }
}

void runs(const RunsJob& job) {
    if (job.itemsize == 1) {
        job.dilate ? runs_typed<true, std::uint8_t>(job) : runs_typed<false, std::uint8_t>(job);
    } else {
        job.dilate ? runs_typed<true, std::uint16_t>(job) : runs_typed<false, std::uint16_t>(job);
    }
}

}  // namespace

const MorphologyKernels morphology_kernels = {.rectangle_work_bytes = rectangle_work_bytes,
                                              .rectangle = rectangle,
                                              .runs_work_bytes = runs_work_bytes,
                                              .runs = runs,
                                              .small_work_bytes = small_work_bytes,
                                              .small = small,
                                              .subtract = subtract,
                                              .add_change = add_change};

}  // namespace flowerablate::FLOWERABLATE_ISA
