// Medians. Windows of 3 and 5 by networks of comparators on whole vectors: the columns of the window are sorted once
// for a whole row, whose sorted columns neighbouring windows share. Larger windows by sliding histograms (Perreault and
// Hebert: Median filtering in constant time, IEEE Transactions on Image Processing 16, 2007): one of each column that
// moves down with the rows, and that of the window, which is the sum of its columns, in 16 coarse bins and, where the
// median is looked for, fine ones.
#include "kernels/kernels.hpp"
#include "kernels/words.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

std::ptrdiff_t filter_work_bytes(const FilterJob& job);
void median(const FilterJob& job);
void median_words(const FilterJob& job);

namespace {

template <typename T>
struct VectorOf {
    typedef T type __attribute__((vector_size(kWidth)));
};

template <typename T>
FLOWERABLATE_INLINE typename VectorOf<T>::type load_any(const T* from) {
    typename VectorOf<T>::type value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

template <typename T>
FLOWERABLATE_INLINE void store_any(T* to, typename VectorOf<T>::type value) {
    std::memcpy(to, &value, sizeof value);
}

// Comparators (a, b): a becomes the smaller, b the larger.
struct Comparator {
    int low, high;
};

constexpr Comparator kSort3[] = {{0, 1}, {1, 2}, {0, 1}};
constexpr Comparator kSort5[] = {{0, 1}, {3, 4}, {2, 4}, {2, 3}, {0, 3}, {0, 2}, {1, 4}, {1, 3}, {1, 2}};

// Median of 25 values at [12], where value [5 * rank + column] comes from columns that are sorted by rank. Found by
// leaving out what can be left out of a network that sorts the ranks and then the 13 values that can be the median;
// right for all 7776 ways in which sorted columns can hold zeros and ones, and so for all values.
constexpr Comparator kMedian25[] = {{0, 1},   {3, 4},   {2, 4},   {2, 3},   {0, 3},   {1, 4},   {1, 3},   {5, 6},
                                    {8, 9},   {7, 9},   {7, 8},   {5, 8},   {6, 9},   {6, 8},   {6, 7},   {10, 11},
                                    {13, 14}, {12, 14}, {12, 13}, {10, 13}, {10, 12}, {11, 14}, {11, 13}, {11, 12},
                                    {15, 16}, {17, 19}, {17, 18}, {15, 18}, {15, 17}, {16, 19}, {16, 18}, {20, 21},
                                    {23, 24}, {22, 24}, {22, 23}, {20, 22}, {21, 23}, {21, 22}, {11, 15}, {3, 7},
                                    {8, 20},  {12, 4},  {17, 9},  {15, 7},  {8, 12},  {20, 4},  {16, 17}, {20, 12},
                                    {16, 13}, {7, 20},  {20, 12}, {21, 17}, {20, 21}, {7, 20},  {12, 16}, {20, 12}};

template <typename Vector>
FLOWERABLATE_INLINE void compare(Vector* values, Comparator pair) {
    const Vector a = values[pair.low], b = values[pair.high];
    values[pair.low] = a < b ? a : b;
    values[pair.high] = a < b ? b : a;
}

template <int Size, typename Vector>
FLOWERABLATE_INLINE void sort_column(Vector* values) {
    if constexpr (Size == 3) {
#pragma GCC unroll 3
        for (const Comparator pair : kSort3) compare(values, pair);
    } else {
#pragma GCC unroll 9
        for (const Comparator pair : kSort5) compare(values, pair);
    }
}

template <typename Vector>
FLOWERABLATE_INLINE Vector median3(Vector a, Vector b, Vector c) {
    const Vector low = a < b ? a : b, high = a < b ? b : a;
    const Vector rest = high < c ? high : c;
    return low < rest ? rest : low;
}

// The median of Size * Size values in sorted columns; `values` is overwritten.
template <int Size, typename Vector>
FLOWERABLATE_INLINE Vector median_of_columns(Vector* values) {
    if constexpr (Size == 3) {
        // the maximum of the minima, the median of the medians, the minimum of the maxima
        const Vector raised = values[0] < values[1] ? values[1] : values[0];
        const Vector max_of_minima = raised < values[2] ? values[2] : raised;
        const Vector lowered = values[6] < values[7] ? values[6] : values[7];
        const Vector min_of_maxima = lowered < values[8] ? lowered : values[8];
        return median3(max_of_minima, median3(values[3], values[4], values[5]), min_of_maxima);
    } else {
#pragma GCC unroll 64
        for (const Comparator pair : kMedian25) compare(values, pair);
        return values[12];
    }
}

template <typename T, int Size>
void median_network(const FilterJob& job) {
    typedef typename VectorOf<T>::type Vector;
    constexpr std::ptrdiff_t lanes = kWidth / static_cast<std::ptrdiff_t>(sizeof(T));
    constexpr int radius = Size / 2;
    const int c = job.channels;
    const Margins sides = margins<false>(radius, radius, job.width);
    const std::ptrdiff_t count = static_cast<std::ptrdiff_t>(job.width) * c;
    const std::ptrdiff_t padded = padded_values(job);
    T* ranks[Size];
    for (int i = 0; i < Size; ++i) ranks[i] = reinterpret_cast<T*>(job.work) + i * padded + radius * c;
    T* const spare = reinterpret_cast<T*>(job.work) + Size * padded;
    for (int y = 0; y < job.height; ++y) {
        const T* rows[Size];
        for (int i = 0; i < Size; ++i) rows[i] = source_row<T>(job, repeated(y - radius + i, job.height));
        for (std::ptrdiff_t x = 0; x < count; x += lanes) {
            Vector values[Size];
            for (int i = 0; i < Size; ++i) values[i] = load_any(rows[i] + x);
            sort_column<Size>(values);
            for (int i = 0; i < Size; ++i) store_any(ranks[i] + x, values[i]);
        }
        for (int i = 0; i < Size; ++i) fill_margins(sides, ranks[i], job.width, c);
        const TargetRow<T> to = target_row(job, y, spare);
        for (std::ptrdiff_t x = 0; x < count; x += lanes) {
            Vector values[Size * Size];
            for (int rank = 0; rank < Size; ++rank) {
                for (int i = 0; i < Size; ++i) values[rank * Size + i] = load_any(ranks[rank] + x + (i - radius) * c);
            }
            store_any(to.place + x, median_of_columns<Size>(values));
        }
        finish_row(to, count);
    }
}

typedef std::uint16_t Counts __attribute__((vector_size(16)));  // eight bins
typedef std::uint8_t FewCounts __attribute__((vector_size(8)));

constexpr int kBins = 16;  // coarse ones, and fine ones in each of them
constexpr int kColumnBytes = kBins + kBins * kBins;

struct Bins {
    Counts low, high;
};

FLOWERABLATE_INLINE Bins load_bins(const std::uint16_t* from) {
    Bins bins;
    std::memcpy(&bins.low, from, sizeof bins.low);
    std::memcpy(&bins.high, from + 8, sizeof bins.high);
    return bins;
}

FLOWERABLATE_INLINE void store_bins(std::uint16_t* to, const Bins& bins) {
    std::memcpy(to, &bins.low, sizeof bins.low);
    std::memcpy(to + 8, &bins.high, sizeof bins.high);
}

// The bins of a column, whose counts are at most 63.
FLOWERABLATE_INLINE Bins load_column(const std::uint8_t* from) {
#if defined(__SSE2__)
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    const __m128i zero = _mm_setzero_si128();
    return {reinterpret_cast<Counts>(_mm_unpacklo_epi8(bytes, zero)),
            reinterpret_cast<Counts>(_mm_unpackhi_epi8(bytes, zero))};
#else
    FewCounts low, high;
    std::memcpy(&low, from, sizeof low);
    std::memcpy(&high, from + 8, sizeof high);
    return {__builtin_convertvector(low, Counts), __builtin_convertvector(high, Counts)};
#endif
}

FLOWERABLATE_INLINE void add(Bins& bins, const Bins& more) {
    bins.low += more.low;
    bins.high += more.high;
}

FLOWERABLATE_INLINE void subtract(Bins& bins, const Bins& less) {
    bins.low -= less.low;
    bins.high -= less.high;
}

// In which of 16 bins the value number `rank`, counted from 0, lies; `rank` is lowered by those that lie in bins before
// it.
FLOWERABLATE_INLINE int find_bin(const Bins& bins, int& rank) {
#if defined(__SSE2__)
    __m128i low = reinterpret_cast<__m128i>(bins.low), high = reinterpret_cast<__m128i>(bins.high);
    low = _mm_add_epi16(low, _mm_slli_si128(low, 2));
    high = _mm_add_epi16(high, _mm_slli_si128(high, 2));
    low = _mm_add_epi16(low, _mm_slli_si128(low, 4));
    high = _mm_add_epi16(high, _mm_slli_si128(high, 4));
    low = _mm_add_epi16(low, _mm_slli_si128(low, 8));
    high = _mm_add_epi16(high, _mm_slli_si128(high, 8));
    high = _mm_add_epi16(high, _mm_set1_epi16(static_cast<short>(_mm_extract_epi16(low, 7))));
    const __m128i wanted = _mm_set1_epi16(static_cast<short>(rank));
    const __m128i above = _mm_packs_epi16(_mm_cmpgt_epi16(low, wanted), _mm_cmpgt_epi16(high, wanted));
    const int bin = __builtin_ctz(static_cast<unsigned>(_mm_movemask_epi8(above)) | 1u << kBins);
    std::uint16_t before[kBins + 1];
    before[0] = 0;
    std::memcpy(before + 1, &low, sizeof low);
    std::memcpy(before + 9, &high, sizeof high);
    rank -= before[bin];
    return bin;
#else
    for (int bin = 0; bin < kBins; ++bin) {
        const int count = bin < 8 ? bins.low[bin] : bins.high[bin - 8];
        if (rank < count) return bin;
        rank -= count;
    }
    return kBins - 1;
#endif
}

// Adds `change` to the count of a value in a column.
FLOWERABLATE_INLINE void count_value(std::uint8_t* column, int value, int change) {
    column[value / kBins] = static_cast<std::uint8_t>(column[value / kBins] + change);
    column[kBins + value] = static_cast<std::uint8_t>(column[kBins + value] + change);
}

void median_histograms(const FilterJob& job, int channel) {
    const int radius = job.size / 2, width = job.width, c = job.channels;
    std::uint8_t* const columns = job.work;
    const auto column = [&](int x) { return columns + static_cast<std::ptrdiff_t>(repeated(x, width)) * kColumnBytes; };
    std::memset(columns, 0, static_cast<std::size_t>(width) * kColumnBytes);
    for (int line = -radius; line < radius; ++line) {
        const std::uint8_t* const row = source_row<std::uint8_t>(job, repeated(line, job.height)) + channel;
        for (int x = 0; x < width; ++x) count_value(column(x), row[static_cast<std::ptrdiff_t>(x) * c], 1);
    }
    for (int y = 0; y < job.height; ++y) {
        const std::uint8_t* const entering = source_row<std::uint8_t>(job, repeated(y + radius, job.height)) + channel;
        for (int x = 0; x < width; ++x) count_value(column(x), entering[static_cast<std::ptrdiff_t>(x) * c], 1);
        std::uint8_t* const out = job.target + static_cast<std::ptrdiff_t>(y) * width * c + channel;
        std::uint16_t fine[kBins * kBins] = {};
        int known[kBins];  // for which window the fine bins of each coarse one are right
        for (int& window : known) window = -job.size;
        Bins coarse{};
        for (int x = -radius; x < radius; ++x) add(coarse, load_column(column(x)));
        for (int x = 0; x < width; ++x) {
            add(coarse, load_column(column(x + radius)));
            int rank = job.size * job.size / 2;
            const int bin = find_bin(coarse, rank);
            subtract(coarse, load_column(column(x - radius)));
            Bins bins = load_bins(fine + bin * kBins);
            const int offset = kBins + bin * kBins;
            if (2 * (x - known[bin]) >= job.size) {
                bins = Bins{};
                for (int i = x - radius; i <= x + radius; ++i) add(bins, load_column(column(i) + offset));
            } else {
                for (int i = known[bin] + 1; i <= x; ++i) {
                    add(bins, load_column(column(i + radius) + offset));
                    subtract(bins, load_column(column(i - radius - 1) + offset));
                }
            }
            known[bin] = x;
            store_bins(fine + bin * kBins, bins);
            const int value = bin * kBins + find_bin(bins, rank);
            out[static_cast<std::ptrdiff_t>(x) * c] = static_cast<std::uint8_t>(value);
        }
        const std::uint8_t* const leaving = source_row<std::uint8_t>(job, repeated(y - radius, job.height)) + channel;
        for (int x = 0; x < width; ++x) count_value(column(x), leaving[static_cast<std::ptrdiff_t>(x) * c], -1);
    }
}

}  // namespace

std::ptrdiff_t filter_work_bytes(const FilterJob& job) {
    const std::ptrdiff_t rows = padded_values(job) * 16;
    const std::ptrdiff_t histograms = static_cast<std::ptrdiff_t>(job.width) * kColumnBytes;
    return rows > histograms ? rows : histograms;
}

void median(const FilterJob& job) {
    if (job.size == 3) return median_network<std::uint8_t, 3>(job);
    if (job.size == 5) return median_network<std::uint8_t, 5>(job);
    for (int channel = 0; channel < job.channels; ++channel) median_histograms(job, channel);
}

void median_words(const FilterJob& job) {
    job.size == 3 ? median_network<std::uint16_t, 3>(job) : median_network<std::uint16_t, 5>(job);
}

}  // namespace flowerablate::FLOWERABLATE_ISA
