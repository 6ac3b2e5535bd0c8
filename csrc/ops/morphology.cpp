#include "ops/morphology.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace flowerablate {

namespace {

constexpr int kLargestElement = 63;

enum class Operation { kErode, kDilate, kOpen, kClose };
enum class Shape { kRectangle, kCross, kEllipse, kDisk };

// OpenCV's getStructuringElement(MORPH_ELLIPSE): the half-width of a row is rounded, halves to even.
Run ellipse_row(int size, int row) {
    const int radius = size / 2;
    const int down = row - radius;
    if (std::abs(down) > radius) return {0, 0};
    const double inverse = radius ? 1.0 / (static_cast<double>(radius) * radius) : 0.0;
    const int half = static_cast<int>(std::nearbyint(radius * std::sqrt((radius * radius - down * down) * inverse)));
    return {std::max(radius - half, 0), std::min(radius + half + 1, size)};
}

// scikit-image's disk(radius): all pixels whose centre is at most `radius` away.
Run disk_row(int size, int row) {
    const int radius = size / 2;
    const int down = row - radius;
    int half = 0;
    while ((half + 1) * (half + 1) + down * down <= radius * radius) ++half;
    return {radius - half, radius + half + 1};
}

std::vector<Run> element(Shape shape, int size) {
    std::vector<Run> runs;
    for (int row = 0; row < size; ++row) {
        switch (shape) {
            case Shape::kRectangle: runs.push_back({0, size}); break;
            case Shape::kCross: runs.push_back(row == size / 2 ? Run{0, size} : Run{size / 2, size / 2 + 1}); break;
            case Shape::kEllipse: runs.push_back(ellipse_row(size, row)); break;
            case Shape::kDisk: runs.push_back(disk_row(size, row)); break;
        }
    }
    return runs;
}

class Morphology final : public Op {
public:
    Morphology(Params& params, const Setup& setup)
        : Op(setup),
          operation_(static_cast<Operation>(params.choice("op", {"erode", "dilate", "open", "close"}))),
          size_(params.integer("size", 1, kLargestElement)) {
        const Shape shape = static_cast<Shape>(params.choice("shape", {"rectangle", "cross", "ellipse", "disk"}));
        if (shape == Shape::kDisk && size_ % 2 == 0) {
            params.fail("parameter 'size' must be odd for shape 'disk', not " + std::to_string(size_));
        }
        runs_ = element(shape, size_);
        full_ = std::all_of(runs_.begin(), runs_.end(), [&](Run run) { return run.begin == 0 && run.end == size_; });
    }

protected:
    Image apply(const Image& input, const Context& context) const override {
        if (size_ == 1) return input;
        std::uint8_t* target = context.target(bytes(input.size()));
        const Image result = packed_image(target, input.size(), channels());
        if (operation_ == Operation::kErode || operation_ == Operation::kDilate) {
            pass(input, target, operation_ == Operation::kDilate, context.scratch);
        } else {
            const bool closing = operation_ == Operation::kClose;
            std::uint8_t* between = context.scratch.work(1, bytes(input.size()));
            pass(input, between, closing, context.scratch);
            pass(packed_image(between, input.size(), channels()), target, !closing, context.scratch);
        }
        return result;
    }

private:
    void pass(const Image& input, std::uint8_t* target, bool dilate, Scratch& scratch) const {
        if (full_) {
            RectangleJob job{input.data,  input.stride, input.readable_end, target, input.height,
                             input.width, channels(),   size_,              dilate, nullptr};
            job.work = scratch.work(0, static_cast<std::size_t>(kernels().rectangle_work_bytes(job)));
            kernels().rectangle(job);
        } else {
            RunsJob job{input.data, input.stride, target, input.height, input.width,
                        channels(), size_,        dilate, runs_.data(), nullptr};
            job.work = scratch.work(0, static_cast<std::size_t>(kernels().runs_work_bytes(job)));
            kernels().runs(job);
        }
    }

    Operation operation_;
    int size_;
    std::vector<Run> runs_;
    bool full_ = false;
};

}  // namespace

void add_morphology(OpKinds& kinds) { kinds["morphology"] = {make_op<Morphology>}; }

}  // namespace flowerablate
