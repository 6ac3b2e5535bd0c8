#include "ops/warp.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "ops/fold.hpp"

namespace flowerablate {

namespace {

enum Slot { kCopy, kLastRow, kPlacesX, kPlacesY, kOffsets, kAcross, kDown, kOutside, kSpecials };

// Cut off: 2^-32 pixels do not matter.
std::int64_t fixed(double position) { return static_cast<std::int64_t>(position * static_cast<double>(kOne)); }

// Kernels read a few bytes beyond the last pixel, so an image at the very end of its memory is copied. So is a small
// part of one that is not yet in the cache: lines across it defeat the prefetching that copying rows enjoys.
Image readable(const Image& input, Format format, Scratch& scratch) {
    constexpr std::ptrdiff_t kCacheBytes = 256 * 1024;
    const std::ptrdiff_t row_bytes = static_cast<std::ptrdiff_t>(input.width) * format.pixel_bytes();
    const bool ends = input.readable_end - (input.row(input.height - 1) + row_bytes) < 64;
    if (!ends && (input.recent || input.stride == row_bytes || row_bytes * input.height > kCacheBytes)) return input;
    std::uint8_t* copy = scratch.work(kCopy, static_cast<std::size_t>(row_bytes * input.height));
    copy_rows(input, copy, format.pixel_bytes());
    return packed_image(copy, input.size(), format.pixel_bytes());
}

Image part_of(const Image& input, const Window& window, Format format) {
    Image part = input;
    part.data = input.row(window.top) + static_cast<std::ptrdiff_t>(window.left) * format.pixel_bytes();
    part.height = window.height;
    part.width = window.width;
    return part;
}

void fill_pixels(std::uint8_t* to, std::int64_t count, double fill, Format format) {
    const auto values = static_cast<std::size_t>(count * format.channels);
    if (format.itemsize == 1) {
        std::memset(to, static_cast<int>(fill), values);
    } else {
        std::fill_n(reinterpret_cast<std::uint16_t*>(to), values, static_cast<std::uint16_t>(fill));
    }
}

template <typename T>
void cover_values(T* to, int channels, double fill, double cover) {
    for (int c = 0; c < channels; ++c) to[c] = static_cast<T>(fill + cover * (to[c] - fill) + 0.5);
}

// Blends a pixel with the constant border, of which it has only a fraction of `cover`.
void cover_pixel(std::uint8_t* to, double fill, double cover, Format format) {
    if (format.itemsize == 1) return cover_values(to, format.channels, fill, cover);
    cover_values(reinterpret_cast<std::uint16_t*>(to), format.channels, fill, cover);
}

// Asks for the rows of an image that is not yet in the cache, some time before lines across it are followed.
class FetchAhead {
public:
    FetchAhead(const Image& source, Format format)
        : source_(source),
          row_bytes_(static_cast<std::ptrdiff_t>(source.width) * format.pixel_bytes()),
          next_(source.recent ? source.height : 0) {}

    void before_row(int y, int height) {
        constexpr int kRowsAhead = 64;
        const std::int64_t wanted = std::int64_t{y} * source_.height / height + kRowsAhead;
        for (; next_ < source_.height && next_ < wanted; ++next_) {
            for (std::ptrdiff_t at = 0; at < row_bytes_; at += 64) __builtin_prefetch(source_.row(next_) + at);
        }
    }

private:
    const Image& source_;
    std::ptrdiff_t row_bytes_;
    int next_;
};

// Follows a line of result pixels through all stages of a path, in pieces that are straight in the source.
class Walk {
public:
    Walk(const Image& source, const WarpPath& path, Format format) : path_(path), format_(format), run_{} {
        const Window& window = path.stage(path.count() - 1).window;
        run_.source = source.data;
        run_.stride = source.stride;
        run_.channels = format.channels;
        run_.itemsize = format.itemsize;
        run_.nearest = path.sampling().interpolation == Interpolation::kNearest;
        run_.small = source.stride * source.height < INT32_MAX;
        right_ = window.width > 1 ? format.pixel_bytes() : 0;
        below_ = window.height > 1 ? source.stride : 0;
        seam_right_ = -static_cast<std::ptrdiff_t>(window.width - 1) * format.pixel_bytes();
        seam_below_ = -static_cast<std::ptrdiff_t>(window.height - 1) * source.stride;
    }

    void row(int y, int count, std::uint8_t* target) {
        target_ = target;
        const Affine& map = path_.stage(0).map;
        follow(0, fixed(map.xy * y + map.x0), fixed(map.yy * y + map.y0), fixed(map.xx), fixed(map.yx), count, 1.0);
    }

private:
    // Positions are those of the frame that the stage leads into, not yet folded.
    void follow(int stage, std::int64_t x, std::int64_t y, std::int64_t dx, std::int64_t dy, std::int64_t count,
                double cover) {
        const Window& window = path_.stage(stage).window;
        const Border border = path_.stage(stage).border;
        while (count > 0) {
            const Piece across = fold(path_.sampling(), border, window.left, window.width, x, dx);
            const Piece down = fold(path_.sampling(), border, window.top, window.height, y, dy);
            const std::int64_t part = std::min({across.count, down.count, count});
            const double covered = cover * across.cover * down.cover;
            if (covered == 0) {
                fill_pixels(target_, part, path_.sampling().fill, format_);
                target_ += part * format_.pixel_bytes();
            } else if (stage + 1 < path_.count()) {
                const Affine& map = path_.stage(stage + 1).map;
                const auto from = [](double a, std::int64_t px, double b, std::int64_t py, double c) {
                    return static_cast<std::int64_t>(a * static_cast<double>(px) + b * static_cast<double>(py) +
                                                     c * static_cast<double>(kOne));
                };
                follow(stage + 1, from(map.xx, across.at, map.xy, down.at, map.x0),
                       from(map.yx, across.at, map.yy, down.at, map.y0),
                       from(map.xx, across.step, map.xy, down.step, 0), from(map.yx, across.step, map.yy, down.step, 0),
                       part, covered);
            } else {
                sample(across, down, static_cast<int>(part), covered);
            }
            x += part * dx;
            y += part * dy;
            count -= part;
        }
    }

    void sample(const Piece& across, const Piece& down, int count, double cover) {
        run_.target = target_;
        run_.count = count;
        run_.x = across.at;
        run_.y = down.at;
        run_.dx = across.step;
        run_.dy = down.step;
        run_.right = across.seam ? seam_right_ : right_;
        run_.below = down.seam ? seam_below_ : below_;
        kernels().geometry.warp_run(run_);
        if (cover < 1) {  // the pieces of such pixels are one pixel long, or several that are covered alike
            for (int i = 0; i < count; ++i) {
                cover_pixel(target_ + i * format_.pixel_bytes(), path_.sampling().fill, cover, format_);
            }
        }
        target_ += static_cast<std::ptrdiff_t>(count) * format_.pixel_bytes();
    }

    const WarpPath& path_;
    Format format_;
    WarpRun run_;
    std::ptrdiff_t right_, below_, seam_right_, seam_below_;
    std::uint8_t* target_ = nullptr;
};

}  // namespace

double fill_value(double fill, Format format) {
    return std::min(std::nearbyint(fill), static_cast<double>(format.max_value()));
}

namespace {

const Choice<Border> kBorder{.name = "border", .meaning = "what lies outside of the image", .choices = kBorderWords};
const Choice<Interpolation> kInterpolation{
    .name = "interpolation",
    .meaning = "what a place between pixels becomes",
    .choices = {{"nearest", Interpolation::kNearest}, {"bilinear", Interpolation::kBilinear}},
    .fallback = Interpolation::kBilinear};

}  // namespace

const ParamList Sampling::kParams = declare(kBorder, kInterpolation, kFill);

Sampling Sampling::from(Params& params, Format format) {
    return {params[kBorder], params[kInterpolation], fill_value(params[kFill], format)};
}

bool Sampling::merges_with(const Sampling& other) const {
    return interpolation == Interpolation::kBilinear && other.interpolation == Interpolation::kBilinear &&
           border != Border::kWrap && other.border != Border::kWrap &&
           (fill == other.fill || border != Border::kConstant || other.border != Border::kConstant);
}

Affine Affine::after(const Affine& first) const {
    return {xx * first.xx + xy * first.yx, xx * first.xy + xy * first.yy, xx * first.x0 + xy * first.y0 + x0,
            yx * first.xx + yy * first.yx, yx * first.xy + yy * first.yy, yx * first.x0 + yy * first.y0 + y0};
}

void WarpPath::end_at_origin() {
    WarpStage& last = stages_[count_ - 1];
    last.map.x0 -= last.window.left;
    last.map.y0 -= last.window.top;
    last.window.left = last.window.top = 0;
}

Image warp(const Image& input, Size out, WarpPath path, Format format, const Context& context) {
    const Window& window = path.stage(path.count() - 1).window;
    const Image source = readable(part_of(input, window, format), format, context.scratch);
    path.end_at_origin();
    const std::ptrdiff_t stride = static_cast<std::ptrdiff_t>(out.width) * format.pixel_bytes();
    std::uint8_t* target = context.rows ? nullptr : context.target(static_cast<std::size_t>(stride * out.height));
    const std::uint8_t* target_end = context.rows ? nullptr : target + stride * out.height;
    std::uint8_t* last_row = context.scratch.work(kLastRow, static_cast<std::size_t>(stride));
    Walk walk(source, path, format);
    FetchAhead fetch(source, format);
    for (int y = 0; y < out.height; ++y) {
        fetch.before_row(y, out.height);
        if (context.rows) {
            walk.row(y, out.width, last_row);
            context.rows->take(last_row);
            continue;
        }
        std::uint8_t* to = target + y * stride;
        const bool overshoots = target_end - (to + stride) < kOvershoot;
        walk.row(y, out.width, overshoots ? last_row : to);
        if (overshoots) std::memcpy(to, last_row, static_cast<std::size_t>(stride));
    }
    return packed_image(target, out, format.pixel_bytes());
}

PointSampler::PointSampler(const Image& input, const Sampling& sampling, Format format, const Context& context)
    : source_(readable(input, format, context.scratch)), sampling_(sampling), format_(format) {
    Scratch& scratch = context.scratch;
    const auto count = static_cast<std::size_t>(input.width);
    places_ = {scratch.array<double>(kPlacesX, count), scratch.array<double>(kPlacesY, count)};
    offsets_ = scratch.array<std::int32_t>(kOffsets, count);
    across_ = scratch.array<std::int32_t>(kAcross, count);
    down_ = scratch.array<std::int32_t>(kDown, count);
    outside_ = scratch.array<std::int32_t>(kOutside, count);
    specials_ = scratch.array<int>(kSpecials, count);
    const std::size_t row_bytes = count * static_cast<std::size_t>(format.pixel_bytes());
    row_ = scratch.work(kLastRow, row_bytes);
    target_ = context.target(row_bytes * static_cast<std::size_t>(input.height));
    right_ = input.width > 1 ? format.pixel_bytes() : 0;
    below_ = input.height > 1 ? source_.stride : 0;
}

// A pixel at the border that the kernel cannot do with the others: one by the constant, or at the seam of a wrapped
// image.
void PointSampler::special(double x, double y, std::uint8_t* to) const {
    WarpPath path(sampling_);
    path.add({{1, 0, x, 0, 1, y}, {0, 0, source_.width, source_.height}, sampling_.border});
    Walk(source_, path, format_).row(0, 1, to);
}

void PointSampler::sample_row(int y) {
    const int width = source_.width, height = source_.height, pixel = format_.pixel_bytes();
    const bool plain =
        sampling_.interpolation == Interpolation::kBilinear && source_.stride * source_.height < INT32_MAX;
    int special_count = 0;
    if (plain) {
        kernels().geometry.place_points({.x = places_.x,
                                         .y = places_.y,
                                         .offsets = offsets_,
                                         .across = across_,
                                         .down = down_,
                                         .outside = outside_,
                                         .count = width,
                                         .width = width,
                                         .height = height,
                                         .stride = static_cast<std::int32_t>(source_.stride),
                                         .pixel = pixel});
    }
    for (int i = 0; i < width; ++i) {
        if (plain && (!outside_[i] || sampling_.border == Border::kEdge)) continue;
        if (plain && sampling_.border == Border::kConstant &&
            (places_.x[i] <= -1 || places_.x[i] >= width || places_.y[i] <= -1 || places_.y[i] >= height)) {
            offsets_[i] = across_[i] = down_[i] = 0;
            specials_[special_count++] = -1 - i;
            continue;
        }
        const Piece across = fold(sampling_, sampling_.border, 0, width, fixed(places_.x[i]), 0);
        const Piece down = fold(sampling_, sampling_.border, 0, height, fixed(places_.y[i]), 0);
        offsets_[i] = across_[i] = down_[i] = 0;
        if (!plain || across.seam || down.seam || across.cover < 1 || down.cover < 1) {
            specials_[special_count++] = across.cover * down.cover == 0 ? -1 - i : i;
            continue;
        }
        offsets_[i] = static_cast<std::int32_t>((down.at >> 32) * source_.stride + (across.at >> 32) * pixel);
        across_[i] = static_cast<std::int32_t>(across.at >> 17 & 32767);
        down_[i] = static_cast<std::int32_t>(down.at >> 17 & 32767);
    }
    const std::ptrdiff_t stride = static_cast<std::ptrdiff_t>(width) * pixel;
    kernels().geometry.warp_points(
        {source_.data, row_, width, format_.channels, format_.itemsize, offsets_, across_, down_, right_, below_});
    std::memcpy(target_ + y * stride, row_, static_cast<std::size_t>(stride));
    alignas(16) std::uint8_t one[kSlack];
    for (int k = 0; k < special_count; ++k) {
        const int i = specials_[k];
        if (i < 0) {  // nothing but the constant border, and so may be the pixels after it
            int more = 1;
            while (k + more < special_count && specials_[k + more] == i - more) ++more;
            fill_pixels(target_ + y * stride + static_cast<std::ptrdiff_t>(-1 - i) * pixel, more, sampling_.fill,
                        format_);
            k += more - 1;
            continue;
        }
        special(places_.x[i], places_.y[i], one);
        std::memcpy(target_ + y * stride + static_cast<std::ptrdiff_t>(i) * pixel, one,
                    static_cast<std::size_t>(pixel));
    }
}

Image PointSampler::result() const { return packed_image(target_, source_.size(), format_.pixel_bytes()); }

}  // namespace flowerablate
