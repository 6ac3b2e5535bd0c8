// Op "clahe": equalisation in tiles with limited contrast (Zuiderveld, Graphics Gems IV, 1994), equal to OpenCV's: grey
// images of 8 or 16 bits directly, colour images of 8 bits on L of Lab; a fourth channel is left as it is.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "ops/intensity.hpp"
#include "ops/lab.hpp"

namespace flowerablate {

namespace {

const Number kClipLimit{
    .name = "clip_limit", .meaning = "limit of a bin, times the mean count of a bin; 0: none", .min = 0, .max = 65536};
const Integer kRows{.name = "rows", .meaning = "rows of tiles", .min = 1, .max = 64};
const Integer kColumns{.name = "columns", .meaning = "columns of tiles", .min = 1, .max = 64};

// How pixels along an axis lie between the centres of tiles.
struct Place {
    int first;       // tile before, -1 at the edge
    float fraction;  // of the one after
};

Place place(int position, float inverse) {
    const float at = static_cast<float>(position) * inverse - 0.5f;
    const float before = std::floor(at);
    return {static_cast<int>(before), at - before};
}

// The index within `length` that `index` beyond it is mirrored to; the outermost is not repeated.
int mirrored(int index, int length) {
    if (length == 1) return 0;
    const int period = 2 * length - 2;
    const int rest = index % period;
    return rest < length ? rest : period - rest;
}

class Clahe final : public Op {
public:
    Clahe(Params& params, const Setup& setup)
        : Op(setup), clip_limit_(params[kClipLimit]), rows_(params[kRows]), columns_(params[kColumns]) {}

protected:
    Image apply(const Image& input, const Context& context) const override {
        return format().itemsize == 1 ? narrow(input, context) : wide(input, context);
    }

private:
    enum Slot { kPlane, kCounts, kTables, kQuads, kFractions, kA, kB, kFresh, kSum };

    // The size that a plane is mirrored to where the tiles do not fit; a side that fits then grows by as many pixels as
    // it has tiles, as in OpenCV.
    struct Tiles {
        Tiles(Size size, int rows, int columns) {
            const bool fit = size.height % rows == 0 && size.width % columns == 0;
            padded = {size.height + (fit ? 0 : rows - size.height % rows),
                      size.width + (fit ? 0 : columns - size.width % columns)};
            tile = {padded.height / rows, padded.width / columns};
        }
        Size padded, tile;
    };

    template <typename T>
    static void pad(T* plane, Size size, Size padded) {
        const auto row = [&](int y) { return plane + static_cast<std::ptrdiff_t>(y) * padded.width; };
        for (int y = 0; y < size.height; ++y) {
            for (int x = size.width; x < padded.width; ++x) row(y)[x] = row(y)[mirrored(x, size.width)];
        }
        for (int y = size.height; y < padded.height; ++y) {
            std::memcpy(row(y), row(mirrored(y, size.height)), static_cast<std::size_t>(padded.width) * sizeof(T));
        }
    }

    TileTableJob table_job(Size tile, int bins) const {
        const double area = static_cast<double>(tile.height) * tile.width;
        TileTableJob job{};
        job.bins = bins;
        job.clips = clip_limit_ > 0.0;
        job.limit = std::max(static_cast<std::uint32_t>(std::min(clip_limit_ * area / bins, 4e9)), 1u);
        job.scale = static_cast<float>(bins - 1) / static_cast<float>(area);
        return job;
    }

    // Writes the tables [columns][256] of a row of tiles.
    void write_tables(const std::uint8_t* plane, const Tiles& tiles, int row, Scratch& scratch,
                      std::uint8_t* tables) const {
        std::uint32_t* copies = scratch.array<std::uint32_t>(kCounts, 256 * kCountCopies);
        std::uint32_t* counts = scratch.array<std::uint32_t>(kSum, 256);
        TileTableJob job = table_job(tiles.tile, 256);
        job.counts = counts;
        for (int column = 0; column < columns_; ++column) {
            const std::ptrdiff_t top = static_cast<std::ptrdiff_t>(row) * tiles.tile.height;
            std::memset(copies, 0, sizeof *copies * 256 * kCountCopies);
            const std::uint8_t* begin = plane + top * tiles.padded.width + std::ptrdiff_t{column} * tiles.tile.width;
            kernels().intensity.count({.source = begin,
                                       .stride = tiles.padded.width,
                                       .height = tiles.tile.height,
                                       .width = tiles.tile.width,
                                       .channels = 1,
                                       .itemsize = 1},
                                      copies);
            static_assert(kCountCopies == 4);
            for (int i = 0; i < 256; ++i) counts[i] = copies[i] + copies[i + 256] + copies[i + 512] + copies[i + 768];
            job.narrow = tables + static_cast<std::ptrdiff_t>(column) * 256;
            kernels().intensity.tile_table(job);
        }
    }

    // Calls finish(y, fresh) with each row of the plane after CLAHE. The plane has tiles.padded.width values in a row.
    template <typename Finish>
    void adapt(const std::uint8_t* plane, Size size, const Tiles& tiles, const Context& context,
               const Finish& finish) const {
        Scratch& scratch = context.scratch;
        const std::ptrdiff_t of_row = static_cast<std::ptrdiff_t>(columns_) * 256;
        std::uint8_t* tables = scratch.work(kTables, static_cast<std::size_t>(of_row * rows_));
        for (int row = 0; row < rows_; ++row) write_tables(plane, tiles, row, scratch, tables + row * of_row);
        const int cells = columns_ + 1;
        std::uint32_t* quads = scratch.array<std::uint32_t>(kQuads, static_cast<std::size_t>(cells) * 256);
        const auto width = static_cast<std::size_t>(size.width);
        float* near = scratch.array<float>(kFractions, 2 * width + 65);
        float* far = near + width;
        auto* ends = reinterpret_cast<std::int32_t*>(far + width);
        std::fill(ends, ends + cells, 0);
        const float across = 1.0f / static_cast<float>(tiles.tile.width),
                    down = 1.0f / static_cast<float>(tiles.tile.height);
        for (int x = 0; x < size.width; ++x) {
            const Place at = place(x, across);
            far[x] = at.fraction;
            near[x] = 1.0f - at.fraction;
            ends[at.first + 1] = x + 1;
        }
        for (int cell = 1; cell < cells; ++cell) ends[cell] = std::max(ends[cell], ends[cell - 1]);
        std::uint8_t* fresh = scratch.work(kFresh, width);
        int current = -2;
        for (int y = 0; y < size.height; ++y) {
            const Place at = place(y, down);
            if (at.first != current) {
                current = at.first;
                const std::uint8_t* upper = tables + std::max(current, 0) * of_row;
                const std::uint8_t* lower = tables + std::min(current + 1, rows_ - 1) * of_row;
                for (int cell = 0; cell < cells; ++cell) {
                    const int left = std::max(cell - 1, 0) * 256, right = std::min(cell, columns_ - 1) * 256;
                    const std::uint8_t* four[4] = {upper + left, upper + right, lower + left, lower + right};
                    kernels().intensity.interleave(four, quads + static_cast<std::ptrdiff_t>(cell) * 256);
                }
            }
            kernels().intensity.blend({.values = plane + static_cast<std::ptrdiff_t>(y) * tiles.padded.width,
                                       .target = fresh,
                                       .width = size.width,
                                       .cells = cells,
                                       .quads = quads,
                                       .ends = ends,
                                       .near = near,
                                       .far = far,
                                       .upper = 1.0f - at.fraction,
                                       .lower = at.fraction});
            finish(y, fresh);
        }
    }

    Image narrow(const Image& input, const Context& context) const {
        const Size size = input.size();
        const Tiles tiles(size, rows_, columns_);
        const std::size_t area =
            static_cast<std::size_t>(tiles.padded.height) * static_cast<std::size_t>(tiles.padded.width);
        std::uint8_t* plane = context.scratch.work(kPlane, area);
        const std::ptrdiff_t stride = static_cast<std::ptrdiff_t>(size.width) * channels();
        const auto plane_row = [&](int y) { return plane + static_cast<std::ptrdiff_t>(y) * tiles.padded.width; };
        if (channels() == 1) {
            for (int y = 0; y < size.height; ++y)
                std::memcpy(plane_row(y), input.row(y), static_cast<std::size_t>(size.width));
            pad(plane, size, tiles.padded);
            std::uint8_t* target = context.target(bytes(size));
            adapt(plane, size, tiles, context, [&](int y, const std::uint8_t* fresh) {
                std::memcpy(target + y * stride, fresh, static_cast<std::size_t>(size.width));
            });
            return packed_image(target, size, 1);
        }
        std::uint8_t* a = context.scratch.work(kA, bytes(size) / static_cast<std::size_t>(channels()));
        std::uint8_t* b = context.scratch.work(kB, bytes(size) / static_cast<std::size_t>(channels()));
        const auto lab_row = [&](int y, std::uint8_t* lightness, std::uint8_t* target) {
            const std::ptrdiff_t begin = static_cast<std::ptrdiff_t>(y) * size.width;
            return LabRow{.tables = &lab_tables(),
                          .source = input.row(y),
                          .target = target,
                          .lightness = lightness,
                          .a = a + begin,
                          .b = b + begin,
                          .width = size.width,
                          .channels = channels()};
        };
        for (int y = 0; y < size.height; ++y) kernels().intensity.to_lab(lab_row(y, plane_row(y), nullptr));
        pad(plane, size, tiles.padded);
        std::uint8_t* target = context.target(bytes(size));
        adapt(plane, size, tiles, context, [&](int y, std::uint8_t* fresh) {
            kernels().intensity.from_lab(lab_row(y, fresh, target + y * stride));
        });
        return packed_image(target, size, channels());
    }

    // 16 bits: tables are large, so only those of two rows of tiles are kept.
    Image wide(const Image& input, const Context& context) const {
        const Size size = input.size();
        const Tiles tiles(size, rows_, columns_);
        const std::size_t area =
            static_cast<std::size_t>(tiles.padded.height) * static_cast<std::size_t>(tiles.padded.width);
        std::uint16_t* plane = context.scratch.array<std::uint16_t>(kPlane, area);
        for (int y = 0; y < size.height; ++y) {
            std::memcpy(plane + std::ptrdiff_t{y} * tiles.padded.width, input.row(y),
                        static_cast<std::size_t>(size.width) * 2);
        }
        pad(plane, size, tiles.padded);
        std::uint16_t* tables =
            context.scratch.array<std::uint16_t>(kTables, 2 * static_cast<std::size_t>(columns_) * 65536);
        const auto tables_of = [&](int row) {
            return tables + static_cast<std::ptrdiff_t>(row % 2) * columns_ * 65536;
        };
        std::uint16_t* target = reinterpret_cast<std::uint16_t*>(context.target(bytes(size)));
        const float across = 1.0f / static_cast<float>(tiles.tile.width),
                    down = 1.0f / static_cast<float>(tiles.tile.height);
        int made = -1;
        for (int y = 0; y < size.height; ++y) {
            const Place at = place(y, down);
            const int above = std::max(at.first, 0), below = std::min(at.first + 1, rows_ - 1);
            while (made < below) {
                ++made;
                write_wide_tables(plane, tiles, made, context.scratch, tables_of(made));
            }
            for (int x = 0; x < size.width; ++x) {
                const Place column = place(x, across);
                const std::ptrdiff_t left = std::max(column.first, 0) * std::ptrdiff_t{65536};
                const std::ptrdiff_t right = std::min(column.first + 1, columns_ - 1) * std::ptrdiff_t{65536};
                const std::uint16_t value = plane[static_cast<std::ptrdiff_t>(y) * tiles.padded.width + x];
                const std::uint16_t *upper = tables_of(above) + value, *lower = tables_of(below) + value;
                const float near = 1.0f - column.fraction, far = column.fraction;
                const float mixed = (upper[left] * near + upper[right] * far) * (1.0f - at.fraction) +
                                    (lower[left] * near + lower[right] * far) * at.fraction;
                target[std::ptrdiff_t{y} * size.width + x] = static_cast<std::uint16_t>(std::nearbyint(mixed));
            }
        }
        return packed_image(reinterpret_cast<const std::uint8_t*>(target), size, 2);
    }

    void write_wide_tables(const std::uint16_t* plane, const Tiles& tiles, int row, Scratch& scratch,
                           std::uint16_t* tables) const {
        TileTableJob job = table_job(tiles.tile, 65536);
        job.counts = scratch.array<std::uint32_t>(kCounts, 65536);
        const std::uint16_t* begin = plane + static_cast<std::ptrdiff_t>(row) * tiles.tile.height * tiles.padded.width;
        for (int column = 0; column < columns_; ++column) {
            std::memset(job.counts, 0, sizeof *job.counts * 65536);
            kernels().intensity.count_wide({.source = reinterpret_cast<const std::uint8_t*>(
                                                begin + static_cast<std::ptrdiff_t>(column) * tiles.tile.width),
                                            .stride = 2 * static_cast<std::ptrdiff_t>(tiles.padded.width),
                                            .height = tiles.tile.height,
                                            .width = tiles.tile.width,
                                            .channels = 1,
                                            .itemsize = 2},
                                           job.counts);
            job.wide = tables + static_cast<std::ptrdiff_t>(column) * 65536;
            kernels().intensity.tile_table(job);
        }
    }

    double clip_limit_;
    int rows_, columns_;
};

}  // namespace

void add_clahe(OpKinds& kinds) {
    kinds["clahe"] = {.make = make_op<Clahe>,
                      .params = declare(kClipLimit, kRows, kColumns),
                      .sixteen_bits = SixteenBits::kOneChannel};
}

}  // namespace flowerablate
