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
        // policies come last, since they are made of all others
        for (auto* add : {add_color, add_filter, add_geometry, add_intensity, add_morphology, add_noise, add_normalize,
                          add_threshold, add_policy}) {
            add(kinds);
        }
        return kinds;
    }();
    return all;
}

// A thread gives back what single huge images needed; ordinary ones keep their memory from batch to batch.
constexpr std::size_t kKeptBytes = std::size_t{64} << 20;

// Batches above this size do not stay in a cache until the model reads them, so they are written past it.
constexpr std::size_t kStreamedBytes = std::size_t{16} << 20;

// How messages on an op begin.
std::string where(std::size_t place, const std::string& name) {
    return "op " + std::to_string(place) + " (" + name + ")";
}

// `begin`: of the message where there is none of that name.
const OpKind& kind_of(const std::string& name, const std::string& begin) {
    const auto found = op_kinds().find(name);
    if (found != op_kinds().end()) return found->second;
    std::string known;
    for (const std::string& each : op_names()) known += (known.empty() ? "" : ", ") + each;
    throw std::invalid_argument(begin + "unknown name '" + name + "'; known are " + known);
}

const OpKind& kind_of(std::size_t place, const OpSpec& spec) {
    return kind_of(spec.name, "op " + std::to_string(place) + ": ");
}

void check_channels(Format format) {
    if (format.channels == 1 || format.channels == 3 || format.channels == 4) return;
    throw std::invalid_argument("channels must be 1, 3 or 4, not " + std::to_string(format.channels));
}

ParamList all_params(const OpKind& kind) { return kind.make ? declare(kProbability, kind.params) : kind.params; }

std::unique_ptr<Op> build(std::size_t place, const OpSpec& spec, Format format) {
    const OpKind& kind = kind_of(place, spec);
    if (!kind.takes(format)) {
        throw std::invalid_argument(where(place, spec.name) + ": it takes " +
                                    (kind.sixteen_bits == SixteenBits::kOneChannel
                                         ? "16-bit images of one channel only"
                                         : "8-bit images only, but gets 16-bit ones") +
                                    "; put an op before it that makes 8 bits of them, such as to_8_bits");
    }
    Params params(where(place, spec.name), spec.params, all_params(kind), format);
    const double probability = params[kProbability];
    if (probability < 1.0 && !kind.can_skip(format)) {
        params.fail("parameter 'probability' must be 1, not " + to_text(probability) +
                    ", because all images have to come out alike");
    }
    std::unique_ptr<Op> op = kind.make(params, {.format = format,
                                                .stream = spec.stream,
                                                .probability = probability,
                                                .probability_draw = kind.probability_draw});
    params.finish();
    return op;
}

}  // namespace

std::vector<std::string> op_names() {
    std::vector<std::string> names;
    for (const auto& kind : op_kinds()) names.push_back(kind.first);
    return names;
}

OpDeclaration op_declaration(const std::string& name, Format format) {
    check_channels(format);
    const OpKind& kind = kind_of(name, "");
    OpDeclaration found{.params = {}, .kind = kind};
    for (const ParamSpec& spec : all_params(kind)) found.params.push_back(spec.for_format(format));
    if (kind.make && !kind.can_skip(format)) found.params.front().min = 1;
    return found;
}

Chain::Chain(const std::vector<OpSpec>& specs, Format source, bool fuse) : source_(source), output_(source) {
    check_channels(source);
    for (std::size_t i = 0; i < specs.size(); ++i) {
        const OpSpec& spec = specs[i];
        names_.push_back(spec.name);
        const OpKind& kind = kind_of(i, spec);
        if (!kind.make) {
            if (i + 1 != specs.size()) {
                throw std::invalid_argument(where(i, spec.name) + ": it must be the last op of a chain");
            }
            Params params(where(i, spec.name), spec.params, kind.params, output_);
            normalization_ = Normalization::make(spec.name, params, output_);
            params.finish();
            continue;
        }
        // An op that takes over others changes, so the fused chain needs ops of its own: explain() and output sizes
        // follow the ops as they were given, one by one.
        ops_.push_back(build(i, spec, output_));
        if (fuse) {
            std::unique_ptr<Op> again = build(i, spec, output_);
            if (fused_.empty() || !fused_.back()->absorb(again)) fused_.push_back(std::move(again));
        }
        output_.itemsize = ops_.back()->output_itemsize();
    }
    for (const auto& op : fuse ? fused_ : ops_) running_.push_back(op.get());
    const bool moments = normalization_ && normalization_->by_image();  // are taken of finished pixels
    if (fuse && !moments && !running_.empty()) last_pointwise_ = dynamic_cast<const Pointwise*>(running_.back());
}

Size Chain::output_size(Size source) const {
    if (source.height < 1 || source.width < 1 || source.height > kMaxSource || source.width > kMaxSource) {
        throw std::invalid_argument("height and width must be between 1 and " + std::to_string(kMaxSource) + ", not " +
                                    std::to_string(source.height) + "x" + std::to_string(source.width));
    }
    if (std::int64_t{source.height} * source.width > kMaxSourcePixels) {
        throw std::invalid_argument("images may have at most " + std::to_string(kMaxSourcePixels) + " pixels, not " +
                                    std::to_string(source.height) + "x" + std::to_string(source.width));
    }
    Size size = source;
    for (const Op* op : running_) size = op->output_size(size);  // merged ops may do without a huge image between them
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
        batch.pixels ? batch.pixels + index * values * static_cast<std::size_t>(output_.itemsize) : nullptr;
    Context context{.seed = batch.seed,
                    .epoch = batch.epoch,
                    .id = sample.id,
                    .scratch = scratch,
                    .destination = nullptr,
                    .rows = nullptr};
    const Finish finish{.format = output_,
                        .channels_last = batch.channels_last,
                        .streams = values * batch.samples.size() * sizeof(float) > kStreamedBytes,
                        .normalization = normalization_,
                        .pointwise = last_pointwise_};
    FloatWriter writer(finish, context, batch.size, batch.floats ? batch.floats + index * values : nullptr,
                       batch.bfloats ? batch.bfloats + index * values : nullptr);
    const bool by_rows = !pixels && !(normalization_ && normalization_->by_image());
    Image image{.data = sample.data,
                .height = sample.height,
                .width = sample.width,
                .stride = static_cast<std::ptrdiff_t>(sample.width) * source_.pixel_bytes(),
                .readable_end = batch.readable_end,
                .recent = false};
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
