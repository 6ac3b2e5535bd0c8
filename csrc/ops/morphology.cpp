#include "ops/morphology.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

namespace flowerablate {

namespace {

constexpr int kMaxIterations = 16;

enum class Operation { kErode, kDilate, kOpen, kClose, kGradient, kTopHat, kBlackHat };
enum class Border { kNeutral, kConstant, kEdge, kReflect, kReflect101 };
enum class On { kChannels, kLuminance };
enum class Anchor { kCentered, kOpenCV };
enum class Shape { kRectangle, kCross, kEllipse, kDisk };

const Choice<Operation> kOp{.name = "op",
                            .meaning = "the operation",
                            .choices = {{"erode", Operation::kErode},
                                        {"dilate", Operation::kDilate},
                                        {"open", Operation::kOpen},
                                        {"close", Operation::kClose},
                                        {"gradient", Operation::kGradient},
                                        {"tophat", Operation::kTopHat},
                                        {"blackhat", Operation::kBlackHat}}};
const Integer kSize{.name = "size", .meaning = "side of the element in pixels", .min = 1, .max = kMaxElement};
const Choice<Shape> kShape{.name = "shape",
                           .meaning = "shape of the element; disk: of odd sizes only",
                           .choices = {{"rectangle", Shape::kRectangle},
                                       {"cross", Shape::kCross},
                                       {"ellipse", Shape::kEllipse},
                                       {"disk", Shape::kDisk}}};
const Integer kIterations{.name = "iterations",
                          .meaning = "how often each erosion and dilation is done",
                          .min = 1,
                          .max = kMaxIterations,
                          .fallback = 1};
const Choice<On> kOn{.name = "on",
                     .meaning = "each channel by itself, or the luminance, whose change is added to the colours",
                     .choices = {{"channels", On::kChannels}, {"luminance", On::kLuminance}},
                     .fallback = On::kChannels};
const Choice<Border> kBorder{.name = "border",
                             .meaning = "what lies outside; neutral: nothing that counts",
                             .choices = {{"neutral", Border::kNeutral},
                                         {"constant", Border::kConstant},
                                         {"edge", Border::kEdge},
                                         {"reflect", Border::kReflect},
                                         {"reflect101", Border::kReflect101}},
                             .fallback = Border::kNeutral};
const Integer kBorderValue{.name = "border_value",
                           .meaning = "value of a constant border",
                           .min = 0,
                           .max = 65535,
                           .fallback = 0,
                           .max_of = MaxOf::kValues,
                           .when = When{"border", {"constant"}}};

const Choice<Anchor> kAnchor{.name = "anchor",
                             .meaning =
                                 "of even sizes: centered mirrors the element for the second pass, which undoes "
                                 "the shift of the first; opencv does not",
                             .choices = {{"centered", Anchor::kCentered}, {"opencv", Anchor::kOpenCV}},
                             .fallback = Anchor::kCentered,
                             .when = When{"op", {"open", "close", "tophat", "blackhat"}}};

// OpenCV's getStructuringElement(MORPH_ELLIPSE): the half-width of a row is rounded, halves to even.
Run ellipse_row(int size, int row) {
    const int radius = size / 2;
    const int down = row - radius;
    if (std::abs(down) > radius) return {row, 0, 0};
    const double inverse = radius ? 1.0 / (static_cast<double>(radius) * radius) : 0.0;
    const int half = static_cast<int>(std::nearbyint(radius * std::sqrt((radius * radius - down * down) * inverse)));
    return {row, std::max(radius - half, 0), std::min(radius + half + 1, size)};
}

// scikit-image's disk(radius): all pixels whose centre is at most `radius` away.
Run disk_row(int size, int row) {
    const int radius = size / 2;
    const int down = row - radius;
    int half = 0;
    while ((half + 1) * (half + 1) + down * down <= radius * radius) ++half;
    return {row, radius - half, radius + half + 1};
}

std::vector<Run> runs_of(Shape shape, int size) {
    std::vector<Run> runs;
    for (int row = 0; row < size; ++row) {
        switch (shape) {
            case Shape::kRectangle: runs.push_back({row, 0, size}); break;
            case Shape::kCross:
                runs.push_back(row == size / 2 ? Run{row, 0, size} : Run{row, size / 2, size / 2 + 1});
                break;
            case Shape::kEllipse: runs.push_back(ellipse_row(size, row)); break;
            case Shape::kDisk: runs.push_back(disk_row(size, row)); break;
        }
    }
    return runs;
}

// A structuring element of `size` rows and columns whose anchor is at `anchor` from its left and upper edge.
struct Element {
    int size, anchor;
    std::vector<Run> runs;

    // The same, turned by half a turn about the anchor.
    Element mirrored() const {
        Element turned{size, size - 1 - anchor, runs};
        for (Run& run : turned.runs) run = {size - 1 - run.row, size - run.end, size - run.begin};
        return turned;
    }
};

// Where the pixel at `place` of a line of `length` is found, if the line goes on outside as the border says.
int inside(int place, int length, Border border) {
    if (border == Border::kEdge || length == 1) return std::clamp(place, 0, length - 1);
    const int turn = border == Border::kReflect101 ? 1 : 0;
    while (place < 0 || place >= length) {
        place = place < 0 ? turn - 1 - place : 2 * length - 1 - turn - place;
    }
    return place;
}

class Morphology final : public Op {
public:
    Morphology(Params& params, const Setup& setup)
        : Op(setup),
          operation_(params[kOp]),
          size_(params[kSize]),
          times_(params[kIterations]),
          luminance_(params[kOn] == On::kLuminance),
          border_(params[kBorder]),
          border_value_(border_ == Border::kConstant ? params[kBorderValue] : 0) {
        const Shape shape = params[kShape];
        if (shape == Shape::kDisk && size_ % 2 == 0) {
            params.fail("parameter 'size' must be odd for shape 'disk', not " + std::to_string(size_));
        }
        if (setup.format.channels == 1) luminance_ = false;  // it is the one channel
        first_ = {size_, size_ / 2, runs_of(shape, size_)};
        full_ = std::all_of(first_.runs.begin(), first_.runs.end(),
                            [&](Run run) { return run.begin == 0 && run.end == size_; });
        if (full_) {  // n times a rectangle is once a larger one
            first_.anchor *= times_;
            first_.size = size_ += (times_ - 1) * (size_ - 1);
            times_ = 1;
        }
        const bool twice =
            operation_ != Operation::kErode && operation_ != Operation::kDilate && operation_ != Operation::kGradient;
        const bool mirrors = twice && params[kAnchor] == Anchor::kCentered;
        second_ = mirrors ? first_.mirrored() : first_;
        small_ = size_ == 3 && first_.anchor == 1;
    }

protected:
    Image apply(const Image& input, const Context& context) const override {
        const bool plain = operation_ == Operation::kErode || operation_ == Operation::kDilate ||
                           operation_ == Operation::kOpen || operation_ == Operation::kClose;
        if (plain && size_ == 1) return input;
        std::uint8_t* target = context.target(bytes(input.size()));
        if (luminance_) {
            on_luminance(input, target, context.scratch);
        } else {
            operate(input, target, pixel_bytes(), context.scratch);
        }
        return packed_image(target, input.size(), pixel_bytes());
    }

private:
    // What the slots of the working memory are for.
    enum Slot { kKernel, kBetween, kTurn, kKept, kPadded, kWide, kLuminance, kChanged };

    // Writes the result for `input`, whose pixels have `pixel` bytes, to `target`.
    void operate(const Image& input, std::uint8_t* target, int pixel, Scratch& scratch) const {
        const Size size = input.size();
        const std::size_t bytes = static_cast<std::size_t>(size.height) * static_cast<std::size_t>(size.width) *
                                  static_cast<std::size_t>(pixel);
        const auto two = [&](bool closes, std::uint8_t* to) {
            if (small_ && times_ == 1 && border_ == Border::kNeutral) {
                return spread_small(input, to, pixel, closes, true, scratch);
            }
            std::uint8_t* between = scratch.work(kBetween, bytes);
            repeat(first_, input, between, pixel, closes, scratch);
            repeat(second_, packed_image(between, size, pixel), to, pixel, !closes, scratch);
        };
        switch (operation_) {
            case Operation::kErode: return repeat(first_, input, target, pixel, false, scratch);
            case Operation::kDilate: return repeat(first_, input, target, pixel, true, scratch);
            case Operation::kOpen: return two(false, target);
            case Operation::kClose: return two(true, target);
            default: break;
        }
        std::uint8_t* kept = scratch.work(kKept, bytes);
        if (operation_ == Operation::kGradient) {
            std::uint8_t* dilated = scratch.work(kBetween, bytes);
            repeat(first_, input, dilated, pixel, true, scratch);
            repeat(first_, input, kept, pixel, false, scratch);
            return subtract(packed_image(dilated, size, pixel), packed_image(kept, size, pixel), target, pixel);
        }
        const bool black = operation_ == Operation::kBlackHat;
        two(black, kept);
        const Image changed = packed_image(kept, size, pixel);
        subtract(black ? changed : input, black ? input : changed, target, pixel);
    }

    // Adds to every channel what the operation changes of the luminance.
    void on_luminance(const Image& input, std::uint8_t* target, Scratch& scratch) const {
        const Size size = input.size();
        const int itemsize = format().itemsize;
        const std::ptrdiff_t plane_stride = static_cast<std::ptrdiff_t>(size.width) * itemsize;
        const std::size_t plane = static_cast<std::size_t>(size.height) * static_cast<std::size_t>(plane_stride);
        std::uint8_t* before = scratch.work(kLuminance, plane);
        for (int y = 0; y < size.height; ++y) {
            kernels().threshold.luminance(input.row(y), before + y * plane_stride, size.width, channels(), itemsize);
        }
        std::uint8_t* after = scratch.work(kChanged, plane);
        operate(packed_image(before, size, itemsize), after, itemsize, scratch);
        const std::ptrdiff_t stride = static_cast<std::ptrdiff_t>(size.width) * pixel_bytes();
        for (int y = 0; y < size.height; ++y) {
            kernels().morphology.add_change(input.row(y), before + y * plane_stride, after + y * plane_stride,
                                            target + y * stride, size.width, channels(), itemsize);
        }
    }

    void subtract(const Image& one, const Image& other, std::uint8_t* target, int pixel) const {
        const std::ptrdiff_t stride = static_cast<std::ptrdiff_t>(one.width) * pixel;
        for (int y = 0; y < one.height; ++y) {
            kernels().morphology.subtract(one.row(y), other.row(y), target + y * stride, stride, format().itemsize);
        }
    }

    // Erodes or dilates as often as asked for. `target` is neither the input nor of slot kTurn.
    void repeat(const Element& element, const Image& input, std::uint8_t* target, int pixel, bool dilate,
                Scratch& scratch) const {
        std::uint8_t* turn = times_ == 1 ? nullptr
                                         : scratch.work(kTurn, static_cast<std::size_t>(input.height) *
                                                                   static_cast<std::size_t>(input.width) *
                                                                   static_cast<std::size_t>(pixel));
        Image from = input;
        for (int left = times_; left > 0; --left) {
            std::uint8_t* to = left % 2 ? target : turn;
            once(element, from, to, pixel, dilate, scratch);
            from = packed_image(to, input.size(), pixel);
        }
    }

    void once(const Element& element, const Image& input, std::uint8_t* target, int pixel, bool dilate,
              Scratch& scratch) const {
        if (size_ == 1) {
            copy_rows(input, target, pixel);
        } else if (border_ == Border::kNeutral) {
            spread(element, input, target, pixel, dilate, scratch);
        } else {
            const Image padded = pad(element.anchor, input, pixel, scratch);
            const Size size = padded.size();
            std::uint8_t* wide =
                scratch.work(kWide, static_cast<std::size_t>(padded.stride) * static_cast<std::size_t>(size.height));
            spread(element, padded, wide, pixel, dilate, scratch);
            Image middle = packed_image(wide, size, pixel);
            middle.data += element.anchor * (middle.stride + pixel);
            middle.height = input.height;
            middle.width = input.width;
            copy_rows(middle, target, pixel);
        }
    }

    // The image with as much of the border around it as an element can reach.
    Image pad(int anchor, const Image& input, int pixel, Scratch& scratch) const {
        const Size size{input.height + size_ - 1, input.width + size_ - 1};
        const std::size_t stride = static_cast<std::size_t>(size.width) * static_cast<std::size_t>(pixel);
        std::uint8_t* padded = scratch.work(kPadded, static_cast<std::size_t>(size.height) * stride);
        const auto fill = [&](std::uint8_t* to, const std::uint8_t* row, int x) {
            if (row && border_ != Border::kConstant) {
                std::memcpy(to, row + static_cast<std::ptrdiff_t>(inside(x, input.width, border_)) * pixel,
                            static_cast<std::size_t>(pixel));
            } else if (format().itemsize == 1) {
                std::memset(to, border_value_, static_cast<std::size_t>(pixel));
            } else {
                const auto word = static_cast<std::uint16_t>(border_value_);
                for (int byte = 0; byte < pixel; byte += 2) std::memcpy(to + byte, &word, 2);
            }
        };
        for (int y = 0; y < size.height; ++y) {
            std::uint8_t* to = padded + static_cast<std::size_t>(y) * stride;
            const int place = y - anchor;
            const bool outside = place < 0 || place >= input.height;
            const bool empty = outside && border_ == Border::kConstant;
            const std::uint8_t* row = empty ? nullptr : input.row(inside(place, input.height, border_));
            for (int x = 0; x < size.width; ++x) {
                if (row && x == anchor) {
                    std::memcpy(to + x * pixel, row,
                                static_cast<std::size_t>(input.width) * static_cast<std::size_t>(pixel));
                    x += input.width - 1;
                } else {
                    fill(to + x * pixel, row, x - anchor);
                }
            }
        }
        return packed_image(padded, size, pixel);
    }

    // One erosion or dilation with the neutral border.
    void spread(const Element& element, const Image& input, std::uint8_t* target, int pixel, bool dilate,
                Scratch& scratch) const {
        const MorphologyKernels& kernel = kernels().morphology;
        if (small_) {
            spread_small(input, target, pixel, dilate, false, scratch);
        } else if (full_) {
            RectangleJob job{.source = input.data,
                             .source_stride = input.stride,
                             .readable_end = input.readable_end,
                             .target = target,
                             .height = input.height,
                             .width = input.width,
                             .pixel_bytes = pixel,
                             .itemsize = format().itemsize,
                             .size = element.size,
                             .anchor = element.anchor,
                             .dilate = dilate};
            job.work = scratch.work(kKernel, static_cast<std::size_t>(kernel.rectangle_work_bytes(job)));
            kernel.rectangle(job);
        } else {
            RunsJob job{.source = input.data,
                        .source_stride = input.stride,
                        .target = target,
                        .height = input.height,
                        .width = input.width,
                        .pixel_bytes = pixel,
                        .itemsize = format().itemsize,
                        .size = element.size,
                        .anchor = element.anchor,
                        .dilate = dilate,
                        .runs = element.runs.data(),
                        .run_count = static_cast<int>(element.runs.size())};
            job.work = scratch.work(kKernel, static_cast<std::size_t>(kernel.runs_work_bytes(job)));
            kernel.runs(job);
        }
    }

    // An element of 3 x 3 pixels; `twice` for an opening, or for a closing if `dilate`.
    void spread_small(const Image& input, std::uint8_t* target, int pixel, bool dilate, bool twice,
                      Scratch& scratch) const {
        SmallJob job{.source = input.data,
                     .source_stride = input.stride,
                     .readable_end = input.readable_end,
                     .target = target,
                     .height = input.height,
                     .width = input.width,
                     .pixel_bytes = pixel,
                     .itemsize = format().itemsize,
                     .cross = !full_,
                     .dilate = dilate,
                     .twice = twice};
        job.work = scratch.work(kKernel, static_cast<std::size_t>(kernels().morphology.small_work_bytes(job)));
        kernels().morphology.small(job);
    }

    Operation operation_;
    int size_, times_;
    bool luminance_;
    Border border_;
    int border_value_;
    Element first_{}, second_{};  // of the first pass, and of the second one of openings, closings and hats
    bool full_ = false;           // whether it is a square
    bool small_ = false;          // whether it has 3 x 3 pixels; all shapes but the square are crosses then
};

}  // namespace

void add_morphology(OpKinds& kinds) {
    kinds["morphology"] = {.make = make_op<Morphology>,
                           .params = declare(kOp, kSize, kShape, kIterations, kOn, kBorder, kBorderValue, kAnchor),
                           .sixteen_bits = SixteenBits::kAll};
}

}  // namespace flowerablate
