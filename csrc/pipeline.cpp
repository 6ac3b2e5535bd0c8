#include "pipeline.hpp"

#include <algorithm>

#include "ops/color.hpp"
#include "ops/filter.hpp"
#include "ops/geometry.hpp"
#include "ops/intensity.hpp"
#include "ops/morphology.hpp"
#include "ops/noise.hpp"
#include "ops/policy.hpp"
#include "ops/threshold.hpp"
#include "parallel.hpp"

namespace flowerablate {

namespace {

const OpKinds& op_kinds() {
    static const OpKinds all = [] {
        OpKinds kinds;
        for (auto* add : {add_color, add_filter, add_geometry, add_intensity, add_morphology, add_noise, add_threshold,
                          add_policy}) {  // policies are made of all others
            add(kinds);
        }
        return kinds;
    }();
    return all;
}

// A thread gives back what single huge pictures needed; ordinary ones keep their memory from batch to batch.
constexpr std::size_t kKeptBytes = std::size_t{64} << 20;

// Batches above this size do not stay in a cache until the model reads them, so they are written past it.
constexpr std::size_t kStreamedBytes = std::size_t{16} << 20;

bool is_last_pass(const std::string& name) { return name == "normalize" || name == "standardize"; }

std::unique_ptr<Op> build(std::size_t place, const OpSpec& spec, Format format) {
    const std::string where = "op " + std::to_string(place) + " (" + spec.name + ")";
    const auto kind = op_kinds().find(spec.name);
    if (kind == op_kinds().end()) {
        std::string known;
        for (const std::string& name : op_names()) known += (known.empty() ? "" : ", ") + name;
        throw std::invalid_argument("op " + std::to_string(place) + ": unknown name '" + spec.name + "'; known are " +
                                    known);
    }
    Params params(where, spec.params);
    if (format.depth != 1 && !kind->second.sixteen_bits) {
        params.fail("it takes 8-bit pictures only, but gets 16-bit ones; put an op before it that makes 8 bits of them, such "
                    "as to_8_bits");
    }
    const double probability = params.number_or(1.0, "probability", 0.0, 1.0);
    std::unique_ptr<Op> op = kind->second.make(params, {format, spec.stream, probability});
    params.finish();
    if (probability < 1.0 && (!op->can_be_skipped() || op->output_depth() != format.depth)) {
        params.fail("parameter 'probability' must be 1, not " + to_text(probability) +
                    ", because all pictures have to come out alike");
    }
    return op;
}

}  // namespace

std::vector<std::string> op_names() {
    std::vector<std::string> names{"normalize", "standardize"};
    for (const auto& kind : op_kinds()) names.push_back(kind.first);
    std::sort(names.begin(), names.end());
    return names;
}

Chain::Chain(const std::vector<OpSpec>& specs, Format source, bool fuse) : source_(source), output_(source) {
    if (source.channels != 1 && source.channels != 3 && source.channels != 4) {
        throw std::invalid_argument("channels must be 1, 3 or 4, not " + std::to_string(source.channels));
    }
    for (std::size_t i = 0; i < specs.size(); ++i) {
        const OpSpec& spec = specs[i];
        names_.push_back(spec.name);
        if (is_last_pass(spec.name)) {
            Params params("op " + std::to_string(i) + " (" + spec.name + ")", spec.params);
            if (i + 1 != specs.size()) params.fail("it must be the last op of a chain");
            normalization_ = spec.name == "normalize" ? Normalization::fixed(params, output_)
                                                      : Normalization::of_picture(params, output_);
            params.finish();
            continue;
        }
        ops_.push_back(build(i, spec, output_));
        if (fuse) {
            std::unique_ptr<Op> again = build(i, spec, output_);
            if (fused_.empty() || !fused_.back()->absorb(again)) fused_.push_back(std::move(again));
        }
        output_.depth = ops_.back()->output_depth();
    }
    for (const auto& op : fuse ? fused_ : ops_) running_.push_back(op.get());
    const bool moments = normalization_ && normalization_->by_picture();  // are taken of finished pixels
    if (fuse && !moments && !running_.empty()) last_pointwise_ = dynamic_cast<const Pointwise*>(running_.back());
}

Size Chain::output_size(Size source) const {
    if (source.height < 1 || source.width < 1 || source.height > kLargestSource || source.width > kLargestSource) {
        throw std::invalid_argument("height and width must be between 1 and " + std::to_string(kLargestSource) +
                                    ", not " + std::to_string(source.height) + "x" + std::to_string(source.width));
    }
    if (std::int64_t{source.height} * source.width > kMostSourcePixels) {
        throw std::invalid_argument("pictures may have at most " + std::to_string(kMostSourcePixels) + " pixels, not " +
                                    std::to_string(source.height) + "x" + std::to_string(source.width));
    }
    Size size = source;
    for (const Op* op : running_) size = op->output_size(size);  // merged ops may do without a huge picture between them
    return size;
}

std::vector<Drawn> Chain::explain(Size source, std::uint64_t seed, std::uint32_t epoch, std::uint64_t id) const {
    output_size(source);
    std::vector<Drawn> all;
    Size size = source;
    for (std::size_t i = 0; i < names_.size(); ++i) {
        Drawn drawn{names_[i], true, {}};
        if (i < ops_.size()) {
            const Draws draws(stream_key(seed, ops_[i]->stream()), epoch, id);
            drawn.applied = ops_[i]->applies(draws);
            if (drawn.applied) ops_[i]->explain(size, draws, drawn.values);
            size = ops_[i]->output_size(size);
        }
        all.push_back(std::move(drawn));
    }
    return all;
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
                               static_cast<std::size_t>(batch.size.width) * static_cast<std::size_t>(output_.channels);
    const auto pixel_bytes = static_cast<std::size_t>(output_.pixel_bytes());
    std::uint8_t* const pixels =
        batch.pixels ? batch.pixels + index * values * static_cast<std::size_t>(output_.depth) : nullptr;
    Context context{batch.seed, batch.epoch, sample.id, scratch, nullptr, nullptr};
    const Finish finish{output_, batch.channels_last, values * batch.samples.size() * sizeof(float) > kStreamedBytes,
                        normalization_, last_pointwise_};
    FloatWriter writer(finish, context, batch.size, batch.floats ? batch.floats + index * values : nullptr,
                       batch.halves ? batch.halves + index * values : nullptr);
    const bool by_rows = !pixels && !(normalization_ && normalization_->by_picture());
    Image image{sample.data, sample.height, sample.width,
                static_cast<std::ptrdiff_t>(sample.width) * source_.pixel_bytes(), batch.readable_end, false};
    const std::size_t count = running_.size() - (last_pointwise_ && !pixels ? 1 : 0);
    for (std::size_t i = 0; i < count; ++i) {
        if (i + 1 == count) {
            context.destination = pixels;
            context.rows = by_rows ? &writer : nullptr;
        }
        image = running_[i]->run(image, context);
    }
    if (!pixels) {
        if (image.data) writer.write(image);  // else it has all rows already
    } else if (image.data != pixels) {
        write_pixels(image, static_cast<int>(pixel_bytes), pixels);
    }
    scratch.trim(kKeptBytes);
}

}  // namespace flowerablate
