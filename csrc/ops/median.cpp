#include "ops/filter.hpp"

namespace flowerablate {

namespace {

// The median of a square window, borders repeated: OpenCV's medianBlur to the bit.
class MedianBlur final : public Op {
public:
    MedianBlur(Params& params, const Setup& setup) : Op(setup), size_(params.integer("size", 1, kLargestFilter)) {
        if (size_ % 2 == 0) params.fail("parameter 'size' must be odd, not " + std::to_string(size_));
        if (setup.format.depth == 2 && size_ > 5) {
            params.fail("parameter 'size' must be at most 5 for 16-bit pictures, not " + std::to_string(size_) +
                        "; put to_8_bits before it");
        }
    }

protected:
    Image apply(const Image& input, const Context& context) const override {
        if (size_ == 1) return input;
        const Image source = readable(input, context, pixel_bytes());
        std::uint8_t* target = context.target(bytes(input.size()));
        FilterJob job{source.data, source.stride, target, source.height, source.width, channels(), size_, nullptr};
        job.work = context.scratch.work(0, static_cast<std::size_t>(kernels().filter.work_bytes(job)));
        format().depth == 1 ? kernels().filter.median(job) : kernels().filter.median_words(job);
        return packed_image(target, input.size(), pixel_bytes());
    }

private:
    int size_;
};

}  // namespace

void add_median(OpKinds& kinds) { kinds["median_blur"] = {make_op<MedianBlur>, true}; }

}  // namespace flowerablate
