#include "ops/filter.hpp"

namespace flowerablate {

namespace {

const Integer kSize{
    .name = "size", .meaning = "side of the window in pixels", .min = 1, .max = kMaxFilter, .odd = true};

// The median of a square window, borders repeated: OpenCV's medianBlur to the bit.
class MedianBlur final : public Op {
public:
    MedianBlur(Params& params, const Setup& setup) : Op(setup), size_(params[kSize]) {
        if (setup.format.itemsize == 2 && size_ > 5) {
            params.fail("parameter 'size' must be at most 5 for 16-bit images, not " + std::to_string(size_) +
                        "; put to_8_bits before it");
        }
    }

protected:
    Image apply(const Image& input, const Context& context) const override {
        if (size_ == 1) return input;
        const Image source = readable(input, context, pixel_bytes());
        std::uint8_t* target = context.target(bytes(input.size()));
        FilterJob job{.source = source.data,
                      .source_stride = source.stride,
                      .target = target,
                      .height = source.height,
                      .width = source.width,
                      .channels = channels(),
                      .size = size_};
        job.work = context.scratch.work(0, static_cast<std::size_t>(kernels().filter.work_bytes(job)));
        format().itemsize == 1 ? kernels().filter.median(job) : kernels().filter.median_words(job);
        return packed_image(target, input.size(), pixel_bytes());
    }

private:
    int size_;
};

}  // namespace

void add_median(OpKinds& kinds) {
    kinds["median_blur"] = {.make = make_op<MedianBlur>, .params = declare(kSize), .sixteen_bits = SixteenBits::kAll};
}

}  // namespace flowerablate
