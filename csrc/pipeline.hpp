// A chain of operations that takes each picture of a batch from its source to the output in one go.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ops/color.hpp"
#include "ops/normalize.hpp"
#include "ops/op.hpp"

namespace flowerablate {

// Largest height and width of a source picture; positions in it have to fit fixed-point numbers.
constexpr int kLargestSource = 1 << 24;

struct OpSpec {
    std::string name;
    ValueMap params;
    std::uint64_t stream;  // key of the step's name; random ops draw from it
};

struct Sample {
    const std::uint8_t* data;  // height x width x channels, contiguous
    int height, width;
    std::uint64_t id;
};

struct Batch {
    const std::vector<Sample>& samples;
    const std::uint8_t* readable_end;  // of the memory that all samples lie in
    std::uint64_t seed;
    std::uint32_t epoch;
    Size size;  // of each picture of the output
    // Exactly one is set: bytes [B, H, W, C], or floats [B, C, H, W] (if `channels_last`, in the order of [B, H, W, C]).
    std::uint8_t* bytes;
    float* floats;
    bool channels_last;
};

class Chain {
public:
    // Throws std::invalid_argument or TypeError with the place and name of what is wrong.
    Chain(const std::vector<OpSpec>& specs, int channels);

    int channels() const { return channels_; }
    bool normalizes() const { return normalization_.has_value(); }

    // The size that a source picture comes out with; throws std::invalid_argument if it cannot be processed.
    Size output_size(Size source) const;

    // Processes a batch on up to `threads` threads (0: all). All samples must come out with batch.size.
    void run(const Batch& batch, int threads) const;

private:
    void run_one(const Batch& batch, std::size_t index) const;

    int channels_;
    std::vector<std::unique_ptr<Op>> ops_;
    const BrightnessContrast* last_adjustment_ = nullptr;  // the last op, if the output pass can do its work
    std::optional<Normalization> normalization_;
};

}  // namespace flowerablate
