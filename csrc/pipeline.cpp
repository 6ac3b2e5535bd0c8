#include "pipeline.hpp"

#include <map>

#include "ops/geometry.hpp"
#include "ops/morphology.hpp"
#include "parallel.hpp"

namespace flowerablate {

namespace {

using Factory = std::unique_ptr<Op> (*)(Params&, int channels, std::uint64_t stream);

std::unique_ptr<Op> make_brightness_contrast(Params& params, int channels, std::uint64_t stream) {
    return std::make_unique<BrightnessContrast>(params, channels, stream);
}

const std::map<std::string, Factory>& factories() {
    static const std::map<std::string, Factory> all = {
        {"brightness_contrast", make_brightness_contrast},
        {"center_crop", make_center_crop},
        {"horizontal_flip", make_horizontal_flip},
        {"morphology", make_morphology},
        {"random_resized_crop", make_random_resized_crop},
        {"resize", make_resize},
        {"rotate", make_rotate},
    };
    return all;
}

// A thread gives back what single huge pictures needed; ordinary ones keep their memory from batch to batch.
constexpr std::size_t kKeptBytes = std::size_t{64} << 20;

}  // namespace

Chain::Chain(const std::vector<OpSpec>& specs, int channels) : channels_(channels) {
    if (channels != 1 && channels != 3 && channels != 4) {
        throw std::invalid_argument("channels must be 1, 3 or 4, not " + std::to_string(channels));
    }
    for (std::size_t i = 0; i < specs.size(); ++i) {
        const OpSpec& spec = specs[i];
        Params params("op " + std::to_string(i) + " (" + spec.name + ")", spec.params);
        if (spec.name == "normalize") {
            if (i + 1 != specs.size()) params.fail("it must be the last op of a chain");
            normalization_ = make_normalization(params, channels);
            params.finish();
            continue;
        }
        const auto factory = factories().find(spec.name);
        if (factory == factories().end()) {
            std::string known;
            for (const auto& [name, make] : factories()) known += name + ", ";
            throw std::invalid_argument("op " + std::to_string(i) + ": unknown name '" + spec.name + "'; known are " +
                                        known + "normalize");
        }
        std::unique_ptr<Op> op = factory->second(params, channels, spec.stream);
        params.finish();
        if (ops_.empty() || !ops_.back()->absorb(*op)) ops_.push_back(std::move(op));
    }
    if (!ops_.empty()) last_adjustment_ = dynamic_cast<const BrightnessContrast*>(ops_.back().get());
}

Size Chain::output_size(Size source) const {
    if (source.height < 1 || source.width < 1 || source.height > kLargestSource || source.width > kLargestSource) {
        throw std::invalid_argument("height and width must be between 1 and " + std::to_string(kLargestSource) +
                                    ", not " + std::to_string(source.height) + "x" + std::to_string(source.width));
    }
    Size size = source;
    for (const auto& op : ops_) size = op->output_size(size);
    return size;
}

void Chain::run(const Batch& batch, int threads) const {
    kernels();  // an unusable FLOWERABLATE_SIMD is reported here, not by a thread
    parallel_for(static_cast<std::int64_t>(batch.samples.size()), threads,
                 [&](std::int64_t index) { run_one(batch, static_cast<std::size_t>(index)); });
}

void Chain::run_one(const Batch& batch, std::size_t index) const {
    static thread_local Scratch scratch;
    const Sample& sample = batch.samples[index];
    const std::size_t values = static_cast<std::size_t>(batch.size.height) *
                               static_cast<std::size_t>(batch.size.width) * static_cast<std::size_t>(channels_);
    Context context{batch.seed, batch.epoch, sample.id, scratch, nullptr};
    Image image{sample.data, sample.height, sample.width, static_cast<std::ptrdiff_t>(sample.width) * channels_,
                batch.readable_end, false};
    const bool fused = batch.floats && last_adjustment_;
    const std::size_t count = ops_.size() - (fused ? 1 : 0);
    for (std::size_t i = 0; i < count; ++i) {
        if (batch.bytes && i + 1 == count) context.destination = batch.bytes + index * values;
        image = ops_[i]->apply(image, context);
    }
    if (batch.floats) {
        const auto line = fused ? last_adjustment_->draw(context) : std::nullopt;
        write_floats(image, channels_, batch.channels_last, line, normalization_, batch.floats + index * values,
                     scratch);
    } else if (image.data != context.destination) {
        write_bytes(image, channels_, batch.bytes + index * values);
    }
    scratch.trim(kKeptBytes);
}

}  // namespace flowerablate
