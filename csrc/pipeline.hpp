// A chain of operations that takes each image of a batch from its source to the output in one go.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ops/normalize.hpp"
#include "ops/op.hpp"
#include "ops/pointwise.hpp"

namespace flowerablate {

// Largest height and width of a source image; positions in it have to fit fixed-point numbers.
constexpr int kMaxSource = 1 << 24;

// Most pixels of a source image; ops count them in 32 bits.
constexpr std::int64_t kMaxSourcePixels = INT32_MAX;

struct OpSpec {
    std::string name;
    ValueMap params;
    std::uint64_t stream;  // key of the step's name; random ops draw from it
};

struct Sample {
    const std::uint8_t* data;  // height x width pixels of the chain's source format, contiguous
    int height, width;
    std::uint64_t id;
};

struct Batch {
    const std::vector<Sample>& samples;
    const std::uint8_t* readable_end;  // of the memory that all samples lie in
    std::uint64_t seed;
    std::uint32_t epoch;
    Size size;  // of each image of the output
    // Exactly one is set: pixels [B, H, W, C] of output_format(), or float32 or bfloat16 [B, C, H, W] (if
    // `channels_last`, in the order of [B, H, W, C]).
    std::uint8_t* pixels = nullptr;
    float* floats = nullptr;
    std::uint16_t* bfloats = nullptr;
    bool channels_last = false;
};

// An op of a chain as it acts on one sample.
struct Drawn {
    std::string name;
    bool applied;
    Explanation values;
};

class Chain {
public:
    // `fuse`: whether neighbouring ops may be done in one. Throws std::invalid_argument or TypeError with the place and
    // name of what is wrong.
    Chain(const std::vector<OpSpec>& specs, Format source, bool fuse = true);

    Format source_format() const { return source_; }
    Format output_format() const { return output_; }
    bool normalizes() const { return normalization_.has_value(); }

    // The size that a source image comes out with; throws std::invalid_argument if it cannot be processed.
    Size output_size(Size source) const;

    // What every op of the chain draws for an image of size `source`.
    std::vector<Drawn> explain(Size source, std::uint64_t seed, std::uint32_t epoch, std::uint64_t id) const;

    // Processes a batch on up to `threads` threads (0: all). All samples must come out with batch.size.
    void run(const Batch& batch, int threads) const;

private:
    void run_one(const Batch& batch, std::size_t index) const;

    Format source_, output_;
    std::vector<std::string> names_;
    std::vector<std::unique_ptr<Op>> ops_;    // as they were given
    std::vector<std::unique_ptr<Op>> fused_;  // as they are run, if different
    std::vector<const Op*> running_;
    const Pointwise* last_pointwise_ = nullptr;  // the last op, if the output pass can do its work
    std::optional<Normalization> normalization_;
};

// Names of all ops, sorted.
std::vector<std::string> op_names();

// What an op of some name takes and draws.
struct OpDeclaration {
    ParamList params;  // for images of some format, `probability` first
    const OpKind& kind;
};

// Throws std::invalid_argument for an unknown name, and for a number of channels that images cannot have.
OpDeclaration op_declaration(const std::string& name, Format format);

}  // namespace flowerablate
