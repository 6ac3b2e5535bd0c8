#include "ops/crop.hpp"

#include <cstring>

#include "ops/geometry.hpp"
#include "ops/warp.hpp"

namespace flowerablate {

namespace {

const Choice<Border> kAround{
    .name = "border", .meaning = "what stands around an image", .choices = kBorderWords, .fallback = Border::kConstant};
const Integer kSize{
    .name = "size", .meaning = "side of the result in pixels; missing pixels are added", .min = 1, .max = kMaxSide};
const Integer kPadding{.name = "padding",
                       .meaning = "pixels put around every image before the cut",
                       .min = 0,
                       .max = kMaxSide,
                       .fallback = 0};
const Integer kPixels{.name = "pixels", .meaning = "pixels on every side", .min = 0, .max = kMaxSide, .fallback = 0};
const Integer kToSize{.name = "to_size",
                      .meaning = "then as many as are missing to this height and width",
                      .min = 0,
                      .max = kMaxSide,
                      .fallback = 0};

// What stands around an image.
struct Padding {
    Border border;
    double fill;

    static Padding from(Params& params, Format format) { return {params[kAround], fill_value(params[kFill], format)}; }
};

// The pixel that stands at position `i` of an axis of `count` pixels, or -1 for the constant.
int inside(Border border, std::int64_t i, std::int64_t count) {
    if (i >= 0 && i < count) return static_cast<int>(i);
    const auto modulo = [](std::int64_t a, std::int64_t n) { return (a % n + n) % n; };
    std::int64_t at = -1;
    switch (border) {
        case Border::kConstant: break;
        case Border::kEdge: at = i < 0 ? 0 : count - 1; break;
        case Border::kWrap: at = modulo(i, count); break;
        case Border::kReflect:
            at = modulo(i, 2 * count);
            at = std::min(at, 2 * count - 1 - at);
            break;
        case Border::kReflect101:
            at = count == 1 ? 0 : modulo(i, 2 * count - 2);
            if (count > 1) at = std::min(at, 2 * count - 2 - at);
            break;
    }
    return static_cast<int>(at);
}

void fill_pixels(std::uint8_t* row, int begin, int end, double fill, Format format) {
    const std::ptrdiff_t first = static_cast<std::ptrdiff_t>(begin) * format.channels;
    const auto values = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(end - begin) * format.channels);
    if (format.itemsize == 1) {
        std::memset(row + first, static_cast<int>(fill), values);
    } else {
        std::fill_n(reinterpret_cast<std::uint16_t*>(row) + first, values, static_cast<std::uint16_t>(fill));
    }
}

template <int Bytes>
void pick_pixels(const std::uint8_t* row, const std::int32_t* columns, std::uint8_t* to, int begin, int end) {
    for (int x = begin; x < end; ++x) {
        std::memcpy(to + static_cast<std::ptrdiff_t>(x) * Bytes, row + static_cast<std::ptrdiff_t>(columns[x]) * Bytes,
                    Bytes);
    }
}

// The pixels [top, top + size.height) x [left, left + size.width) of an image, which may lie outside.
Image cut(const Image& input, int top, int left, Size size, const Padding& around, Format format,
          const Context& context) {
    const int pixel = format.pixel_bytes();
    if (top >= 0 && left >= 0 && top + size.height <= input.height && left + size.width <= input.width) {
        Image part = input;
        part.data = input.row(top) + static_cast<std::ptrdiff_t>(left) * pixel;
        part.height = size.height;
        part.width = size.width;
        return part;
    }
    const std::ptrdiff_t stride = static_cast<std::ptrdiff_t>(size.width) * pixel;
    std::uint8_t* target = context.target(static_cast<std::size_t>(stride * size.height));
    const int begin = std::clamp(-left, 0, size.width), end = std::clamp(input.width - left, begin, size.width);
    auto* columns = context.scratch.array<std::int32_t>(0, static_cast<std::size_t>(size.width));
    const auto find = [&](int first, int last) {
        for (int x = first; x < last; ++x) columns[x] = inside(around.border, std::int64_t{left} + x, input.width);
    };
    find(0, begin);
    find(end, size.width);
    const auto pick = pixel == 1   ? pick_pixels<1>
                      : pixel == 2 ? pick_pixels<2>
                      : pixel == 3 ? pick_pixels<3>
                      : pixel == 4 ? pick_pixels<4>
                      : pixel == 6 ? pick_pixels<6>
                                   : pick_pixels<8>;
    for (int y = 0; y < size.height; ++y) {
        std::uint8_t* to = target + y * stride;
        const int from = inside(around.border, std::int64_t{top} + y, input.height);
        if (around.border == Border::kConstant) {
            fill_pixels(to, 0, from < 0 ? size.width : begin, around.fill, format);
            if (from < 0) continue;
            fill_pixels(to, end, size.width, around.fill, format);
        } else {
            pick(input.row(from), columns, to, 0, begin);
            pick(input.row(from), columns, to, end, size.width);
        }
        if (begin == end) continue;
        std::memcpy(to + static_cast<std::ptrdiff_t>(begin) * pixel,
                    input.row(from) + static_cast<std::ptrdiff_t>(left + begin) * pixel,
                    static_cast<std::size_t>(end - begin) * static_cast<std::size_t>(pixel));
    }
    return packed_image(target, size, pixel);
}

class CenterCrop final : public Op {
public:
    CenterCrop(Params& params, const Setup& setup) : Op(setup), size_(params[kSize]) {}

    int size() const { return size_; }
    Size output_size(Size) const override { return {size_, size_}; }

protected:
    // Zeros around an image that is too small in one direction; in the other it may still have to be cropped.
    Image apply(const Image& input, const Context& context) const override {
        return cut(input, place(input.height), place(input.width), {size_, size_}, {Border::kConstant, 0}, format(),
                   context);
    }

private:
    int place(int length) const {
        return length < size_ ? -((size_ - length) / 2) : round_half_even((length - size_) / 2.0);
    }

    int size_;
};

// torchvision's RandomCrop with pad_if_needed: `padding` pixels are put around an image, and more where that is still
// too small for the cut. Draws: 1 top, 2 left.
class RandomCrop final : public Op {
public:
    RandomCrop(Params& params, const Setup& setup)
        : Op(setup), size_(params[kSize]), padding_(params[kPadding]), around_(Padding::from(params, format())) {}

    Size output_size(Size) const override { return {size_, size_}; }

    void explain(Size input, const Draws& draws, Explanation& found) const override {
        found.emplace_back("top", std::int64_t{place(input.height, draws.uniform(1))});
        found.emplace_back("left", std::int64_t{place(input.width, draws.uniform(2))});
    }

protected:
    Image apply(const Image& input, const Context& context) const override {
        const Draws draws = context.draws(stream());
        return cut(input, place(input.height, draws.uniform(1)), place(input.width, draws.uniform(2)), {size_, size_},
                   around_, format(), context);
    }

private:
    // Where the cut begins, in pixels of the image; negative around it.
    int place(int length, double uniform) const {
        const int missing = std::max(0, size_ - (length + 2 * padding_));
        const int around = padding_ + missing;
        return below(length + 2 * around - size_ + 1, uniform) - around;
    }

    int size_, padding_;
    Padding around_;
};

// `pixels` on every side, then as many as are missing to `to_size`, half of them (rounded down) above and left.
class Pad final : public Op {
public:
    Pad(Params& params, const Setup& setup)
        : Op(setup), pixels_(params[kPixels]), to_size_(params[kToSize]), around_(Padding::from(params, format())) {}

    Size output_size(Size input) const override {
        const std::int64_t height = padded(input.height), width = padded(input.width);
        if (height * width > std::int64_t{kMaxSide} * kMaxSide) {
            throw std::invalid_argument("pad would make " + std::to_string(height) + "x" + std::to_string(width) +
                                        " pixels of an image of " + std::to_string(input.height) + "x" +
                                        std::to_string(input.width) + "; at most " +
                                        std::to_string(kMaxSide * kMaxSide) + " are allowed");
        }
        return {static_cast<int>(height), static_cast<int>(width)};
    }

protected:
    Image apply(const Image& input, const Context& context) const override {
        const Size size = output_size(input.size());
        const auto before = [&](int length, int wanted) { return pixels_ + (wanted - length - 2 * pixels_) / 2; };
        return cut(input, -before(input.height, size.height), -before(input.width, size.width), size, around_, format(),
                   context);
    }

private:
    std::int64_t padded(int length) const { return std::max<std::int64_t>(length + 2 * pixels_, to_size_); }

    int pixels_, to_size_;
    Padding around_;
};

}  // namespace

std::optional<int> center_crop_size(const Op& op) {
    const auto* crop = dynamic_cast<const CenterCrop*>(&op);
    return crop ? std::optional<int>(crop->size()) : std::nullopt;
}

void add_crop(OpKinds& kinds) {
    kinds["center_crop"] = {.make = make_op<CenterCrop>,
                            .params = declare(kSize),
                            .sixteen_bits = SixteenBits::kAll,
                            .skips = Skips::kNone};
    kinds["random_crop"] = {.make = make_op<RandomCrop>,
                            .params = declare(kSize, kPadding, kAround, kFill),
                            .draws = 2,
                            .sixteen_bits = SixteenBits::kAll,
                            .skips = Skips::kNone};
    kinds["pad"] = {.make = make_op<Pad>,
                    .params = declare(kPixels, kToSize, kAround, kFill),
                    .sixteen_bits = SixteenBits::kAll,
                    .skips = Skips::kNone};
}

}  // namespace flowerablate
