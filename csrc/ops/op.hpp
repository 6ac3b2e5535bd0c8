// What all operations have in common.
#pragma once

#include <cstdint>
#include <memory>

#include "image.hpp"
#include "params.hpp"
#include "random.hpp"

namespace flowerablate {

// For which sample an op runs, and the memory of the thread that it runs on.
struct Context {
    std::uint64_t seed;
    std::uint32_t epoch;
    std::uint64_t id;
    Scratch& scratch;
    std::uint8_t* destination;  // where the last op of a chain may write its result at once; else null

    // Memory for the resulting picture of an op, contiguous rows. Nothing may be written behind its end.
    std::uint8_t* target(std::size_t bytes) const { return destination ? destination : scratch.next_image(bytes); }

    Draws draws(std::uint64_t stream) const { return {stream_key(seed, stream), epoch, id}; }
};

class Op {
public:
    Op(int channels, std::uint64_t stream) : channels_(channels), stream_(stream) {}
    virtual ~Op() = default;
    Op(const Op&) = delete;
    Op& operator=(const Op&) = delete;

    // The size that a picture of size `input` comes out with; throws std::invalid_argument where that is too large.
    virtual Size output_size(Size input) const { return input; }

    // Returns the changed picture: the input itself, a part of it, or one in memory of `context.target()`.
    virtual Image apply(const Image& input, const Context& context) const = 0;

    // Takes over the work of the op that follows, if it can do both in one; results stay the same to the bit.
    virtual bool absorb(const Op& following) {
        (void)following;
        return false;
    }

protected:
    int channels() const { return channels_; }
    std::uint64_t stream() const { return stream_; }
    std::size_t bytes(Size size) const {
        return static_cast<std::size_t>(size.height) * static_cast<std::size_t>(size.width) *
               static_cast<std::size_t>(channels_);
    }

private:
    int channels_;
    std::uint64_t stream_;
};

}  // namespace flowerablate
