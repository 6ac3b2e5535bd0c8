// Images whose pixels are looked up elsewhere: along lines (rotation and its like), or each at a place of its own.
#pragma once

#include "ops/op.hpp"

namespace flowerablate {

// What stands outside an image of w pixels: a constant; the nearest pixel; ... 1 0 | 0 1 ...; ... 2 1 | 0 1 ...; ...
// w-1 | 0 1 ...
enum class Border { kConstant, kEdge, kReflect, kReflect101, kWrap };

enum class Interpolation { kNearest, kBilinear };

inline const std::vector<std::pair<const char*, Border>> kBorderWords{{"constant", Border::kConstant},
                                                                      {"edge", Border::kEdge},
                                                                      {"reflect", Border::kReflect},
                                                                      {"reflect101", Border::kReflect101},
                                                                      {"wrap", Border::kWrap}};

// What a constant border consists of, in values of the images; in images of 8 bits, white is the maximum.
inline const Number kFill{
    .name = "fill", .meaning = "value of a constant border", .min = 0, .max = 65535, .fallback = 0};

double fill_value(double fill, Format format);

struct Sampling {
    Border border;
    Interpolation interpolation;
    double fill;  // what a constant border consists of

    static const ParamList kParams;
    static Sampling from(Params& params, Format format);

    // Whether images sampled in these two ways, one after the other, can be sampled in one go.
    bool merges_with(const Sampling& other) const;
};

// Pixel (x, y) of a result is looked up at (xx * x + xy * y + x0, yx * x + yy * y + y0); pixel centres are at whole
// numbers.
struct Affine {
    double xx = 1, xy = 0, x0 = 0, yx = 0, yy = 1, y0 = 0;

    // The lookup that results where `first` finds a place, and this one is followed from there.
    Affine after(const Affine& first) const;
};

struct Axis;

// Pixels of some format that lookups end at: the window of an image in which neighbours are found.
struct Window {
    int left, top, width, height;
};

// Lookups one after the other, from the result to the source: each has a map, and leads into a window whose border says
// where to go from places outside.
struct WarpStage {
    Affine map;
    Window window;
    Border border;
};

class WarpPath {
public:
    static constexpr int kMax = 8;

    explicit WarpPath(const Sampling& sampling) : sampling_(sampling) {}

    // The next lookup, seen from the result.
    void add(const WarpStage& stage) { stages_[count_++] = stage; }

    // Counts the places of the last window from its own corner.
    void end_at_origin();

    int count() const { return count_; }
    const WarpStage& stage(int i) const { return stages_[i]; }
    const Sampling& sampling() const { return sampling_; }

private:
    Sampling sampling_;
    WarpStage stages_[kMax + 1] = {};
    int count_ = 0;
};

// Samples `input` along a path. Within one of the exact, rounded result.
Image warp(const Image& input, Size out, WarpPath path, Format format, const Context& context);

// The places of a row of pixels, in the window of the whole source.
struct Places {
    double* x;
    double* y;
};

// Samples `input` at places that are written row by row by `place(y, places)`.
template <typename Place>
Image warp_each(const Image& input, const Sampling& sampling, Format format, const Context& context,
                const Place& place);

// Samples rows at given places; what warp_each() needs.
class PointSampler {
public:
    PointSampler(const Image& input, const Sampling& sampling, Format format, const Context& context);

    Places places() const { return places_; }
    void sample_row(int y);
    Image result() const;

private:
    void special(double x, double y, std::uint8_t* to) const;

    Image source_;
    Sampling sampling_;
    Format format_;
    Places places_;
    std::int32_t *offsets_, *across_, *down_, *outside_;
    int* specials_;
    std::uint8_t *target_, *row_;
    std::ptrdiff_t right_, below_;
};

template <typename Place>
Image warp_each(const Image& input, const Sampling& sampling, Format format, const Context& context,
                const Place& place) {
    PointSampler sampler(input, sampling, format, context);
    for (int y = 0; y < input.height; ++y) {
        place(y, sampler.places());
        sampler.sample_row(y);
    }
    return sampler.result();
}

}  // namespace flowerablate
